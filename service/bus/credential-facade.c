/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/facade.h"

#include "bus/credential-change.h"
#include "credential/credential-options.h"
#include "bus/credential-properties.h"
#include "bus/handoff-interfaces.h"
#include "gate/properties.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

/* The owner of the object decides which action the caller needs. Nobody may find out whether there
 * is an object: a path without an object counts as somebody else's. */
static gboolean
prepare_any (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  HandoffCredential *credential = handoff_credentials_lookup (
      HANDOFF_CREDENTIALS (context->credential_store), handoff_call_get_object_id (call));

  if (credential == NULL ||
      credential->owner != handoff_caller_get_uid (handoff_call_get_caller (call)))
    handoff_call_use_other_action (call);
  if (credential != NULL)
    handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, credential->label);
  return TRUE;
}

/* change: (transfer full): what the arguments say. It must not depend on the object. */
static gboolean
prepare_change (HandoffCall *call,
                const HandoffCallContext *context,
                HandoffCredentialChange *change,
                GError **error)
{
  return handoff_credential_change_prepare (change, call, context, error) &&
         prepare_any (call, context, error);
}

/* The object of the call, if the caller may know of it; otherwise ends the call. Polkit's answer
 * counts for the object as it was when the service asked: an object that is gone, or has come
 * since, does not exist for this call. */
static HandoffCredential *
get_credential (const HandoffCallContext *context, HandoffCall *call)
{
  HandoffCredential *credential = handoff_credentials_lookup (
      HANDOFF_CREDENTIALS (context->credential_store), handoff_call_get_object_id (call));
  gboolean is_own = credential != NULL &&
                    credential->owner == handoff_caller_get_uid (handoff_call_get_caller (call));

  if (credential != NULL && (is_own || handoff_call_uses_other_action (call)))
    return credential;
  handoff_call_fail_unknown_object (call);
  return NULL;
}

/* call: (transfer full): prepared, with its change. credential: (nullable): that the steps change
 */
static void
start (const HandoffCallContext *context,
       HandoffCall *call,
       HandoffCredential *credential,
       const HandoffPlan *plan)
{
  HandoffCredentialChange *change = handoff_call_steal_data (call);

  if (credential != NULL)
    change->credential = handoff_credential_ref (credential);
  handoff_credential_change_start (change, call, context, plan);
}

static gboolean
prepare_request (HandoffCall *call,
                 const HandoffCallContext *context,
                 gboolean is_certificate,
                 GError **error)
{
  g_autoptr (HandoffCredentialChange) change = handoff_credential_change_new (call);
  g_autoptr (GVariant) options = NULL;

  g_variant_get (handoff_call_get_parameters (call), "(@a{sv})", &options);
  change->request = handoff_certificate_request_parse (options, is_certificate, error);
  return change->request != NULL &&
         prepare_change (call, context, g_steal_pointer (&change), error);
}

static gboolean
prepare_create_certificate_request (HandoffCall *call,
                                    const HandoffCallContext *context,
                                    GError **error)
{
  return prepare_request (call, context, FALSE, error);
}

static void
run_create_certificate_request (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffCredential *credential = get_credential (context, call);

  if (credential != NULL)
    start (context, call, credential, &handoff_credential_signing);
}

static gboolean
prepare_self_sign (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  return prepare_request (call, context, TRUE, error);
}

static void
run_self_sign (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffCredential *credential = get_credential (context, call);

  if (credential != NULL)
    start (context, call, credential, &handoff_credential_self_signing);
}

static gboolean
prepare_set_certificates (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  g_autoptr (HandoffCredentialChange) change = handoff_credential_change_new (call);
  g_autoptr (GVariant) certificates = NULL;

  g_variant_get (handoff_call_get_parameters (call), "(@aay)", &certificates);
  change->certificates = handoff_certificates_parse (certificates, "certificates", error);
  return change->certificates != NULL &&
         prepare_change (call, context, g_steal_pointer (&change), error);
}

static void
run_set_certificates (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffCredential *credential = get_credential (context, call);

  if (credential != NULL)
    start (context, call, credential, &handoff_credential_setting);
}

