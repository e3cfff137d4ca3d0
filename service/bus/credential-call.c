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

/* A credential on its way into the store. */
typedef struct
{
  const HandoffFacadeContext *context; /* (unowned) */
  HandoffCredentialName name;
  HandoffPlace *place; /* (owned) */

  guint uid; /* the caller's */

  /* Descriptors: (owned), -1 without, and once read. */
  int data_fd;   /* to import */
  int secret_fd; /* passphrase or PIN */
  GBytes *data;  /* (owned) (nullable): read */

  char *key_type;            /* (owned) (nullable): to make */
  char *uri;                 /* (owned) (nullable): to link: canonical */
  GPtrArray *certificates;   /* (owned) (element-type GBytes) (nullable): to link with */
  HandoffCredential *linked; /* (owned) (nullable): without them yet */
} Making;

static void
making_free (Making *self)
{
  g_free (self->name.label);
  g_clear_pointer (&self->place, handoff_place_free);
  handoff_descriptor_reap (self->data_fd, self->uid);
  handoff_descriptor_reap (self->secret_fd, self->uid);
  g_clear_pointer (&self->data, g_bytes_unref);
  g_free (self->key_type);
  g_free (self->uri);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_clear_pointer (&self->linked, handoff_credential_unref);
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

static gboolean
prepare (HandoffCall *call,
         const HandoffFacadeContext *context,
         const char *label,
         HandoffCredentialOptions *options,
         Making *making,
         GError **error)
{
  g_autoptr (Making) self = making;

  if (!handoff_credential_label_check (label, error))
    return FALSE;
  self->context = context;
  self->name.label = g_strdup (label);
  self->name.owner = options->owner;
  self->name.roles = options->roles;
  self->place = handoff_credential_call_take_place (call, context, error);
  if (self->place == NULL)
    return FALSE;

  handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, label);
  if (options->owner != handoff_caller_get_uid (handoff_call_get_caller (call)))
    handoff_call_use_other_action (call);
  handoff_call_set_data (call, g_steal_pointer (&self), (GDestroyNotify) making_free);
  return TRUE;
}

static Making *
making_new (HandoffCall *call)
{
  Making *self = g_new0 (Making, 1);

  self->uid = handoff_caller_get_uid (handoff_call_get_caller (call));
  self->data_fd = -1;
  self->secret_fd = -1;
  return self;
}

static HandoffCredentialOptions *
parse_options (HandoffCall *call, GVariant *options, HandoffCredentialMethod method, GError **error)
{
  return handoff_credential_options_parse (
      options, method, handoff_caller_get_uid (handoff_call_get_caller (call)), error);
}

gboolean
handoff_credential_call_prepare_import (HandoffCall *call,
                                        const HandoffFacadeContext *context,
                                        GError **error)
{
  g_autoptr (Making) self = making_new (call);
  g_autoptr (GVariant) dict = NULL;
  g_autoptr (HandoffCredentialOptions) options = NULL;
  const char *label;
  gint32 index;

  g_variant_get (handoff_call_get_parameters (call), "(&sh@a{sv})", &label, &index, &dict);
  options = parse_options (call, dict, HANDOFF_CREDENTIAL_METHOD_IMPORT, error);
  if (options == NULL || !take_fd (call, index, "data", &self->data_fd, error))
    return FALSE;
  if (options->passphrase >= 0 &&
      !take_fd (call, options->passphrase, "Option " HANDOFF_OPTION_PASSPHRASE, &self->secret_fd,
                error))
    return FALSE;
  return prepare (call, context, label, options, g_steal_pointer (&self), error);
}

gboolean
handoff_credential_call_prepare_generate (HandoffCall *call,
                                          const HandoffFacadeContext *context,
                                          GError **error)
{
  g_autoptr (Making) self = making_new (call);
  g_autoptr (GVariant) dict = NULL;
  g_autoptr (HandoffCredentialOptions) options = NULL;
  const char *label;
  const char *key_type;

  g_variant_get (handoff_call_get_parameters (call), "(&s&s@a{sv})", &label, &key_type, &dict);
  options = parse_options (call, dict, HANDOFF_CREDENTIAL_METHOD_GENERATE, error);
  if (options == NULL || !handoff_key_material_check_type (key_type, error))
    return FALSE;
  self->key_type = g_strdup (key_type);
  return prepare (call, context, label, options, g_steal_pointer (&self), error);
}

gboolean
handoff_credential_call_prepare_link (HandoffCall *call,
                                      const HandoffFacadeContext *context,
                                      GError **error)
{
  g_autoptr (Making) self = making_new (call);
  g_autoptr (GVariant) dict = NULL;
  g_autoptr (HandoffCredentialOptions) options = NULL;
  const char *label;
  const char *uri;

  g_variant_get (handoff_call_get_parameters (call), "(&s&s@a{sv})", &label, &uri, &dict);
  options = parse_options (call, dict, HANDOFF_CREDENTIAL_METHOD_LINK, error);
  if (options == NULL)
    return FALSE;
  self->uri = handoff_token_uri_canonicalize (uri, error);
  if (self->uri == NULL)
    return FALSE;
  if (options->pin >= 0 &&
      !take_fd (call, options->pin, "Option " HANDOFF_OPTION_PIN, &self->secret_fd, error))
    return FALSE;
  /* A PIN that others told the service would be used. */
  if (options->pin < 0)
    handoff_call_use_other_action (call);
  self->certificates = g_steal_pointer (&options->certificates);
  return prepare (call, context, label, options, g_steal_pointer (&self), error);
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

static void
added (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCredential) credential =
      handoff_credential_store_change_finish (HANDOFF_CREDENTIAL_STORE (source), result, &error);
  g_autofree char *path = NULL;

  if (!handoff_pending_call_is_alive (pending))
    return;
  if (credential == NULL)
    {
      handoff_pending_call_fail (g_steal_pointer (&pending), error);
      return;
    }
  path = g_strconcat (HANDOFF_CREDENTIALS_PATH "/", credential->id, NULL);
  handoff_pending_call_return (g_steal_pointer (&pending), g_variant_new ("(o)", path));
}

