/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/private-key.h"

#include "key/gnutls-support.h"
#include "key/public-key.h"

struct _HandoffPrivateKey
{
  gatomicrefcount ref_count;
  const HandoffPrivateKeyKind *kind;
  gnutls_pubkey_t public_key; /* (owned) */
  char *algorithm;            /* (owned) */
  gpointer data;              /* (owned) */
};

HandoffPrivateKey *
handoff_private_key_new (const HandoffPrivateKeyKind *kind,
                         gnutls_pubkey_t public_key,
                         gpointer data)
{
  HandoffPrivateKey *self = g_new0 (HandoffPrivateKey, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->kind = kind;
  self->public_key = public_key;
  self->algorithm = handoff_public_key_dup_algorithm (public_key);
  self->data = data;
  return self;
}

/* A key in memory is used in the thread that asks: nobody has to wait for it. */
static void
use_memory (gpointer data, HandoffKeyUse use, HandoffKeyUsed used, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  int code = use (data, user_data);

  if (code < 0)
    handoff_gnutls_set_error (&error, code, "Cannot sign with the credential's key");
  used (error, user_data);
}

static void
free_memory (gpointer data)
{
  gnutls_privkey_deinit (data);
}

static const HandoffPrivateKeyKind memory_kind = { use_memory, free_memory };

HandoffPrivateKey *
handoff_private_key_new_x509 (gnutls_x509_privkey_t key, GError **error)
{
  gnutls_privkey_t private_key;
  gnutls_pubkey_t public_key;
  int code;

  gnutls_privkey_init (&private_key);
  code = gnutls_privkey_import_x509 (private_key, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
  if (code < 0)
    {
      gnutls_x509_privkey_deinit (key);
      gnutls_privkey_deinit (private_key);
      handoff_gnutls_set_error (error, code, "Cannot use the private key");
      return NULL;
    }
  gnutls_pubkey_init (&public_key);
  code = gnutls_pubkey_import_privkey (public_key, private_key, 0, 0);
  if (code >= 0)
    return handoff_private_key_new (&memory_kind, public_key, private_key);

  gnutls_pubkey_deinit (public_key);
  gnutls_privkey_deinit (private_key);
  handoff_gnutls_set_error (error, code, "Cannot use the private key");
  return NULL;
}

HandoffPrivateKey *
handoff_private_key_ref (HandoffPrivateKey *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_private_key_unref (HandoffPrivateKey *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  self->kind->free (self->data);
  gnutls_pubkey_deinit (self->public_key);
  g_free (self->algorithm);
  g_free (self);
}

gnutls_pubkey_t
handoff_private_key_get_public_key (HandoffPrivateKey *self)
{
  return self->public_key;
}

const char *
handoff_private_key_get_algorithm (HandoffPrivateKey *self)
{
  return self->algorithm;
}

void
handoff_private_key_use (HandoffPrivateKey *self,
                         HandoffKeyUse use,
                         HandoffKeyUsed used,
                         gpointer user_data)
{
  self->kind->use (self->data, use, used, user_data);
}
