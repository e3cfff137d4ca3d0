/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "channel/channel-call.h"

#include <string.h>

#include "call/handshake-call.h"
#include "call/session-call.h"
#include "keyblob/handoff-names.h"
#include "keyblob/error-reply.h"
#include "keyblob/tls-handoff-error.h"
#include "work/home.h"

struct _HandoffChannelCall
{
  HandoffCallMessage base;
  HandoffChannel *channel;       /* (owned) */
  HandoffCaller *caller;         /* (owned): of this call alone; keeps stay */
  HandoffChannelStay *stay;      /* (unowned) */
  HandoffChannelHome *home;      /* (unowned): the stay has it */
  HandoffChannelMessage message; /* (owned) */
  const char *object;            /* the interface for which its object is there */
  const char *method_name;       /* as message has it */
  const HandoffMethod *method;   /* (nullable): NULL: there is none of that name */
  gboolean is_answered;
  char *session_id; /* (owned) (nullable): under the channel's lock: what it is about */
};

/* The methods that a channel has. */
static const HandoffMethod *const manager_methods[] = { handoff_handshake_methods, NULL };
static const HandoffMethod *const session_methods[] = { handoff_session_methods, NULL };

static const HandoffMethod *const *
get_methods (const HandoffChannelCall *self)
{
  return g_str_equal (self->object, HANDOFF_MANAGER_INTERFACE) ? manager_methods : session_methods;
}

static guint
count_fds (HandoffCallMessage *message)
{
  const HandoffChannelMessage *whole = &((HandoffChannelCall *) message)->message;
  guint i, n = 0;

  for (i = 0; i < whole->n_fds; i++)
    n += whole->fds[i] >= 0 ? 1 : 0;
  return n;
}

static int
take_fd (HandoffCallMessage *message, gint32 index)
{
  HandoffChannelMessage *whole = &((HandoffChannelCall *) message)->message;

  return index >= 0 && (guint) index < whole->n_fds ? g_steal_fd (&whole->fds[index]) : -1;
}

static void
reap_fds (HandoffCallMessage *message, guint uid)
{
  handoff_channel_message_reap (&((HandoffChannelCall *) message)->message, uid);
}

/* It has made the session, or it takes it on. */
static void
note_session (HandoffCallMessage *message, const char *session_id)
{
  HandoffChannelCall *self = (HandoffChannelCall *) message;
  HandoffChannel *channel = self->channel;

  g_mutex_lock (&channel->mutex);
  g_free (self->session_id);
  self->session_id = g_strdup (session_id);
  if (!g_hash_table_contains (channel->sessions, session_id))
    handoff_channel_stay_set_session (self->stay, session_id);
  g_mutex_unlock (&channel->mutex);
  /* Whoever cancels it now knows of the session; did somebody before? */
  if (g_cancellable_is_cancelled (handoff_caller_get_cancellable (self->caller)))
    handoff_channel_home_end_session (self->home, session_id);
}

/* The call is not under way any more. The channel's lock is held. */
static void
leave (HandoffChannel *channel)
{
  channel->n_calls--;
  if (channel->is_waited_for)
    handoff_channel_wake (channel);
  channel->is_waited_for = FALSE;
}

void
handoff_channel_call_sent (guint32 serial, gpointer user_data)
{
  HandoffChannel *channel = user_data;

  g_mutex_lock (&channel->mutex);
  g_hash_table_remove (channel->serials, GUINT_TO_POINTER (serial));
  leave (channel);
  g_mutex_unlock (&channel->mutex);
}

/* body: consumed if floating. fd, keys: (transfer full) */
static void
answer (HandoffChannelCall *self,
        HandoffChannelKind kind,
        GVariant *body,
        int fd,
        HandoffKeyState *keys)
{
  HandoffChannel *channel = self->channel;
  HandoffChannelReply reply = { self->base.serial,
                                kind,
                                g_variant_ref_sink (body),
                                fd,
                                keys,
                                g_steal_pointer (&self->base.place) };

  self->is_answered = TRUE;
  g_mutex_lock (&channel->mutex);
  if (reply.serial != 0)
    g_hash_table_insert (channel->serials, GUINT_TO_POINTER (reply.serial), NULL);
  else
    leave (channel);
  g_mutex_unlock (&channel->mutex);
  if (reply.serial == 0)
    handoff_channel_reply_clear (&reply);
  else if (handoff_channel_replies_send (channel->replies, &reply) != HANDOFF_CHANNEL_FLOW_FREE)
    handoff_channel_wake (channel);
}

static void
reply (HandoffCallMessage *message, GVariant *value, GUnixFDList *fds)
{
  int fd = -1;

  if (fds != NULL)
    {
      g_autofree int *stolen = g_unix_fd_list_steal_fds (fds, NULL);

      fd = stolen[0];
    }
  answer ((HandoffChannelCall *) message, HANDOFF_CHANNEL_REPLY,
          value != NULL ? value : g_variant_new_tuple (NULL, 0), fd, NULL);
}

