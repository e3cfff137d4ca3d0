/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/certificate.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <gnutls/x509.h>

#include "terminal/escape.h"
#include "terminal/json-output.h"
#include "terminal/pem.h"

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (gnutls_x509_crt_t, gnutls_x509_crt_deinit, NULL)

/* The longest name that is looked at, bytes: more than any honest certificate has. */
#define MAX_NAME_SIZE 4096
/* The longest serial number is 20 bytes (RFC 5280 4.1.2.2); GnuTLS gives what is there. */
#define MAX_SERIAL_SIZE 64

static char *
bytes_to_hex (const guint8 *data, gsize size, const char *separator)
{
  GString *hex = g_string_new (NULL);
  gsize i;

  for (i = 0; i < size; i++)
    g_string_append_printf (hex, "%s%02X", i > 0 ? separator : "", data[i]);
  return g_string_free (hex, FALSE);
}

static char *
get_distinguished_name (gnutls_x509_crt_t crt,
                        int (*get) (gnutls_x509_crt_t, gnutls_datum_t *, unsigned))
{
  gnutls_datum_t datum = { NULL, 0 };
  char *name;

  if (get (crt, &datum, 0) < 0)
    return NULL;
  name = g_utf8_make_valid ((const char *) datum.data, datum.size);
  gnutls_free (datum.data);
  return name;
}

static char *
describe_address (const guint8 *data, gsize size)
{
  g_autoptr (GInetAddress) address = NULL;

  if (size != 4 && size != 16)
    return bytes_to_hex (data, size, ":");
  address =
      g_inet_address_new_from_bytes (data, size == 4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6);
  return g_inet_address_to_string (address);
}

static GPtrArray *
get_names (gnutls_x509_crt_t crt)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  guint8 value[MAX_NAME_SIZE];
  guint i;

  for (i = 0;; i++)
    {
      size_t size = sizeof value;
      unsigned type = 0;
      g_autofree char *text = NULL;
      const char *kind;
      int code = gnutls_x509_crt_get_subject_alt_name2 (crt, i, value, &size, &type, NULL);

      if (code == GNUTLS_E_SHORT_MEMORY_BUFFER)
        {
          g_ptr_array_add (names, g_strdup_printf (_ ("a name of %zu bytes"), size));
          continue;
        }
      if (code < 0)
        return names;
      if (type == GNUTLS_SAN_IPADDRESS)
        text = describe_address (value, size);
      else if (type == GNUTLS_SAN_OTHERNAME || type == GNUTLS_SAN_REGISTERED_ID)
        text = bytes_to_hex (value, size, ":");
      else
        text = g_utf8_make_valid ((const char *) value, size);
      switch (type)
        {
        case GNUTLS_SAN_DNSNAME:
          kind = "DNS";
          break;
        case GNUTLS_SAN_IPADDRESS:
          kind = "IP";
          break;
        case GNUTLS_SAN_RFC822NAME:
          kind = "email";
          break;
        case GNUTLS_SAN_URI:
          kind = "URI";
          break;
        case GNUTLS_SAN_DN:
          kind = "DN";
          break;
        default:
          kind = "other";
          break;
        }
      g_ptr_array_add (names, g_strdup_printf ("%s:%s", kind, text));
    }
}

static GDateTime *
get_time (time_t when)
{
  return when == (time_t) -1 ? NULL : g_date_time_new_from_unix_utc (when);
}

static void
read_public_key (CliCertificate *self, gnutls_x509_crt_t crt)
{
  gnutls_ecc_curve_t curve;
  unsigned bits = 0;
  int algorithm = gnutls_x509_crt_get_pk_algorithm (crt, &bits);

  if (algorithm < 0)
    return;
  self->key_algorithm = g_strdup (gnutls_pk_algorithm_get_name (algorithm));
  self->key_bits = bits;
  if (gnutls_x509_crt_get_pk_ecc_raw (crt, &curve, NULL, NULL) == 0)
    self->curve = g_strdup (gnutls_ecc_curve_get_name (curve));
}

/**
 * cli_certificate_new:
 * @der: a certificate, hopefully
 *
 * Returns: (transfer full): what can be read of it
 */
