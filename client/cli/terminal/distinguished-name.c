/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/distinguished-name.h"

#include <glib/gi18n.h>
#include <gnutls/x509.h>

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (gnutls_x509_dn_t, gnutls_x509_dn_deinit, NULL)

/**
 * cli_distinguished_name_new:
 * @der: a Name (RFC 5280), hopefully
 *
 * Returns: (transfer full): the name as RFC 4514 writes it; valid UTF-8, but to be escaped before
 *   it is shown
 */
char *
cli_distinguished_name_new (GBytes *der)
{
  g_auto (gnutls_x509_dn_t) dn = NULL;
  gnutls_datum_t datum = { NULL, 0 };
  gnutls_datum_t text = { NULL, 0 };
  gsize size;
  char *name;

  datum.data = (guint8 *) g_bytes_get_data (der, &size);
  datum.size = (unsigned int) size;
  if (gnutls_x509_dn_init (&dn) < 0 || gnutls_x509_dn_import (dn, &datum) < 0 ||
      gnutls_x509_dn_get_str2 (dn, &text, 0) < 0)
    return g_strdup (_ ("a name that cannot be read"));
  name = g_utf8_make_valid ((const char *) text.data, text.size);
  gnutls_free (text.data);
  return name;
}
