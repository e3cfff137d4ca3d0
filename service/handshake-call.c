/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake-call.h"

#include "client-socket.h"
#include "keyblob/tls-handoff-error.h"
#include "session-handshake.h"

/* A call that waits for authorization. It holds its places in the quotas from before that: those
 * who wait for polkit count too. */
typedef struct
{
  const HandoffFacadeContext *context; /* (unowned) */
  HandoffHandshakeRequest *request;    /* (owned) (nullable): NULL once it runs */
  HandoffSession *session;             /* (owned): not in the store yet */
} PreparedCall;

static void
prepared_call_free (PreparedCall *self)
{
  GCancellable *cancellable = handoff_caller_get_cancellable (self->session->caller);

  if (self->request != NULL)
    {
      if (!g_cancellable_is_cancelled (cancellable))
        self->context->counters->denied++;
      handoff_handshake_request_free (self->request);
    }
  handoff_session_unref (self->session);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PreparedCall, prepared_call_free)

static gboolean
take_places (PreparedCall *self, GError **error)
{
  const HandoffFacadeContext *context = self->context;
  const HandoffConfiguration *configuration =
      handoff_tls_policy_get_configuration (self->request->policy);
  HandoffSession *session = self->session;
  guint uid = handoff_caller_get_uid (session->caller);

  session->handshake_place =
      handoff_quota_take (context->handshake_quota, uid, configuration->handshakes_per_user,
                          configuration->handshakes_total, error);
  if (session->handshake_place == NULL)
    return FALSE;
  session->session_place =
      handoff_quota_take (context->session_quota, uid, configuration->sessions_per_user,
                          configuration->sessions_total, error);
  if (session->session_place == NULL)
    return FALSE;
  if (!session->outlives_caller)
    return TRUE;
  session->outliving_place =
      handoff_quota_take (context->outliving_quota, uid, configuration->outliving_sessions_per_user,
                          configuration->sessions_total, error);
  return session->outliving_place != NULL;
}

/* request: (transfer full) (nullable): NULL if it was wrong, which ends it here */
static gboolean
prepare (HandoffCall *call,
         const HandoffFacadeContext *context,
         HandoffHandshakeRequest *request,
         GError **error)
{
  g_autoptr (PreparedCall) self = NULL;

  if (request == NULL)
    return FALSE;

  handoff_call_add_detail (call, HANDOFF_CALL_DETAIL_ROLE, HANDOFF_ROLE_NAME_CLIENT);
  handoff_call_add_detail (call, HANDOFF_CALL_DETAIL_SERVER_IDENTITY, request->identity->text);
  if (request->options->review_certificate)
    handoff_call_add_detail (call, HANDOFF_CALL_DETAIL_REVIEW_CERTIFICATE, "true");
  if (request->options->error_details)
    handoff_call_allow_error_details (call);

  self = g_new0 (PreparedCall, 1);
  self->context = context;
  self->request = request;
  self->session = handoff_session_new (handoff_call_get_caller (call), request->identity->text,
                                       context->idle_timer);
  self->session->error_details = request->options->error_details;
  self->session->outlives_caller = request->options->outlive_caller;
  self->session->transient = request->options->transient;
  if (!take_places (self, error))
    return FALSE;

  handoff_call_set_data (call, g_steal_pointer (&self), (GDestroyNotify) prepared_call_free);
  return TRUE;
}

static HandoffHandshakeRequest *
request_new (const HandoffFacadeContext *context,
             const char *server_identity,
             GVariant *options,
             GError **error)
{
  return handoff_handshake_request_new (
      HANDOFF_ROLE_CLIENT, server_identity, options,
      handoff_tls_policy_source_get_policy (context->policy_source), error);
}

/* The descriptor is taken first of all, so that it is closed whatever else is wrong. */
static int
take_socket (HandoffCall *call, gint32 index, GError **error)
{
  int fd = handoff_call_take_fd (call, index);

  if (fd < 0)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "socket: the message carries no file descriptor with that index");
      return -1;
    }
  if (handoff_client_socket_check (fd, error))
    return fd;
  handoff_client_socket_close (fd);
  return -1;
}

gboolean
handoff_handshake_call_prepare (HandoffCall *call,
                                const HandoffFacadeContext *context,
                                GError **error)
{
  g_autoptr (HandoffHandshakeRequest) request = NULL;
  g_autoptr (GVariant) recipient_key = NULL;
  g_autoptr (GVariant) options = NULL;
  guint8 key[HANDOFF_RECIPIENT_KEY_SIZE];
  const char *server_identity;
  gint32 index;
  int fd;

  g_variant_get (handoff_call_get_parameters (call), "(h&s@ay@a{sv})", &index, &server_identity,
                 &recipient_key, &options);
  fd = take_socket (call, index, error);
  if (fd < 0)
    return FALSE;
  if (handoff_recipient_key_parse (recipient_key, key, error))
    request = request_new (context, server_identity, options, error);
  if (request == NULL)
    {
      handoff_client_socket_close (fd);
      return FALSE;
    }

  request->fd = fd;
  memcpy (request->recipient_key, key, sizeof key);
  if (request->options->outlive_caller)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "Option %s: is for CreateSession only", HANDOFF_OPTION_OUTLIVE_CALLER);
      return FALSE;
    }
  return prepare (call, context, g_steal_pointer (&request), error);
}

gboolean
handoff_create_session_call_prepare (HandoffCall *call,
                                     const HandoffFacadeContext *context,
                                     GError **error)
{
  g_autoptr (HandoffHandshakeRequest) request = NULL;
  g_autoptr (GVariant) options = NULL;
  const char *role;
  const char *server_identity;

  g_variant_get (handoff_call_get_parameters (call), "(&s&s@a{sv})", &role, &server_identity,
                 &options);
  if (g_str_equal (role, HANDOFF_ROLE_NAME_SERVER))
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
                           "role: this version of the service does handshakes as client only");
      return FALSE;
    }
  if (!g_str_equal (role, HANDOFF_ROLE_NAME_CLIENT))
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "role: must be " HANDOFF_ROLE_NAME_CLIENT);
      return FALSE;
    }

  request = request_new (context, server_identity, options, error);
  if (request == NULL)
    return FALSE;
  request->stepwise = TRUE;
  return prepare (call, context, g_steal_pointer (&request), error);
}

static char *
dup_path (const HandoffSession *session)
{
  return g_strconcat (HANDOFF_SESSIONS_PATH "/", session->id, NULL);
}

static void
reply (HandoffSession *session, HandoffHandshakeProgress *progress, HandoffCall *call)
{
  g_autoptr (GVariant) details = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autofree char *path = NULL;

  if (progress->error != NULL)
    {
      handoff_call_fail (call, progress->error);
      return;
    }
  path = dup_path (session);
  details = handoff_session_dup_details (progress, &fds);
  handoff_call_return (
      call, g_variant_new ("(so@a{sv})", handoff_session_get_state_name (session), path, details),
      fds);
}

void
handoff_handshake_call_run (HandoffCall *call)
{
  g_autoptr (PreparedCall) self = handoff_call_steal_data (call);

  handoff_session_begin (self->context, self->session, g_steal_pointer (&self->request));
  handoff_session_step (self->context, self->session, NULL, call, reply);
}

void
handoff_create_session_call_run (HandoffCall *call)
{
  g_autoptr (PreparedCall) self = handoff_call_steal_data (call);
  g_autofree char *path = dup_path (self->session);

  handoff_session_begin (self->context, self->session, g_steal_pointer (&self->request));
  handoff_call_return (call, g_variant_new ("(o)", path), NULL);
}
