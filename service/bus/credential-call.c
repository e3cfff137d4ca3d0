/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/credential-call.h"

#include "credential/credential-options.h"
#include "credential/credential-work.h"
#include "caller/descriptor-reader.h"
#include "work/descriptor-reaper.h"
#include "key-file/key-material.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "bus/pending-call.h"
#include "policy/credential-label.h"

/* Calls at once that make or change credentials, those that wait for polkit or their turn included.
 */
#define MAX_CALLS_PER_USER 16
#define MAX_CALLS 256

typedef struct _Method Method;

/* A credential on its way into the store. */
typedef struct
{
  const Method *method;
  const HandoffFacadeContext *context; /* (unowned) */
  HandoffCredentialName name;
  HandoffPlace *place; /* (owned) */

  guint uid; /* the caller's */

  /* Descriptors: (owned), -1 without, and once read. */
  int data_fd;    /* to import */
  int secret_fd;  /* passphrase or PIN */
  GBytes *data;   /* (owned) (nullable): read */
  GBytes *secret; /* (owned) (nullable): read, until it is used */

  char *key_type;          /* (owned) (nullable): to make */
  char *uri;               /* (owned) (nullable): to link: canonical */
  GPtrArray *certificates; /* (owned) (element-type GBytes) (nullable): to link with */

  HandoffCredential *credential; /* (owned) (nullable): that came of it */
  GBytes *key_pem;               /* (owned) (nullable): its key, if that is to be kept in a file */
} Making;

static void
making_free (Making *self)
{
  g_free (self->name.label);
  g_clear_pointer (&self->place, handoff_place_free);
  handoff_descriptor_reap (self->data_fd, self->uid);
  handoff_descriptor_reap (self->secret_fd, self->uid);
  g_clear_pointer (&self->data, g_bytes_unref);
  g_clear_pointer (&self->secret, g_bytes_unref);
  g_free (self->key_type);
  g_free (self->uri);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_clear_pointer (&self->key_pem, g_bytes_unref);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Making, making_free)

HandoffPlace *
handoff_credential_call_take_place (HandoffCall *call,
                                    const HandoffFacadeContext *context,
                                    GError **error)
{
  return handoff_quota_take (context->management_quota,
                             handoff_caller_get_uid (handoff_call_get_caller (call)),
                             MAX_CALLS_PER_USER, MAX_CALLS, error);
}

/* FALSE if there is none with that index. */
static gboolean
take_fd (HandoffCall *call, gint32 index, const char *what, int *fd, GError **error)
{
  *fd = handoff_call_take_fd (call, index);
  if (*fd >= 0)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "%s: the message carries no other file descriptor with that index", what);
  return FALSE;
}

/* Whether there is room for it, and its label is free: before the work, and again after it. */
static gboolean
check_room (const Making *self, GError **error)
{
  const HandoffConfiguration *configuration =
      handoff_tls_policy_source_get_configuration (self->context->policy_source);
  HandoffCredentialStore *credentials = self->context->shared.credentials;
  const guint owner = self->name.owner;

  if (handoff_credential_store_find (credentials, owner, self->name.label) != NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "label: this user has a credential “%s” already", self->name.label);
      return FALSE;
    }
  if (handoff_credential_store_count (credentials, owner) >= configuration->credentials_per_user)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                   "The configuration allows a user %u credentials; remove one first",
                   configuration->credentials_per_user);
      return FALSE;
    }
  if (handoff_credential_store_get_size (credentials) >= configuration->credentials_total)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                   "The configuration allows %u credentials in all; one has to be removed first",
                   configuration->credentials_total);
      return FALSE;
    }
  return TRUE;
}

