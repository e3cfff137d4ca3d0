/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/facade.h"

#include "credential/certificate-request.h"
#include "bus/credential-call.h"
#include "credential/credential-options.h"
#include "bus/credential-properties.h"
#include "credential/credential-work.h"
#include "caller/descriptor-reader.h"
#include "work/descriptor-reaper.h"
#include "bus/handoff-interfaces.h"
#include "bus/properties.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "bus/pending-call.h"

/* A change of a credential, from its arguments on. */
typedef struct
{
  HandoffPlace *place;                /* (owned) */
  HandoffCertificateRequest *request; /* (owned) (nullable): to sign */
  HandoffCredential *credential; /* (owned) (nullable): to sign with, or to set certificates of */
  GPtrArray *certificates;       /* (owned) (element-type GBytes) (nullable): to set */
  guint uid;                     /* the caller's */
  int pin_fd;                    /* (owned): to unlock with; -1 without, and once read */
  GBytes *pin;                   /* (owned) (nullable): read, until it is used */
} Change;

static Change *
change_new (HandoffCall *call)
{
  Change *self = g_new0 (Change, 1);

  self->uid = handoff_caller_get_uid (handoff_call_get_caller (call));
  self->pin_fd = -1;
  return self;
}

static void
change_free (Change *self)
{
  g_clear_pointer (&self->place, handoff_place_free);
  g_clear_pointer (&self->request, handoff_certificate_request_free);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  handoff_descriptor_reap (self->pin_fd, self->uid);
  g_clear_pointer (&self->pin, g_bytes_unref);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

/* Whose the object is decides what its caller needs. Whether there is one must not show: a path
 * without an object is treated as if it were somebody else's. */
static gboolean
prepare_any (HandoffCall *call, const HandoffFacadeContext *context, GError **error)
{
  HandoffCredential *credential = handoff_credential_store_lookup (
      context->shared.credentials, handoff_call_get_object_id (call));

  if (credential == NULL ||
      credential->owner != handoff_caller_get_uid (handoff_call_get_caller (call)))
    handoff_call_use_other_action (call);
  if (credential != NULL)
    handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, credential->label);
  return TRUE;
}

/* change: (transfer full): what the arguments say, which must not depend on the object */
static gboolean
prepare_change (HandoffCall *call,
                const HandoffFacadeContext *context,
                Change *change,
                GError **error)
{
  g_autoptr (Change) owned_change = change;

  change->place = handoff_credential_call_take_place (call, context, error);
  if (change->place == NULL)
    return FALSE;
  handoff_call_set_data (call, g_steal_pointer (&owned_change), (GDestroyNotify) change_free);
  return prepare_any (call, context, error);
}

/* The object that the call is on, for a caller who may know of it; otherwise ends the call. What is
 * gone since polkit was asked is not there, and what was not there then is not what was allowed. */
static HandoffCredential *
get_credential (const HandoffFacadeContext *context, HandoffCall *call)
{
  HandoffCredential *credential = handoff_credential_store_lookup (
      context->shared.credentials, handoff_call_get_object_id (call));
  gboolean is_own = credential != NULL &&
                    credential->owner == handoff_caller_get_uid (handoff_call_get_caller (call));

  if (credential != NULL && (is_own || handoff_call_uses_other_action (call)))
    return credential;
  handoff_call_fail_unknown_object (call);
  return NULL;
}

/* A store that lost it meanwhile says so in its own words. pending: (transfer full) */
static void
fail_change (HandoffPendingCall *pending, const GError *error)
{
  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND))
    handoff_pending_call_fail_unknown_object (pending);
  else
    handoff_pending_call_fail (pending, error);
}

/* call: (transfer full): prepared, with its change. credential: (nullable): that the steps change
 */
static void
start (const HandoffFacadeContext *context,
       HandoffCall *call,
       HandoffCredential *credential,
       const HandoffPlan *plan)
{
  Change *change = handoff_call_steal_data (call);

  if (credential != NULL)
    change->credential = handoff_credential_ref (credential);
  handoff_pending_call_start (context, call, change, (GDestroyNotify) change_free, plan);
}

