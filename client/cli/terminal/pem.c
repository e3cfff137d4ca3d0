/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/pem.h"

#include <gnutls/gnutls.h>

/**
 * cli_pem_encode:
 * @label: what it is: "CERTIFICATE"
 *
 * Returns: (transfer full) (nullable): @der in PEM (RFC 7468), or %NULL if that is not possible
 */
char *
cli_pem_encode (const char *label, GBytes *der)
{
  gsize size;
  gnutls_datum_t datum = { (void *) g_bytes_get_data (der, &size), 0 };
  gnutls_datum_t pem = { NULL, 0 };
  char *text;

  datum.size = (unsigned int) size;
  if (gnutls_pem_base64_encode2 (label, &datum, &pem) < 0)
    return NULL;
  text = g_strndup ((const char *) pem.data, pem.size);
  gnutls_free (pem.data);
  return text;
}

/**
 * cli_pem_decode:
 * @label: what it should be: "CERTIFICATE"
 *
 * Returns: (transfer full) (nullable): what @text has in PEM (RFC 7468), DER, or %NULL if it has no
 *   such thing
 */
GBytes *
cli_pem_decode (const char *label, GBytes *text)
{
  gsize size;
  gnutls_datum_t pem = { (void *) g_bytes_get_data (text, &size), 0 };
  gnutls_datum_t der = { NULL, 0 };
  GBytes *bytes;

  pem.size = (unsigned int) size;
  if (gnutls_pem_base64_decode2 (label, &pem, &der) < 0)
    return NULL;
  bytes = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);
  return bytes;
}
