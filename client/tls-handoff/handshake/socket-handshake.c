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

#include "call/manager-call.h"
#include "call/service-call.h"
#include "call/service-error.h"
#include "handshake/handshake-options-variant.h"
#include "handshake/handshake-options.h"
#include "handshake/handshake-result.h"
#include "handshake/recipient-key.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

#define HANDSHAKE_REPLY_TYPE "(soa{sv})"
#define SOCKET_HANDLE 0 /* the socket is the first descriptor of the call */

/* What a handshake in flight holds. */
struct _HandoffSocketHandshake
{
  GSocket *socket; /* (owned) */
  gboolean is_server;
  char *server_identity;           /* (owned) (nullable): of a client */
  GVariant *options;               /* (owned) */
  GUnixFDList *fds;                /* (owned): the socket's is the first */
  TlsHandoffImportKey *import_key; /* (owned) (nullable): on the bus */
  HandoffAskFunc ask;              /* (nullable) */
  gpointer ask_data;
  HandoffCertificateReview *review;  /* (owned) (nullable): ask_data, if it is one */
  HandoffHandshakeQuestion question; /* that was asked last */
  gboolean interactive;
  gboolean resumption;
  GVariant *asked;                /* (owned) (nullable): its details, while it is paused */
  HandoffServiceSession *session; /* (owned) (nullable): from the first reply on */
};

static void
handshake_free (HandoffSocketHandshake *handshake)
{
  g_clear_object (&handshake->socket);
  g_free (handshake->server_identity);
  g_clear_pointer (&handshake->options, g_variant_unref);
  g_clear_object (&handshake->fds);
  g_clear_object (&handshake->import_key);
  g_clear_pointer (&handshake->review, handoff_certificate_review_unref);
  g_clear_pointer (&handshake->asked, g_variant_unref);
  g_clear_pointer (&handshake->session, handoff_service_session_unref);
  g_free (handshake);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSocketHandshake, handshake_free)

static gboolean
check_arguments (GSocket *socket, const HandoffHandshakeRequest *request, GError **error)
{
  if (g_socket_is_closed (socket))
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET,
                           _ ("The socket is closed"));
      return FALSE;
    }

  return request->role == HANDOFF_ROLE_SERVER ||
         handoff_service_call_check_identity (request->server_identity, error);
}

/* A HandoffManagerCall's. */
static GVariant *
make_arguments (gboolean on_channel, gpointer user_data, GError **error)
{
  HandoffSocketHandshake *handshake = user_data;
  GVariant *recipient_key;

  recipient_key = handoff_recipient_key_new (on_channel ? NULL : &handshake->import_key, error);
  if (recipient_key == NULL)
    return NULL;
  return handshake->is_server
             ? g_variant_new ("(h@ay@a{sv})", SOCKET_HANDLE, recipient_key, handshake->options)
             : g_variant_new ("(hs@ay@a{sv})", SOCKET_HANDLE, handshake->server_identity,
                              recipient_key, handshake->options);
}

/* What the call of HandshakeAsClient() or HandshakeAsServer() needs, and its reply will need. */
static HandoffSocketHandshake *
prepare (HandoffServiceBus *bus,
         GSocket *socket,
         const HandoffHandshakeRequest *request,
         GError **error)
{
  g_autoptr (HandoffSocketHandshake) handshake = NULL;

  if (!handoff_service_bus_check_process (bus, error) || !check_arguments (socket, request, error))
    return NULL;
  handshake = g_new0 (HandoffSocketHandshake, 1);
  handshake->fds = g_unix_fd_list_new ();
  if (g_unix_fd_list_append (handshake->fds, g_socket_get_fd (socket), error) < 0)
    return NULL;
  handshake->options = handoff_handshake_options_to_variant (request, handshake->fds, error);
  if (handshake->options == NULL)
    return NULL;
  g_variant_ref_sink (handshake->options);

  handshake->socket = g_object_ref (socket);
  handshake->is_server = request->role == HANDOFF_ROLE_SERVER;
  handshake->server_identity = g_strdup (request->server_identity);
  handshake->ask = request->ask;
  handshake->ask_data = request->ask_data;
  if (request->review != NULL)
    {
      handshake->review = handoff_certificate_review_ref (request->review);
      handshake->ask = handoff_certificate_review_ask;
      handshake->ask_data = handshake->review;
    }
  handshake->interactive = request->interactive;
  /* Session tickets come to clients only. */
  handshake->resumption =
      !handshake->is_server && handoff_handshake_options_get_resumption (request->options);
  return g_steal_pointer (&handshake);
}

static HandoffManagerCall
new_call (HandoffSocketHandshake *handshake)
{
  return (HandoffManagerCall){
    .method = handshake->is_server ? "HandshakeAsServer" : "HandshakeAsClient",
    .make_arguments = make_arguments,
    .user_data = handshake,
    .fds = handshake->fds,
    .interactive = handshake->interactive,
  };
}

/* On the bus the service does not see that its caller lost interest, but it does see the end of the
 * stream. */
