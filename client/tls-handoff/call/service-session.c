/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/service-session.h"

#include "keyblob/handoff-names.h"
#include "call/process.h"
#include "call/service-call.h"
#include "call/service-error.h"

struct _HandoffServiceSession
{
  gatomicrefcount ref_count;
  pid_t process;               /* the one that made it */
  GDBusConnection *connection; /* (owned) */
  char *service;               /* (owned) (nullable): unique name; NULL peer to peer */
  char *path;                  /* (owned) */
};

HandoffServiceSession *
handoff_service_session_new (GDBusConnection *connection, GDBusMessage *reply, const char *path)
{
  HandoffServiceSession *self = g_new0 (HandoffServiceSession, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->process = getpid ();
  self->connection = g_object_ref (connection);
  self->service = g_strdup (g_dbus_message_get_sender (reply));
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
    g_object_unref (self->connection);
  g_free (self->service);
  g_free (self->path);
  g_free (self);
}

gboolean
handoff_service_session_is_usable (HandoffServiceSession *self)
{
  return !handoff_process_is_forked_from (self->process);
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

void
handoff_service_session_call_async (HandoffServiceSession *self,
                                    const char *method,
                                    GVariant *body,
                                    GUnixFDList *fds,
                                    gboolean interactive,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GDBusMessage) call =
      new_call (self, method, body,
                interactive ? G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
                            : G_DBUS_MESSAGE_FLAGS_NONE);

  if (handoff_process_is_forked_from (self->process))
    {
      g_task_report_new_error (
          self->connection, callback, user_data, handoff_service_session_call_async, G_DBUS_ERROR,
          G_DBUS_ERROR_DISCONNECTED,
          "The handshake belongs to the process from which this one was forked");
      return;
    }
  if (fds != NULL && g_unix_fd_list_get_length (fds) > 0)
    g_dbus_message_set_unix_fd_list (call, fds);
  g_dbus_connection_send_message_with_reply (self->connection, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE,
                                             G_MAXINT, NULL, cancellable, callback, user_data);
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

GDBusMessage *
handoff_service_session_call_finish (GObject *source,
                                     GAsyncResult *result,
                                     const char *reply_type,
                                     GError **error)
{
  g_autoptr (GDBusMessage) reply = NULL;

  if (g_async_result_is_tagged (result, handoff_service_session_call_async))
    return g_task_propagate_pointer (G_TASK (result), error);
  reply =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, error);
  if (reply == NULL)
    {
      handoff_service_error_explain (error);
      handoff_service_error_mark_unreachable (error);
      return NULL;
    }
  if (says_that_service_is_gone (reply))
    {
      g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY,
                           "The service left the bus in the middle of a handshake");
      handoff_service_error_explain (error);
      return NULL;
    }
  if (!handoff_service_call_check_reply (reply, reply_type, error))
    {
      handoff_service_error_mark_unreachable (error);
      return NULL;
    }

  return g_steal_pointer (&reply);
}

void
handoff_service_session_tell (HandoffServiceSession *self, const char *method, GVariant *body)
{
  g_autoptr (GDBusMessage) call = NULL;
  g_autoptr (GError) error = NULL;

  if (!handoff_service_session_is_usable (self))
    return;
  call = new_call (self, method, body, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  if (!g_dbus_connection_send_message (self->connection, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                       &error))
    g_debug ("Saying %s to the service failed: %s", method, error->message);
}
