/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "signatory/request-signing.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>

/* Random: nobody can know what will be signed, and no two are the same (RFC 5280 4.1.2.2). */
#define SERIAL_SIZE 16

/* Sets an attribute of a name: the last two arguments are its value, DER. */
typedef int (*SetAttribute) (
    gpointer object, const char *oid, unsigned int is_raw, const void *value, unsigned int size);

/* What a caller wrote is not parsed here: it comes in its parts, in DER. */
static int
set_subject (gpointer object, SetAttribute set_attribute, GVariant *request)
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
      code = set_attribute (object, oid, 1, g_variant_get_data (value),
                            (unsigned int) g_variant_get_size (value));
    }
  return code;
}

static int
set_request_attribute (
    gpointer crq, const char *oid, unsigned int is_raw, const void *value, unsigned int size)
{
  return gnutls_x509_crq_set_dn_by_oid (crq, oid, is_raw, value, size);
}

static int
set_certificate_attribute (gpointer certificate,
                           const char *oid,
                           unsigned int is_raw,
                           const void *value,
                           unsigned int size)
{
  int code = gnutls_x509_crt_set_dn_by_oid (certificate, oid, is_raw, value, size);

  return code < 0 ? code
                  : gnutls_x509_crt_set_issuer_dn_by_oid (certificate, oid, is_raw, value, size);
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

static int
sign_request (GVariant *request,
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
    code = set_subject (crq, set_request_attribute, request);
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

static int
add_certified_names (gnutls_x509_crt_t certificate, GVariant *request)
{
  g_autoptr (GVariant) names = g_variant_get_child_value (request, 3);
  const gsize n_names = g_variant_n_children (names);
  int code = set_subject (certificate, set_certificate_attribute, request);
  gsize i;

  for (i = 0; i < n_names && code >= 0; i++)
    {
      g_autoptr (GVariant) bytes = NULL;
      guint type;

      g_variant_get_child (names, i, "(u@ay)", &type, &bytes);
      code = gnutls_x509_crt_set_subject_alt_name (
          certificate, (gnutls_x509_subject_alt_name_t) type, g_variant_get_data (bytes),
          (unsigned int) g_variant_get_size (bytes), GNUTLS_FSAN_APPEND);
    }
  return code;
}

/* For handshakes in these roles, and for nothing else: not to certify, above all. */
static int
limit_use (gnutls_x509_crt_t certificate, gboolean is_for_clients, gboolean is_for_servers)
{
  int code = gnutls_x509_crt_set_basic_constraints (certificate, 0, -1);

  if (code >= 0)
    code = gnutls_x509_crt_set_key_usage (certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
  if (code >= 0 && is_for_servers)
    code = gnutls_x509_crt_set_key_purpose_oid (certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
  if (code >= 0 && is_for_clients)
    code = gnutls_x509_crt_set_key_purpose_oid (certificate, GNUTLS_KP_TLS_WWW_CLIENT, 0);
  return code;
}

static int
set_serial (gnutls_x509_crt_t certificate)
{
  guint8 serial[SERIAL_SIZE];
  int code = gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial);

  /* Positive, and in as few bytes as DER wants. */
  serial[0] = (serial[0] & 0x3f) | 0x40;
  return code < 0 ? code : gnutls_x509_crt_set_serial (certificate, serial, sizeof serial);
}

static int
sign_certificate (GVariant *request,
                  gnutls_privkey_t key,
                  gnutls_pubkey_t public_key,
                  gnutls_datum_t *der)
{
  gnutls_x509_crt_t certificate;
  gboolean is_for_clients, is_for_servers;
  gint64 from, until;
  int code = gnutls_x509_crt_init (&certificate);

  if (code < 0)
    return code;
  g_variant_get_child (request, 4, "b", &is_for_clients);
  g_variant_get_child (request, 5, "b", &is_for_servers);
  g_variant_get_child (request, 6, "x", &from);
  g_variant_get_child (request, 7, "x", &until);
  code = gnutls_x509_crt_set_version (certificate, 3);
  if (code >= 0)
    code = set_serial (certificate);
  if (code >= 0)
    code = gnutls_x509_crt_set_activation_time (certificate, (time_t) from);
  if (code >= 0)
    code = gnutls_x509_crt_set_expiration_time (certificate, (time_t) until);
  if (code >= 0)
    code = add_certified_names (certificate, request);
  if (code >= 0)
    code = limit_use (certificate, is_for_clients, is_for_servers);
  if (code >= 0)
    code = gnutls_x509_crt_set_pubkey (certificate, public_key);
  if (code >= 0)
    code = gnutls_x509_crt_privkey_sign (certificate, certificate, key, GNUTLS_DIG_UNKNOWN, 0);
  if (code >= 0)
    {
      gnutls_free (der->data);
      code = gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_DER, der);
    }
  gnutls_x509_crt_deinit (certificate);
  return code;
}

int
handoff_request_signing_sign (GVariant *request,
                              gnutls_privkey_t key,
                              gnutls_pubkey_t public_key,
                              gnutls_datum_t *der)
{
  gint64 until;

  g_variant_get_child (request, 7, "x", &until);
  return until != 0 ? sign_certificate (request, key, public_key, der)
                    : sign_request (request, key, public_key, der);
}
