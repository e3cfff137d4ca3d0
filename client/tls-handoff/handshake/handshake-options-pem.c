/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Certificate authorities as people keep them: in PEM (RFC 7468). */

#include "config.h"

#include <string.h>

#include "handshake/handshake-options.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

/* The next certificate, DER, of what is left; NULL: there is no other, or it has no end (error).
 * left: (inout): what follows it */
static GBytes *
take_certificate (const char **left, gsize *n_left, GError **error)
{
  const char *begin = memmem (*left, *n_left, BEGIN, strlen (BEGIN));
  const char *text, *end;
  g_autofree char *base64 = NULL;
  guint8 *der;
  gsize size;

  if (begin == NULL)
    return NULL;
  text = begin + strlen (BEGIN);
  end = memmem (text, *left + *n_left - text, END, strlen (END));
  if (end == NULL)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           _ ("A certificate in PEM has no end"));
      return NULL;
    }
  base64 = g_strndup (text, end - text);
  der = g_base64_decode (base64, &size);
  *n_left -= end + strlen (END) - *left;
  *left = end + strlen (END);
  return g_bytes_new_take (der, size);
}

/**
 * tls_handoff_handshake_options_set_trust_anchors_pem:
 * @self: the options
 * @pem: certificates in PEM, at least one; what stands between them is passed over
 *
 * Sets which certificate authorities to trust in place of the system's, as
 * tls_handoff_handshake_options_set_trust_anchors() does, from the contents of a file as
 * authorities hand it out. g_file_load_bytes() reads one.
 *
 * Returns: whether there are certificates; if not, nothing is changed, and the error is
 *   %TLS_HANDOFF_ERROR_INVALID_ARGUMENT. One that is none makes the handshake fail.
 *
 * Since: 0.2
 */
gboolean
tls_handoff_handshake_options_set_trust_anchors_pem (TlsHandoffHandshakeOptions *self,
                                                     GBytes *pem,
                                                     GError **error)
{
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GError) local_error = NULL;
  const char *left;
  gsize n_left;
  GBytes *anchor;

  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self), FALSE);
  g_return_val_if_fail (pem != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  left = g_bytes_get_data (pem, &n_left);
  while (n_left > 0 && (anchor = take_certificate (&left, &n_left, &local_error)) != NULL)
    g_ptr_array_add (anchors, anchor);
  if (local_error == NULL && anchors->len == 0)
    g_set_error_literal (&local_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                         _ ("There is no certificate in PEM"));
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  tls_handoff_handshake_options_set_trust_anchors (self, anchors);
  return TRUE;
}
