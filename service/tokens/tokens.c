/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/tokens.h"

#include "key/gnutls-support.h"

struct _HandoffTokens
{
  HandoffModules *modules; /* (owned) */
};

HandoffTokens *
handoff_tokens_new (const char *state_directory,
                    const HandoffModulesFunctions *functions,
                    gpointer user_data)
{
  HandoffTokens *self = g_new0 (HandoffTokens, 1);

  self->modules = handoff_modules_new (state_directory, functions, user_data);
  return self;
}

void
handoff_tokens_free (HandoffTokens *self)
{
  handoff_modules_free (self->modules);
  g_free (self);
}

void
handoff_tokens_configure (HandoffTokens *self, const HandoffConfiguration *configuration)
{
  handoff_modules_configure (self->modules, configuration);
}

void
handoff_token_key_free (HandoffTokenKey *self)
{
  g_clear_pointer (&self->public_key, gnutls_pubkey_deinit);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_free (self);
}

/* SubjectPublicKeyInfo. (transfer full) (nullable) */
static GBytes *
export_key (gnutls_pubkey_t key)
{
  gnutls_datum_t der = { NULL, 0 };
  GBytes *bytes = NULL;

  if (gnutls_pubkey_export2 (key, GNUTLS_X509_FMT_DER, &der) >= 0)
    bytes = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);
  return bytes;
}

void
handoff_tokens_find_key_async (HandoffTokens *self,
                               const char *uri,
                               gnutls_pubkey_t public_key,
                               GBytes *pin,
                               gboolean may_use_known_pin,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GBytes) wanted = public_key != NULL ? export_key (public_key) : NULL;

  handoff_key_search_async (handoff_modules_get_places (self->modules), uri, wanted, pin,
                            may_use_known_pin, callback, user_data);
}

HandoffTokenKey *
handoff_tokens_find_key_finish (GAsyncResult *result, GError **error)
{
  g_autoptr (HandoffModuleKey) found = handoff_key_search_finish (result, error);
  g_autoptr (HandoffTokenKey) key = g_new0 (HandoffTokenKey, 1);
  gnutls_datum_t der;
  gsize size;
  int code;

  if (found == NULL)
    return NULL;
  der.data = (unsigned char *) g_bytes_get_data (found->public_key, &size);
  der.size = (unsigned int) size;
  gnutls_pubkey_init (&key->public_key);
  code = gnutls_pubkey_import (key->public_key, &der, GNUTLS_X509_FMT_DER);
  if (code < 0)
    {
      handoff_gnutls_set_error (error, code, "Cannot read the token's public key");
      return NULL;
    }
  key->certificates = g_ptr_array_ref (found->certificates);
  return g_steal_pointer (&key);
}

HandoffModuleKeys *
handoff_tokens_get_keys (HandoffTokens *self)
{
  return handoff_modules_get_keys (self->modules);
}

gboolean
handoff_tokens_is_locked (HandoffTokens *self, const char *uri)
{
  return handoff_modules_is_locked (self->modules, uri);
}

gboolean
handoff_tokens_holds_pins (HandoffTokens *self)
{
  return handoff_modules_holds_pins (self->modules);
}

void
handoff_tokens_describe (HandoffTokens *self, GVariantBuilder *programs)
{
  handoff_modules_describe (self->modules, programs);
}
