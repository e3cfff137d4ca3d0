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
  HandoffCredential *credential;      /* (owned) (nullable): to set certificates of */
  GPtrArray *certificates;            /* (owned) (element-type GBytes) (nullable): to set */
  guint uid;                          /* the caller's */
  int pin_fd;                         /* (owned): to unlock with; -1 without, and once read */
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

/* call: (transfer full): prepared, with its change */
static HandoffPendingCall *
pend (const HandoffFacadeContext *context, HandoffCall *call)
{
  return handoff_pending_call_new (context, call, handoff_call_steal_data (call),
                                   (GDestroyNotify) change_free);
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

static void
request_signed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) request = handoff_certificate_request_sign_finish (result, &error);

  if (!handoff_pending_call_is_alive (pending))
    return;
  if (request == NULL)
    handoff_pending_call_fail (g_steal_pointer (&pending), error);
  else
    handoff_pending_call_return (
        g_steal_pointer (&pending),
        g_variant_new ("(@ay)",
                       g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, request, TRUE)));
}

static void
run_create_certificate_request (HandoffCall *call, const HandoffFacadeContext *context)
{
  HandoffCredential *credential = get_credential (context, call);
  HandoffPendingCall *pending;
  Change *change;

  if (credential == NULL)
    return;
  pending = pend (context, call);
  change = pending->data;
  handoff_certificate_request_sign_async (g_steal_pointer (&change->request), credential->key,
                                          request_signed, pending);
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

static void
certificates_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCredential) credential =
      handoff_credential_store_change_finish (HANDOFF_CREDENTIAL_STORE (source), result, &error);

  if (!handoff_pending_call_is_alive (pending))
    return;
  if (credential == NULL)
    fail_change (g_steal_pointer (&pending), error);
  else
    handoff_pending_call_return (g_steal_pointer (&pending), NULL);
}

static void
certified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCredential) credential = handoff_credential_certify_finish (result, &error);

  if (!handoff_pending_call_is_alive (pending))
    return;
  if (credential == NULL)
    {
      fail_change (g_steal_pointer (&pending), error);
      return;
    }
  handoff_credential_store_set_certificates_async (pending->context->shared.credentials, credential,
                                                   certificates_set, pending);
  g_steal_pointer (&pending);
}

/* It is its turn to take a thread. */
static void
certify (gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  Change *change;

  if (!handoff_pending_call_is_alive (pending))
    return;
  change = pending->data;
  handoff_credential_certify_async (change->credential, change->certificates, certified,
                                    g_steal_pointer (&pending));
}

static void
run_set_certificates (HandoffCall *call, const HandoffFacadeContext *context)
{
  HandoffCredential *credential = get_credential (context, call);
  HandoffPendingCall *pending;
  Change *change;

  if (credential == NULL)
    return;
  pending = pend (context, call);
  change = pending->data;
  change->credential = handoff_credential_ref (credential);
  handoff_pending_call_queue (pending, certify);
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

static void
unlocked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffTokenKey) key = handoff_tokens_find_key_finish (result, &error);

  if (!handoff_pending_call_is_alive (pending))
    return;
  handoff_pin_hold_update (pending->context->pin_hold);
  if (key == NULL)
    handoff_pending_call_fail (g_steal_pointer (&pending), error);
  else
    handoff_pending_call_return (g_steal_pointer (&pending), NULL);
}

static void
pin_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) pin = handoff_descriptor_read_line_finish (result, &error);
  HandoffCredential *credential;
  HandoffTokens *tokens;

  if (!handoff_pending_call_is_alive (pending))
    return;
  if (pin == NULL)
    {
      handoff_pending_call_fail (g_steal_pointer (&pending), error);
      return;
    }
  credential = handoff_credential_store_lookup (pending->context->shared.credentials,
                                                handoff_call_get_object_id (pending->call));
  if (credential == NULL)
    {
      handoff_pending_call_fail_unknown_object (g_steal_pointer (&pending));
      return;
    }
  g_clear_pointer (&pending->pass, handoff_pass_free);
  tokens = pending->context->tokens;
  handoff_tokens_find_key_async (tokens, credential->token_uri,
                                 handoff_private_key_get_public_key (credential->key), pin, FALSE,
                                 unlocked, g_steal_pointer (&pending));
}

static void
read_pin (gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  Change *change;

  if (!handoff_pending_call_is_alive (pending))
    return;
  change = pending->data;
  handoff_pending_call_read (g_steal_pointer (&pending), g_steal_fd (&change->pin_fd), "pin",
                             HANDOFF_PASSPHRASE_MAX_SIZE, pin_read);
}

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
  handoff_pending_call_queue (pend (context, call), read_pin);
}

static gboolean
prepare_remove (HandoffCall *call, const HandoffFacadeContext *context, GError **error)
{
  return prepare_change (call, context, change_new (call), error);
}

static void
removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  g_autoptr (GError) error = NULL;
  gboolean success =
      handoff_credential_store_remove_finish (HANDOFF_CREDENTIAL_STORE (source), result, &error);

  if (!handoff_pending_call_is_alive (pending))
    return;
  if (success)
    handoff_pending_call_return (g_steal_pointer (&pending), NULL);
  else
    fail_change (g_steal_pointer (&pending), error);
}

static void
run_remove (HandoffCall *call, const HandoffFacadeContext *context)
{
  HandoffCredential *credential = get_credential (context, call);

  if (credential != NULL)
    handoff_credential_store_remove_async (context->shared.credentials, credential->id, removed,
                                           pend (context, call));
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
