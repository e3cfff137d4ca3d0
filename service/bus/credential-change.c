/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/credential-change.h"

#include "broker/news.h"
#include "bus/object-watch.h"
#include "caller/descriptor-reader.h"
#include "key/public-key.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "link/keeper-messages.h"
#include "work/descriptor-reaper.h"

/* How many calls may make or change credentials at once. Calls that wait for polkit or for their
 * turn count. */
#define MAX_CALLS_PER_USER 16
#define MAX_CALLS 256

HandoffCredentialChange *
handoff_credential_change_new (HandoffCall *call)
{
  HandoffCredentialChange *self = g_new0 (HandoffCredentialChange, 1);

  self->uid = handoff_caller_get_uid (handoff_call_get_caller (call));
  self->data_fd = -1;
  self->secret_fd = -1;
  return self;
}

void
handoff_credential_change_free (HandoffCredentialChange *self)
{
  g_clear_pointer (&self->place, handoff_place_free);
  g_free (self->name.label);
  g_free (self->key_type);
  g_free (self->uri);
  g_clear_pointer (&self->request, handoff_certificate_request_free);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_clear_pointer (&self->response, g_bytes_unref);
  handoff_descriptor_reap (self->data_fd, self->uid);
  handoff_descriptor_reap (self->secret_fd, self->uid);
  g_clear_pointer (&self->secret, g_bytes_unref);
  g_clear_pointer (&self->held, handoff_held_import_free);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_free (self);
}

gboolean
handoff_credential_change_prepare (HandoffCredentialChange *self,
                                   HandoffCall *call,
                                   const HandoffCallContext *context,
                                   GError **error)
{
  self->place = handoff_quota_take (context->management_quota, self->uid, MAX_CALLS_PER_USER,
                                    MAX_CALLS, error);
  if (self->place == NULL)
    {
      handoff_credential_change_free (self);
      return FALSE;
    }
  handoff_call_set_data (call, self, (GDestroyNotify) handoff_credential_change_free);
  return TRUE;
}

gboolean
handoff_credential_change_check_room (const HandoffCredentialChange *self,
                                      const HandoffCallContext *context,
                                      GError **error)
{
  const HandoffConfiguration *configuration =
      handoff_policy_source_get_configuration (context->policy_source);
  HandoffCredentialStore *credentials = context->credential_store;
  const guint owner = self->name.owner;

  if (handoff_credentials_find (HANDOFF_CREDENTIALS (credentials), owner, self->name.label) != NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "label: this user has a credential “%s” already", self->name.label);
      return FALSE;
    }
  if (handoff_credential_store_count (credentials, owner) >= configuration->credentials_per_user)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                   "This user has as many credentials as the configuration allows (%u); remove one "
                   "first",
                   configuration->credentials_per_user);
      return FALSE;
    }
  if (handoff_credential_store_get_size (credentials) >= configuration->credentials_total)
    {
      g_set_error (
          error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
          "There are as many credentials in all as the configuration allows (%u); one has to "
          "be removed first",
          configuration->credentials_total);
      return FALSE;
    }
  return TRUE;
}

static GCancellable *
get_cancellable (HandoffPendingCall *pending)
{
  return handoff_caller_get_cancellable (handoff_call_get_caller (pending->call));
}

