/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake.h"

#include "handshake/handshake-engine.h"
#include "work/home.h"

struct _HandoffHandshake
{
  HandoffWorker *worker;          /* (unowned): the pool outlives all handshakes */
  HandoffWorker *home;            /* (unowned) (nullable) */
  HandoffHandshakeEngine *engine; /* (owned) */
};

/* What is to be called when it has ended: it holds the engine until then, whatever its owner does.
 */
typedef struct
{
  HandoffHandshakePause *pause; /* (owned) */
  HandoffWorker *home;          /* (unowned) (nullable) */
  HandoffHandshakeFunc function;
  gpointer user_data; /* (unowned) */
} Ending;

static gboolean
tell_end (gpointer data)
{
  g_autofree Ending *ending = data;

  handoff_handshake_pause_set_ended (ending->pause);
  handoff_handshake_pause_unref (ending->pause);
  ending->function (ending->user_data);
  return G_SOURCE_REMOVE;
}

/* On the worker. */
static void
ended (gpointer user_data)
{
  Ending *ending = user_data;

  if (ending->home != NULL)
    tell_end (ending);
  else
    handoff_home_invoke (ending->home, tell_end, ending, NULL);
}

HandoffHandshake *
handoff_handshake_new (HandoffWorker *worker,
                       HandoffWorker *home,
                       HandoffHandshakeRequest *request,
                       HandoffHandshakeFunc ended_function,
                       HandoffCredentialAskFunc ask,
                       gpointer user_data)
{
  HandoffHandshake *self = g_new0 (HandoffHandshake, 1);
  Ending *ending = g_new (Ending, 1);

  g_assert (home == NULL || home == worker);
  self->worker = worker;
  self->home = home;
  self->engine =
      handoff_handshake_engine_new (worker, home, request, ask, user_data, ended, ending);
  ending->pause = handoff_handshake_pause_ref (handoff_handshake_engine_get_pause (self->engine));
  ending->home = home;
  ending->function = ended_function;
  ending->user_data = user_data;
  return self;
}

void
handoff_handshake_free (HandoffHandshake *self)
{
  handoff_handshake_engine_unref (self->engine);
  g_free (self);
}

/* function: gets the engine. */
static void
run_engine (HandoffHandshake *self, GSourceFunc function)
{
  if (self->home != NULL)
    function (self->engine);
  else
    handoff_worker_invoke (self->worker, function, handoff_handshake_engine_ref (self->engine),
                           (GDestroyNotify) handoff_handshake_engine_unref);
}

static gboolean
start (gpointer data)
{
  handoff_handshake_engine_start (data);
  return G_SOURCE_REMOVE;
}

void
handoff_handshake_start (HandoffHandshake *self)
{
  run_engine (self, start);
}

static gboolean
abort_engine (gpointer data)
{
  handoff_handshake_engine_abort (data);
  return G_SOURCE_REMOVE;
}

void
handoff_handshake_cancel (HandoffHandshake *self)
{
  run_engine (self, abort_engine);
}

/* An operation that the main thread started: on its way to the worker, and, with a progress, back.
 */
typedef struct
{
  HandoffHandshakeEngine *engine; /* (owned) */
  HandoffOperation operation;
  HandoffHandshakeProgressFunc done;
  gpointer done_data;                 /* (unowned) */
  HandoffHandshakeProgress *progress; /* (owned) (nullable) */
} Call;

static gboolean
tell_progress (gpointer data)
{
  g_autofree Call *call = data;

  call->done (call->progress, call->done_data);
  return G_SOURCE_REMOVE;
}

/* On the worker. */
static void
call_done (HandoffHandshakeProgress *progress, gpointer user_data)
{
  Call *call = user_data;

  g_clear_pointer (&call->engine, handoff_handshake_engine_unref);
  call->progress = progress;
  handoff_home_invoke (NULL, tell_progress, call, NULL);
}

static gboolean
run_call (gpointer data)
{
  Call *call = data;
  HandoffOperation operation = call->operation;

  handoff_handshake_engine_operate (call->engine, &operation, call_done, call);
  g_clear_pointer (&operation.input, g_bytes_unref);
  g_clear_pointer (&operation.credential, handoff_credential_unref);
  g_clear_pointer (&operation.grant, handoff_signing_grant_unref);
  return G_SOURCE_REMOVE;
}

static void
operate (HandoffHandshake *self,
         const HandoffOperation *operation,
         HandoffHandshakeProgressFunc done,
         gpointer user_data)
{
  Call *call;

  if (self->home != NULL)
    {
      handoff_handshake_engine_operate (self->engine, operation, done, user_data);
      return;
    }
  call = g_new0 (Call, 1);
  call->engine = handoff_handshake_engine_ref (self->engine);
  call->operation = *operation;
  if (operation->input != NULL)
    call->operation.input = g_bytes_ref (operation->input);
  if (operation->credential != NULL)
    call->operation.credential = handoff_credential_ref (operation->credential);
  if (operation->grant != NULL)
    call->operation.grant = handoff_signing_grant_ref (operation->grant);
  call->done = done;
  call->done_data = user_data;
  handoff_worker_invoke (self->worker, run_call, call, NULL);
}

void
handoff_handshake_step (HandoffHandshake *self,
                        GBytes *input,
                        HandoffHandshakeProgressFunc done,
                        gpointer user_data)
{
  const HandoffOperation operation = { .kind = HANDOFF_OPERATION_STEP, .input = input };

  operate (self, &operation, done, user_data);
}

void
handoff_handshake_review (HandoffHandshake *self,
                          gboolean accept,
                          HandoffHandshakeProgressFunc done,
                          gpointer user_data)
{
  const HandoffOperation operation = { .kind = HANDOFF_OPERATION_REVIEW, .accept = accept };

  operate (self, &operation, done, user_data);
}

void
handoff_handshake_provide (HandoffHandshake *self,
                           HandoffCredential *credential,
                           HandoffSigningGrant *grant,
                           gboolean automatic,
                           HandoffHandshakeProgressFunc done,
                           gpointer user_data)
{
  const HandoffOperation operation = { .kind = HANDOFF_OPERATION_PROVIDE,
                                       .credential = credential,
                                       .grant = grant,
                                       .automatic = automatic };

  operate (self, &operation, done, user_data);
}

void
handoff_handshake_export (HandoffHandshake *self,
                          const HandoffRecipient *recipient,
                          HandoffHandshakeProgressFunc done,
                          gpointer user_data)
{
  const HandoffOperation operation = { .kind = HANDOFF_OPERATION_EXPORT, .recipient = *recipient };

  operate (self, &operation, done, user_data);
}

GError *
handoff_handshake_dup_error (HandoffHandshake *self)
{
  return handoff_handshake_engine_dup_error (self->engine);
}

const char *
handoff_handshake_get_credential_label (HandoffHandshake *self)
{
  return handoff_handshake_engine_get_credential_label (self->engine);
}

char *
handoff_handshake_dup_peer_address (HandoffHandshake *self)
{
  return handoff_handshake_engine_dup_peer_address (self->engine);
}

int
handoff_handshake_take_socket (HandoffHandshake *self)
{
  return handoff_handshake_engine_take_socket (self->engine);
}
