/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Servers that must not be trusted, and peers that are not TLS servers at all: the error says
 * why. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-system.h"

static GDBusConnection *alice;

/* The value of a detail of the last error. */
static GVariant *
error_detail (const char *key, const char *type)
{
  GVariant *details = test_handshake_get_error_details (alice);

  return details == NULL ? NULL : g_variant_lookup_value (details, key, G_VARIANT_TYPE (type));
}

/* The error's detail "alert" has to be this one of "|"-separated names. */
static void
expect_alert (const char *allowed)
{
  g_autoptr (GVariant) alert = error_detail (HANDOFF_DETAIL_ALERT, "s");
  g_auto (GStrv) names = g_strsplit (allowed, "|", -1);

  if (alert == NULL)
    g_error ("no alert in the error's details");
  if (!g_strv_contains ((const char *const *) names, g_variant_get_string (alert, NULL)))
    g_error ("the alert is %s, not %s", g_variant_get_string (alert, NULL), allowed);
}

typedef struct
{
  const char *certificate;
  const char *options; /* in place of those with ca.pem */
  const char *staple;
  const char *reason;
  const char *ocsp_status; /* NULL: none */
} Untrusted;

static const Untrusted untrusted[] = {
  { "self-signed", NULL, NULL, HANDOFF_VERIFICATION_UNKNOWN_AUTHORITY, NULL },
  { "expired", NULL, NULL, HANDOFF_VERIFICATION_EXPIRED, NULL },
  { "not-activated", NULL, NULL, HANDOFF_VERIFICATION_NOT_ACTIVATED, NULL },
  { "wrong-name", NULL, NULL, HANDOFF_VERIFICATION_WRONG_NAME, NULL },
  { "wrong-purpose", NULL, NULL, HANDOFF_VERIFICATION_WRONG_PURPOSE, NULL },
  { "revoked", NULL, "revoked.ocsp", HANDOFF_VERIFICATION_REVOKED, HANDOFF_OCSP_REVOKED },
  /* Issued by a CA that the system may trust, but that this caller does not name. */
  { "ecdsa", "{}", NULL, HANDOFF_VERIFICATION_UNKNOWN_AUTHORITY, NULL },
};

/* Breaks if a certificate is trusted that must not be, in either protocol version; or if the caller
 * is not told which certificate it was, and everything that is wrong with it. */
static void
test_untrusted (gconstpointer data)
{
  const Untrusted *c = data;
  const char *protocols[] = { "-tls1_2", "-tls1_3" };

  for (guint i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      g_autofree char *staple = c->staple == NULL ? NULL : test_cert_path (c->staple);
      g_autofree char *file = g_strconcat (c->certificate, ".pem", NULL);
      g_autoptr (GBytes) der = test_cert_der (file);
      g_autoptr (TestPeer) peer = NULL;
      g_autoptr (TestHandshake) handshake = NULL;
      g_autoptr (GVariant) reasons = NULL;
      g_autoptr (GVariant) chain = NULL;
      g_autoptr (GVariant) first = NULL;
      g_autoptr (GVariant) ocsp = NULL;
      g_autofree const char **names = NULL;
      g_autoptr (GBytes) sent = NULL;
      g_autoptr (GError) error = NULL;
      int socket;

      peer = test_peer_new_openssl (c->certificate, protocols[i],
                                    staple == NULL ? NULL : "-status_file", staple, NULL);
      socket = test_peer_connect (peer);
      handshake =
          test_handshake (alice, socket, "localhost",
                          c->options == NULL ? test_options (NULL)
                                             : g_variant_new_parsed ("{'error-details': <true>}"),
                          &error);
      test_assert_remote_error (error, "CertificateUntrusted", NULL);
      close (socket);

      reasons = error_detail (HANDOFF_DETAIL_VERIFICATION_ERRORS, "as");
      g_assert_nonnull (reasons);
      names = g_variant_get_strv (reasons, NULL);
      if (g_strv_length ((char **) names) != 1 || !g_str_equal (names[0], c->reason))
        g_error ("%s: the reasons are “%s”, not “%s”", c->certificate,
                 g_strjoinv (", ", (char **) names), c->reason);
      chain = error_detail (HANDOFF_DETAIL_PEER_CERTIFICATES, "aay");
      g_assert_nonnull (chain);
      first = g_variant_get_child_value (chain, 0);
      sent = g_variant_get_data_as_bytes (first);
      g_assert_true (g_bytes_equal (sent, der));
      if (c->ocsp_status != NULL)
        {
          ocsp = error_detail (HANDOFF_DETAIL_OCSP_STATUS, "s");
          g_assert_nonnull (ocsp);
          g_assert_cmpstr (g_variant_get_string (ocsp, NULL), ==, c->ocsp_status);
        }
    }
}