static HandoffStepState
begin_reading_secret (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;

  if (self->secret_fd < 0)
    return HANDOFF_STEP_SKIPPED;
  handoff_pending_call_read (pending, g_steal_fd (&self->secret_fd), HANDOFF_OPTION_PIN,
                             HANDOFF_PASSPHRASE_MAX_SIZE, done);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_reading_secret (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  HandoffCredentialChange *self = pending->data;

  self->secret = handoff_descriptor_read_line_finish (result, error);
  return self->secret != NULL;
}

static HandoffStepState
begin_import (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;
  g_autofree char *id = handoff_credential_dup_new_id ();

  handoff_held_import_async (pending->context->importers, pending->context->keeper, id, self->uid,
                             g_steal_fd (&self->data_fd), g_steal_fd (&self->secret_fd),
                             get_cancellable (pending), done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_import (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  HandoffCredentialChange *self = pending->data;

  self->held = handoff_held_import_finish (result, error);
  return self->held != NULL;
}

static HandoffStepState
begin_generating (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;

  handoff_credential_generate_async (pending->context->keeper, self->uid, self->key_type, done,
                                     pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_generating (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  HandoffCredentialChange *self = pending->data;

  self->held = handoff_credential_generate_finish (result, error);
  return self->held != NULL;
}

static HandoffStepState
begin_finding_key (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;
  g_autoptr (GBytes) pin = g_steal_pointer (&self->secret);

  /* A caller who gave no PIN was authorized to manage the credentials of others. */
  handoff_tokens_find_key_async (pending->context->tokens, self->uri, NULL, pin, pin == NULL, done,
                                 pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_finding_key (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  HandoffCredentialChange *self = pending->data;
  g_autoptr (HandoffTokenKey) found = handoff_tokens_find_key_finish (result, error);
  g_autoptr (HandoffPrivateKey) key = NULL;
  g_autoptr (GBytes) public_key = NULL;
  g_autoptr (HandoffDescription) description = NULL;

  handoff_pin_hold_update (pending->context->pin_hold);
  if (found == NULL)
    return FALSE;
  key = handoff_private_key_new_elsewhere (g_steal_pointer (&found->public_key));
  public_key = handoff_public_key_export (handoff_private_key_get_public_key (key), error);
  if (public_key != NULL)
    description = handoff_description_new (public_key, handoff_private_key_get_algorithm (key),
                                           NULL, 0, 0, NULL, 0, NULL, error);
  if (description == NULL)
    return FALSE;
  self->credential = handoff_credential_new (NULL, self->name.label, self->name.owner,
                                             self->name.roles, key, self->uri, description);
  if (self->certificates == NULL)
    self->certificates = g_ptr_array_ref (found->certificates);
  return TRUE;
}

static HandoffStepState
enter_to_certify (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;

  return self->certificates->len > 0 ? handoff_pending_call_enter (pending, done)
                                     : HANDOFF_STEP_SKIPPED;
}

static HandoffStepState
begin_certifying (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;

  handoff_credential_certify_async (pending->context->importers, self->uid, self->credential,
                                    self->certificates, get_cancellable (pending), done, pending);
  return HANDOFF_STEP_BEGUN;
}

/* A token need not have a certificate. */
static HandoffStepState
begin_certifying_linked (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;

  return self->certificates->len > 0 ? begin_certifying (pending, done) : HANDOFF_STEP_SKIPPED;
}

static gboolean
finish_certifying (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  HandoffCredentialChange *self = pending->data;
  HandoffCredential *certified = handoff_credential_certify_finish (result, error);

  if (certified == NULL)
    return FALSE;
  handoff_credential_unref (self->credential);
  self->credential = certified;
  return TRUE;
}

static HandoffStepState
begin_adding (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;
  g_autoptr (GError) error = NULL;

  if (self->held != NULL)
    self->credential = handoff_credential_new_held (self->held, &self->name, &error);
  if (self->credential == NULL ||
      !handoff_credential_change_check_room (self, pending->context, &error))
    {
      handoff_pending_call_fail (pending, error);
      return HANDOFF_STEP_ENDED;
    }
  handoff_credential_store_add_async (pending->context->credential_store, self->credential, done,
                                      pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_adding (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  g_autoptr (HandoffCredential) credential =
      handoff_credential_store_change_finish (pending->context->credential_store, result, error);
  g_autofree char *path = NULL;

  if (credential == NULL)
    return FALSE;
  path = g_strconcat (HANDOFF_CREDENTIALS_PATH "/", credential->id, NULL);
  pending->reply = g_variant_ref_sink (g_variant_new ("(o)", path));
  return TRUE;
}

static HandoffStepState
begin_signing (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;

  if (self->credential->token_uri != NULL)
    handoff_module_keys_request_certificate_async (
        handoff_tokens_get_keys (pending->context->tokens),
        handoff_certificate_request_to_variant (self->request, self->credential->id,
                                                self->credential->roles, self->uid),
        done, pending);
  else
    handoff_keeper_ask_async (
        pending->context->keeper, HANDOFF_KEEPER_REQUEST_CERTIFICATE,
        handoff_certificate_request_to_variant (self->request, self->credential->id,
                                                self->credential->roles, self->uid),
        -1, done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_signing (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  const HandoffCredentialChange *self = pending->data;
  g_autoptr (GBytes) request = NULL;

  if (self->credential->token_uri == NULL)
    {
      pending->reply = handoff_keeper_ask_finish (pending->context->keeper, result, error);
      return pending->reply != NULL;
    }
  request = handoff_module_keys_request_certificate_finish (result, error);
  if (request == NULL)
    return FALSE;
  pending->reply = g_variant_ref_sink (
      g_variant_new ("(@ay)", g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, request, TRUE)));
  return TRUE;
}

/* What the key signed for itself is set like what an authority did. */
static gboolean
finish_self_signing (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  HandoffCredentialChange *self = pending->data;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) der = NULL;

  if (!finish_signing (pending, result, error))
    return FALSE;
  reply = g_steal_pointer (&pending->reply);
  der = g_variant_get_child_value (reply, 0);
  self->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_ptr_array_add (self->certificates, g_variant_get_data_as_bytes (der));
  return TRUE;
}

static HandoffStepState
begin_setting (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;

  handoff_credential_store_set_certificates_async (pending->context->credential_store,
                                                   self->credential, done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_setting (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  g_autoptr (HandoffCredential) credential =
      handoff_credential_store_change_finish (pending->context->credential_store, result, error);

  return credential != NULL;
}

static HandoffStepState
begin_stapling (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;

  handoff_credential_staple_async (pending->context->importers, self->uid, self->credential,
                                   self->response, get_cancellable (pending), done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_stapling (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  HandoffCredentialChange *self = pending->data;
  HandoffCredential *stapled = handoff_credential_staple_finish (result, error);

  if (stapled == NULL)
    return FALSE;
  handoff_credential_unref (self->credential);
  self->credential = stapled;
  return TRUE;
}

static HandoffStepState
begin_setting_response (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;

  handoff_credential_store_set_ocsp_response_async (pending->context->credential_store,
                                                    self->credential, done, pending);
  return HANDOFF_STEP_BEGUN;
}

static HandoffStepState
begin_unlocking (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffCredentialChange *self = pending->data;
  g_autoptr (GBytes) pin = g_steal_pointer (&self->secret);
  HandoffCredential *credential =
      handoff_credentials_lookup (HANDOFF_CREDENTIALS (pending->context->credential_store),
                                  handoff_call_get_object_id (pending->call));

  /* While the caller sent the PIN, somebody removed the credential. */
  if (credential == NULL)
    {
      handoff_pending_call_fail_unknown_object (pending);
      return HANDOFF_STEP_ENDED;
    }
  handoff_tokens_find_key_async (pending->context->tokens, credential->token_uri,
                                 handoff_private_key_get_public_key (credential->key), pin, FALSE,
                                 done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_unlocking (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  const HandoffCredentialChange *self = pending->data;
  g_autoptr (HandoffTokenKey) key = handoff_tokens_find_key_finish (result, error);

  handoff_pin_hold_update (pending->context->pin_hold);
  handoff_object_watch_note (pending->context->object_watch, self->uid);
  return key != NULL;
}

static HandoffStepState
begin_removal (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  handoff_credential_store_remove_async (pending->context->credential_store,
                                         handoff_call_get_object_id (pending->call), done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_removal (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  return handoff_credential_store_remove_finish (pending->context->credential_store, result, error);
}

/* The next handshake on a channel does not come through the broker. */
static HandoffStepState
begin_telling (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  handoff_news_wait_async (pending->context->broker.handshakers, done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_telling (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  handoff_news_wait_finish (result);
  return TRUE;
}

static const HandoffStep import_steps[] = {
  { handoff_pending_call_enter },    { begin_import, finish_import },
  { handoff_pending_call_leave },    { begin_adding, finish_adding },
  { begin_telling, finish_telling }, { NULL },
};

static const HandoffStep generate_steps[] = {
  { handoff_pending_call_enter },    { begin_generating, finish_generating },
  { handoff_pending_call_leave },    { begin_adding, finish_adding },
  { begin_telling, finish_telling }, { NULL },
};

/* A token works on its own thread: the user's other calls need not wait for the token. */
static const HandoffStep link_steps[] = {
  { handoff_pending_call_enter },
  { begin_reading_secret, finish_reading_secret },
  { handoff_pending_call_leave },
  { begin_finding_key, finish_finding_key },
  { enter_to_certify },
  { begin_certifying_linked, finish_certifying },
  { handoff_pending_call_leave },
  { begin_adding, finish_adding },
  { begin_telling, finish_telling },
  { NULL },
};

static const HandoffStep signing_steps[] = {
  { begin_signing, finish_signing },
  { NULL },
};

static const HandoffStep self_signing_steps[] = {
  { begin_signing, finish_self_signing },  { handoff_pending_call_enter },
  { begin_certifying, finish_certifying }, { begin_setting, finish_setting },
  { begin_telling, finish_telling },       { NULL },
};

static const HandoffStep setting_steps[] = {
  { handoff_pending_call_enter },
  { begin_certifying, finish_certifying },
  { begin_setting, finish_setting },
  { begin_telling, finish_telling },
  { NULL },
};

static const HandoffStep stapling_steps[] = {
  { handoff_pending_call_enter },
  { begin_stapling, finish_stapling },
  { begin_setting_response, finish_setting },
  { begin_telling, finish_telling },
  { NULL },
};

static const HandoffStep unlocking_steps[] = {
  { handoff_pending_call_enter },
  { begin_reading_secret, finish_reading_secret },
  { handoff_pending_call_leave },
  { begin_unlocking, finish_unlocking },
  { NULL },
};

static const HandoffStep removal_steps[] = {
  { begin_removal, finish_removal },
  { begin_telling, finish_telling },
  { NULL },
};

/* If the store lost the credential meanwhile, its error says so in other words than the façade.
 * pending: (transfer full) */
static void
fail_change (HandoffPendingCall *pending, const GError *error)
{
  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND))
    handoff_pending_call_fail_unknown_object (pending);
  else
    handoff_pending_call_fail (pending, error);
}

const HandoffPlan handoff_credential_import = { import_steps };
const HandoffPlan handoff_credential_generation = { generate_steps };
const HandoffPlan handoff_credential_link = { link_steps };
const HandoffPlan handoff_credential_signing = { signing_steps };
const HandoffPlan handoff_credential_self_signing = { self_signing_steps, NULL, fail_change };
const HandoffPlan handoff_credential_setting = { setting_steps, NULL, fail_change };
const HandoffPlan handoff_credential_stapling = { stapling_steps, NULL, fail_change };
const HandoffPlan handoff_credential_unlocking = { unlocking_steps };
const HandoffPlan handoff_credential_removal = { removal_steps, NULL, fail_change };

void
handoff_credential_change_start (HandoffCredentialChange *self,
                                 HandoffCall *call,
                                 const HandoffCallContext *context,
                                 const HandoffPlan *plan)
{
  handoff_pending_call_start (context, call, self, (GDestroyNotify) handoff_credential_change_free,
                              plan);
}