static void
reply_with_keys (HandoffCallMessage *message, GVariant *value, HandoffKeyState *keys)
{
  answer ((HandoffChannelCall *) message, HANDOFF_CHANNEL_REPLY, value, -1, keys);
}

static void
reply_error (HandoffCallMessage *message, const GError *error)
{
  answer ((HandoffChannelCall *) message, HANDOFF_CHANNEL_ERROR,
          handoff_error_to_variant (error, TRUE), -1, NULL);
}

/* The service ends. (transfer full) */
static GError *
new_not_begun_error (void)
{
  return g_error_new_literal (G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED, HANDOFF_DISPATCHER_ENDING);
}

/* Of a call that ends without a word from those who did it. (transfer full) */
static GError *
new_unanswered_error (HandoffChannelCall *self)
{
  gboolean is_closed;

  g_mutex_lock (&self->channel->mutex);
  is_closed = self->channel->is_closed;
  g_mutex_unlock (&self->channel->mutex);
  if (!is_closed)
    return g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                                "Nobody waits for this call any more");
  /* If somebody is there to read this, the service has closed the channel. */
  if (self->base.has_begun)
    return g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                                HANDOFF_DISPATCHER_ENDING);
  return new_not_begun_error ();
}

static void
channel_call_free (HandoffCallMessage *message)
{
  HandoffChannelCall *self = (HandoffChannelCall *) message;
  g_autoptr (HandoffChannel) channel = self->channel;

  if (!self->is_answered)
    {
      g_autoptr (GError) error = new_unanswered_error (self);

      reply_error (message, error);
    }
  g_mutex_lock (&channel->mutex);
  g_hash_table_remove (channel->calls, self);
  self->home->n_calls--;
  g_mutex_unlock (&channel->mutex);
  g_clear_pointer (&self->base.place, handoff_place_free);
  handoff_channel_message_reap (&self->message, handoff_caller_get_uid (self->caller));
  g_clear_pointer (&self->base.parameters, g_variant_unref);
  g_clear_pointer (&self->message.body, g_variant_unref);
  g_free (self->session_id);
  g_object_unref (self->caller);
  g_free (self);
}

static const HandoffCallMessageFuncs funcs = {
  .count_fds = count_fds,
  .take_fd = take_fd,
  .reap_fds = reap_fds,
  .note_session = note_session,
  .reply = reply,
  .reply_with_keys = reply_with_keys,
  .reply_error = reply_error,
  .free = channel_call_free,
};

/* (nullable): NULL if that is no session's path */
static const char *
get_session_id (const char *path)
{
  const char *id;

  if (!g_str_has_prefix (path, HANDOFF_SESSIONS_PATH "/"))
    return NULL;
  id = path + strlen (HANDOFF_SESSIONS_PATH "/");
  return strchr (id, '/') == NULL ? id : NULL;
}

/* The channel's lock is held. */
static HandoffChannelHome *
find_home (HandoffChannel *channel, const HandoffChannelCall *call)
{
  const char *id = get_session_id (call->base.object_path);
  HandoffChannelHome *home = id != NULL ? g_hash_table_lookup (channel->sessions, id) : NULL;

  if (home != NULL)
    return home;
  return handoff_channel_choose_home (
      channel, call->method != NULL && g_str_equal (call->method->method_name, "CreateSession"));
}

static const HandoffMethod *
find_method (const HandoffMethod *const *tables, const char *name)
{
  const HandoffMethod *method;

  for (method = *tables; method->method_name != NULL; method++)
    {
      if (g_str_equal (method->method_name, name))
        return method;
    }
  return NULL;
}

/* Which of the channel's methods it calls, if any. */
static void
find_object (HandoffChannelCall *self)
{
  const char *path = self->base.object_path;

  if (get_session_id (path) != NULL)
    {
      self->object = HANDOFF_SESSION_INTERFACE;
      self->method = find_method (session_methods, self->method_name);
    }
  else
    {
      self->object = HANDOFF_MANAGER_INTERFACE;
      if (g_str_equal (path, HANDOFF_ROOT_PATH))
        self->method = find_method (manager_methods, self->method_name);
    }
}

/* message: (transfer full). The channel is not closed. */
static HandoffChannelCall *
channel_call_new (HandoffChannel *channel, HandoffChannelMessage *message)
{
  HandoffChannelCall *self = g_new0 (HandoffChannelCall, 1);
  HandoffChannelFlags flags;

  self->base.funcs = &funcs;
  self->base.serial = message->serial;
  self->base.sender = handoff_caller_get_bus_name (channel->caller);
  self->base.seals_keys = TRUE;
  self->channel = handoff_channel_ref (channel);
  self->message = *message;
  message->body = NULL;
  message->n_fds = 0;
  handoff_channel_message_get_call (&self->message, &flags, &self->base.object_path,
                                    &self->method_name, &self->base.parameters);
  self->base.interactive = (flags & HANDOFF_CHANNEL_INTERACTIVE) != 0;
  find_object (self);

  g_mutex_lock (&channel->mutex);
  self->home = find_home (channel, self);
  self->stay = handoff_channel_stay_new (self->home);
  self->home->n_calls++;
  channel->n_calls++;
  g_hash_table_add (channel->calls, self);
  if (self->base.serial != 0)
    g_hash_table_insert (channel->serials, GUINT_TO_POINTER (self->base.serial), self);
  g_mutex_unlock (&channel->mutex);

  self->caller = handoff_caller_new_for_call (channel->caller, self->stay,
                                              (GDestroyNotify) handoff_channel_stay_free);
  self->base.caller = self->caller;
  return self;
}

