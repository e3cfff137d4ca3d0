/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/handshake-call.h"

#include "call/call-credential.h"
#include "call/handshake-line.h"
#include "call/prepared-credential.h"
#include "caller/client-socket.h"
#include "work/descriptor-reaper.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

static gboolean
take_places (HandoffPreparedHandshake *self, GError **error)
{
  const HandoffCallContext *context = self->context;
  const HandoffConfiguration *configuration =
      handoff_tls_policy_get_configuration (self->request->policy);
  HandoffSession *session = self->session;
  guint uid = handoff_caller_get_uid (session->caller);

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

/* What polkit's rules see; the credential's label comes later. */
static void
add_details (HandoffCall *call, HandoffPreparedHandshake *self)
{
  const HandoffHandshakeOptions *options = self->request->options;

  handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_ROLE,
                           handoff_session_get_role_name (self->session));
  if (self->request->identity != NULL)
    handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_SERVER_IDENTITY,
                             self->request->identity->text);
  if (options->review_certificate)
    handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_REVIEW_CERTIFICATE, "true");
  if (self->request->role == HANDOFF_ROLE_CLIENT && options->credential == NULL &&
      options->credential_pem < 0)
    handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL_CHOICE,
                             handoff_credential_choice_mode_get_name (options->credential_choice));
  handoff_call_set_credential_name (call, options->credential);
}

/* The label, even if the caller gave the credential's path. */
static void
add_label (HandoffCall *call, HandoffPreparedHandshake *self)
{
  const char *label = self->request->options->credential;
  HandoffCredential *credential;

  if (label == NULL || *label == '\0')
    return;
  credential = handoff_credentials_find_by_name (
      self->context->shared->credentials, handoff_caller_get_uid (handoff_call_get_caller (call)),
      label);
  if (credential != NULL)
    label = credential->label;
  handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, label);
}

/* If the caller names no credential and sends none, the handshake may look for one in the middle. A
 * client does so only if its caller, or the administrator, wants that. */
static void
allow_choice (HandoffPreparedHandshake *self)
{
  HandoffHandshakeRequest *request = self->request;
  const HandoffHandshakeOptions *options = request->options;
  const HandoffConfiguration *configuration =
      handoff_tls_policy_get_configuration (request->policy);

  request->may_ask = options->credential == NULL && options->credential_pem < 0;
  if (request->role == HANDOFF_ROLE_CLIENT)
    request->may_ask &= options->credential_choice == HANDOFF_CREDENTIAL_CHOICE_MODE_AUTOMATIC ||
                        configuration->automatic_credential;
}

static void
ask_again (HandoffPreparedHandshake *self, HandoffCall *call)
{
  const HandoffCallContext *context = self->context;

  handoff_call_set_data (call, self, (GDestroyNotify) handoff_prepared_handshake_free);
  handoff_dispatcher_ask_again (context->gate.dispatcher, call, handoff_handshake_methods, context);
}

/* request: (transfer full) */
static gboolean
prepare (HandoffCall *call,
         const HandoffCallContext *context,
         HandoffHandshakeRequest *request,
         GError **error)
{
  g_autoptr (HandoffPreparedHandshake) self = g_new0 (HandoffPreparedHandshake, 1);

  self->context = context;
  self->request = request;
  self->pem_fd = -1;
  self->ask_again = ask_again;
  self->session = handoff_session_new (request->role, handoff_call_get_caller (call),
                                       request->identity != NULL ? request->identity->text : NULL,
                                       context->shared->idle_timer);
  self->session->call_serial = handoff_call_get_serial (call);
  self->session->stepwise = request->stepwise;
  self->session->error_details = request->options->error_details;
  self->session->outlives_caller = request->options->outlive_caller;
  self->session->transient = request->options->transient;
  self->session->review_certificate = request->options->review_certificate;
  self->session->credential_choice = request->options->credential_choice;
  if (request->options->error_details)
    handoff_call_allow_error_details (call);

  add_details (call, self);
  self->failed = TRUE;
  if (!handoff_call_credential_take_fd (call, request->options->credential_pem, &self->pem_fd,
                                        error))
    return FALSE;
  allow_choice (self);
  self->failed = FALSE;
  if (!take_places (self, error))
    return FALSE;
  if (!handoff_handshake_line_try (context->handshake_line, self) || self->pem_fd >= 0)
    handoff_call_set_needs_main_thread (call);

  handoff_call_set_data (call, g_steal_pointer (&self),
                         (GDestroyNotify) handoff_prepared_handshake_free);
  return TRUE;
}

/* What only the main thread knows. */
static gboolean
consult (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  HandoffPreparedHandshake *self = handoff_call_get_data (call);

  add_label (call, self);
  return self->session->handshake_place != NULL ||
         handoff_handshake_line_enter (context->handshake_line, self, call, error);
}

static HandoffHandshakeRequest *
request_new (const HandoffCallContext *context,
             HandoffRole role,
             const char *server_identity,
             GVariant *options,
             GError **error)
{
  g_autoptr (HandoffTlsPolicy) policy =
      handoff_tls_policy_source_dup_policy (context->policy_source);
  HandoffHandshakeOptions *parsed =
      handoff_known_options_parse (context->known_options, options, role, policy, error);

  return parsed != NULL ? handoff_handshake_request_new_with_options (role, server_identity, parsed,
                                                                      policy, error)
                        : NULL;
}

