/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/handshake-call.h"

#include "authority/authorization.h"
#include "caller/client-socket.h"
#include "session/credential-choice.h"
#include "credential/credential-pem.h"
#include "caller/descriptor-reader.h"
#include "work/descriptor-reaper.h"
#include "caller/farewell.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "bus/pending-call.h"
#include "bus/session-reply.h"
#include "session/session-audit.h"
#include "session/session-handshake.h"
#include "work/clock.h"

/* A call whose handshake has not begun. It holds its places in the quotas from before it waits for
 * authorization: those who wait count too. */
typedef struct
{
  const HandoffFacadeContext *context; /* (unowned) */
  HandoffHandshakeRequest *request;    /* (owned) (nullable): NULL once it runs */
  HandoffSession *session;             /* (owned): not in the store yet */
  int pem_fd;              /* (owned): credential-pem; -1 without, and once it is read */
  GBytes *pem;             /* (owned) (nullable): read, until it is parsed */
  gboolean failed;         /* it was allowed, and nothing came of it */
  gboolean refuses_client; /* of a server: its client gets an alert */
} PreparedCall;

/* A client that nobody will serve hears so. */
static void
refuse_client (PreparedCall *self)
{
  HandoffHandshakeRequest *request = self->request;

  if (self->refuses_client && request->role == HANDOFF_ROLE_SERVER && request->fd >= 0)
    handoff_farewell_say (self->context->shared.worker_pool, self->context->shared.idle_timer,
                          g_steal_pointer (&self->session->handshake_place), request->uid,
                          g_steal_fd (&request->fd), HANDOFF_ALERT_ACCESS_DENIED);
}

/* The caller may call again with other arguments, or later; every other error is the end. */
static void
note_error (PreparedCall *self, const GError *error)
{
  self->refuses_client =
      !g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT) &&
      !g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
}

static void
prepared_call_free (PreparedCall *self)
{
  HandoffCaller *caller = self->session->caller;

  if (self->request != NULL)
    {
      if (!self->failed && !g_cancellable_is_cancelled (handoff_caller_get_cancellable (caller)))
        handoff_statistics_count (self->context->shared.statistics, HANDOFF_STATISTIC_DENIED,
                                  handoff_caller_get_uid (caller));
      refuse_client (self);
      handoff_handshake_request_free (self->request);
    }
  handoff_descriptor_reap (self->pem_fd, handoff_caller_get_uid (caller));
  g_clear_pointer (&self->pem, g_bytes_unref);
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

/* What polkit's rules see. Of a credential the label, even if only its path was given. */
static void
add_details (HandoffCall *call, PreparedCall *self)
{
  const HandoffHandshakeOptions *options = self->request->options;
  HandoffCredential *credential = NULL;
  const char *label = options->credential;

  handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_ROLE,
                           handoff_session_get_role_name (self->session));
  if (self->request->identity != NULL)
    handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_SERVER_IDENTITY,
                             self->request->identity->text);
  if (options->review_certificate)
    handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_REVIEW_CERTIFICATE, "true");
  if (label == NULL || *label == '\0')
    return;
  credential = handoff_credential_choice_find (
      self->context->shared.credentials, handoff_caller_get_uid (handoff_call_get_caller (call)),
      label);
  if (credential != NULL)
    label = credential->label;
  handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, label);
}

/* Without it the handshake may ask for a credential in the middle. */
static gboolean
take_pem (HandoffCall *call, PreparedCall *self, GError **error)
{
  const HandoffHandshakeOptions *options = self->request->options;

  self->request->may_ask = options->credential == NULL && options->credential_pem < 0;
  if (self->request->may_ask && self->request->role == HANDOFF_ROLE_CLIENT)
    handoff_credential_choice_get_state (self->context->shared.credentials,
                                         handoff_caller_get_uid (handoff_call_get_caller (call)),
                                         self->request->choice);
  if (options->credential_pem < 0)
    return TRUE;
  self->pem_fd = handoff_call_take_fd (call, options->credential_pem);
  if (self->pem_fd >= 0)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "Option %s: the message carries no other file descriptor with that index",
               HANDOFF_OPTION_CREDENTIAL_PEM);
  return FALSE;
}

/* request: (transfer full) */
static gboolean
prepare (HandoffCall *call,
         const HandoffFacadeContext *context,
         HandoffHandshakeRequest *request,
         GError **error)
{
  g_autoptr (PreparedCall) self = g_new0 (PreparedCall, 1);

  self->context = context;
  self->request = request;
  self->pem_fd = -1;
  self->session = handoff_session_new (request->role, handoff_call_get_caller (call),
                                       request->identity != NULL ? request->identity->text : NULL,
                                       context->shared.idle_timer);
  self->session->call_serial = g_dbus_message_get_serial (handoff_call_get_message (call));
  self->session->stepwise = request->stepwise;
  self->session->error_details = request->options->error_details;
  self->session->outlives_caller = request->options->outlive_caller;
  self->session->transient = request->options->transient;
  if (request->options->error_details)
    handoff_call_allow_error_details (call);

  add_details (call, self);
  self->failed = TRUE;
  if (!take_pem (call, self, error))
    return FALSE;
  self->failed = FALSE;
  if (!take_places (self, error))
    return FALSE;

  handoff_call_set_data (call, g_steal_pointer (&self), (GDestroyNotify) prepared_call_free);
  return TRUE;
}