static gboolean
prepare_set_ocsp_response (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  g_autoptr (HandoffCredentialChange) change = handoff_credential_change_new (call);
  g_autoptr (GVariant) response = g_variant_get_child_value (handoff_call_get_parameters (call), 0);

  if (g_variant_get_size (response) > HANDOFF_MAX_STAPLE_SIZE)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "response: an OCSP response may have %d KiB at most",
                   HANDOFF_MAX_STAPLE_SIZE / 1024);
      return FALSE;
    }
  change->response = g_variant_get_data_as_bytes (response);
  return prepare_change (call, context, g_steal_pointer (&change), error);
}

/* Servers alone staple, and a response is about a certificate. */
static gboolean
check_stapling (const HandoffCredential *credential, GError **error)
{
  if ((credential->roles & HANDOFF_CREDENTIAL_ROLE_SERVER) == 0)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                 "The credential “%s” is not for servers", credential->label);
  else if (credential->description->certificates->len == 0)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                 "The credential “%s” has no certificate yet: request one, and set it",
                 credential->label);
  else
    return TRUE;
  return FALSE;
}

static void
run_set_ocsp_response (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffCredential *credential = get_credential (context, call);
  const HandoffCredentialChange *change;
  g_autoptr (GError) error = NULL;

  if (credential == NULL)
    return;
  change = handoff_call_get_data (call);
  if (g_bytes_get_size (change->response) == 0 || check_stapling (credential, &error))
    start (context, call, credential, &handoff_credential_stapling);
  else
    handoff_call_fail (call, error);
}

static gboolean
prepare_unlock (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  g_autoptr (HandoffCredentialChange) change = handoff_credential_change_new (call);
  gint32 index;

  g_variant_get (handoff_call_get_parameters (call), "(h)", &index);
  change->secret_fd = handoff_call_take_fd (call, index, "pin", error);
  return change->secret_fd >= 0 && prepare_change (call, context, g_steal_pointer (&change), error);
}

static void
run_unlock (HandoffCall *call, const HandoffCallContext *context)
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
  start (context, call, NULL, &handoff_credential_unlocking);
}

static gboolean
prepare_remove (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  return prepare_change (call, context, handoff_credential_change_new (call), error);
}

static void
run_remove (HandoffCall *call, const HandoffCallContext *context)
{
  if (get_credential (context, call) != NULL)
    start (context, call, NULL, &handoff_credential_removal);
}

static void
run_get_properties (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffCredential *credential = get_credential (context, call);

  if (credential != NULL)
    handoff_properties_reply (call, handoff_credential_dup_properties (context, credential));
}

static const HandoffMethod own_methods[] = {
  { HANDOFF_CREDENTIAL_INTERFACE, "CreateCertificateRequest", "(a{sv})",
    prepare_create_certificate_request, NULL, run_create_certificate_request },
  { HANDOFF_CREDENTIAL_INTERFACE, "SelfSign", "(a{sv})", prepare_self_sign, NULL, run_self_sign },
  { HANDOFF_CREDENTIAL_INTERFACE, "SetCertificates", "(aay)", prepare_set_certificates, NULL,
    run_set_certificates },
  { HANDOFF_CREDENTIAL_INTERFACE, "SetOcspResponse", "(ay)", prepare_set_ocsp_response, NULL,
    run_set_ocsp_response },
  { HANDOFF_CREDENTIAL_INTERFACE, "Unlock", "(h)", prepare_unlock, NULL, run_unlock },
  { HANDOFF_CREDENTIAL_INTERFACE, "Remove", "()", prepare_remove, NULL, run_remove },
  { HANDOFF_PROPERTIES_INTERFACE, "Get", "(ss)", prepare_any, NULL, run_get_properties },
  { HANDOFF_PROPERTIES_INTERFACE, "GetAll", "(s)", prepare_any, NULL, run_get_properties },
  { NULL },
};
static const HandoffMethod *const methods[] = { own_methods, NULL };

/* None: nobody checks what the caller of an introspection may know. That is what ListCredentials()
 * is for. */
static char **
list (const HandoffCallContext *context, const char *sender)
{
  return g_new0 (char *, 1);
}

/* Each object is for its owner, and for users who may manage the credentials of all. */
const HandoffFacadeKind handoff_credential_facade = {
  .path = HANDOFF_CREDENTIALS_PATH,
  .interface = &org_tlshandoff_handoff1_credential_interface,
  .methods = methods,
  .list = list,
};
