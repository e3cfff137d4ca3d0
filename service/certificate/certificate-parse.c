/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "certificate/certificate-parse.h"

gnutls_x509_crt_t
handoff_certificate_parse (GBytes *der)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (der, &size);
  const gnutls_datum_t datum = { (unsigned char *) data, (unsigned int) size };
  gnutls_x509_crt_t certificate;

  if (gnutls_x509_crt_init (&certificate) < 0)
    return NULL;
  if (gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_DER) >= 0)
    return certificate;
  gnutls_x509_crt_deinit (certificate);
  return NULL;
}