/* Breaks if the caller hears of the first reason only. */
static void
test_several_reasons (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("expired", NULL);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GVariant) reasons = NULL;
  g_autofree const char **names = NULL;
  g_autoptr (GError) error = NULL;
  int socket = test_peer_connect (peer);

  handshake = test_handshake (alice, socket, "elsewhere.handoff.test", test_options (NULL), &error);
  test_assert_remote_error (error, "CertificateUntrusted", NULL);
  close (socket);
  reasons = error_detail (HANDOFF_DETAIL_VERIFICATION_ERRORS, "as");
  g_assert_nonnull (reasons);
  names = g_variant_get_strv (reasons, NULL);
  g_assert_true (g_strv_contains (names, HANDOFF_VERIFICATION_EXPIRED));
  g_assert_true (g_strv_contains (names, HANDOFF_VERIFICATION_WRONG_NAME));
}

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

/* A handshake with a peer that is the test itself: started, the ClientHello received (in part). */
static GAsyncResult **
start_with_test (int *peer, GVariant *options)
{
  GAsyncResult **result = g_new0 (GAsyncResult *, 1);
  guint8 hello[5];
  int fds[2];

  test_tcp_pair (fds);
  test_handshake_async (alice, fds[0], "localhost", options, G_DBUS_CALL_FLAGS_NONE, store_result,
                        result);
  close (fds[0]);
  while (recv (fds[1], hello, sizeof hello, MSG_PEEK | MSG_DONTWAIT) < (gssize) sizeof hello)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (hello[0], ==, 22); /* handshake, RFC 8446 5.1 */
  *peer = fds[1];
  return result;
}

/* words: (nullable): in the message */
static void
expect_end_saying (GAsyncResult **result, const char *error_name, const char *words)
{
  g_autoptr (GError) error = NULL;

  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (test_handshake_finish (alice, *result, &error));
  test_assert_remote_error (error, error_name, words);
  g_object_unref (*result);
  g_free (result);
}

static void
send_text (int peer, const void *bytes, gsize size)
{
  g_assert_cmpint (send (peer, bytes, size, MSG_NOSIGNAL), ==, size);
}

/* Breaks if the service waits for more of a peer that speaks no TLS, or reports something else. */
static void
test_garbage (void)
{
  static const guint8 bad_type[] = { 99, 3, 3, 0, 2, 1, 2 };
  static const guint8 too_long[] = { 22, 3, 3, 0xff, 0xff, 2, 0, 0, 0 };
  static const guint8 bad_hello[] = { 22, 3, 3, 0, 6, 2, 0, 0, 2, 9, 9 };
  static const guint8 tls1_1[] = { 22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2, [43] = 0, 0, 47, 0 };
  static const guint8 dtls[] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2 };
  static const char http[] = "HTTP/1.0 400 Bad Request\r\n\r\n";
  static const char smtp[] = "220 mail.handoff.test ESMTP\r\n";
  static const char ssh[] = "SSH-2.0-OpenSSH_9.2\r\n";
  static const char text[] = "+PONG of its own\r\n";
  const char *any = "unexpected_message|protocol_version|record_overflow|decode_error";
  const struct
  {
    const void *bytes;
    gsize size;
    const char *alerts;
    const char *protocol; /* NULL: what is sent is not that wrong */
    const char *words;
  } garbage[] = {
    { http, sizeof http - 1, any, HANDOFF_PEER_PROTOCOL_HTTP,
      "does not look like TLS, but like HTTP: it begins with “HTTP/”" },
    { smtp, sizeof smtp - 1, any, HANDOFF_PEER_PROTOCOL_SMTP, "like SMTP or FTP" },
    { ssh, sizeof ssh - 1, any, HANDOFF_PEER_PROTOCOL_SSH, "like SSH" },
    { text, sizeof text - 1, any, HANDOFF_PEER_PROTOCOL_TEXT, "like plain text" },
    { bad_type, sizeof bad_type, "unexpected_message", HANDOFF_PEER_PROTOCOL_UNKNOWN,
      "it begins with the bytes 63 03 03 00 02" },
    { tls1_1, sizeof tls1_1, "protocol_version", NULL, "The server wants TLS 1.1, which may not" },
    { dtls, sizeof dtls, "protocol_version", NULL, "The peer sends DTLS" },
    { too_long, sizeof too_long, "record_overflow|decode_error|unexpected_message", NULL, "" },
    { bad_hello, sizeof bad_hello,
      "decode_error|illegal_parameter|protocol_version|unexpected_message", NULL, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (garbage); i++)
    {
      int peer;
      GAsyncResult **result = start_with_test (&peer, test_options (NULL));
      g_autoptr (GVariant) protocol = NULL;

      send_text (peer, garbage[i].bytes, garbage[i].size);
      expect_end_saying (result, "HandshakeFailed", garbage[i].words);
      expect_alert (garbage[i].alerts);
      protocol = error_detail (HANDOFF_DETAIL_PEER_PROTOCOL, "s");
      g_assert_cmpstr (protocol != NULL ? g_variant_get_string (protocol, NULL) : NULL, ==,
                       garbage[i].protocol);
      close (peer);
    }
}

