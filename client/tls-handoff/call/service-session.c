/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/service-session.h"

#include "call/process.h"
#include "call/service-call.h"
#include "call/service-error.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

struct _HandoffServiceSession
{
  gatomicrefcount ref_count;
  pid_t process;                  /* the one that made it */
  HandoffServiceChannel *channel; /* (owned) (nullable): NULL for the bus */
  GDBusConnection *connection;    /* (owned) (nullable): likewise, if there is no channel */
  char *service;                  /* (owned) (nullable): unique name; NULL peer to peer */
  char *path;                     /* (owned) */
};

HandoffServiceSession *
handoff_service_session_new (HandoffReply *reply, const char *path)
{
  HandoffServiceSession *self = g_new0 (HandoffServiceSession, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->process = getpid ();
  if (reply->channel != NULL)
    self->channel = handoff_service_channel_ref (reply->channel);
  g_set_object (&self->connection, reply->connection);
  self->service = g_strdup (reply->service);
  self->path = g_strdup (path);
  return self;
}

HandoffServiceSession *
handoff_service_session_ref (HandoffServiceSession *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_service_session_unref (HandoffServiceSession *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  /* In a forked child, the thread that would close the connection does not exist. */
  if (!handoff_process_is_forked_from (self->process))
    {
      g_clear_pointer (&self->channel, handoff_service_channel_unref);
      g_clear_object (&self->connection);
    }
  g_free (self->service);
  g_free (self->path);
  g_free (self);
}

gboolean
handoff_service_session_is_usable (HandoffServiceSession *self)
{
  return !handoff_process_is_forked_from (self->process);
}

gboolean
handoff_service_session_opens_blobs (HandoffServiceSession *self)
{
  return self->channel != NULL;
}

/* A call under way. */
typedef struct
{
  const char *reply_type;
  HandoffReplyFunc func;
  gpointer user_data;
} Calling;

/* calling, reply and error: consumed */
static void
end (Calling *calling, HandoffReply *reply, GError *error)
{
  if (reply != NULL && !handoff_reply_check_type (reply, calling->reply_type, &error))
    g_clear_pointer (&reply, handoff_reply_free);
  handoff_service_error_mark_unreachable (&error);
  calling->func (reply, error, calling->user_data);
  g_free (calling);
}

static GError *
new_gone_error (void)
{
  GError *error = g_error_new_literal (G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY,
                                       _ ("The service left the bus in the middle of a handshake"));

  handoff_service_error_explain (&error);
  return error;
}

static void
replied_on_channel_cb (HandoffReply *reply, GError *error, gpointer user_data)
{
  /* The session was the channel's. */
  if (g_error_matches (error, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_NOT_BEGUN))
    {
      g_error_free (error);
      error = new_gone_error ();
    }
  else if (g_error_matches (error, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_TOO_LARGE))
    {
      /* Another one, since an error of our domain has details before it. */
      GError *refused = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                                             error->message);

      g_error_free (error);
      error = refused;
    }
  end (user_data, reply, error);
}

static GDBusMessage *
new_call (HandoffServiceSession *self, const char *method, GVariant *body, GDBusMessageFlags flags)
{
  GDBusMessage *call =
      g_dbus_message_new_method_call (self->service, self->path, HANDOFF_SESSION_INTERFACE, method);

  g_dbus_message_set_flags (call, flags | G_DBUS_MESSAGE_FLAGS_NO_AUTO_START);
  if (body != NULL)
    g_dbus_message_set_body (call, body);
  return call;
}

/* What the bus says of a process that is not there. Said of the service's name, the same means that
 * the service is not installed. */
static gboolean
says_that_service_is_gone (GDBusMessage *reply)
{
  const char *name = g_dbus_message_get_error_name (reply);

  return g_strcmp0 (name, "org.freedesktop.DBus.Error.ServiceUnknown") == 0 ||
         g_strcmp0 (name, "org.freedesktop.DBus.Error.NameHasNoOwner") == 0;
}

static void
replied_on_bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Calling *calling = user_data;
  GDBusConnection *connection = G_DBUS_CONNECTION (source);
  g_autoptr (GDBusMessage) message = NULL;
  HandoffReply *reply = NULL;
  GError *error = NULL;

  message = g_dbus_connection_send_message_with_reply_finish (connection, result, &error);
  if (message == NULL)
    handoff_service_error_explain (&error);
  else if (says_that_service_is_gone (message))
    error = new_gone_error ();
  else if (handoff_service_call_check_reply (message, calling->reply_type, &error))
    reply = handoff_reply_new_from_bus (connection, message);
  end (calling, reply, error);
}

static gboolean
end_forked_cb (gpointer calling)
{
  end (calling, NULL,
       g_error_new_literal (
           G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED,
           _ ("The handshake belongs to the process from which this one was forked")));
  return G_SOURCE_REMOVE;
}

void
handoff_service_session_call_async (HandoffServiceSession *self,
                                    const char *method,
                                    GVariant *body,
                                    GUnixFDList *fds,
                                    gboolean interactive,
                                    const char *reply_type,
                                    GCancellable *cancellable,
                                    HandoffReplyFunc func,
                                    gpointer user_data)
{
  g_autoptr (GDBusMessage) message = NULL;
  Calling *calling = g_new0 (Calling, 1);

  calling->reply_type = reply_type;
  calling->func = func;
  calling->user_data = user_data;
  if (handoff_process_is_forked_from (self->process))
    {
      g_autoptr (GSource) source = g_idle_source_new ();

      g_source_set_callback (source, end_forked_cb, calling, NULL);
      g_source_attach (source, g_main_context_get_thread_default ());
      g_variant_unref (g_variant_ref_sink (body));
      return;
    }
  if (self->channel != NULL)
    {
      const HandoffChannelCall call = { self->path, method, body, fds, interactive };

      handoff_service_channel_call_async (self->channel, &call, cancellable, replied_on_channel_cb,
                                          calling);
      return;
    }

  message = new_call (self, method, body,
                      interactive ? G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
                                  : G_DBUS_MESSAGE_FLAGS_NONE);
  if (fds != NULL && g_unix_fd_list_get_length (fds) > 0)
    g_dbus_message_set_unix_fd_list (message, fds);
  g_dbus_connection_send_message_with_reply (self->connection, message,
                                             G_DBUS_SEND_MESSAGE_FLAGS_NONE, G_MAXINT, NULL,
                                             cancellable, replied_on_bus_cb, calling);
}

static void
tell_on_bus (HandoffServiceSession *self, const char *method, GVariant *body)
{
  g_autoptr (GDBusMessage) call =
      new_call (self, method, body, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_autoptr (GError) error = NULL;

  if (!g_dbus_connection_send_message (self->connection, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                       &error))
    g_debug ("Saying %s to the service failed: %s", method, error->message);
}

void
handoff_service_session_tell (HandoffServiceSession *self, const char *method, GVariant *body)
{
  if (!handoff_service_session_is_usable (self))
    return;
  if (self->channel != NULL)
    {
      const HandoffChannelCall call = {
        self->path, method, body != NULL ? body : g_variant_new_tuple (NULL, 0), NULL, FALSE,
      };

      handoff_service_channel_tell (self->channel, &call);
    }
  else
    tell_on_bus (self, method, body);
}