static guint
get_uid (HandoffCall *call)
{
  return handoff_caller_get_uid (handoff_call_get_caller (call));
}

static int
take_socket (HandoffCall *call, gint32 index, GError **error)
{
  int fd = handoff_call_take_fd (call, index, "socket", error);

  if (fd < 0 || handoff_client_socket_check (fd, error))
    return fd;
  handoff_descriptor_reap (fd, get_uid (call));
  return -1;
}

static gboolean
prepare_on_socket (HandoffCall *call,
                   const HandoffCallContext *context,
                   HandoffRole role,
                   gint32 index,
                   const char *server_identity,
                   GVariant *recipient_key,
                   GVariant *options,
                   GError **error)
{
  g_autoptr (HandoffHandshakeRequest) request = NULL;
  HandoffRecipient recipient;
  int fd = take_socket (call, index, error);

  if (fd < 0)
    return FALSE;
  if (handoff_recipient_parse (recipient_key, handoff_call_seals_keys (call), &recipient, error))
    request = request_new (context, role, server_identity, options, error);
  if (request == NULL)
    {
      handoff_descriptor_reap (fd, get_uid (call));
      return FALSE;
    }

  request->fd = fd;
  request->uid = get_uid (call);
  request->recipient = recipient;
  if (request->options->outlive_caller)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "Option %s: is for CreateSession only", HANDOFF_OPTION_OUTLIVE_CALLER);
      return FALSE;
    }
  return prepare (call, context, g_steal_pointer (&request), error);
}

static gboolean
prepare_client (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  g_autoptr (GVariant) recipient_key = NULL;
  g_autoptr (GVariant) options = NULL;
  const char *server_identity;
  gint32 index;

  g_variant_get (handoff_call_get_parameters (call), "(h&s@ay@a{sv})", &index, &server_identity,
                 &recipient_key, &options);
  return prepare_on_socket (call, context, HANDOFF_ROLE_CLIENT, index, server_identity,
                            recipient_key, options, error);
}

static gboolean
prepare_server (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  g_autoptr (GVariant) recipient_key = NULL;
  g_autoptr (GVariant) options = NULL;
  gint32 index;

  g_variant_get (handoff_call_get_parameters (call), "(h@ay@a{sv})", &index, &recipient_key,
                 &options);
  return prepare_on_socket (call, context, HANDOFF_ROLE_SERVER, index, "", recipient_key, options,
                            error);
}

static gboolean
prepare_session (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  g_autoptr (HandoffHandshakeRequest) request = NULL;
  g_autoptr (GVariant) options = NULL;
  HandoffRole role = HANDOFF_ROLE_CLIENT;
  const char *role_name;
  const char *server_identity;

  g_variant_get (handoff_call_get_parameters (call), "(&s&s@a{sv})", &role_name, &server_identity,
                 &options);
  if (g_str_equal (role_name, HANDOFF_ROLE_NAME_SERVER))
    {
      role = HANDOFF_ROLE_SERVER;
      handoff_call_use_other_action (call);
    }
  else if (!g_str_equal (role_name, HANDOFF_ROLE_NAME_CLIENT))
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "role: must be " HANDOFF_ROLE_NAME_CLIENT
                           " or " HANDOFF_ROLE_NAME_SERVER);
      return FALSE;
    }

  request = request_new (context, role, server_identity, options, error);
  if (request == NULL)
    return FALSE;
  request->stepwise = TRUE;
  if (request->options->outlive_caller && context->shared->home != NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "Option %s: a channel's sessions end with it; call CreateSession on the bus",
                   HANDOFF_OPTION_OUTLIVE_CALLER);
      return FALSE;
    }
  request->uid = get_uid (call);
  return prepare (call, context, g_steal_pointer (&request), error);
}

static void
denied (HandoffCall *call, const GError *error)
{
  g_autoptr (HandoffPreparedHandshake) self = handoff_call_steal_data (call);

  handoff_prepared_handshake_note_error (self, error);
}

static void
start (HandoffPreparedHandshake *prepared, HandoffCall *call)
{
  prepared->session->start_time = handoff_clock_get_monotonic_time ();
  handoff_prepared_credential_use (prepared, call);
}

/* On the main thread, or at home if all that the call needs is remembered. */
static void
run (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffPreparedHandshake *prepared = handoff_call_steal_data (call);

  if (prepared->session->handshake_place != NULL)
    start (prepared, call);
  else
    handoff_handshake_line_join (context->handshake_line, prepared, call, start);
}

const HandoffMethod handoff_handshake_methods[] = {
  { HANDOFF_MANAGER_INTERFACE, "HandshakeAsClient", "(hsaya{sv})", prepare_client, consult, run },
  { HANDOFF_MANAGER_INTERFACE, "HandshakeAsServer", "(haya{sv})", prepare_server, consult, run,
    denied },
  { HANDOFF_MANAGER_INTERFACE, "CreateSession", "(ssa{sv})", prepare_session, consult, run },
  { NULL },
};