/* pending: (transfer full): alive. key_pem: (nullable) */
static void
add (HandoffPendingCall *pending, HandoffCredential *credential, GBytes *key_pem)
{
  Making *self = pending->data;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&pending->pass, handoff_pass_free);
  if (check_room (self, &error))
    handoff_credential_store_add_async (self->context->shared.credentials, credential, key_pem,
                                        added, pending);
  else
    handoff_pending_call_fail (pending, error);
}

static void
made (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffNewCredential) new_credential = handoff_new_credential_finish (result, &error);

  if (!handoff_pending_call_is_alive (pending))
    return;
  if (new_credential == NULL)
    handoff_pending_call_fail (g_steal_pointer (&pending), error);
  else
    add (g_steal_pointer (&pending), new_credential->credential, new_credential->key_pem);
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
    handoff_pending_call_fail (g_steal_pointer (&pending), error);
  else
    add (g_steal_pointer (&pending), credential, NULL);
}

/* It is its turn to take a thread. */
static void
certify (gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  Making *self;

  if (!handoff_pending_call_is_alive (pending))
    return;
  self = pending->data;
  handoff_credential_certify_async (self->linked, self->certificates, certified,
                                    g_steal_pointer (&pending));
}

static void
found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffTokenKey) token_key = handoff_tokens_find_key_finish (result, &error);
  g_autoptr (HandoffPrivateKey) key = NULL;
  Making *self;

  if (!handoff_pending_call_is_alive (pending))
    return;
  self = pending->data;
  handoff_pin_hold_update (self->context->pin_hold);
  if (token_key != NULL)
    {
      key = handoff_tokens_get_key (self->context->tokens, self->uri,
                                    g_steal_pointer (&token_key->public_key));
      self->linked = handoff_credential_new (NULL, self->name.label, self->name.owner,
                                             self->name.roles, key, self->uri, NULL, NULL, &error);
      if (self->certificates == NULL)
        self->certificates = g_ptr_array_ref (token_key->certificates);
    }
  if (self->linked == NULL)
    handoff_pending_call_fail (g_steal_pointer (&pending), error);
  else if (self->certificates->len > 0)
    handoff_pending_call_queue (g_steal_pointer (&pending), certify);
  else
    add (g_steal_pointer (&pending), self->linked, NULL);
}

/* secret: (nullable). pending: (transfer full): alive */
static void
work (HandoffPendingCall *pending, GBytes *secret)
{
  Making *self = pending->data;

  if (self->uri != NULL)
    {
      /* Who gave no PIN was authorized to manage the credentials of others. A token's work goes on
       * on the token's own thread: others need not wait for it. */
      g_clear_pointer (&pending->pass, handoff_pass_free);
      handoff_tokens_find_key_async (self->context->tokens, self->uri, NULL, secret, secret == NULL,
                                     found, pending);
    }
  else if (self->data != NULL)
    {
      handoff_credential_import_async (&self->name, self->data, secret, made, pending);
    }
  else
    {
      handoff_credential_generate_async (&self->name, self->key_type, made, pending);
    }
}

static void
secret_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) secret = handoff_descriptor_read_line_finish (result, &error);

  if (!handoff_pending_call_is_alive (pending))
    return;
  if (secret == NULL)
    handoff_pending_call_fail (g_steal_pointer (&pending), error);
  else
    work (g_steal_pointer (&pending), secret);
}

/* pending: (transfer full): alive */
static void
read_secret (HandoffPendingCall *pending)
{
  Making *self = pending->data;

  if (self->secret_fd >= 0)
    handoff_pending_call_read (pending, g_steal_fd (&self->secret_fd),
                               self->uri != NULL ? HANDOFF_OPTION_PIN : HANDOFF_OPTION_PASSPHRASE,
                               HANDOFF_PASSPHRASE_MAX_SIZE, secret_read);
  else
    work (pending, NULL);
}

static void
data_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = handoff_descriptor_read_finish (result, &error);
  Making *self;

  if (!handoff_pending_call_is_alive (pending))
    return;
  if (data == NULL)
    {
      handoff_pending_call_fail (g_steal_pointer (&pending), error);
      return;
    }
  self = pending->data;
  self->data = g_steal_pointer (&data);
  read_secret (g_steal_pointer (&pending));
}

/* It is this user's turn. */
static void
entered (gpointer user_data)
{
  g_autoptr (HandoffPendingCall) pending = user_data;
  Making *self;

  if (!handoff_pending_call_is_alive (pending))
    return;
  self = pending->data;
  if (self->data_fd >= 0)
    handoff_pending_call_read (g_steal_pointer (&pending), g_steal_fd (&self->data_fd), "data",
                               HANDOFF_CREDENTIAL_MAX_SIZE, data_read);
  else
    read_secret (g_steal_pointer (&pending));
}

void
handoff_credential_call_run (HandoffCall *call, const HandoffFacadeContext *context)
{
  g_autoptr (Making) self = handoff_call_steal_data (call);
  g_autoptr (GError) error = NULL;

  if (!check_room (self, &error))
    {
      handoff_call_fail (call, error);
      return;
    }
  handoff_pending_call_queue (handoff_pending_call_new (context, call, g_steal_pointer (&self),
                                                        (GDestroyNotify) making_free),
                              entered);
}
