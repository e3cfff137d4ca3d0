/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake-call.h"

#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "client-socket.h"
#include "handshake.h"
#include "keyblob/handoff-names.h"
#include "keyblob/hpke.h"
#include "keyblob/tls-handoff-error.h"

/* One call. Holds a place in both quotas from before the authorization to the end of the handshake:
 * the places of those who wait for polkit count too. The session's place goes on to the session. */
typedef struct
{
  const HandoffFacadeContext *context; /* (unowned) */
  HandoffHandshakeCounters *counters;  /* (unowned) */
  HandoffHandshakeRequest *request;    /* (owned) (nullable): NULL once it runs */
  HandoffCall *call;                   /* (owned) (nullable): from run to reply */
  HandoffCaller *caller;               /* (owned) */
  gboolean holds_handshake;
  gboolean holds_session;
  gint64 start_time; /* monotonic, microseconds; 0: did not run */
} HandshakeCall;

static void
handshake_call_free (HandshakeCall *self)
{
  guint uid = handoff_caller_get_uid (self->caller);
  GCancellable *cancellable = handoff_caller_get_cancellable (self->caller);

  if (self->holds_handshake)
    handoff_quota_release (self->context->handshake_quota, uid);
  if (self->holds_session)
    handoff_quota_release (self->context->session_quota, uid);
  if (self->start_time == 0 && !g_cancellable_is_cancelled (cancellable))
    self->counters->denied++;

  g_clear_pointer (&self->request, handoff_handshake_request_free);
  g_clear_pointer (&self->call, handoff_call_free);
  g_object_unref (self->caller);
  handoff_idle_timer_release (self->context->idle_timer);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandshakeCall, handshake_call_free)

static gboolean
take_socket (HandoffCall *call, gint32 index, HandoffHandshakeRequest *request, GError **error)
{
  request->fd = handoff_call_take_fd (call, index);
  if (request->fd < 0)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "socket: the message carries no file descriptor with that index");
      return FALSE;
    }
  return handoff_client_socket_check (request->fd, error);
}

static gboolean
take_recipient_key (GVariant *value, HandoffHandshakeRequest *request, GError **error)
{
  gsize size;
  gconstpointer data = g_variant_get_fixed_array (value, &size, 1);

  if (size != HANDOFF_RECIPIENT_KEY_SIZE)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "recipient_key: must be an X25519 public key of %d bytes, has %" G_GSIZE_FORMAT,
                   HANDOFF_RECIPIENT_KEY_SIZE, size);
      return FALSE;
    }
  memcpy (request->recipient_key, data, size);
  if (!handoff_hpke_check_public_key (request->recipient_key, error))
    {
      g_prefix_error (error, "recipient_key: ");
      return FALSE;
    }
  return TRUE;
}

static HandoffHandshakeRequest *
parse_request (HandoffCall *call, const HandoffFacadeContext *context, GError **error)
{
  g_autoptr (HandoffHandshakeRequest) request = g_new0 (HandoffHandshakeRequest, 1);
  g_autoptr (GVariant) recipient_key = NULL;
  g_autoptr (GVariant) options = NULL;
  const char *server_identity;
  gint32 index;

  request->fd = -1;
  g_variant_get (handoff_call_get_parameters (call), "(h&s@ay@a{sv})", &index, &server_identity,
                 &recipient_key, &options);

  if (!take_socket (call, index, request, error) ||
      !take_recipient_key (recipient_key, request, error))
    return NULL;

  request->identity = handoff_server_identity_parse (server_identity, error);
  if (request->identity == NULL)
    return NULL;

  request->policy =
      handoff_tls_policy_ref (handoff_tls_policy_source_get_policy (context->policy_source));
  request->options = handoff_handshake_options_parse (
      options, handoff_tls_policy_get_configuration (request->policy), error);
  return request->options != NULL ? g_steal_pointer (&request) : NULL;
}

