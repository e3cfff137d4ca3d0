/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What users of a GTlsConnection see of the service's words. */

#include "connection/gio-mapping.h"

#include <gio/gunixsocketaddress.h>

#include "keyblob/error-details.h"
#include "keyblob/tls-handoff-error.h"
#include "call/service-error.h"

/* Breaks if an error of ours reaches code that looks for GIO's. */
static void
test_errors (void)
{
  /* In the order of TlsHandoffError: while handshaking, and afterwards. */
  static const struct
  {
    gboolean is_tls;
    int code;
  } expected[] = {
    [TLS_HANDOFF_ERROR_FAILED] = { TRUE, G_TLS_ERROR_MISC },
    [TLS_HANDOFF_ERROR_NOT_AUTHORIZED] = { FALSE, G_IO_ERROR_PERMISSION_DENIED },
    [TLS_HANDOFF_ERROR_INVALID_ARGUMENT] = { FALSE, G_IO_ERROR_INVALID_ARGUMENT },
    [TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET] = { FALSE, G_IO_ERROR_NOT_SUPPORTED },
    [TLS_HANDOFF_ERROR_LIMIT_REACHED] = { FALSE, G_IO_ERROR_BUSY },
    [TLS_HANDOFF_ERROR_TIMED_OUT] = { FALSE, G_IO_ERROR_TIMED_OUT },
    [TLS_HANDOFF_ERROR_CANCELLED] = { FALSE, G_IO_ERROR_CANCELLED },
    [TLS_HANDOFF_ERROR_PEER_CLOSED] = { TRUE, G_TLS_ERROR_NOT_TLS },
    [TLS_HANDOFF_ERROR_HANDSHAKE_FAILED] = { TRUE, G_TLS_ERROR_HANDSHAKE },
    [TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED] = { TRUE, G_TLS_ERROR_BAD_CERTIFICATE },
    [TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND] = { TRUE, G_TLS_ERROR_CERTIFICATE_REQUIRED },
    [TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED] = { TRUE, G_TLS_ERROR_BAD_CERTIFICATE_PASSWORD },
    [TLS_HANDOFF_ERROR_NOT_SUPPORTED] = { FALSE, G_IO_ERROR_NOT_SUPPORTED },
    [TLS_HANDOFF_ERROR_KEY_BLOB_INVALID] = { TRUE, G_TLS_ERROR_MISC },
    [TLS_HANDOFF_ERROR_KEY_USED] = { TRUE, G_TLS_ERROR_MISC },
    [TLS_HANDOFF_ERROR_RECORD_INVALID] = { TRUE, G_TLS_ERROR_MISC },
    [TLS_HANDOFF_ERROR_ALERT_RECEIVED] = { TRUE, G_TLS_ERROR_MISC },
    [TLS_HANDOFF_ERROR_CLOSED] = { FALSE, G_IO_ERROR_CLOSED },
    [TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE] = { TRUE, G_TLS_ERROR_UNAVAILABLE },
  };
  guint code;

  G_STATIC_ASSERT (G_N_ELEMENTS (expected) == TLS_HANDOFF_N_ERRORS);
  for (code = 0; code < TLS_HANDOFF_N_ERRORS; code++)
    {
      g_autoptr (GError) mapped = handoff_error_for_connection (
          g_error_new_literal (TLS_HANDOFF_ERROR, code, "The message"), TRUE);

      g_assert_cmpuint (mapped->domain, ==, expected[code].is_tls ? G_TLS_ERROR : G_IO_ERROR);
      g_assert_cmpint (mapped->code, ==, expected[code].code);
      g_assert_cmpstr (mapped->message, ==, "The message");
    }
}

static void
assert_mapped (GError *error, gboolean handshaking, GQuark domain, int code)
{
  g_autoptr (GError) mapped = handoff_error_for_connection (error, handshaking);

  g_assert_error (mapped, domain, code);
}

