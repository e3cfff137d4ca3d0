/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/own-credential.h"

#include <glib/gi18n.h>
#include <string.h>

#include "terminal/options.h"
#include "terminal/secret-input.h"

void
cli_own_credential_clear (CliOwnCredential *self)
{
  g_clear_pointer (&self->label, g_free);
  g_clear_pointer (&self->certificate_file, g_free);
  g_clear_pointer (&self->key_file, g_free);
}

void
cli_own_credential_add_options (CliOwnCredential *self, GOptionContext *context)
{
  const GOptionEntry entries[] = {
    { "credential", 'c', 0, G_OPTION_ARG_STRING, &self->label,
      N_ ("Authenticate with a credential that the service keeps; empty: with none"),
      N_ ("LABEL") },
    { "cert", 0, 0, G_OPTION_ARG_FILENAME, &self->certificate_file,
      N_ ("Authenticate with the certificate chain in FILE (PEM)"), N_ ("FILE") },
    { "key", 0, 0, G_OPTION_ARG_FILENAME, &self->key_file,
      N_ ("The private key of --cert (PEM), if it is in another file"), N_ ("FILE") },
    G_OPTION_ENTRY_NULL
  };

  cli_options_add (context, entries);
}

/**
 * cli_own_credential_check:
 *
 * Returns: whether the options fit together, or %FALSE with an error of the domain %G_OPTION_ERROR
 */
gboolean
cli_own_credential_check (const CliOwnCredential *self, GError **error)
{
  if (self->label != NULL && self->certificate_file != NULL)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 _ ("--credential and --cert exclude each other"));
  else if (self->key_file != NULL && self->certificate_file == NULL)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 _ ("--key needs --cert, the file of its certificate"));
  else
    return cli_options_check_not_empty ("--cert", self->certificate_file, error) &&
           cli_options_check_not_empty ("--key", self->key_file, error);
  return FALSE;
}

static void
wipe (gpointer data)
{
  GByteArray *array = data;

  explicit_bzero (array->data, array->len);
  g_byte_array_unref (array);
}

/* Joins the certificates and the key to one PEM text. (transfer full) */
static GBytes *
load_pem (const CliOwnCredential *self, GError **error)
{
  g_autoptr (GBytes) certificates =
      cli_secret_load (self->certificate_file, CLI_SECRET_MAX_CREDENTIAL_SIZE, error);
  g_autoptr (GBytes) key = NULL;
  GByteArray *both;

  if (certificates == NULL || self->key_file == NULL)
    return g_steal_pointer (&certificates);
  key = cli_secret_load (self->key_file, CLI_SECRET_MAX_CREDENTIAL_SIZE, error);
  if (key == NULL)
    return NULL;
  /* Its full size is reserved at once: growing would leave copies of the key behind. */
  both = g_byte_array_sized_new (
      (guint) (g_bytes_get_size (certificates) + 1 + g_bytes_get_size (key)));
  g_byte_array_append (both, g_bytes_get_data (certificates, NULL),
                       (guint) g_bytes_get_size (certificates));
  g_byte_array_append (both, (const guint8 *) "\n", 1);
  g_byte_array_append (both, g_bytes_get_data (key, NULL), (guint) g_bytes_get_size (key));
  return g_bytes_new_with_free_func (both->data, both->len, wipe, both);
}

/**
 * cli_own_credential_apply:
 *
 * Reads the files that the user named, and sets @options.
 */
gboolean
cli_own_credential_apply (const CliOwnCredential *self,
                          TlsHandoffHandshakeOptions *options,
                          GError **error)
{
  g_autoptr (GBytes) pem = NULL;

  tls_handoff_handshake_options_set_credential (options, self->label);
  /* Who gives the command sees which credential it used, and can name another or none. */
  tls_handoff_handshake_options_set_credential_choice (options,
                                                       TLS_HANDOFF_CREDENTIAL_CHOICE_AUTOMATIC);
  if (self->certificate_file == NULL)
    return TRUE;
  pem = load_pem (self, error);
  if (pem == NULL)
    return FALSE;
  tls_handoff_handshake_options_set_credential_pem (options, pem);
  return TRUE;
}