/* self: (transfer full) */
static void
fail (HandoffChannelCall *self, const GError *error)
{
  reply_error (&self->base, error);
  channel_call_free (&self->base);
}

/* As GDBus does it on the bus. */
static gboolean
check (HandoffChannelCall *self, GError **error)
{
  if (self->method == NULL)
    g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD,
                 "A channel has no method %s of %s; call it on the bus", self->method_name,
                 self->base.object_path);
  else if (!g_variant_is_of_type (self->base.parameters, G_VARIANT_TYPE (self->method->arguments)))
    g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                 "The arguments of %s must have the type %s, and have %s",
                 self->method->method_name, self->method->arguments,
                 g_variant_get_type_string (self->base.parameters));
  else
    return TRUE;
  return FALSE;
}

/* At its home. */
static gboolean
dispatch (gpointer data)
{
  HandoffChannelCall *self = data;
  const HandoffCallContext *context = &self->home->context;

  handoff_dispatcher_dispatch (context->gate.dispatcher, &self->base, self->object,
                               self->method->interface_name, self->method->method_name,
                               get_methods (self), context);
  return G_SOURCE_REMOVE;
}

static gboolean
is_in_table (HandoffChannel *channel, guint32 serial)
{
  gboolean contains;

  g_mutex_lock (&channel->mutex);
  contains = g_hash_table_contains (channel->serials, GUINT_TO_POINTER (serial));
  g_mutex_unlock (&channel->mutex);
  return contains;
}

static gboolean
is_under_way (HandoffChannel *channel, guint32 serial)
{
  if (!is_in_table (channel, serial))
    return FALSE;
  /* Another thread may just have sent the reply, and the application have used the serial again
   * before that thread takes it out: it does so before it lets go of the lock of the replies. */
  handoff_channel_replies_get_flow (channel->replies);
  return is_in_table (channel, serial);
}

gboolean
handoff_channel_call_begin (HandoffChannel *channel, HandoffChannelMessage *message)
{
  g_autoptr (GError) error = NULL;
  HandoffChannelCall *self;
  HandoffWorker *worker;

  if (is_under_way (channel, message->serial))
    {
      handoff_channel_message_reap (message, handoff_caller_get_uid (channel->caller));
      g_clear_pointer (&message->body, g_variant_unref);
      return FALSE;
    }
  self = channel_call_new (channel, message);
  worker = handoff_channel_home_get_worker (self->home);
  if (!check (self, &error))
    fail (self, error);
  else if (handoff_home_is_here (worker))
    dispatch (self);
  else
    handoff_home_invoke (worker, dispatch, self, NULL);
  return TRUE;
}

void
handoff_channel_call_refuse (HandoffChannel *channel, HandoffChannelMessage *message)
{
  g_autoptr (GError) error = new_not_begun_error ();

  fail (channel_call_new (channel, message), error);
}

void
handoff_channel_call_cancel (HandoffChannel *channel, guint32 serial)
{
  g_autoptr (HandoffCaller) caller = NULL;
  g_autoptr (HandoffChannelHome) home = NULL;
  g_autofree char *session_id = NULL;
  HandoffChannelCall *call;

  g_mutex_lock (&channel->mutex);
  call = g_hash_table_lookup (channel->serials, GUINT_TO_POINTER (serial));
  if (call != NULL)
    caller = g_object_ref (call->caller);
  g_mutex_unlock (&channel->mutex);
  if (caller == NULL)
    return;

  /* First this: a call that learns of its session after it looks whether it was cancelled. */
  g_cancellable_cancel (handoff_caller_get_cancellable (caller));
  g_mutex_lock (&channel->mutex);
  call = g_hash_table_lookup (channel->serials, GUINT_TO_POINTER (serial));
  if (call != NULL && call->caller == caller && call->session_id != NULL)
    {
      session_id = g_strdup (call->session_id);
      home = handoff_channel_home_ref (call->home);
    }
  g_mutex_unlock (&channel->mutex);
  if (session_id != NULL)
    handoff_channel_home_end_session (home, session_id);
}

void
handoff_channel_call_cancel_all (HandoffChannel *channel)
{
  g_autoptr (GPtrArray) callers = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  HandoffChannelCall *call;
  guint i;

  g_mutex_lock (&channel->mutex);
  g_hash_table_iter_init (&iter, channel->calls);
  while (g_hash_table_iter_next (&iter, (gpointer *) &call, NULL))
    g_ptr_array_add (callers, g_object_ref (call->caller));
  g_mutex_unlock (&channel->mutex);
  for (i = 0; i < callers->len; i++)
    g_cancellable_cancel (handoff_caller_get_cancellable (g_ptr_array_index (callers, i)));
}
