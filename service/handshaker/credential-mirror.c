/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker/credential-mirror.h"

#include "key/gnutls-support.h"

struct _HandoffCredentialMirror
{
  GObject parent;

  GHashTable *credentials; /* (owned) (element-type utf8 HandoffCredential): by id */
};

static void credentials_init (HandoffCredentialsInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HandoffCredentialMirror,
                               handoff_credential_mirror,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_CREDENTIALS, credentials_init))

/* (transfer full) */
static HandoffPrivateKey *
new_key (HandoffDescription *description, GError **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (description->public_key, &size);
  const gnutls_datum_t der = { (unsigned char *) data, (unsigned int) size };
  gnutls_pubkey_t public_key;
  int code = gnutls_pubkey_init (&public_key);

  if (code >= 0)
    {
      code = gnutls_pubkey_import (public_key, &der, GNUTLS_X509_FMT_DER);
      if (code >= 0)
        return handoff_private_key_new_elsewhere (public_key);
      gnutls_pubkey_deinit (public_key);
    }
  handoff_gnutls_set_error (error, code, "Cannot read the public key");
  return NULL;
}

HandoffCredential *
handoff_credential_mirror_make (const char *id,
                                const char *label,
                                guint owner,
                                HandoffCredentialRoles roles,
                                GVariant *variant,
                                GError **error)
{
  g_autoptr (HandoffDescription) description = handoff_description_read (variant, error);
  g_autoptr (HandoffPrivateKey) key = NULL;

  if (description != NULL)
    key = new_key (description, error);
  if (key == NULL)
    return NULL;
  return handoff_credential_new (id, label, owner, roles, key, NULL, description);
}

gboolean
handoff_credential_mirror_put (HandoffCredentialMirror *self,
                               GVariant *body,
                               guint *owner,
                               GError **error)
{
  g_autoptr (GVariant) description = NULL;
  HandoffCredential *credential;
  const char *id, *label;
  guint roles;
  guint64 serial;

  g_variant_get (body, "(&s&suut@" HANDOFF_DESCRIPTION_TYPE ")", &id, &label, owner, &roles,
                 &serial, &description);
  credential = handoff_credential_mirror_make (id, label, *owner, (HandoffCredentialRoles) roles,
                                               description, error);
  if (credential == NULL)
    return FALSE;
  /* The broker's, so that both mean the same change. */
  credential->serial = serial;
  g_hash_table_replace (self->credentials, credential->id, credential);
  return TRUE;
}

gboolean
handoff_credential_mirror_remove (HandoffCredentialMirror *self, const char *id, guint *owner)
{
  const HandoffCredential *credential = g_hash_table_lookup (self->credentials, id);

  if (credential == NULL)
    return FALSE;
  *owner = credential->owner;
  return g_hash_table_remove (self->credentials, id);
}

static GHashTable *
get_table (HandoffCredentials *credentials)
{
  return HANDOFF_CREDENTIAL_MIRROR (credentials)->credentials;
}

static void
credentials_init (HandoffCredentialsInterface *iface)
{
  iface->get_table = get_table;
}

HandoffCredentialMirror *
handoff_credential_mirror_new (void)
{
  return g_object_new (HANDOFF_TYPE_CREDENTIAL_MIRROR, NULL);
}

static void
handoff_credential_mirror_finalize (GObject *object)
{
  HandoffCredentialMirror *self = HANDOFF_CREDENTIAL_MIRROR (object);

  g_hash_table_unref (self->credentials);
  G_OBJECT_CLASS (handoff_credential_mirror_parent_class)->finalize (object);
}

static void
handoff_credential_mirror_class_init (HandoffCredentialMirrorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = handoff_credential_mirror_finalize;
}

static void
handoff_credential_mirror_init (HandoffCredentialMirror *self)
{
  /* The key is a part of the value. */
  self->credentials = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                             (GDestroyNotify) handoff_credential_unref);
}