/* Breaks if an alert of the server's is not passed on. */
static void
test_alert_received (void)
{
  g_autoptr (TestPeer) no_suite =
      test_peer_new_openssl ("ecdsa", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256", NULL);
  g_autoptr (TestPeer) alpn = test_peer_new_openssl ("ecdsa", "-alpn", "h2", NULL);
  g_autoptr (TestPeer) old = test_peer_new_openssl ("ecdsa", "-tls1_2", NULL);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;
  int socket = test_peer_connect (no_suite);

  handshake = test_handshake (alice, socket, "localhost", test_options (NULL), &error);
  test_assert_remote_error (error, "HandshakeFailed", NULL);
  expect_alert ("handshake_failure");
  close (socket);

  socket = test_peer_connect (alpn);
  handshake = test_handshake (alice, socket, "localhost",
                              test_options ("{'application-protocols': <['spdy/3']>}"), &error);
  test_assert_remote_error (error, "HandshakeFailed", NULL);
  expect_alert ("no_application_protocol");
  close (socket);

  socket = test_peer_connect (old);
  handshake = test_handshake (alice, socket, "localhost",
                              test_options ("{'minimum-protocol': <'TLS1.3'>}"), &error);
  test_assert_remote_error (error, "HandshakeFailed", NULL);
  expect_alert ("protocol_version");
  close (socket);
}

/* Breaks if the service waits on a closed connection, reports it as a failure of TLS, or confuses
 * the ways of closing. */
static void
test_closing (void)
{
  static const guint8 half_record[] = { 22, 3, 3, 0, 100, 2, 0, 0 };
  static const guint8 refusal[] = { 'N' }; /* PostgreSQL's */
  static const guint8 close_notify[] = { 21, 3, 3, 0, 2, 1, 0 };
  static const guint8 fatal_close_notify[] = { 21, 3, 3, 0, 2, 2, 0 };
  const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
  const struct
  {
    const guint8 *bytes;
    gsize size;
    gboolean is_reset;
    const char *words;
  } cases[] = {
    { NULL, 0, FALSE, "closed the connection before it sent anything" },
    { NULL, 0, TRUE, "reset the connection before it sent anything" },
    { half_record, sizeof half_record, FALSE, "closed the connection during the handshake" },
    { refusal, sizeof refusal, FALSE, "after it sent what does not look like TLS: 4e" },
    /* Nobody can say whether the earlier bytes are read before the reset throws them away. */
    { half_record, sizeof half_record, TRUE, "reset the connection" },
    { close_notify, sizeof close_notify, FALSE, "(close_notify) during the handshake" },
    { fatal_close_notify, sizeof fatal_close_notify, FALSE, "(close_notify) during the handshake" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int peer;
      GAsyncResult **result = start_with_test (&peer, test_options (NULL));

      if (cases[i].bytes != NULL)
        send_text (peer, cases[i].bytes, cases[i].size);
      if (!cases[i].is_reset)
        {
          shutdown (peer, SHUT_WR);
          expect_end_saying (result, "PeerClosed", cases[i].words);
          close (peer);
          continue;
        }
      g_assert_cmpint (setsockopt (peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), ==, 0);
      close (peer);
      expect_end_saying (result, "PeerClosed", cases[i].words);
    }
}

int
main (int argc, char **argv)
{
  int status;

  test_system_init (&argc, &argv);
  alice = test_bus_connect ("alice");
  for (guint i = 0; i < G_N_ELEMENTS (untrusted); i++)
    {
      g_autofree char *path = g_strdup_printf ("/failures/untrusted/%s%s", untrusted[i].certificate,
                                               untrusted[i].options == NULL ? "" : "-of-other-ca");

      g_test_add_data_func (path, &untrusted[i], test_untrusted);
    }
  g_test_add_func ("/failures/untrusted/several-reasons", test_several_reasons);
  g_test_add_func ("/failures/garbage", test_garbage);
  g_test_add_func ("/failures/alert-received", test_alert_received);
  g_test_add_func ("/failures/closing", test_closing);
  status = g_test_run ();
  g_object_unref (alice);
  return status;
}