static HandoffStepState
begin_reading_data (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Making *self = pending->data;

  handoff_pending_call_read (pending, g_steal_fd (&self->data_fd), "data",
                             HANDOFF_CREDENTIAL_MAX_SIZE, done);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_reading_data (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  Making *self = pending->data;

  self->data = handoff_descriptor_read_finish (result, error);
  return self->data != NULL;
}

static HandoffStepState
begin_reading_secret (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Making *self = pending->data;

  if (self->secret_fd < 0)
    return HANDOFF_STEP_SKIPPED;
  handoff_pending_call_read (pending, g_steal_fd (&self->secret_fd),
                             self->uri != NULL ? HANDOFF_OPTION_PIN : HANDOFF_OPTION_PASSPHRASE,
                             HANDOFF_PASSPHRASE_MAX_SIZE, done);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_reading_secret (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  Making *self = pending->data;

  self->secret = handoff_descriptor_read_line_finish (result, error);
  return self->secret != NULL;
}

static HandoffStepState
begin_import (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Making *self = pending->data;
  g_autoptr (GBytes) secret = g_steal_pointer (&self->secret);

  handoff_credential_import_async (&self->name, self->data, secret, done, pending);
  return HANDOFF_STEP_BEGUN;
}

static HandoffStepState
begin_generating (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Making *self = pending->data;

  handoff_credential_generate_async (&self->name, self->key_type, done, pending);
  return HANDOFF_STEP_BEGUN;
}

/* Of an import, too. */
static gboolean
finish_making (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  Making *self = pending->data;
  g_autoptr (HandoffNewCredential) made = handoff_new_credential_finish (result, error);

  if (made == NULL)
    return FALSE;
  self->credential = g_steal_pointer (&made->credential);
  self->key_pem = g_steal_pointer (&made->key_pem);
  return TRUE;
}

static HandoffStepState
begin_finding_key (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Making *self = pending->data;
  g_autoptr (GBytes) pin = g_steal_pointer (&self->secret);

  /* Who gave no PIN was authorized to manage the credentials of others. */
  handoff_tokens_find_key_async (self->context->tokens, self->uri, NULL, pin, pin == NULL, done,
                                 pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_finding_key (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  Making *self = pending->data;
  g_autoptr (HandoffTokenKey) found = handoff_tokens_find_key_finish (result, error);
  g_autoptr (HandoffPrivateKey) key = NULL;

  handoff_pin_hold_update (self->context->pin_hold);
  if (found == NULL)
    return FALSE;
  key = handoff_tokens_get_key (self->context->tokens, self->uri,
                                g_steal_pointer (&found->public_key));
  self->credential = handoff_credential_new (NULL, self->name.label, self->name.owner,
                                             self->name.roles, key, self->uri, NULL, NULL, error);
  if (self->certificates == NULL)
    self->certificates = g_ptr_array_ref (found->certificates);
  return self->credential != NULL;
}

static HandoffStepState
enter_to_certify (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Making *self = pending->data;

  return self->certificates->len > 0 ? handoff_pending_call_enter (pending, done)
                                     : HANDOFF_STEP_SKIPPED;
}

static HandoffStepState
begin_certifying (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Making *self = pending->data;

  if (self->certificates->len == 0)
    return HANDOFF_STEP_SKIPPED;
  handoff_credential_certify_async (self->credential, self->certificates, done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_certifying (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  Making *self = pending->data;
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
  Making *self = pending->data;
  g_autoptr (GBytes) key_pem = g_steal_pointer (&self->key_pem);
  g_autoptr (GError) error = NULL;

  if (!check_room (self, &error))
    {
      handoff_pending_call_fail (pending, error);
      return HANDOFF_STEP_ENDED;
    }
  handoff_credential_store_add_async (self->context->shared.credentials, self->credential, key_pem,
                                      done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_adding (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  g_autoptr (HandoffCredential) credential =
      handoff_credential_store_change_finish (pending->context->shared.credentials, result, error);
  g_autofree char *path = NULL;

  if (credential == NULL)
    return FALSE;
  path = g_strconcat (HANDOFF_CREDENTIALS_PATH "/", credential->id, NULL);
  pending->reply = g_variant_ref_sink (g_variant_new ("(o)", path));
  return TRUE;
}

static const HandoffStep import_steps[] = {
  { handoff_pending_call_enter },
  { begin_reading_data, finish_reading_data },
  { begin_reading_secret, finish_reading_secret },
  { begin_import, finish_making },
  { handoff_pending_call_leave },
  { begin_adding, finish_adding },
  { NULL },
};

static const HandoffStep generate_steps[] = {
  { handoff_pending_call_enter },
  { begin_generating, finish_making },
  { handoff_pending_call_leave },
  { begin_adding, finish_adding },
  { NULL },
};

/* A token's work goes on on the token's own thread: others need not wait for it. */
static const HandoffStep link_steps[] = {
  { handoff_pending_call_enter },
  { begin_reading_secret, finish_reading_secret },
  { handoff_pending_call_leave },
  { begin_finding_key, finish_finding_key },
  { enter_to_certify },
  { begin_certifying, finish_certifying },
  { handoff_pending_call_leave },
  { begin_adding, finish_adding },
  { NULL },
};

/* What the three methods differ in: their arguments are a label, something, and options. */
struct _Method
{
  const char *name;
  HandoffCredentialMethod method;
  /* Takes the second argument. */
  gboolean (*take_argument) (Making *self, HandoffCall *call, GVariant *argument, GError **error);
  HandoffPlan plan;
};

static gboolean
take_data (Making *self, HandoffCall *call, GVariant *argument, GError **error)
{
  return take_fd (call, g_variant_get_handle (argument), "data", &self->data_fd, error);
}

static gboolean
take_key_type (Making *self, HandoffCall *call, GVariant *argument, GError **error)
{
  self->key_type = g_variant_dup_string (argument, NULL);
  return handoff_key_material_check_type (self->key_type, error);
}

static gboolean
take_uri (Making *self, HandoffCall *call, GVariant *argument, GError **error)
{
  self->uri = handoff_token_uri_canonicalize (g_variant_get_string (argument, NULL), error);
  return self->uri != NULL;
}

static const Method methods[] = {
  { "ImportCredential", HANDOFF_CREDENTIAL_METHOD_IMPORT, take_data, { import_steps } },
  { "GenerateCredential", HANDOFF_CREDENTIAL_METHOD_GENERATE, take_key_type, { generate_steps } },
  { "LinkCredential", HANDOFF_CREDENTIAL_METHOD_LINK, take_uri, { link_steps } },
};

static const Method *
find_method (HandoffCall *call)
{
  const char *name = handoff_call_get_row (call)->method_name;
  gsize i = 0;

  while (!g_str_equal (methods[i].name, name))
    {
      i++;
      g_assert (i < G_N_ELEMENTS (methods));
    }
  return &methods[i];
}

static Making *
making_new (HandoffCall *call, const HandoffFacadeContext *context)
{
  Making *self = g_new0 (Making, 1);

  self->context = context;
  self->method = find_method (call);
  self->uid = handoff_caller_get_uid (handoff_call_get_caller (call));
  self->data_fd = -1;
  self->secret_fd = -1;
  return self;
}

/* A method has an option for one of them at most. */
static gboolean
take_secret (Making *self,
             HandoffCall *call,
             const HandoffCredentialOptions *options,
             GError **error)
{
  if (options->passphrase >= 0)
    return take_fd (call, options->passphrase, "Option " HANDOFF_OPTION_PASSPHRASE,
                    &self->secret_fd, error);
  if (options->pin >= 0)
    return take_fd (call, options->pin, "Option " HANDOFF_OPTION_PIN, &self->secret_fd, error);
  return TRUE;
}

gboolean
handoff_credential_call_prepare (HandoffCall *call,
                                 const HandoffFacadeContext *context,
                                 GError **error)
{
  g_autoptr (Making) self = making_new (call, context);
  g_autoptr (GVariant) argument = NULL;
  g_autoptr (GVariant) dict = NULL;
  g_autoptr (HandoffCredentialOptions) options = NULL;
  const char *label;

  g_variant_get_child (handoff_call_get_parameters (call), 0, "&s", &label);
  argument = g_variant_get_child_value (handoff_call_get_parameters (call), 1);
  dict = g_variant_get_child_value (handoff_call_get_parameters (call), 2);
  options = handoff_credential_options_parse (dict, self->method->method, self->uid, error);
  if (options == NULL || !self->method->take_argument (self, call, argument, error) ||
      !take_secret (self, call, options, error) || !handoff_credential_label_check (label, error))
    return FALSE;
  self->name.label = g_strdup (label);
  self->name.owner = options->owner;
  self->name.roles = options->roles;
  self->certificates = g_steal_pointer (&options->certificates);
  self->place = handoff_credential_call_take_place (call, context, error);
  if (self->place == NULL)
    return FALSE;

  handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, label);
  /* Without a PIN, one that others told the service would be used. */
  if (self->name.owner != self->uid || (self->uri != NULL && options->pin < 0))
    handoff_call_use_other_action (call);
  handoff_call_set_data (call, g_steal_pointer (&self), (GDestroyNotify) making_free);
  return TRUE;
}

void
handoff_credential_call_run (HandoffCall *call, const HandoffFacadeContext *context)
{
  g_autoptr (Making) self = handoff_call_steal_data (call);
  const HandoffPlan *plan = &self->method->plan;
  g_autoptr (GError) error = NULL;

  if (check_room (self, &error))
    handoff_pending_call_start (context, call, g_steal_pointer (&self),
                                (GDestroyNotify) making_free, plan);
  else
    handoff_call_fail (call, error);
}
