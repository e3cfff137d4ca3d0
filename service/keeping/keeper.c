/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeping/keeper.h"

#include <unistd.h>

#include "keeping/keeper-watch.h"
#include "keyblob/tls-handoff-error.h"
#include "link/keeper-messages.h"
#include "process/process.h"

#define NAME "tls-handoff-keeper"

struct _HandoffKeeper
{
  GObject parent;

  char *directory;           /* (owned) */
  HandoffProcess *process;   /* (owned) (nullable) */
  HandoffKeeperWatch *watch; /* (owned) (nullable): with the process */
  guint n_waiting;           /* requests that are not answered */
  HandoffRestarts restarts;
  gboolean has_answered;       /* this one, a request */
  HandoffKeeperTold told;      /* (nullable) */
  gpointer told_data;          /* (unowned) */
  HandoffKeeperIsUsed is_used; /* (nullable) */
  gpointer is_used_data;       /* (unowned) */
};

G_DEFINE_FINAL_TYPE (HandoffKeeper, handoff_keeper, G_TYPE_OBJECT)

enum
{
  STARTED,
  ENDED,
  VIOLATION,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  HandoffKeeper *self = user_data;
  guint64 holder, grant;
  const char *why;

  if (message->number != HANDOFF_KEEPER_VIOLATION)
    {
      if (self->told != NULL)
        self->told (message, self->told_data);
      return;
    }
  g_variant_get (message->body, "(tt&s)", &holder, &grant, &why);
  g_signal_emit (self, signals[VIOLATION], 0, holder, grant, why);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  g_autoptr (HandoffKeeper) self = g_object_ref (HANDOFF_KEEPER (user_data));

  g_clear_pointer (&self->watch, handoff_keeper_watch_free);
  g_clear_pointer (&self->process, handoff_process_free);
  g_signal_emit (self, signals[ENDED], 0);
  /* One that does not get through its first request would do the same for ever: the next request
   * starts it. */
  if (self->has_answered)
    handoff_keeper_start (self);
}

static const HandoffLinkFunctions functions = { received, ended };

static gboolean
is_needed (gpointer user_data)
{
  const HandoffKeeper *self = user_data;

  return self->n_waiting > 0 || (self->is_used != NULL && self->is_used (self->is_used_data));
}

static void
hangs (const GError *error, gpointer user_data)
{
  g_autoptr (HandoffKeeper) self = g_object_ref (HANDOFF_KEEPER (user_data));
  HandoffLink *link = handoff_process_get_link (self->process);

  handoff_link_close (link, error);
  ended (link, error, self);
}

static const HandoffKeeperWatchFunctions watch_functions = { is_needed, hangs };

static gboolean
start (HandoffKeeper *self, GError **error)
{
  const char *const arguments[] = { self->directory, NULL };
  const HandoffProgram program = {
    .name = NAME,
    .arguments = arguments,
    .restarts = &self->restarts,
  };

  /* If it is gone, ended() may have started the next one. */
  if (self->process != NULL)
    handoff_link_notice_end (handoff_process_get_link (self->process));
  if (self->process != NULL)
    return TRUE;
  self->process =
      handoff_process_start (&program, &handoff_keeper_messages, &functions, self, error);
  if (self->process == NULL)
    return FALSE;
  self->has_answered = FALSE;
  self->watch =
      handoff_keeper_watch_new (handoff_process_get_link (self->process), &watch_functions, self);
  g_signal_emit (self, signals[STARTED], 0);
  return TRUE;
}

void
handoff_keeper_start (HandoffKeeper *self)
{
  g_autoptr (GError) error = NULL;

  if (!start (self, &error))
    g_warning ("%s", error->message);
}

const char *
handoff_keeper_get_directory (HandoffKeeper *self)
{
  return self->directory;
}

HandoffLink *
handoff_keeper_get_link (HandoffKeeper *self)
{
  return self->process != NULL ? handoff_process_get_link (self->process) : NULL;
}

pid_t
handoff_keeper_get_pid (HandoffKeeper *self)
{
  return self->process != NULL ? handoff_process_get_pid (self->process) : 0;
}

gboolean
handoff_keeper_describe (HandoffKeeper *self, GVariantDict *dict)
{
  if (self->process == NULL)
    return FALSE;
  handoff_process_describe (self->process, dict);
  return TRUE;
}