static HandoffHandshakeRequest *
request_new (const HandoffFacadeContext *context,
             HandoffRole role,
             const char *server_identity,
             GVariant *options,
             GError **error)
{
  return handoff_handshake_request_new (
      role, server_identity, options, handoff_tls_policy_source_get_policy (context->policy_source),
      error);
}

static guint
get_uid (HandoffCall *call)
{
  return handoff_caller_get_uid (handoff_call_get_caller (call));
}

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
  handoff_descriptor_reap (fd, get_uid (call));
  return -1;
}

static gboolean
prepare_on_socket (HandoffCall *call,
                   const HandoffFacadeContext *context,
                   HandoffRole role,
                   gint32 index,
                   const char *server_identity,
                   GVariant *recipient_key,
                   GVariant *options,
                   GError **error)
{
  g_autoptr (HandoffHandshakeRequest) request = NULL;
  guint8 key[HANDOFF_RECIPIENT_KEY_SIZE];
  int fd = take_socket (call, index, error);

  if (fd < 0)
    return FALSE;
  if (handoff_recipient_key_parse (recipient_key, key, error))
    request = request_new (context, role, server_identity, options, error);
  if (request == NULL)
    {
      handoff_descriptor_reap (fd, get_uid (call));
      return FALSE;
    }

  request->fd = fd;
  request->uid = get_uid (call);
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
handoff_handshake_call_prepare_client (HandoffCall *call,
                                       const HandoffFacadeContext *context,
                                       GError **error)
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

gboolean
handoff_handshake_call_prepare_server (HandoffCall *call,
                                       const HandoffFacadeContext *context,
                                       GError **error)
{
  g_autoptr (GVariant) recipient_key = NULL;
  g_autoptr (GVariant) options = NULL;
  gint32 index;

  g_variant_get (handoff_call_get_parameters (call), "(h@ay@a{sv})", &index, &recipient_key,
                 &options);
  return prepare_on_socket (call, context, HANDOFF_ROLE_SERVER, index, "", recipient_key, options,
                            error);
}

gboolean
handoff_handshake_call_prepare_session (HandoffCall *call,
                                        const HandoffFacadeContext *context,
                                        GError **error)
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
  return prepare (call, context, g_steal_pointer (&request), error);
}

/* call: (transfer full) */
static void
begin (PreparedCall *self, HandoffCall *call)
{
  g_autofree char *path = handoff_session_reply_dup_path (self->session);

  handoff_session_begin (&self->context->shared, self->session, g_steal_pointer (&self->request));
  if (self->session->stepwise)
    handoff_call_return (call, g_variant_new ("(o)", path), NULL);
  else
    handoff_session_step (&self->context->shared, self->session, NULL,
                          handoff_session_reply_new (call, handoff_session_reply_to_handshake));
}

/* It was allowed, but the credential is not there, or not what it should be. call: (transfer full)
 */
static void
fail (PreparedCall *self, HandoffCall *call, const GError *error)
{
  self->failed = TRUE;
  note_error (self, error);
  handoff_statistics_count (self->context->shared.statistics, HANDOFF_STATISTIC_FAILED,
                            handoff_caller_get_uid (self->session->caller));
  handoff_session_audit (self->session, error);
  handoff_call_fail (call, error);
}

/* A call that waits for polkit's second answer: about the credential. */
typedef struct
{
  PreparedCall *prepared;        /* (owned) */
  HandoffCall *call;             /* (owned) */
  HandoffCredential *credential; /* (owned) (nullable): NULL if there is none of that name */
  gboolean is_own;
} Waiting;

static void
waiting_free (Waiting *self)
{
  g_clear_pointer (&self->call, handoff_call_free);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  prepared_call_free (self->prepared);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Waiting, waiting_free)

/* Whether there is no such credential, or whether it is not for this caller: the same words.
 * denial: polkit's, of all that is not the user's own */
static void
set_not_found (GError **error, const char *name, const GError *denial)
{
  if (denial != NULL)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                 "This user has no credential “%s”, and may use none of that name of the "
                 "machine's or of others': %s",
                 name, denial->message);
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                 "There is no credential “%s” of this user's or of the machine's", name);
}

/* error: polkit's answer. */
static void
refuse (Waiting *self, const GError *error)
{
  g_autoptr (GError) not_found = NULL;

  /* Without a caller there is nobody to tell. */
  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED))
    return;
  note_error (self->prepared, error);
  if (!self->is_own && g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED))
    {
      set_not_found (&not_found, self->prepared->request->options->credential, error);
      error = not_found;
    }
  handoff_call_fail (g_steal_pointer (&self->call), error);
}

