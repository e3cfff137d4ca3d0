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