gboolean
handoff_handshake_call_prepare (HandoffCall *call,
                                const HandoffFacadeContext *context,
                                HandoffHandshakeCounters *counters,
                                GError **error)
{
  const HandoffConfiguration *configuration =
      handoff_tls_policy_source_get_configuration (context->policy_source);
  g_autoptr (HandoffHandshakeRequest) request = parse_request (call, context, error);
  g_autoptr (HandshakeCall) self = NULL;
  guint uid = handoff_caller_get_uid (handoff_call_get_caller (call));

  if (request == NULL)
    return FALSE;

  handoff_call_add_detail (call, HANDOFF_CALL_DETAIL_ROLE, "client");
  handoff_call_add_detail (call, HANDOFF_CALL_DETAIL_SERVER_IDENTITY, request->identity->text);

  if (request->options->error_details)
    handoff_call_allow_error_details (call);

  self = g_new0 (HandshakeCall, 1);
  self->context = context;
  self->counters = counters;
  self->caller = g_object_ref (handoff_call_get_caller (call));
  self->request = g_steal_pointer (&request);
  handoff_idle_timer_hold (context->idle_timer);

  self->holds_handshake =
      handoff_quota_take (context->handshake_quota, uid, configuration->handshakes_per_user,
                          configuration->handshakes_total, error);
  if (!self->holds_handshake)
    return FALSE;
  self->holds_session =
      handoff_quota_take (context->session_quota, uid, configuration->sessions_per_user,
                          configuration->sessions_total, error);
  if (!self->holds_session)
    return FALSE;

  handoff_call_set_data (call, g_steal_pointer (&self), (GDestroyNotify) handshake_call_free);
  return TRUE;
}

static void
insert_string (GVariantDict *details, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_dict_insert (details, key, "s", value);
}

/* call: (transfer full) */
static void
reply (HandoffCall *call, HandoffSession *session, HandoffHandshakeOutcome *outcome)
{
  g_auto (GVariantDict) details = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&outcome->key_blob_fd, 1);
  g_autofree char *path = g_strconcat (HANDOFF_SESSIONS_PATH "/", session->id, NULL);

  outcome->key_blob_fd = -1; /* the list has it now */

  g_variant_dict_insert (&details, HANDOFF_DETAIL_KEY_BLOB, "h", 0);
  insert_string (&details, HANDOFF_DETAIL_PROTOCOL, outcome->protocol);
  insert_string (&details, HANDOFF_DETAIL_CIPHER_SUITE, outcome->cipher_suite);
  insert_string (&details, HANDOFF_DETAIL_APPLICATION_PROTOCOL, outcome->application_protocol);
  insert_string (&details, HANDOFF_DETAIL_SERVER_NAME, outcome->server_name);
  insert_string (&details, HANDOFF_DETAIL_OCSP_STATUS, outcome->ocsp_status);
  g_variant_dict_insert (&details, HANDOFF_DETAIL_RESUMED, "b", FALSE);
  g_variant_dict_insert_value (&details, HANDOFF_DETAIL_PEER_CERTIFICATES,
                               outcome->peer_certificates);

  handoff_call_return (
      call,
      g_variant_new ("(so@a{sv})", HANDOFF_STATE_COMPLETE, path, g_variant_dict_end (&details)),
      fds);
}

static void
handshake_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandshakeCall) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffHandshakeOutcome) outcome = handoff_handshake_run_finish (result, &error);
  HandoffSession *session;

  if (outcome != NULL)
    self->counters->completed++;
  else
    self->counters->failed++;
  handoff_audit_handshake (self->call, outcome, error, g_get_monotonic_time () - self->start_time);

  if (g_cancellable_is_cancelled (handoff_caller_get_cancellable (self->caller)))
    return;
  if (outcome == NULL)
    {
      handoff_call_fail (g_steal_pointer (&self->call), error);
      return;
    }

  session = handoff_session_store_add (self->context->sessions, self->caller,
                                       g_hash_table_lookup (handoff_call_get_details (self->call),
                                                            HANDOFF_CALL_DETAIL_SERVER_IDENTITY),
                                       outcome->protocol, outcome->cipher_suite);
  /* From here on the session holds the place, and the service (service.c releases both with it). */
  self->holds_session = FALSE;
  handoff_idle_timer_hold (self->context->idle_timer);
  reply (g_steal_pointer (&self->call), session, outcome);
}

void
handoff_handshake_call_run (HandoffCall *call)
{
  HandshakeCall *self = handoff_call_steal_data (call);

  self->call = call;
  self->start_time = g_get_monotonic_time ();
  handoff_handshake_run_async (handoff_worker_pool_next (self->context->worker_pool),
                               g_steal_pointer (&self->request),
                               handoff_caller_get_cancellable (self->caller), handshake_done, self);
}
