/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake.h"

#include "handshake/handshake-engine.h"

struct _HandoffHandshake
{
  HandoffWorker *worker;          /* (unowned): the pool outlives all handshakes */
  HandoffHandshakeEngine *engine; /* (owned) */
};

/* What is to be called when it has ended. Keeps the engine until then, whatever its owner does. */
typedef struct
{
  HandoffHandshakeEngine *engine; /* (owned) */
  HandoffHandshakeFunc function;
  gpointer user_data; /* (unowned) */
} EndCallback;

static void
ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree EndCallback *callback = user_data;
  g_autoptr (HandoffHandshakeEngine) engine = callback->engine;

  handoff_handshake_pause_set_ended (handoff_handshake_engine_get_pause (engine));
  callback->function (callback->user_data);
}

static gboolean
start (gpointer data)
{
  handoff_handshake_engine_start (data);
  return G_SOURCE_REMOVE;
}

HandoffHandshake *
handoff_handshake_new (HandoffWorker *worker,
                       HandoffHandshakeRequest *request,
                       HandoffHandshakeFunc ended_function,
                       HandoffCredentialAskFunc ask,
                       gpointer user_data)
{
  HandoffHandshake *self = g_new0 (HandoffHandshake, 1);
  EndCallback *callback = g_new (EndCallback, 1);
  GTask *end_task = g_task_new (NULL, NULL, ended, callback);

  g_task_set_source_tag (end_task, handoff_handshake_new);
  self->worker = worker;
  self->engine = handoff_handshake_engine_new (worker, request, ask, user_data, end_task);
  callback->engine = handoff_handshake_engine_ref (self->engine);
  callback->function = ended_function;
  callback->user_data = user_data;
  handoff_worker_invoke (worker, start, handoff_handshake_engine_ref (self->engine),
                         (GDestroyNotify) handoff_handshake_engine_unref);
  return self;
}

void
handoff_handshake_free (HandoffHandshake *self)
{
  handoff_handshake_engine_unref (self->engine);
  g_free (self);
}

/* An operation on its way to the worker. */
typedef struct
{
  HandoffHandshakeEngine *engine; /* (owned) */
  HandoffOperation operation;
  GTask *task; /* (owned) (nullable): NULL once it is the engine's */
} Call;

static void
call_free (Call *call)
{
  handoff_handshake_engine_unref (call->engine);
  g_clear_object (&call->task);
  g_clear_pointer (&call->operation.input, g_bytes_unref);
  g_clear_pointer (&call->operation.credential, handoff_credential_unref);
  g_free (call);
}

static Call *
call_new (HandoffHandshake *self,
          HandoffOperationKind kind,
          GAsyncReadyCallback callback,
          gpointer user_data)
{
  Call *call = g_new0 (Call, 1);

  call->engine = handoff_handshake_engine_ref (self->engine);
  call->operation.kind = kind;
  call->task = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_source_tag (call->task, call_new);
  return call;
}

static gboolean
run (gpointer data)
{
  Call *call = data;

  handoff_handshake_engine_operate (call->engine, &call->operation, g_steal_pointer (&call->task));
  return G_SOURCE_REMOVE;
}

/* call: (transfer full) */
static void
start_call (HandoffHandshake *self, Call *call)
{
  handoff_worker_invoke (self->worker, run, call, (GDestroyNotify) call_free);
}

void
handoff_handshake_step_async (HandoffHandshake *self,
                              GBytes *input,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  Call *call = call_new (self, HANDOFF_OPERATION_STEP, callback, user_data);

  if (input != NULL)
    call->operation.input = g_bytes_ref (input);
  start_call (self, call);
}

void
handoff_handshake_review_async (HandoffHandshake *self,
                                gboolean accept,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  Call *call = call_new (self, HANDOFF_OPERATION_REVIEW, callback, user_data);

  call->operation.accept = accept;
  start_call (self, call);
}

void
handoff_handshake_provide_async (HandoffHandshake *self,
                                 HandoffCredential *credential,
                                 gboolean automatic,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  Call *call = call_new (self, HANDOFF_OPERATION_PROVIDE, callback, user_data);

  if (credential != NULL)
    call->operation.credential = handoff_credential_ref (credential);
  call->operation.automatic = automatic;
  start_call (self, call);
}

void
handoff_handshake_export_async (HandoffHandshake *self,
                                const HandoffRecipient *recipient,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  Call *call = call_new (self, HANDOFF_OPERATION_EXPORT, callback, user_data);

  call->operation.recipient = *recipient;
  start_call (self, call);
}

HandoffHandshakeProgress *
handoff_handshake_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
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
  handoff_worker_invoke (self->worker, abort_engine, handoff_handshake_engine_ref (self->engine),
                         (GDestroyNotify) handoff_handshake_engine_unref);
}

GError *
handoff_handshake_dup_error (HandoffHandshake *self)
{
  return handoff_handshake_engine_dup_error (self->engine);
}

int
handoff_handshake_take_socket (HandoffHandshake *self)
{
  return handoff_handshake_engine_take_socket (self->engine);
}