/* Breaks if what depends on more than the code gets lost. */
static void
test_special_errors (void)
{
  GError *error;

  /* A hang-up: at the hello, no TLS; later, a truncation. */
  error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED, "");
  assert_mapped (error, FALSE, G_TLS_ERROR, G_TLS_ERROR_EOF);

  error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED, "");
  handoff_error_set_details (error, g_variant_new_parsed ("{'alert': <'certificate_required'>}"));
  assert_mapped (error, TRUE, G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED);

  error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED, "");
  handoff_error_set_details (
      error, g_variant_new_parsed ("{'alert': <'unexpected_message'>, 'peer-protocol': <'http'>}"));
  assert_mapped (error, TRUE, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS);

  error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED, "");
  handoff_error_set_details (error, g_variant_new_parsed ("{'alert': <'bad_certificate'>}"));
  assert_mapped (error, TRUE, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE);

  /* In TLS 1.3 after the handshake. */
  error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_ALERT_RECEIVED, "");
  handoff_error_set_details (error, g_variant_new_parsed ("{'alert': <'certificate_required'>}"));
  assert_mapped (error, FALSE, G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED);

  /* GIO's own stay. */
  error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "");
  assert_mapped (error, FALSE, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

/* No service, no TLS: all that GDBus has a code for. Breaks if one of them looks like a policy's
 * no, but for that of the bus's policy; or like a failure of the peer. */
static void
test_bus_errors (void)
{
  g_autoptr (GEnumClass) codes = g_type_class_ref (G_TYPE_DBUS_ERROR);
  guint i;

  for (i = 0; i < codes->n_values; i++)
    {
      GError *error = g_error_new_literal (G_DBUS_ERROR, codes->values[i].value, "");

      if (codes->values[i].value == G_DBUS_ERROR_ACCESS_DENIED)
        assert_mapped (error, TRUE, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
      else
        assert_mapped (error, TRUE, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
    }
}

/* What a call's connection says when it does not get through. Breaks if an error of the bus's
 * socket passes for one of the peer's, or for polkit's no; or if one of the caller's own does not
 * stay. */
static void
test_transport_errors (void)
{
  g_autoptr (GEnumClass) codes = g_type_class_ref (G_TYPE_IO_ERROR_ENUM);
  guint i;

  for (i = 0; i < codes->n_values; i++)
    {
      const int code = codes->values[i].value;
      GError *error = g_error_new_literal (G_IO_ERROR, code, "");

      handoff_service_error_mark_unreachable (&error);
      if (code == G_IO_ERROR_CANCELLED || code == G_IO_ERROR_TOO_MANY_OPEN_FILES ||
          code == G_IO_ERROR_NO_SPACE)
        assert_mapped (error, TRUE, G_IO_ERROR, code);
      else
        assert_mapped (error, TRUE, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
    }
}

/* Breaks if a reason is lost, or one that this version does not know counts as none. */
static void
test_certificate_flags (void)
{
  static const struct
  {
    const char *errors;
    GTlsCertificateFlags flags;
  } cases[] = {
    { "@as []", G_TLS_CERTIFICATE_NO_FLAGS },
    { "['unknown-authority', 'wrong-name']",
      G_TLS_CERTIFICATE_UNKNOWN_CA | G_TLS_CERTIFICATE_BAD_IDENTITY },
    { "['expired']", G_TLS_CERTIFICATE_EXPIRED },
    { "['not-activated']", G_TLS_CERTIFICATE_NOT_ACTIVATED },
    { "['revoked', 'insecure-algorithm']", G_TLS_CERTIFICATE_REVOKED | G_TLS_CERTIFICATE_INSECURE },
    { "['wrong-purpose']", G_TLS_CERTIFICATE_GENERIC_ERROR },
    { "['of-a-later-version']", G_TLS_CERTIFICATE_GENERIC_ERROR },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GVariant) errors = g_variant_new_parsed (cases[i].errors);

      g_assert_cmpint (handoff_certificate_flags_from_variant (errors), ==, cases[i].flags);
    }
  g_assert_cmpint (handoff_certificate_flags_from_variant (NULL), ==, 0);
}

/* Breaks if the certificate is verified against another name than the application means. */
static void
test_server_identities (void)
{
  g_autoptr (GSocketConnectable) address = g_network_address_new ("www.handoff.test", 443);
  g_autoptr (GSocketConnectable) service = g_network_service_new ("https", "tcp", "handoff.test");
  g_autoptr (GSocketAddress) inet = g_inet_socket_address_new_from_string ("192.0.2.1", 443);
  g_autoptr (GSocketAddress) inet6 = g_inet_socket_address_new_from_string ("2001:db8::1", 443);
  g_autoptr (GSocketAddress) unix_address = g_unix_socket_address_new ("/nowhere");
  g_autoptr (GSocketConnectable) empty = g_network_address_new ("", 443);
  g_autoptr (GSocketConnectable) zone = g_network_address_new ("fe80::1%lo", 443);
  g_autoptr (GSocketConnectable) latin1 = g_network_address_new ("b\xfc"
                                                                 "cher.test",
                                                                 443);
  struct
  {
    gpointer connectable;
    const char *identity;
  } cases[] = {
    { address, "www.handoff.test" },
    { service, "handoff.test" },
    { inet, "192.0.2.1" },
    { inet6, "2001:db8::1" },
    { unix_address, "" },
    { NULL, "" },
    { empty, "" },
    { zone, "" },
    { latin1, "" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *identity = handoff_server_identity_from_connectable (cases[i].connectable);

      g_assert_cmpstr (identity, ==, cases[i].identity);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gio-mapping/errors", test_errors);
  g_test_add_func ("/gio-mapping/special-errors", test_special_errors);
  g_test_add_func ("/gio-mapping/bus-errors", test_bus_errors);
  g_test_add_func ("/gio-mapping/transport-errors", test_transport_errors);
  g_test_add_func ("/gio-mapping/certificate-flags", test_certificate_flags);
  g_test_add_func ("/gio-mapping/server-identities", test_server_identities);
  return g_test_run ();
}
