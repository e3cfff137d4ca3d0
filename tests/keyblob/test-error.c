/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "tls-handoff-error.h"

#include <gmodule.h>
#include <string.h>

#include "error-details.h"
#include "error-reply.h"

/* In the order of the enumeration. */
static const char *const names[] = {
  "Failed",
  "NotAuthorized",
  "InvalidArgument",
  "UnsupportedSocket",
  "LimitReached",
  "TimedOut",
  "Cancelled",
  "PeerClosed",
  "HandshakeFailed",
  "CertificateUntrusted",
  "CredentialNotFound",
  "CredentialLocked",
  "NotSupported",
  "KeyBlobInvalid",
  "KeyUsed",
  "RecordInvalid",
  "AlertReceived",
  "Closed",
  "AuthorityUnavailable",
};

G_STATIC_ASSERT (G_N_ELEMENTS (names) == TLS_HANDOFF_N_ERRORS);

static GDBusMessage *
new_call (void)
{
  GDBusMessage *call = g_dbus_message_new_method_call ("org.tlshandoff.Handoff1", "/o", "i.f", "m");

  g_dbus_message_set_serial (call, 7);
  g_dbus_message_set_sender (call, ":1.2");
  return call;
}

/* As the bus carries it: through the wire format. */
static GDBusMessage *
carry (GDBusMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *blob = NULL;
  GDBusMessage *carried;
  gsize size;

  g_dbus_message_set_serial (message, 8);
  blob = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  carried = g_dbus_message_new_from_blob (blob, size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);

  return carried;
}

static GVariant *
new_details (void)
{
  return g_variant_new_parsed (
      "{'alert': <'bad_certificate'>, 'peer-certificates': <[[byte 1, 2]]>}");
}

/* An error arrives as another one, with another message, or without its details. */
static void
test_round_trip (void)
{
  int code;
  int with_details;

  for (code = 0; code < TLS_HANDOFF_N_ERRORS; code++)
    {
      for (with_details = 0; with_details < 2; with_details++)
        {
          g_autoptr (GDBusMessage) call = new_call ();
          g_autoptr (GError) sent = g_error_new (TLS_HANDOFF_ERROR, code, "It failed: %d", code);
          g_autoptr (GDBusMessage) reply = NULL;
          g_autoptr (GDBusMessage) received_reply = NULL;
          g_autoptr (GError) received = NULL;
          g_autofree char *name = g_strconcat ("org.tlshandoff.Handoff1.Error.", names[code], NULL);

          if (with_details)
            handoff_error_set_details (sent, new_details ());

          reply = handoff_error_to_reply (sent, call);
          g_assert_cmpstr (g_dbus_message_get_error_name (reply), ==, name);
          g_assert_cmpstr (g_dbus_message_get_signature (reply), ==, with_details ? "sa{sv}" : "s");
          g_assert_cmpuint (g_dbus_message_get_reply_serial (reply), ==, 7);
          g_assert_cmpstr (g_dbus_message_get_destination (reply), ==, ":1.2");

          received_reply = carry (reply);
          received = handoff_error_from_reply (received_reply);
          g_assert_error (received, TLS_HANDOFF_ERROR, code);
          g_assert_cmpstr (received->message, ==, sent->message);
          if (with_details)
            g_assert_cmpvariant (tls_handoff_error_get_details (received),
                                 tls_handoff_error_get_details (sent));
          else
            g_assert_null (tls_handoff_error_get_details (received));
        }
    }
}

/* GDBus's own functions, which applications use, do not know our names. */
static void
test_gio_mapping (void)
{
  int code;

  for (code = 0; code < TLS_HANDOFF_N_ERRORS; code++)
    {
      g_autofree char *name = g_strconcat ("org.tlshandoff.Handoff1.Error.", names[code], NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) ours = g_error_new (TLS_HANDOFF_ERROR, code, "x");
      g_autofree char *encoded = g_dbus_error_encode_gerror (ours);

      g_assert_cmpstr (encoded, ==, name);
      error = g_dbus_error_new_for_dbus_error (name, "x");
      g_assert_error (error, TLS_HANDOFF_ERROR, code);
    }
}

