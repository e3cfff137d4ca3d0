/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential-work.h"

#include "certificate/certificate-chain.h"
#include "describe/description-maker.h"
#include "key-file/key-material.h"
#include "key/key-type.h"
#include "keyblob/secret-memory.h"

/* What a thread does. */
typedef struct
{
  HandoffCredentialName name;
  GBytes *data;       /* (owned) (nullable): NULL to make a key */
  GBytes *passphrase; /* (owned) (nullable) */
  char *key_type;     /* (owned) (nullable) */
} Work;

static void
work_free (Work *self)
{
  g_free (self->name.label);
  g_clear_pointer (&self->data, g_bytes_unref);
  g_clear_pointer (&self->passphrase, g_bytes_unref);
  g_free (self->key_type);
  g_free (self);
}

void
handoff_new_credential_free (HandoffNewCredential *self)
{
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_clear_pointer (&self->key_pem, g_bytes_unref);
  g_free (self);
}

/* key: (transfer full). certificates: (nullable) */
static HandoffNewCredential *
make (const HandoffCredentialName *name,
      gnutls_x509_privkey_t key,
      GPtrArray *certificates,
      GError **error)
{
  g_autoptr (HandoffNewCredential) self = g_new0 (HandoffNewCredential, 1);
  g_autoptr (HandoffPrivateKey) private_key = NULL;
  g_autoptr (HandoffDescription) description = NULL;

  self->key_pem = handoff_key_material_serialize_key (key, error);
  if (self->key_pem == NULL)
    {
      gnutls_x509_privkey_deinit (key);
      return NULL;
    }
  private_key = handoff_private_key_new_x509 (key, error);
  if (private_key == NULL)
    return NULL;
  description = handoff_description_make (handoff_private_key_get_public_key (private_key),
                                          certificates, NULL, error);
  if (description == NULL)
    return NULL;
  self->credential = handoff_credential_new (NULL, name->label, name->owner, name->roles,
                                             private_key, NULL, description);
  return g_steal_pointer (&self);
}

static HandoffNewCredential *
import (const Work *work, GError **error)
{
  g_autoptr (HandoffKeyMaterial) material =
      handoff_key_material_parse (work->data, work->passphrase, error);

  if (material == NULL)
    {
      g_prefix_error_literal (error, "data: ");
      return NULL;
    }
  return make (&work->name, g_steal_pointer (&material->key), material->certificates, error);
}

static HandoffNewCredential *
generate (const Work *work, GError **error)
{
  gnutls_x509_privkey_t key = handoff_key_type_generate (work->key_type, error);

  return key != NULL ? make (&work->name, key, NULL, error) : NULL;
}

static void
work_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Work *work = task_data;
  GError *error = NULL;
  HandoffNewCredential *made = work->data != NULL ? import (work, &error) : generate (work, &error);

  /* The thread goes back to a pool: wipe what keys and passphrases left on its stack. */
  handoff_wipe_stack ();
  if (made != NULL)
    g_task_return_pointer (task, made, (GDestroyNotify) handoff_new_credential_free);
  else
    g_task_return_error (task, error);
}

static void
start (const HandoffCredentialName *name,
       GBytes *data,
       GBytes *passphrase,
       const char *key_type,
       GAsyncReadyCallback callback,
       gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Work *work = g_new0 (Work, 1);

  g_task_set_source_tag (task, start);
  work->name = *name;
  work->name.label = g_strdup (name->label);
  work->data = data != NULL ? g_bytes_ref (data) : NULL;
  work->passphrase = passphrase != NULL ? g_bytes_ref (passphrase) : NULL;
  work->key_type = g_strdup (key_type);
  g_task_set_task_data (task, work, (GDestroyNotify) work_free);
  g_task_run_in_thread (task, work_in_thread);
}

void
handoff_credential_import_async (const HandoffCredentialName *name,
                                 GBytes *data,
                                 GBytes *passphrase,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  start (name, data, passphrase, NULL, callback, user_data);
}

void
handoff_credential_generate_async (const HandoffCredentialName *name,
                                   const char *key_type,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  start (name, NULL, NULL, key_type, callback, user_data);
}

HandoffNewCredential *
handoff_new_credential_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* What a thread certifies. */
typedef struct
{
  HandoffCredential *credential; /* (owned) */
  GPtrArray *certificates;       /* (owned) (element-type GBytes) */
} Certifying;

static void
certifying_free (Certifying *self)
{
  handoff_credential_unref (self->credential);
  g_ptr_array_unref (self->certificates);
  g_free (self);
}

static HandoffCredential *
certify (const Certifying *certifying, GError **error)
{
  const HandoffCredential *old = certifying->credential;
  g_autoptr (GPtrArray) chain = NULL;
  g_autoptr (HandoffDescription) description = NULL;

  if (!handoff_description_check_chain (certifying->certificates, error))
    return NULL;
  chain = handoff_certificate_chain_arrange (certifying->certificates, error);
  if (chain == NULL)
    {
      g_prefix_error_literal (error, "certificates: ");
      return NULL;
    }
  description =
      handoff_description_make (handoff_private_key_get_public_key (old->key), chain, NULL, error);
  if (description == NULL)
    return NULL;
  return handoff_credential_new (old->id, old->label, old->owner, old->roles, old->key,
                                 old->token_uri, description);
}

static void
certify_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  HandoffCredential *certified = certify (task_data, &error);

  if (certified != NULL)
    g_task_return_pointer (task, certified, (GDestroyNotify) handoff_credential_unref);
  else
    g_task_return_error (task, error);
}

void
handoff_credential_certify_async (HandoffCredential *credential,
                                  GPtrArray *certificates,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Certifying *certifying = g_new (Certifying, 1);

  g_task_set_source_tag (task, handoff_credential_certify_async);
  certifying->credential = handoff_credential_ref (credential);
  certifying->certificates = g_ptr_array_ref (certificates);
  g_task_set_task_data (task, certifying, (GDestroyNotify) certifying_free);
  g_task_run_in_thread (task, certify_in_thread);
}

HandoffCredential *
handoff_credential_certify_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