static gboolean
prepare_create_certificate_request (HandoffCall *call,
                                    const HandoffFacadeContext *context,
                                    GError **error)
{
  g_autoptr (Change) change = change_new (call);
  g_autoptr (GVariant) options = NULL;

  g_variant_get (handoff_call_get_parameters (call), "(@a{sv})", &options);
  change->request = handoff_certificate_request_parse (options, error);
  return change->request != NULL &&
         prepare_change (call, context, g_steal_pointer (&change), error);
}

static HandoffStepState
begin_signing (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Change *change = pending->data;

  handoff_certificate_request_sign_async (g_steal_pointer (&change->request),
                                          change->credential->key, done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_signing (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  g_autoptr (GBytes) request = handoff_certificate_request_sign_finish (result, error);

  if (request == NULL)
    return FALSE;
  pending->reply = g_variant_ref_sink (
      g_variant_new ("(@ay)", g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, request, TRUE)));
  return TRUE;
}

static const HandoffStep request_steps[] = {
  { begin_signing, finish_signing },
  { NULL },
};
static const HandoffPlan request_plan = { request_steps };

static void
run_create_certificate_request (HandoffCall *call, const HandoffFacadeContext *context)
{
  HandoffCredential *credential = get_credential (context, call);

  if (credential != NULL)
    start (context, call, credential, &request_plan);
}

static gboolean
prepare_set_certificates (HandoffCall *call, const HandoffFacadeContext *context, GError **error)
{
  g_autoptr (Change) change = change_new (call);
  g_autoptr (GVariant) certificates = NULL;

  g_variant_get (handoff_call_get_parameters (call), "(@aay)", &certificates);
  change->certificates = handoff_certificates_parse (certificates, "certificates", error);
  return change->certificates != NULL &&
         prepare_change (call, context, g_steal_pointer (&change), error);
}

static HandoffStepState
begin_certifying (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Change *change = pending->data;

  handoff_credential_certify_async (change->credential, change->certificates, done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_certifying (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  Change *change = pending->data;
  HandoffCredential *certified = handoff_credential_certify_finish (result, error);

  if (certified == NULL)
    return FALSE;
  handoff_credential_unref (change->credential);
  change->credential = certified;
  return TRUE;
}

static HandoffStepState
begin_setting (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Change *change = pending->data;

  handoff_credential_store_set_certificates_async (pending->context->shared.credentials,
                                                   change->credential, done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_setting (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  g_autoptr (HandoffCredential) credential =
      handoff_credential_store_change_finish (pending->context->shared.credentials, result, error);

  return credential != NULL;
}

static const HandoffStep set_steps[] = {
  { handoff_pending_call_enter },
  { begin_certifying, finish_certifying },
  { begin_setting, finish_setting },
  { NULL },
};
static const HandoffPlan set_plan = { set_steps, NULL, fail_change };

static void
run_set_certificates (HandoffCall *call, const HandoffFacadeContext *context)
{
  HandoffCredential *credential = get_credential (context, call);

  if (credential != NULL)
    start (context, call, credential, &set_plan);
}

static gboolean
prepare_unlock (HandoffCall *call, const HandoffFacadeContext *context, GError **error)
{
  g_autoptr (Change) change = change_new (call);
  gint32 index;

  g_variant_get (handoff_call_get_parameters (call), "(h)", &index);
  change->pin_fd = handoff_call_take_fd (call, index);
  if (change->pin_fd < 0)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "pin: the message carries no file descriptor with that index");
      return FALSE;
    }
  return prepare_change (call, context, g_steal_pointer (&change), error);
}

static HandoffStepState
begin_reading_pin (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Change *change = pending->data;

  handoff_pending_call_read (pending, g_steal_fd (&change->pin_fd), "pin",
                             HANDOFF_PASSPHRASE_MAX_SIZE, done);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_reading_pin (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  Change *change = pending->data;

  change->pin = handoff_descriptor_read_line_finish (result, error);
  return change->pin != NULL;
}

static HandoffStepState
begin_unlocking (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Change *change = pending->data;
  g_autoptr (GBytes) pin = g_steal_pointer (&change->pin);
  HandoffCredential *credential = handoff_credential_store_lookup (
      pending->context->shared.credentials, handoff_call_get_object_id (pending->call));

  /* The caller took his time. */
  if (credential == NULL)
    {
      handoff_pending_call_fail_unknown_object (pending);
      return HANDOFF_STEP_ENDED;
    }
  handoff_pending_call_leave (pending, done);
  handoff_tokens_find_key_async (pending->context->tokens, credential->token_uri,
                                 handoff_private_key_get_public_key (credential->key), pin, FALSE,
                                 done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_unlocking (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  g_autoptr (HandoffTokenKey) key = handoff_tokens_find_key_finish (result, error);

  handoff_pin_hold_update (pending->context->pin_hold);
  return key != NULL;
}

static const HandoffStep unlock_steps[] = {
  { handoff_pending_call_enter },
  { begin_reading_pin, finish_reading_pin },
  { begin_unlocking, finish_unlocking },
  { NULL },
};
static const HandoffPlan unlock_plan = { unlock_steps };

static void
run_unlock (HandoffCall *call, const HandoffFacadeContext *context)
{
  HandoffCredential *credential = get_credential (context, call);
  g_autoptr (GError) error = NULL;

  if (credential == NULL)
    return;
  if (credential->token_uri == NULL)
    {
      g_set_error (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "The key of the credential “%s” is in a file: it needs no PIN",
                   credential->label);
      handoff_call_fail (call, error);
      return;
    }
  start (context, call, NULL, &unlock_plan);
}

static gboolean
prepare_remove (HandoffCall *call, const HandoffFacadeContext *context, GError **error)
{
  return prepare_change (call, context, change_new (call), error);
}

static HandoffStepState
begin_removal (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  handoff_credential_store_remove_async (pending->context->shared.credentials,
                                         handoff_call_get_object_id (pending->call), done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_removal (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  return handoff_credential_store_remove_finish (pending->context->shared.credentials, result,
                                                 error);
}

static const HandoffStep remove_steps[] = {
  { begin_removal, finish_removal },
  { NULL },
};
static const HandoffPlan remove_plan = { remove_steps, NULL, fail_change };

static void
run_remove (HandoffCall *call, const HandoffFacadeContext *context)
{
  if (get_credential (context, call) != NULL)
    start (context, call, NULL, &remove_plan);
}

static void
run_get_properties (HandoffCall *call, const HandoffFacadeContext *context)
{
  HandoffCredential *credential = get_credential (context, call);

  if (credential != NULL)
    handoff_properties_reply (call, handoff_credential_dup_properties (context, credential));
}

static const HandoffMethod methods[] = {
  { HANDOFF_CREDENTIAL_INTERFACE, "CreateCertificateRequest", prepare_create_certificate_request,
    run_create_certificate_request },
  { HANDOFF_CREDENTIAL_INTERFACE, "SetCertificates", prepare_set_certificates,
    run_set_certificates },
  { HANDOFF_CREDENTIAL_INTERFACE, "Unlock", prepare_unlock, run_unlock },
  { HANDOFF_CREDENTIAL_INTERFACE, "Remove", prepare_remove, run_remove },
  { HANDOFF_PROPERTIES_INTERFACE, "Get", prepare_any, run_get_properties },
  { HANDOFF_PROPERTIES_INTERFACE, "GetAll", prepare_any, run_get_properties },
  { NULL },
};

/* None: an introspection is not asked who may know of which. ListCredentials() is there for that.
 */
static char **
list (const HandoffFacadeContext *context, const char *sender)
{
  return g_new0 (char *, 1);
}

/* Each object is for its owner, and for who may manage the credentials of all. */
const HandoffFacadeKind handoff_credential_facade = {
  .path = HANDOFF_CREDENTIALS_PATH,
  .interface = &org_tlshandoff_handoff1_credential_interface,
  .methods = methods,
  .list = list,
};