/* What the other side sends is not what we expect. */
static void
test_other_replies (void)
{
  g_autoptr (GDBusMessage) call = new_call ();
  g_autoptr (GDBusMessage) foreign = g_dbus_message_new_method_error_literal (
      call, "org.freedesktop.DBus.Error.ServiceUnknown", "not here");
  g_autoptr (GDBusMessage) newer = g_dbus_message_new_method_error_literal (
      call, "org.tlshandoff.Handoff1.Error.FromTheFuture", "something new");
  g_autoptr (GDBusMessage) empty =
      g_dbus_message_new_method_error_literal (call, "org.tlshandoff.Handoff1.Error.TimedOut", "");
  g_autoptr (GDBusMessage) strange =
      g_dbus_message_new_method_error_literal (call, "org.tlshandoff.Handoff1.Error.TimedOut", "");
  g_autoptr (GError) foreign_error = NULL;
  g_autoptr (GError) newer_error = NULL;
  g_autoptr (GError) empty_error = NULL;
  g_autoptr (GError) strange_error = NULL;

  foreign_error = handoff_error_from_reply (foreign);
  g_assert_error (foreign_error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
  g_assert_null (tls_handoff_error_get_details (foreign_error));

  newer_error = handoff_error_from_reply (newer);
  g_assert_error (newer_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_cmpstr (newer_error->message, ==, "something new");

  g_dbus_message_set_body (empty, NULL);
  empty_error = handoff_error_from_reply (empty);
  g_assert_error (empty_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  g_assert_cmpstr (empty_error->message, !=, "");

  g_dbus_message_set_body (strange, g_variant_new ("(us)", 5, "x"));
  strange_error = handoff_error_from_reply (strange);
  g_assert_error (strange_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  g_assert_null (tls_handoff_error_get_details (strange_error));
}

/* An error of another domain cannot be told, or a message in another encoding breaks the bus
 * connection. */
static void
test_other_errors (void)
{
  g_autoptr (GDBusMessage) call = new_call ();
  g_autoptr (GError) foreign = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no such file");
  g_autoptr (GError) latin1 =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "caf\xe9");
  g_autoptr (GDBusMessage) foreign_reply = handoff_error_to_reply (foreign, call);
  g_autoptr (GDBusMessage) latin1_reply = handoff_error_to_reply (latin1, call);
  g_autoptr (GDBusMessage) carried = carry (latin1_reply);
  g_autoptr (GError) received = handoff_error_from_reply (carried);

  g_assert_cmpstr (g_dbus_message_get_error_name (foreign_reply), ==,
                   "org.tlshandoff.Handoff1.Error.Failed");
  g_assert_cmpstr (received->message, ==, "caf\xef\xbf\xbd");
}

/* Details get lost or freed twice when errors are copied, prefixed and freed in any order. */
static void
test_details (void)
{
  g_autoptr (GError) error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "x");
  g_autoptr (GError) copy = NULL;
  g_autoptr (GError) target = NULL;
  g_autoptr (GVariant) details = g_variant_ref_sink (new_details ());

  g_assert_null (tls_handoff_error_get_details (NULL));
  g_assert_null (tls_handoff_error_get_details (error));
  handoff_error_set_details (error, new_details ());
  handoff_error_set_details (error, new_details ());

  copy = g_error_copy (error);
  g_clear_error (&error);
  g_assert_cmpvariant (tls_handoff_error_get_details (copy), details);

  g_propagate_prefixed_error (&target, g_steal_pointer (&copy), "Cannot connect: ");
  g_assert_cmpstr (target->message, ==, "Cannot connect: x");
  g_assert_cmpvariant (tls_handoff_error_get_details (target), details);
}

/* A program that has this code twice, linked in and in the library, gets two domains, warnings, or
 * details that only one of the copies finds. */
static void
test_two_copies (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "keyblob", "error-copy.so", NULL);
  GQuark (*other_quark) (void);
  GVariant *(*other_get_details) (const GError *);
  g_autoptr (GError) error = NULL;
  GModule *module;

  module = g_module_open (path, G_MODULE_BIND_LOCAL);
  if (module == NULL)
    g_error ("%s", g_module_error ());
  g_module_make_resident (module);
  g_assert_true (g_module_symbol (module, "tls_handoff_error_quark", (gpointer *) &other_quark));
  g_assert_true (
      g_module_symbol (module, "tls_handoff_error_get_details", (gpointer *) &other_get_details));
  g_assert_true (other_quark != tls_handoff_error_quark);

  g_assert_cmpuint (other_quark (), ==, TLS_HANDOFF_ERROR);
  error = g_error_new_literal (other_quark (), TLS_HANDOFF_ERROR_FAILED, "x");
  handoff_error_set_details (error, new_details ());
  g_assert_true (other_get_details (error) == tls_handoff_error_get_details (error));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* As language bindings do before they call anything: breaks if the domain counts as registered
   * then, and details are written in front of errors that have no room for them. */
  g_quark_from_static_string ("tls-handoff-error");
  g_test_add_func ("/keyblob/error/round-trip", test_round_trip);
  g_test_add_func ("/keyblob/error/gio-mapping", test_gio_mapping);
  g_test_add_func ("/keyblob/error/other-replies", test_other_replies);
  g_test_add_func ("/keyblob/error/other-errors", test_other_errors);
  g_test_add_func ("/keyblob/error/details", test_details);
  g_test_add_func ("/keyblob/error/two-copies", test_two_copies);
  return g_test_run ();
}
