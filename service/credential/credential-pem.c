/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential-pem.h"

#include <gnutls/crypto.h>

#include "describe/description-maker.h"
#include "key-file/key-material.h"
#include "keyblob/handoff-names.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define N_THREADS 4

/* What a thread parses. */
typedef struct
{
  GBytes *pem; /* (owned) */
  guint uid;
} Parsing;

static void
parsing_free (Parsing *self)
{
  g_bytes_unref (self->pem);
  g_free (self);
}

/* SHA-256 of all that was given, with the key: whoever gives the same again has the same key,
 * whether or not key and certificate belong together. (transfer full) */
static GBytes *
make_digest (GBytes *pem)
{
  guint8 digest[32];
  gsize size;
  const guint8 *data = g_bytes_get_data (pem, &size);

  if (gnutls_hash_fast (GNUTLS_DIG_SHA256, data, size, digest) < 0)
    return NULL;
  return g_bytes_new (digest, sizeof digest);
}

static HandoffCredential *
parse (const Parsing *parsing, GError **error)
{
  g_autoptr (HandoffKeyMaterial) material = handoff_key_material_parse_plain (parsing->pem, error);
  g_autoptr (HandoffPrivateKey) key = NULL;
  g_autoptr (HandoffDescription) description = NULL;
  HandoffCredential *credential;

  if (material == NULL)
    return NULL;
  if (material->certificates->len == 0)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "there is no certificate");
      return NULL;
    }
  key = handoff_private_key_new_x509 (g_steal_pointer (&material->key), error);
  if (key == NULL)
    return NULL;
  description = handoff_description_make (handoff_private_key_get_public_key (key),
                                          material->certificates, NULL, error);
  if (description == NULL)
    return NULL;
  credential = handoff_credential_new (NULL, "", parsing->uid, HANDOFF_CREDENTIAL_ROLE_BOTH, key,
                                       NULL, description);
  credential->serial = 0;
  credential->pem_digest = make_digest (parsing->pem);
  return credential;
}

/* data: (transfer full): the task */
static void
parse_in_thread (gpointer data, gpointer user_data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  HandoffCredential *credential = parse (g_task_get_task_data (task), &error);

  /* The thread goes back to a pool: wipe what the key left on its stack. */
  handoff_wipe_stack ();
  if (credential != NULL)
    {
      g_task_return_pointer (task, credential, (GDestroyNotify) handoff_credential_unref);
      return;
    }
  g_prefix_error (&error, "Option %s: ", HANDOFF_OPTION_CREDENTIAL_PEM);
  g_task_return_error (task, error);
}

/* A pool of its own: GTask's threads may derive keys for imports for seconds, and GLib warns for
 * each new one after somebody has changed the service's priority. */
static GThreadPool *
get_threads (void)
{
  static GThreadPool *threads;

  if (g_once_init_enter (&threads))
    g_once_init_leave (&threads, g_thread_pool_new (parse_in_thread, NULL, N_THREADS, TRUE, NULL));
  return threads;
}

void
handoff_credential_pem_parse_async (GBytes *pem,
                                    guint uid,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Parsing *parsing = g_new (Parsing, 1);

  g_task_set_source_tag (task, handoff_credential_pem_parse_async);
  parsing->pem = g_bytes_ref (pem);
  parsing->uid = uid;
  g_task_set_task_data (task, parsing, (GDestroyNotify) parsing_free);
  g_thread_pool_push (get_threads (), g_steal_pointer (&task), NULL);
}

HandoffCredential *
handoff_credential_pem_parse_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
