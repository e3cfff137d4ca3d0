/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential-work.h"

#include "certificate/certificate-chain.h"
#include "describe/description-maker.h"
#include "key-file/key-material.h"
#include "key/pkcs8.h"
#include "key/public-key.h"
#include "keyblob/secret-memory.h"
#include "link/import-messages.h"

/* What the task owns. */
typedef struct
{
  HandoffKeeper *keeper; /* (owned) */
  HandoffCredentialName name;
  char *id;                        /* (owned): of the new credential */
  GBytes *data;                    /* (owned) (nullable): to import */
  GBytes *passphrase;              /* (owned) (nullable) */
  GBytes *key;                     /* (owned) (nullable): imported: PKCS #8; secret memory */
  HandoffDescription *description; /* (owned) (nullable) */
} Work;

static void
work_free (Work *self)
{
  g_object_unref (self->keeper);
  g_free (self->name.label);
  g_free (self->id);
  g_clear_pointer (&self->data, g_bytes_unref);
  g_clear_pointer (&self->passphrase, g_bytes_unref);
  g_clear_pointer (&self->key, g_bytes_unref);
  g_clear_pointer (&self->description, handoff_description_unref);
  g_free (self);
}

static GTask *
task_new (HandoffKeeper *keeper,
          const HandoffCredentialName *name,
          GAsyncReadyCallback callback,
          gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Work *work = g_new0 (Work, 1);

  g_task_set_source_tag (task, task_new);
  work->keeper = g_object_ref (keeper);
  work->name = *name;
  work->name.label = g_strdup (name->label);
  work->id = handoff_credential_dup_new_id ();
  g_task_set_task_data (task, work, (GDestroyNotify) work_free);
  return task;
}

/* The keeper holds the key, and it is described. */
static void
return_credential (GTask *task)
{
  const Work *work = g_task_get_task_data (task);
  g_autoptr (HandoffPrivateKey) key = NULL;
  GError *error = NULL;
  gnutls_pubkey_t public_key = handoff_public_key_import (work->description->public_key, &error);

  if (public_key == NULL)
    {
      handoff_keeper_release (work->keeper, work->id);
      g_task_return_error (task, error);
      return;
    }
  key = handoff_private_key_new_elsewhere (public_key);
  g_task_return_pointer (task,
                         handoff_credential_new (work->id, work->name.label, work->name.owner,
                                                 work->name.roles, key, NULL, work->description),
                         (GDestroyNotify) handoff_credential_unref);
}

HandoffCredential *
handoff_credential_make_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
parse (Work *work, GError **error)
{
  g_autoptr (HandoffKeyMaterial) material =
      handoff_key_material_parse (work->data, work->passphrase, error);
  gnutls_pubkey_t public_key;
  gnutls_privkey_t private_key;

  if (material == NULL)
    {
      g_prefix_error_literal (error, "data: ");
      return FALSE;
    }
  work->key = handoff_pkcs8_write (material->key, error);
  if (work->key == NULL)
    return FALSE;
  gnutls_privkey_init (&private_key);
  gnutls_pubkey_init (&public_key);
  if (gnutls_privkey_import_x509 (private_key, material->key, 0) >= 0 &&
      gnutls_pubkey_import_privkey (public_key, private_key, 0, 0) >= 0)
    work->description = handoff_description_make (public_key, material->certificates, NULL, error);
  gnutls_pubkey_deinit (public_key);
  gnutls_privkey_deinit (private_key);
  return work->description != NULL;
}

static void
parse_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  const gboolean is_parsed = parse (task_data, &error);

  /* The thread goes back to a pool: wipe what keys and passphrases left on its stack. */
  handoff_wipe_stack ();
  if (is_parsed)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
held (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) public_key =
      handoff_keeper_hold_finish (HANDOFF_KEEPER (source), result, &error);

  if (public_key == NULL)
    g_task_return_error (task, error);
  else
    return_credential (task);
}

static void
ignore_end (HandoffLink *link, const GError *error, gpointer user_data)
{
}

/* Hands the key to the keeper. FALSE with the error if there is no way. */
static gboolean
send_key (Work *work, GTask *task, GError **error)
{
  static const HandoffLinkFunctions functions = { NULL, ignore_end };
  g_autoptr (HandoffLink) link = NULL;
  gsize size;
  gconstpointer data = g_bytes_get_data (work->key, &size);
  int sockets[2];

  if (!handoff_link_make_sockets (sockets, error))
    return FALSE;
  handoff_keeper_hold_async (work->keeper, work->id, work->name.owner, sockets[1], held,
                             g_object_ref (task));
  link = handoff_link_new (sockets[0], &handoff_import_messages, HANDOFF_LINK_UPPER, NULL,
                           "tls-handoff-keeper", &functions, NULL);
  /* If that fails, the keeper finds the other end closed. */
  handoff_link_send (
      link, HANDOFF_IMPORT_KEY,
      g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1)), NULL,
      0, NULL);
  return TRUE;
}

static void
parsed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error) || !send_key (work, task, &error))
    g_task_return_error (task, error);
  g_clear_pointer (&work->key, g_bytes_unref);
}

static void
keep_work (gpointer data)
{
}

void
handoff_credential_import_async (HandoffKeeper *keeper,
                                 const HandoffCredentialName *name,
                                 GBytes *data,
                                 GBytes *passphrase,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  GTask *task = task_new (keeper, name, callback, user_data);
  Work *work = g_task_get_task_data (task);
  g_autoptr (GTask) parsing = g_task_new (NULL, NULL, parsed, task);

  g_task_set_source_tag (parsing, handoff_credential_import_async);
  work->data = g_bytes_ref (data);
  work->passphrase = passphrase != NULL ? g_bytes_ref (passphrase) : NULL;
  g_task_set_task_data (parsing, work, keep_work);
  g_task_run_in_thread (parsing, parse_in_thread);
}

static void
generated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Work *work = g_task_get_task_data (task);
  g_autofree char *algorithm = NULL;
  GError *error = NULL;
  g_autoptr (GBytes) public_key =
      handoff_keeper_generate_finish (HANDOFF_KEEPER (source), result, &algorithm, &error);

  if (public_key != NULL)
    work->description =
        handoff_description_new (public_key, algorithm, NULL, 0, 0, NULL, 0, NULL, &error);
  if (work->description != NULL)
    return_credential (task);
  else
    g_task_return_error (task, error);
}

void
handoff_credential_generate_async (HandoffKeeper *keeper,
                                   const HandoffCredentialName *name,
                                   const char *key_type,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  GTask *task = task_new (keeper, name, callback, user_data);
  const Work *work = g_task_get_task_data (task);

  handoff_keeper_generate_async (keeper, work->id, name->owner, key_type, generated, task);
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
