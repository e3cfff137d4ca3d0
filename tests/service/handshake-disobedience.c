/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Peers that break the rules, by hand. */

#include "config.h"

#include "client-handshake-fixture.h"
#include "gnutls-support.h"
#include "keyblob/tls-handoff-error.h"
#include "server-handshake-fixture.h"

/* A ClientHello in the form of SSL 2.0 (RFC 5246 E.2) that offers TLS 1.2. Breaks if it is
 * accepted, without a server name, or refused with a word that says nothing of the reason. */
static void
test_sslv2_hello (ServerTest *f, gconstpointer data)
{
  static const guint8 hello[] = {
    0x80, 9 + 6 + 16, 1,    3, 3,          /* length, client_hello, version */
    0,    6,          0,    0, 0,    16,   /* lengths */
    0,    0xc0,       0x2f, 0, 0xc0, 0x30, /* suites */
    1,    2,          3,    4, 5,    6,    7, 8, 9, 10, 11, 12, 13, 14, 15, 16, /* challenge */
  };
  static const guint8 alert[] = { 2, 70 }; /* fatal, protocol_version */
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("rsa", NULL);

  server_test_begin (f, credential, NULL, NULL);
  g_byte_array_append (f->to_server, hello, sizeof hello);
  server_test_start_step (f);
  g_assert_cmpint (server_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_test_message ("%s", f->progress->error->message);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  g_assert_nonnull (strstr (f->progress->error->message, "SSL 2.0"));
  g_assert_cmpuint (f->to_client->len, ==, 7);
  g_assert_cmpmem (f->to_client->data + 5, 2, alert, 2);
}

int
main (int argc, char **argv)
{
  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/service/handshake-disobedience/sslv2-hello", ServerTest, "NORMAL",
              server_test_set_up, test_sslv2_hello, server_test_tear_down);
  return g_test_run ();
}
