/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Handshakes that the service does on a socket by itself.
 *
 *   HandshakeAsClient(), HandshakeAsServer() → complete
 *   the same → certificate-review → ReviewCertificate() → complete
 *   HandshakeAsClient() → certificate-request → ProvideCredential() → complete
 *
 * Either question may follow on the other. Any other state is an error, after which the session is
 * closed. A synchronous handshake happens in the thread that called, an asynchronous one in its
 * thread-default main context. */

#include "config.h"

#include "handshake/socket-handshake.h"

#include <gio/gunixfdlist.h>

#include "call/service-call.h"
#include "call/service-error.h"
#include "handshake/handshake-options-variant.h"
#include "handshake/handshake-options.h"
#include "handshake/handshake-result.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

#define HANDSHAKE_REPLY_TYPE "(soa{sv})"

/* What a handshake in flight holds. */
typedef struct
{
  GSocket *socket;                 /* (owned) */
  TlsHandoffImportKey *import_key; /* (owned) */
  HandoffAskFunc ask;              /* (nullable) */
  gpointer ask_data;
  HandoffHandshakeQuestion question; /* that was asked last */
  gboolean interactive;
  gboolean resumption;
  HandoffServiceSession *session; /* (owned) (nullable): from the first reply on */
} Handshake;

static void
handshake_free (Handshake *handshake)
{
  g_clear_object (&handshake->socket);
  g_clear_object (&handshake->import_key);
  g_clear_pointer (&handshake->session, handoff_service_session_unref);
  g_free (handshake);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Handshake, handshake_free)

static gboolean
check_arguments (GSocket *socket, const HandoffHandshakeRequest *request, GError **error)
{
  if (g_socket_is_closed (socket))
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET,
                           "The socket is closed");
      return FALSE;
    }

  return request->role == HANDOFF_ROLE_SERVER ||
         handoff_service_call_check_identity (request->server_identity, error);
}

static GDBusMessage *
new_call (HandoffServiceBus *bus,
          const HandoffHandshakeRequest *request,
          int handle,
          GVariant *recipient_key,
          GVariant *options)
{
  const gboolean is_server = request->role == HANDOFF_ROLE_SERVER;

  return handoff_service_call_new (
      bus, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
      is_server ? "HandshakeAsServer" : "HandshakeAsClient",
      is_server ? g_variant_new ("(h@ay@a{sv})", handle, recipient_key, options)
                : g_variant_new ("(hs@ay@a{sv})", handle, request->server_identity, recipient_key,
                                 options),
      request->interactive);
}

/* The call of HandshakeAsClient() or HandshakeAsServer(), and in *handshake what its reply will
 * need. */
static GDBusMessage *
prepare (HandoffServiceBus *bus,
         GSocket *socket,
         const HandoffHandshakeRequest *request,
         Handshake **handshake,
         GError **error)
{
  g_autoptr (TlsHandoffImportKey) import_key = NULL;
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GBytes) public_key = NULL;
  g_autoptr (GDBusMessage) call = NULL;
  int handle;

  if (!handoff_service_bus_check_process (bus, error) || !check_arguments (socket, request, error))
    return NULL;
  fds = g_unix_fd_list_new ();
  handle = g_unix_fd_list_append (fds, g_socket_get_fd (socket), error);
  if (handle < 0)
    return NULL;
  options = handoff_handshake_options_to_variant (request, fds, error);
  if (options == NULL)
    return NULL;
  g_variant_ref_sink (options);
  import_key = tls_handoff_import_key_new (error);
  if (import_key == NULL)
    return NULL;

  public_key = tls_handoff_import_key_dup_public_key (import_key);
  call = new_call (bus, request, handle,
                   g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, public_key, TRUE), options);
  g_dbus_message_set_unix_fd_list (call, fds);

  *handshake = g_new0 (Handshake, 1);
  (*handshake)->socket = g_object_ref (socket);
  (*handshake)->import_key = g_steal_pointer (&import_key);
  (*handshake)->ask = request->ask;
  (*handshake)->ask_data = request->ask_data;
  (*handshake)->interactive = request->interactive;
  /* Session tickets come to clients only. */
  (*handshake)->resumption = request->role == HANDOFF_ROLE_CLIENT &&
                             handoff_handshake_options_get_resumption (request->options);

  return g_steal_pointer (&call);
}

/* The service does not see that its caller lost interest, but it does see the end of the stream. */
static void
stop_service_if_cancelled (Handshake *handshake, const GError *error)
{
  g_autoptr (GError) shutdown_error = NULL;

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (!g_socket_shutdown (handshake->socket, TRUE, TRUE, &shutdown_error))
    g_debug ("Shutting down the socket of a cancelled handshake failed: %s",
             shutdown_error->message);
  if (handshake->session != NULL)
    handoff_service_session_tell (handshake->session, "Close", NULL);
}

/* reply: in the state in which the keys are there, or should be */
static TlsHandoffHandshakeResult *
complete (
    Handshake *handshake, GDBusMessage *reply, const char *state, GVariant *details, GError **error)
{
  g_autoptr (TlsHandoffHandshakeResult) result = NULL;

  if (g_str_equal (state, HANDOFF_STATE_COMPLETE))
    result = handoff_handshake_result_new (details, g_dbus_message_get_unix_fd_list (reply),
                                           handshake->import_key, error);
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                 "The TLS Handoff service replied with the unknown state “%s”; its version does "
                 "not fit the library's",
                 state);

  if (result != NULL && handshake->resumption)
    handoff_handshake_result_set_session (result, handshake->session);
  else if (result == NULL)
    handoff_service_session_tell (handshake->session, "Close", NULL);

  return g_steal_pointer (&result);
}

