/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens.h"

#include "keyblob/tls-handoff-error.h"

struct _HandoffTokens
{
  char *state_directory; /* (owned) */
};

HandoffTokens *
handoff_tokens_new (const char *state_directory)
{
  HandoffTokens *self = g_new0 (HandoffTokens, 1);

  self->state_directory = g_strdup (state_directory);
  return self;
}

void
handoff_tokens_free (HandoffTokens *self)
{
  g_free (self->state_directory);
  g_free (self);
}

void
handoff_tokens_configure (HandoffTokens *self, const HandoffConfiguration *configuration)
{
}

char *
handoff_token_uri_canonicalize (const char *uri, GError **error)
{
  if (g_str_has_prefix (uri, "pkcs11:"))
    return g_strdup (uri);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "uri: it must begin with “pkcs11:”");
  return NULL;
}

static GError *
new_error (void)
{
  return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                      "No PKCS#11 module is configured");
}

static void
use_key (gpointer data, HandoffKeyUse use, HandoffKeyUsed used, gpointer user_data)
{
  g_autoptr (GError) error = new_error ();

  used (error, user_data);
}

HandoffPrivateKey *
handoff_tokens_get_key (HandoffTokens *self, const char *uri, gnutls_pubkey_t public_key)
{
  static const HandoffPrivateKeyKind kind = { use_key, g_free };

  return handoff_private_key_new (&kind, public_key, g_strdup (uri));
}

void
handoff_token_key_free (HandoffTokenKey *self)
{
  g_clear_pointer (&self->public_key, gnutls_pubkey_deinit);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_free (self);
}

void
handoff_tokens_find_key_async (HandoffTokens *self,
                               const char *uri,
                               GBytes *pin,
                               gboolean may_use_known_pin,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, handoff_tokens_find_key_async);
  g_task_return_error (task, new_error ());
}

HandoffTokenKey *
handoff_tokens_find_key_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
handoff_tokens_is_locked (HandoffTokens *self, const char *uri)
{
  return TRUE;
}

gboolean
handoff_tokens_holds_pins (HandoffTokens *self)
{
  return FALSE;
}