void
handoff_keeper_set_told (HandoffKeeper *self, HandoffKeeperTold function, gpointer user_data)
{
  self->told = function;
  self->told_data = user_data;
}

void
handoff_keeper_set_is_used (HandoffKeeper *self, HandoffKeeperIsUsed function, gpointer user_data)
{
  self->is_used = function;
  self->is_used_data = user_data;
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HandoffKeeper *self = g_task_get_source_object (task);

  self->n_waiting--;
  self->has_answered |= error == NULL;
  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_pointer (task, g_variant_ref (reply->body), (GDestroyNotify) g_variant_unref);
}

void
handoff_keeper_ask_async (HandoffKeeper *self,
                          guint number,
                          GVariant *body,
                          int fd,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (GVariant) owned_body = g_variant_ref_sink (body);
  GError *error = NULL;

  g_task_set_source_tag (task, handoff_keeper_ask_async);
  if (start (self, &error))
    {
      self->n_waiting++;
      handoff_link_request (handoff_process_get_link (self->process), number, owned_body, &fd,
                            fd >= 0 ? 1 : 0, answered, g_steal_pointer (&task));
      return;
    }
  if (fd >= 0)
    close (fd);
  g_task_return_error (task, error);
}

GVariant *
handoff_keeper_ask_finish (HandoffKeeper *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
handoff_keeper_hold_async (HandoffKeeper *self,
                           const char *id,
                           guint uid,
                           int socket,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  handoff_keeper_ask_async (self, HANDOFF_KEEPER_HOLD, g_variant_new ("(su)", id, uid), socket,
                            callback, user_data);
}

/* The first of the reply's members. (transfer full) */
static GBytes *
take_public_key (GVariant *reply)
{
  g_autoptr (GVariant) child = g_variant_get_child_value (reply, 0);

  return g_variant_get_data_as_bytes (child);
}

GBytes *
handoff_keeper_hold_finish (HandoffKeeper *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = handoff_keeper_ask_finish (self, result, error);

  return reply != NULL ? take_public_key (reply) : NULL;
}

void
handoff_keeper_generate_async (HandoffKeeper *self,
                               const char *id,
                               guint uid,
                               const char *key_type,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  handoff_keeper_ask_async (self, HANDOFF_KEEPER_GENERATE,
                            g_variant_new ("(sus)", id, uid, key_type), -1, callback, user_data);
}

GBytes *
handoff_keeper_generate_finish (HandoffKeeper *self,
                                GAsyncResult *result,
                                char **algorithm,
                                GError **error)
{
  g_autoptr (GVariant) reply = handoff_keeper_ask_finish (self, result, error);

  if (reply == NULL)
    return NULL;
  g_variant_get_child (reply, 1, "s", algorithm);
  return take_public_key (reply);
}

void
handoff_keeper_release (HandoffKeeper *self, const char *id)
{
  if (self->process != NULL)
    handoff_link_send (handoff_process_get_link (self->process), HANDOFF_KEEPER_RELEASE,
                       g_variant_new ("(s)", id), NULL, 0, NULL);
}

static void
handoff_keeper_finalize (GObject *object)
{
  HandoffKeeper *self = HANDOFF_KEEPER (object);

  g_clear_pointer (&self->watch, handoff_keeper_watch_free);
  g_clear_pointer (&self->process, handoff_process_free);
  g_free (self->directory);
  G_OBJECT_CLASS (handoff_keeper_parent_class)->finalize (object);
}

static void
handoff_keeper_class_init (HandoffKeeperClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = handoff_keeper_finalize;

  signals[STARTED] = g_signal_new ("started", HANDOFF_TYPE_KEEPER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
  signals[ENDED] = g_signal_new ("ended", HANDOFF_TYPE_KEEPER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
  signals[VIOLATION] =
      g_signal_new ("violation", HANDOFF_TYPE_KEEPER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 3, G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_STRING);
}

static void
handoff_keeper_init (HandoffKeeper *self)
{
}

HandoffKeeper *
handoff_keeper_new (const char *directory)
{
  HandoffKeeper *self = g_object_new (HANDOFF_TYPE_KEEPER, NULL);

  self->directory = g_canonicalize_filename (directory, NULL);
  return self;
}