static void
stop_service_if_cancelled (HandoffSocketHandshake *handshake, const GError *error)
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
complete (HandoffSocketHandshake *handshake,
          HandoffReply *reply,
          const char *state,
          GVariant *details,
          GError **error)
{
  g_autoptr (TlsHandoffHandshakeResult) result = NULL;

  if (g_str_equal (state, HANDOFF_STATE_COMPLETE))
    result = handoff_handshake_result_new_from_reply (reply, details, handshake->import_key, error);
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                 _ ("The TLS Handoff service replied with the unknown state “%s”; its version does "
                    "not fit the library's"),
                 state);

  if (result != NULL && handshake->resumption)
    handoff_handshake_result_set_session (result, handshake->session);
  else if (result == NULL)
    handoff_service_session_tell (handshake->session, "Close", NULL);

  return g_steal_pointer (&result);
}

/* Takes the first reply apart. state: (out): as long as reply. (transfer full): the details */
static GVariant *
take_reply (HandoffSocketHandshake *handshake, HandoffReply *reply, const char **state)
{
  GVariant *details;
  const char *path;

  g_variant_get (reply->body, "(&s&o@a{sv})", state, &path, &details);
  handshake->session = handoff_service_session_new (reply, path);
  /* The service has them; and another descriptor of the socket would keep it open. */
  g_clear_object (&handshake->fds);
  return details;
}

/* Whether the service asks, and the handshake can answer. */
static gboolean
is_question (HandoffSocketHandshake *handshake, const char *state)
{
  return handshake->ask != NULL &&
         handoff_handshake_question_from_state (state, &handshake->question);
}

TlsHandoffHandshakeResult *
handoff_socket_handshake_sync (HandoffServiceBus *bus,
                               GSocket *socket,
                               const HandoffHandshakeRequest *request,
                               HandoffSocketHandshake **paused,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (HandoffSocketHandshake) handshake = NULL;
  g_autoptr (HandoffReply) reply = NULL;
  g_autoptr (GVariant) details = NULL;
  g_autoptr (GError) local_error = NULL;
  HandoffManagerCall call;
  const char *state;

  g_return_val_if_fail ((request->ask == NULL && request->review == NULL) || paused != NULL, NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  handshake = prepare (bus, socket, request, error);
  if (handshake == NULL)
    return NULL;

  call = new_call (handshake);
  reply = handoff_manager_call_sync (bus, &call, HANDSHAKE_REPLY_TYPE, cancellable, &local_error);
  if (reply == NULL)
    {
      stop_service_if_cancelled (handshake, local_error);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  details = take_reply (handshake, reply, &state);
  if (!is_question (handshake, state))
    return complete (handshake, reply, state, details, error);
  handshake->asked = g_steal_pointer (&details);
  *paused = g_steal_pointer (&handshake);
  return NULL;
}

/* error: consumed, if there is no result */
static void
return_result (GTask *task, TlsHandoffHandshakeResult *result, GError *error)
{
  HandoffSocketHandshake *handshake = g_task_get_task_data (task);

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
take_state (GTask *task, HandoffReply *reply, const char *state, GVariant *details)
{
  HandoffSocketHandshake *handshake = g_task_get_task_data (task);
  TlsHandoffHandshakeResult *result;
  GError *error = NULL;

  if (is_question (handshake, state))
    {
      handshake->ask (handshake->question, details, task, answered, handshake->ask_data);
      return;
    }

  result = complete (handshake, reply, state, details, &error);
  return_result (task, result, error);
}

static void
answer_taken_cb (HandoffReply *answer_reply, GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (HandoffReply) reply = answer_reply;
  g_autoptr (GVariant) output = NULL;
  g_autoptr (GVariant) details = NULL;
  HandoffSocketHandshake *handshake = g_task_get_task_data (task);
  const char *state;

  if (reply != NULL)
    {
      handoff_handshake_question_read_reply (reply, &state, &output, &details);
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
  HandoffSocketHandshake *handshake = g_task_get_task_data (task);

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
handshake_reply_cb (HandoffReply *handshake_reply, GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (HandoffReply) reply = handshake_reply;
  g_autoptr (GVariant) details = NULL;
  const char *state;

  if (reply == NULL)
    {
      return_result (task, NULL, error);
      return;
    }
  details = take_reply (g_task_get_task_data (task), reply, &state);
  take_state (task, reply, state, details);
}

/* A task without a cancellation that comes too late: it does not throw away keys that have arrived.
 * (transfer full) */
static GTask *
new_task (gpointer source,
          GCancellable *cancellable,
          GAsyncReadyCallback callback,
          gpointer user_data)
{
  GTask *task = g_task_new (source, cancellable, callback, user_data);

  g_task_set_source_tag (task, handoff_socket_handshake_async);
  g_task_set_check_cancellable (task, FALSE);
  return task;
}

void
handoff_socket_handshake_go_on_async (gpointer source,
                                      HandoffSocketHandshake *paused,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  g_autoptr (GTask) task = new_task (source, cancellable, callback, user_data);
  g_autoptr (GVariant) details = g_steal_pointer (&paused->asked);

  g_task_set_task_data (task, paused, (GDestroyNotify) handshake_free);
  paused->ask (paused->question, details, task, answered, paused->ask_data);
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
  g_autoptr (GTask) task = new_task (source, cancellable, callback, user_data);
  HandoffManagerCall call;
  HandoffSocketHandshake *handshake;
  GError *error = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  handshake = prepare (bus, socket, request, &error);
  if (handshake == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_set_task_data (task, handshake, (GDestroyNotify) handshake_free);
  call = new_call (handshake);
  handoff_manager_call_async (bus, &call, HANDSHAKE_REPLY_TYPE, cancellable, handshake_reply_cb,
                              g_steal_pointer (&task));
}

TlsHandoffHandshakeResult *
handoff_socket_handshake_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
