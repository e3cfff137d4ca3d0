/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential-work.h"

#include "key/public-key.h"

HandoffCredential *
handoff_credential_new_held (const HandoffHeldImport *held,
                             const HandoffCredentialName *name,
                             GError **error)
{
  gnutls_pubkey_t public_key = handoff_public_key_import (held->description->public_key, error);
  g_autoptr (HandoffPrivateKey) key = NULL;

  if (public_key == NULL)
    return NULL;
  key = handoff_private_key_new_elsewhere (public_key);
  return handoff_credential_new (held->id, name->label, name->owner, name->roles, key, NULL,
                                 held->description);
}

static void
generated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HandoffHeldImport **place = g_task_get_task_data (task);
  g_autoptr (HandoffHeldImport) held = g_steal_pointer (place);
  g_autofree char *algorithm = NULL;
  GError *error = NULL;
  g_autoptr (GBytes) public_key =
      handoff_keeper_generate_finish (held->keeper, result, &algorithm, &error);

  if (public_key != NULL)
    held->description =
        handoff_description_new (public_key, algorithm, NULL, 0, 0, NULL, 0, NULL, &error);
  if (held->description != NULL)
    g_task_return_pointer (task, g_steal_pointer (&held),
                           (GDestroyNotify) handoff_held_import_free);
  else
    g_task_return_error (task, error);
}

void
handoff_credential_generate_async (HandoffKeeper *keeper,
                                   guint uid,
                                   const char *key_type,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  HandoffHeldImport **held = g_new0 (HandoffHeldImport *, 1);

  g_task_set_source_tag (task, handoff_credential_generate_async);
  *held = g_new0 (HandoffHeldImport, 1);
  (*held)->keeper = g_object_ref (keeper);
  (*held)->id = handoff_credential_dup_new_id ();
  g_task_set_task_data (task, held, g_free);
  handoff_keeper_generate_async (keeper, (*held)->id, uid, key_type, generated, task);
}

HandoffHeldImport *
handoff_credential_generate_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
certified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const HandoffCredential *old = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (HandoffDescription) description = handoff_importers_finish (result, NULL, &error);

  if (description != NULL)
    g_task_return_pointer (task,
                           handoff_credential_new (old->id, old->label, old->owner, old->roles,
                                                   old->key, old->token_uri, description),
                           (GDestroyNotify) handoff_credential_unref);
  else
    g_task_return_error (task, error);
}

void
handoff_credential_certify_async (HandoffImporters *importers,
                                  guint uid,
                                  HandoffCredential *credential,
                                  GPtrArray *certificates,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, handoff_credential_certify_async);
  g_task_set_task_data (task, handoff_credential_ref (credential),
                        (GDestroyNotify) handoff_credential_unref);
  if (handoff_description_check_chain (certificates, &error))
    handoff_importers_certify_async (importers, uid, credential->description->public_key,
                                     certificates, cancellable, certified, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

HandoffCredential *
handoff_credential_certify_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* A credential, and the response that it is to have. */
typedef struct
{
  HandoffCredential *credential; /* (owned) */
  GBytes *response;              /* (owned) */
} Staple;

static void
staple_free (Staple *self)
{
  handoff_credential_unref (self->credential);
  g_bytes_unref (self->response);
  g_free (self);
}

/* response: (nullable). end: seconds since 1970; 0 without */
static void
return_stapled (GTask *task, GBytes *response, gint64 end)
{
  const HandoffCredential *old = ((const Staple *) g_task_get_task_data (task))->credential;
  const HandoffDescription *known = old->description;
  GError *error = NULL;
  g_autoptr (HandoffDescription) description =
      handoff_description_new (known->public_key, known->algorithm, known->certificates,
                               known->not_before, known->not_after, response, end, NULL, &error);

  if (description != NULL)
    g_task_return_pointer (task,
                           handoff_credential_new (old->id, old->label, old->owner, old->roles,
                                                   old->key, old->token_uri, description),
                           (GDestroyNotify) handoff_credential_unref);
  else
    g_task_return_error (task, error);
}

/* Of what the importer says, the end of the response alone is taken: whoever it was that made the
 * response must not change the certificates by it. */
static void
stapled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const Staple *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (HandoffDescription) described = handoff_importers_finish (result, NULL, &error);

  if (described != NULL)
    return_stapled (task, self->response, described->ocsp_not_after);
  else
    g_task_return_error (task, error);
}

void
handoff_credential_staple_async (HandoffImporters *importers,
                                 guint uid,
                                 HandoffCredential *credential,
                                 GBytes *response,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Staple *self = g_new0 (Staple, 1);

  self->credential = handoff_credential_ref (credential);
  self->response = g_bytes_ref (response);
  g_task_set_source_tag (task, handoff_credential_staple_async);
  g_task_set_task_data (task, self, (GDestroyNotify) staple_free);
  if (g_bytes_get_size (response) > 0)
    handoff_importers_staple_async (importers, uid, credential->description->public_key,
                                    credential->description->certificates, response, cancellable,
                                    stapled, g_steal_pointer (&task));
  else
    return_stapled (task, NULL, 0);
}

HandoffCredential *
handoff_credential_staple_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
