/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "signatory/request-signing.h"

#include <gnutls/x509.h>

/* What a caller wrote is not parsed here: it comes in its parts, in DER. */
static int
set_subject (gnutls_x509_crq_t crq, GVariant *request)
{
  g_autoptr (GVariant) attributes = g_variant_get_child_value (request, 2);
  const gsize n_attributes = g_variant_n_children (attributes);
  int code = GNUTLS_E_SUCCESS;
  gsize i;

  for (i = 0; i < n_attributes && code >= 0; i++)
    {
      g_autoptr (GVariant) value = NULL;
      const char *oid;

      g_variant_get_child (attributes, i, "(&s@ay)", &oid, &value);
      code = gnutls_x509_crq_set_dn_by_oid (crq, oid, 1, g_variant_get_data (value),
                                            (unsigned int) g_variant_get_size (value));
    }
  return code;
}

static int
add_names (gnutls_x509_crq_t crq, GVariant *request)
{
  g_autoptr (GVariant) names = g_variant_get_child_value (request, 3);
  const gsize n_names = g_variant_n_children (names);
  int code = GNUTLS_E_SUCCESS;
  gsize i;

  for (i = 0; i < n_names && code >= 0; i++)
    {
      g_autoptr (GVariant) bytes = NULL;
      guint type;

      g_variant_get_child (names, i, "(u@ay)", &type, &bytes);
      code = gnutls_x509_crq_set_subject_alt_name (
          crq, (gnutls_x509_subject_alt_name_t) type, g_variant_get_data (bytes),
          (unsigned int) g_variant_get_size (bytes), GNUTLS_FSAN_APPEND);
    }
  return code;
}

int
handoff_request_signing_sign (GVariant *request,
                              gnutls_privkey_t key,
                              gnutls_pubkey_t public_key,
                              gnutls_datum_t *der)
{
  gnutls_x509_crq_t crq;
  int code = gnutls_x509_crq_init (&crq);

  if (code < 0)
    return code;
  code = gnutls_x509_crq_set_version (crq, 1);
  if (code >= 0)
    code = set_subject (crq, request);
  if (code >= 0)
    code = add_names (crq, request);
  if (code >= 0)
    code = gnutls_x509_crq_set_pubkey (crq, public_key);
  if (code >= 0)
    code = gnutls_x509_crq_privkey_sign (crq, key, GNUTLS_DIG_UNKNOWN, 0);
  if (code >= 0)
    {
      gnutls_free (der->data);
      code = gnutls_x509_crq_export2 (crq, GNUTLS_X509_FMT_DER, der);
    }
  gnutls_x509_crq_deinit (crq);
  return code;
}