static void
authorized (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Waiting) self = user_data;
  PreparedCall *prepared = self->prepared;
  HandoffHandshakeRequest *request = prepared->request;
  HandoffCredential *credential = NULL;
  g_autoptr (GError) error = NULL;

  if (!handoff_authorization_ask_finish (result, &error))
    {
      refuse (self, error);
      return;
    }
  if (self->credential == NULL)
    set_not_found (&error, request->options->credential, NULL);
  else
    credential = handoff_credential_choice_check_again (prepared->context->shared.credentials,
                                                        self->credential, &error);
  if (credential == NULL || !handoff_credential_choice_check (credential, request->role, &error))
    {
      fail (prepared, g_steal_pointer (&self->call), error);
      return;
    }
  request->credential = handoff_credential_ref (credential);
  begin (prepared, g_steal_pointer (&self->call));
}

/* What is not the user's own is asked about as something of others', whether it is there or not:
 * neither the answer nor the time it takes tells which. prepared, call: (transfer full) */
static void
use_named_credential (PreparedCall *prepared, HandoffCall *call)
{
  g_autoptr (PreparedCall) self = prepared;
  HandoffCaller *caller = handoff_call_get_caller (call);
  const guint uid = handoff_caller_get_uid (caller);
  HandoffCredential *credential = handoff_credential_choice_find (
      self->context->shared.credentials, uid, self->request->options->credential);
  const gboolean is_own = credential != NULL && credential->owner == uid;
  g_autoptr (GError) error = NULL;
  Waiting *waiting;

  /* Nobody is asked in vain. What is wrong with the credentials of others is not for everybody to
   * know. */
  if (is_own && !handoff_credential_choice_check (credential, self->request->role, &error))
    {
      fail (self, call, error);
      return;
    }

  if (credential != NULL)
    {
      g_free (self->session->credential_label);
      self->session->credential_label = g_strdup (credential->label);
      handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, credential->label);
    }
  waiting = g_new0 (Waiting, 1);
  waiting->prepared = g_steal_pointer (&self);
  waiting->call = call;
  waiting->credential = credential != NULL ? handoff_credential_ref (credential) : NULL;
  waiting->is_own = is_own;
  handoff_authorization_ask_async (
      waiting->prepared->context->shared.authority, caller,
      is_own ? HANDOFF_ACTION_USE_OWN_CREDENTIAL : HANDOFF_ACTION_USE_ANY_CREDENTIAL,
      handoff_call_get_details (call), handoff_call_is_interactive (call), authorized, waiting);
}

static HandoffStepState
begin_reading_pem (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  PreparedCall *self = pending->data;

  handoff_pending_call_read (pending, g_steal_fd (&self->pem_fd), HANDOFF_OPTION_CREDENTIAL_PEM,
                             HANDOFF_CREDENTIAL_MAX_SIZE, done);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_reading_pem (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  PreparedCall *self = pending->data;

  self->pem = handoff_descriptor_read_finish (result, error);
  return self->pem != NULL;
}

static HandoffStepState
begin_parsing_pem (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  PreparedCall *self = pending->data;
  g_autoptr (GBytes) pem = g_steal_pointer (&self->pem);

  handoff_credential_pem_parse_async (pem, handoff_pending_call_get_uid (pending), done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_parsing_pem (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  PreparedCall *self = pending->data;

  self->request->credential = handoff_credential_pem_parse_finish (result, error);
  return self->request->credential != NULL;
}

static void
begin_with_pem (HandoffPendingCall *pending)
{
  g_autoptr (PreparedCall) self = g_steal_pointer (&pending->data);

  begin (self, handoff_pending_call_steal_call (pending));
}

static void
fail_with_pem (HandoffPendingCall *pending, const GError *error)
{
  g_autoptr (PreparedCall) self = g_steal_pointer (&pending->data);

  fail (self, handoff_pending_call_steal_call (pending), error);
}

static const HandoffStep pem_steps[] = {
  { handoff_pending_call_enter },
  { begin_reading_pem, finish_reading_pem },
  { begin_parsing_pem, finish_parsing_pem },
  { NULL },
};
static const HandoffPlan pem_plan = { pem_steps, begin_with_pem, fail_with_pem };

void
handoff_handshake_call_denied (HandoffCall *call, const GError *error)
{
  g_autoptr (PreparedCall) self = handoff_call_steal_data (call);

  note_error (self, error);
}

void
handoff_handshake_call_run (HandoffCall *call, const HandoffFacadeContext *context)
{
  g_autoptr (PreparedCall) self = handoff_call_steal_data (call);
  const HandoffHandshakeOptions *options = self->request->options;

  self->session->start_time = handoff_clock_get_monotonic_time ();
  if (self->pem_fd >= 0)
    {
      handoff_pending_call_start (context, call, g_steal_pointer (&self),
                                  (GDestroyNotify) prepared_call_free, &pem_plan);
    }
  else if (options->credential != NULL && *options->credential != '\0')
    {
      use_named_credential (g_steal_pointer (&self), call);
    }
  else
    {
      begin (self, call);
    }
}
