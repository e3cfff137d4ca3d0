/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/request-fixture.h"

#include <gnutls/x509.h>
#include <string.h>

#include "link/grant-messages.h"

static GVariant *
new_bytes (gconstpointer data, gsize size)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1);
}

/* A UTF8String. */
static GVariant *
new_text (const char *text)
{
  g_autoptr (GByteArray) der = g_byte_array_new ();
  const guint8 header[] = { 0x0c, (guint8) strlen (text) };

  g_byte_array_append (der, header, sizeof header);
  g_byte_array_append (der, (const guint8 *) text, header[1]);
  return new_bytes (der->data, der->len);
}

GVariant *
test_request_new (const char *id, const char *common_name, const char *dns_name)
{
  GVariantBuilder subject = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(say)"));
  GVariantBuilder names = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(uay)"));

  g_variant_builder_add (&subject, "(s@ay)", "2.5.4.3", new_text (common_name));
  if (dns_name != NULL)
    g_variant_builder_add (&names, "(u@ay)", (guint32) GNUTLS_SAN_DNSNAME,
                           new_bytes (dns_name, strlen (dns_name)));
  return g_variant_new (HANDOFF_CERTIFICATE_REQUEST_TYPE, id, 1000u, &subject, &names, FALSE, FALSE,
                        G_GINT64_CONSTANT (0), G_GINT64_CONSTANT (0));
}