CliCertificate *
cli_certificate_new (GBytes *der)
{
  CliCertificate *self = g_new0 (CliCertificate, 1);
  g_auto (gnutls_x509_crt_t) crt = NULL;
  guint8 digest[32];
  guint8 serial[MAX_SERIAL_SIZE];
  size_t serial_size = sizeof serial;
  gsize digest_size = sizeof digest;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gnutls_datum_t datum;
  gsize size;
  int code;

  datum.data = (guint8 *) g_bytes_get_data (der, &size);
  datum.size = size;
  g_checksum_update (checksum, datum.data, datum.size);
  g_checksum_get_digest (checksum, digest, &digest_size);
  self->sha256 = bytes_to_hex (digest, digest_size, ":");
  self->pem = cli_pem_encode ("CERTIFICATE", der);

  code = gnutls_x509_crt_init (&crt);
  if (code == 0)
    code = gnutls_x509_crt_import (crt, &datum, GNUTLS_X509_FMT_DER);
  if (code < 0)
    {
      self->names = g_ptr_array_new_with_free_func (g_free);
      self->problem = g_strdup (gnutls_strerror (code));
      return self;
    }

  self->subject = get_distinguished_name (crt, gnutls_x509_crt_get_dn3);
  self->issuer = get_distinguished_name (crt, gnutls_x509_crt_get_issuer_dn3);
  if (gnutls_x509_crt_get_serial (crt, serial, &serial_size) == 0)
    self->serial = bytes_to_hex (serial, serial_size, "");
  self->names = get_names (crt);
  self->not_before = get_time (gnutls_x509_crt_get_activation_time (crt));
  self->not_after = get_time (gnutls_x509_crt_get_expiration_time (crt));
  self->signature_algorithm =
      g_strdup (gnutls_sign_get_name (gnutls_x509_crt_get_signature_algorithm (crt)));
  self->is_authority = gnutls_x509_crt_get_ca_status (crt, NULL) > 0;
  read_public_key (self, crt);
  return self;
}

void
cli_certificate_free (CliCertificate *self)
{
  g_free (self->subject);
  g_free (self->issuer);
  g_free (self->serial);
  g_ptr_array_unref (self->names);
  g_clear_pointer (&self->not_before, g_date_time_unref);
  g_clear_pointer (&self->not_after, g_date_time_unref);
  g_free (self->key_algorithm);
  g_free (self->curve);
  g_free (self->signature_algorithm);
  g_free (self->sha256);
  g_free (self->pem);
  g_free (self->problem);
  g_free (self);
}

static void
print_field (const char *label, const char *value)
{
  g_autofree char *safe = NULL;

  if (value == NULL)
    return;
  safe = cli_escape (value, -1);
  g_print ("    %s %s\n", label, safe);
}

static char *
describe_key (const CliCertificate *self)
{
  if (self->key_algorithm == NULL)
    return NULL;
  if (self->curve != NULL)
    return g_strdup_printf ("%s, %s", self->key_algorithm, self->curve);
  return g_strdup_printf (_ ("%s, %u bits"), self->key_algorithm, self->key_bits);
}

static char *
describe_time (GDateTime *when)
{
  return when == NULL ? NULL : g_date_time_format (when, "%Y-%m-%d %H:%M:%S UTC");
}

/**
 * cli_certificate_print:
 * @position: its place in the chain, from 1
 *
 * Prints the certificate for people.
 */
void
cli_certificate_print (const CliCertificate *self, guint position)
{
  g_autofree char *key = describe_key (self);
  g_autofree char *not_before = describe_time (self->not_before);
  g_autofree char *not_after = describe_time (self->not_after);
  guint i;

  g_print (_ ("  certificate %u%s\n"), position, self->is_authority ? _ (" (an authority's)") : "");
  print_field (_ ("cannot be read:"), self->problem);
  print_field (_ ("subject:      "), self->subject);
  print_field (_ ("issuer:       "), self->issuer);
  for (i = 0; i < self->names->len; i++)
    print_field (_ ("name:         "), g_ptr_array_index (self->names, i));
  print_field (_ ("serial number:"), self->serial);
  print_field (_ ("valid from:   "), not_before);
  print_field (_ ("valid until:  "), not_after);
  print_field (_ ("key:          "), key);
  print_field (_ ("signature:    "), self->signature_algorithm);
  print_field (_ ("SHA-256:      "), self->sha256);
}

static void
add_time (JsonBuilder *builder, const char *member, GDateTime *when)
{
  g_autofree char *text = when == NULL ? NULL : g_date_time_format_iso8601 (when);

  cli_json_add_string (builder, member, text);
}

/**
 * cli_certificate_add_to_json:
 *
 * Adds the certificate as an object; the manual page documents its members.
 */
void
cli_certificate_add_to_json (const CliCertificate *self, JsonBuilder *builder)
{
  guint i;

  json_builder_begin_object (builder);
  cli_json_add_string (builder, "subject", self->subject);
  cli_json_add_string (builder, "issuer", self->issuer);
  cli_json_add_string (builder, "serial-number", self->serial);
  json_builder_set_member_name (builder, "names");
  json_builder_begin_array (builder);
  for (i = 0; i < self->names->len; i++)
    json_builder_add_string_value (builder, g_ptr_array_index (self->names, i));
  json_builder_end_array (builder);
  add_time (builder, "not-before", self->not_before);
  add_time (builder, "not-after", self->not_after);
  cli_json_add_string (builder, "key-algorithm", self->key_algorithm);
  json_builder_set_member_name (builder, "key-bits");
  json_builder_add_int_value (builder, self->key_bits);
  cli_json_add_string (builder, "curve", self->curve);
  cli_json_add_string (builder, "signature-algorithm", self->signature_algorithm);
  json_builder_set_member_name (builder, "authority");
  json_builder_add_boolean_value (builder, self->is_authority);
  cli_json_add_string (builder, "sha256", self->sha256);
  cli_json_add_string (builder, "pem", self->pem);
  cli_json_add_string (builder, "problem", self->problem);
  json_builder_end_object (builder);
}