/* Takes the first reply apart. (transfer full): the details */
static GVariant *
take_reply (Handshake *handshake,
            GDBusConnection *connection,
            GDBusMessage *reply,
            const char **state,
            GError **error)
{
  GVariant *details;
  const char *path;

  if (!handoff_service_call_check_reply (reply, HANDSHAKE_REPLY_TYPE, error))
    return NULL;

  g_variant_get (g_dbus_message_get_body (reply), "(&s&o@a{sv})", state, &path, &details);
  handshake->session = handoff_service_session_new (connection, reply, path);
  return details;
}

TlsHandoffHandshakeResult *
handoff_socket_handshake_sync (HandoffServiceBus *bus,
                               GSocket *socket,
                               const HandoffHandshakeRequest *request,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (Handshake) handshake = NULL;
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GDBusMessage) call = NULL;
  g_autoptr (GDBusMessage) reply = NULL;
  g_autoptr (GVariant) details = NULL;
  g_autoptr (GError) local_error = NULL;
  const char *state;

  g_return_val_if_fail (request->ask == NULL, NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  call = prepare (bus, socket, request, &handshake, error);
  if (call == NULL)
    return NULL;

  reply = handoff_service_bus_send_sync (bus, call, &connection, cancellable, &local_error);
  if (reply == NULL)
    {
      stop_service_if_cancelled (handshake, local_error);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  details = take_reply (handshake, connection, reply, &state, error);
  return details != NULL ? complete (handshake, reply, state, details, error) : NULL;
}

/* error: consumed, if there is no result */
static void
return_result (GTask *task, TlsHandoffHandshakeResult *result, GError *error)
{
  Handshake *handshake = g_task_get_task_data (task);

  if (result != NULL)
    {
      g_task_return_pointer (task, result, g_object_unref);
      return;
    }

  stop_service_if_cancelled (handshake, error);
  if (handshake->session != NULL)
    handoff_service_error_mark_begun (&error);
  g_task_return_error (task, error);
}

static void answered (GTask *task, const HandoffAnswer *answer);

/* The state after a reply: the end, or a question. details: those that came with it */
static void
take_state (GTask *task, GDBusMessage *reply, const char *state, GVariant *details)
{
  Handshake *handshake = g_task_get_task_data (task);
  TlsHandoffHandshakeResult *result;
  GError *error = NULL;

  if (handshake->ask != NULL && handoff_handshake_question_from_state (state, &handshake->question))
    {
      handshake->ask (handshake->question, details, task, answered, handshake->ask_data);
      return;
    }

  result = complete (handshake, reply, state, details, &error);
  return_result (task, result, error);
}

static void
answer_taken_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GDBusMessage) reply = NULL;
  g_autoptr (GVariant) output = NULL;
  g_autoptr (GVariant) details = NULL;
  Handshake *handshake = g_task_get_task_data (task);
  GError *error = NULL;
  const char *state;

  if (handoff_handshake_question_answer_finish (source, async_result, &reply, &state, &output,
                                                &details, &error))
    {
      take_state (task, reply, state, details);
      return;
    }

  /* The service would take another answer. */
  handoff_service_session_tell (handshake->session, "Close", NULL);
  return_result (task, NULL, error);
}

static void
answered (GTask *task, const HandoffAnswer *answer)
{
  Handshake *handshake = g_task_get_task_data (task);

  if (answer->failure != NULL)
    {
      handoff_service_session_tell (handshake->session, "Close", NULL);
      return_result (task, NULL, g_error_copy (answer->failure));
      return;
    }
  handoff_handshake_question_answer_async (handshake->session, handshake->question, answer,
                                           handshake->interactive, g_task_get_cancellable (task),
                                           answer_taken_cb, g_object_ref (task));
}

static void
handshake_reply_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GDBusMessage) reply = NULL;
  g_autoptr (GVariant) details = NULL;
  GError *error = NULL;
  const char *state;

  reply = handoff_service_bus_send_finish (async_result, &connection, &error);
  if (reply != NULL)
    details = take_reply (g_task_get_task_data (task), connection, reply, &state, &error);

  if (details != NULL)
    take_state (task, reply, state, details);
  else
    return_result (task, NULL, error);
}

void
handoff_socket_handshake_async (gpointer source,
                                HandoffServiceBus *bus,
                                GSocket *socket,
                                const HandoffHandshakeRequest *request,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GDBusMessage) call = NULL;
  Handshake *handshake = NULL;
  GError *error = NULL;

  task = g_task_new (source, cancellable, callback, user_data);
  g_task_set_source_tag (task, handoff_socket_handshake_async);
  /* A cancellation that comes too late does not throw away keys that have arrived. */
  g_task_set_check_cancellable (task, FALSE);

  if (g_task_return_error_if_cancelled (task))
    return;
  call = prepare (bus, socket, request, &handshake, &error);
  if (call == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_set_task_data (task, handshake, (GDestroyNotify) handshake_free);
  handoff_service_bus_send_async (bus, call, cancellable, handshake_reply_cb,
                                  g_steal_pointer (&task));
}

TlsHandoffHandshakeResult *
handoff_socket_handshake_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
