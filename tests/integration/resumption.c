/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Session resumption in plain D-Bus: who may resume what, and for how long. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-credential.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-system.h"
#include "test-tickets.h"
#include "test-way.h"

#define OWN_RULES                                                                                  \
  "polkit.addRule(function(action, subject) {"                                                     \
  " if (action.id.match(/-own-credentials?$/)) return polkit.Result.YES; });"

typedef struct
{
  GDBusConnection *alice;
  TestPeer *peer;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->alice = test_bus_connect ("alice");
  f->peer = test_peer_new_openssl ("ecdsa", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_bus_vanish (f->alice);
  g_clear_pointer (&f->peer, test_peer_free);
  test_service_set_config (NULL);
  test_service_stop ();
}

/* One connection; n_tickets of its tickets are handed to the service. Whether it was a resumed one.
 */
static gboolean
connect_as (Fixture *f, GDBusConnection *connection, const char *options, guint n_tickets)
{
  int socket = test_peer_connect (f->peer);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GByteArray) tickets = NULL;
  g_autoptr (GVariant) certificates = NULL;
  g_autoptr (GError) error = NULL;
  gboolean resumed;

  handshake = test_handshake (connection, socket, "localhost", test_options (options), &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (handshake->details, HANDOFF_DETAIL_RESUMED, "b", &resumed));
  /* Resumed or not, the caller gets to know who the peer is. */
  certificates = g_variant_lookup_value (handshake->details, HANDOFF_DETAIL_PEER_CERTIFICATES,
                                         G_VARIANT_TYPE ("aay"));
  g_assert_cmpuint (g_variant_n_children (certificates), >=, 1);
  if (n_tickets > 0)
    {
      tickets = test_receive_tickets (socket, handshake->keys, n_tickets);
      test_post_handshake (connection, handshake->session, tickets->data, tickets->len, &error);
      g_assert_no_error (error);
    }
  close (socket);
  return resumed;
}

/* The next connection of another process of the user. */
static gboolean
connect_again_as (Fixture *f, const char *user, const char *options)
{
  g_autoptr (GDBusConnection) other = test_bus_connect (user);

  return connect_as (f, other, options, 0);
}

/* The second connection, of another process, resumes. A ticket serves once (RFC 8446 C.4): with one
 * ticket, the third does not. */
static void
test_user (Fixture *f, gconstpointer data)
{
  g_assert_false (connect_as (f, f->alice, NULL, 1));
  test_statistic_wait ("resumable-sessions", 1);
  g_assert_true (connect_again_as (f, "alice", NULL));
  test_statistic_wait ("handshakes-resumed", 1);
  test_statistic_wait ("resumable-sessions", 0);
  g_assert_false (connect_again_as (f, "alice", NULL));
}

/* Two tickets, in one message or in two records: two connections. */
static void
test_two_tickets (Fixture *f, gconstpointer data)
{
  g_assert_false (connect_as (f, f->alice, NULL, 2));
  test_statistic_wait ("resumable-sessions", 2);
  g_assert_true (connect_again_as (f, "alice", NULL));
  g_assert_true (connect_again_as (f, "alice", NULL));
  g_assert_false (connect_again_as (f, "alice", NULL));
}

/* A resumed connection gets tickets too, and so on. */
static void
test_chain (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->peer, test_peer_free);
  f->peer = data == NULL ? test_peer_new_openssl ("rsa", NULL)
                         : test_peer_new_gnutls ("rsa", "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL);
  g_assert_false (connect_as (f, f->alice, NULL, 1));
  for (int i = 0; i < 4; i++)
    g_assert_true (connect_as (f, f->alice, NULL, 1));
}

/* Anything differs that decided whether the peer is trusted, or how well the connection is
 * protected: another user, other anchors, another policy, another name. */
static void
test_others (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) ca = test_cert_der ("ca.pem");
  g_autoptr (GBytes) other_ca = test_cert_der ("other-ca.pem");
  g_autofree char *anchors = NULL;
  GVariant *both[2];
  g_autoptr (GVariant) dict = NULL;

  both[0] = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, ca, TRUE);
  both[1] = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, other_ca, TRUE);
  dict = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_BYTESTRING, both, 2));
  {
    g_autofree char *text = g_variant_print (dict, TRUE);

    anchors = g_strdup_printf ("{'trust-anchors': <%s>}", text);
  }

  g_assert_false (connect_as (f, f->alice, NULL, 2));
  g_assert_false (connect_again_as (f, "bob", NULL));
  g_assert_false (connect_again_as (f, "root", NULL));
  g_assert_false (connect_again_as (f, "alice", anchors));
  g_assert_false (connect_again_as (f, "alice", "{'minimum-protocol': <'TLS1.3'>}"));
  /* The suite of the session itself, but none of the others that it was made with. */
  g_assert_false (connect_again_as (f, "alice", "{'cipher-suites': <[uint16 0x1302]>}"));
  g_assert_false (connect_again_as (f, "alice", "{'resumption': <false>}"));
  {
    int socket = test_peer_connect (f->peer);
    g_autoptr (GError) error = NULL;
    g_autoptr (TestHandshake) handshake =
        test_handshake (f->alice, socket, "www.handoff.test", test_options (NULL), &error);
    gboolean resumed;

    g_assert_no_error (error);
    g_assert_true (g_variant_lookup (handshake->details, HANDOFF_DETAIL_RESUMED, "b", &resumed));
    g_assert_false (resumed);
    close (socket);
  }
  /* It was there all the time. */
  g_assert_true (connect_again_as (f, "alice", NULL));
}

/* The server knows the client by the certificate of the first handshake: with another one, though
 * of the same label, the session is not resumed. */
static void
test_replaced_credential (Fixture *f, gconstpointer data)
{
  const char *with_credential = "{'credential': <'me'>}";
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  test_polkit_set_rules (OWN_RULES);
  g_clear_pointer (&f->peer, test_peer_free);
  f->peer = test_peer_new_openssl ("ecdsa", "-verify", "1", NULL);
  path = test_credential_import (f->alice, "me", "client", NULL, &error);
  g_assert_no_error (error);
  g_assert_false (connect_as (f, f->alice, with_credential, 2));
  g_assert_true (connect_again_as (f, "alice", with_credential));

  g_assert_true (test_credential_remove (f->alice, path, &error));
  g_clear_pointer (&path, g_free);
  path = test_credential_import (f->alice, "me", "rsa", NULL, &error);
  g_assert_no_error (error);
  g_assert_false (connect_again_as (f, "alice", with_credential));
  test_credential_remove_all ();
}

/* A trust store that was changed, for the handshakes after it. */
static void
test_reload (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (connect_as (f, f->alice, NULL, 2));
  g_assert_true (connect_again_as (f, "alice", NULL));
  reply = test_call (root, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "Reload", NULL, &error);
  g_assert_no_error (error);
  test_statistic_wait ("resumable-sessions", 0);
  g_assert_false (connect_again_as (f, "alice", NULL));
}

/* Tickets from before a reload arrive after it: the trust on which they rest is no longer in
 * force. */
static void
test_reload_in_window (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  int socket = test_peer_connect (f->peer);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GByteArray) tickets = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  handshake = test_handshake (f->alice, socket, "localhost", test_options (NULL), &error);
  g_assert_no_error (error);
  tickets = test_receive_tickets (socket, handshake->keys, 2);
  reply = test_call (root, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "Reload", NULL, &error);
  g_assert_no_error (error);
  test_post_handshake (f->alice, handshake->session, tickets->data, tickets->len, &error);
  g_assert_no_error (error);
  test_statistic_wait ("resumable-sessions", 0);
  close (socket);
  g_assert_false (connect_again_as (f, "alice", NULL));
}

/* One of the user's programs hands in a spoilt ticket: it spoils one connection, and not one after
 * the other. */
static void
test_spoilt (Fixture *f, gconstpointer data)
{
  int socket = test_peer_connect (f->peer);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (TestHandshake) victim = NULL;
  g_autoptr (GByteArray) tickets = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) thrice = g_byte_array_new ();
  const gsize nonce_offset = 4 + 4 + 4 + 1;

  handshake = test_handshake (f->alice, socket, "localhost", test_options (NULL), &error);
  g_assert_no_error (error);
  tickets = test_receive_tickets (socket, handshake->keys, 1);
  tickets->data[nonce_offset] ^= 1;
  for (int i = 0; i < 3; i++)
    g_byte_array_append (thrice, tickets->data, tickets->len);
  test_post_handshake (f->alice, handshake->session, thrice->data, thrice->len, &error);
  g_assert_no_error (error);
  test_statistic_wait ("resumable-sessions", 3);
  close (socket);

  socket = test_peer_connect (f->peer);
  victim = test_handshake (f->alice, socket, "localhost", test_options (NULL), &error);
  g_assert_null (victim);
  test_assert_remote_error (error, "HandshakeFailed", NULL);
  close (socket);
  test_statistic_wait ("resumable-sessions", 0);
  g_assert_false (connect_as (f, f->alice, NULL, 0));
}

/* A program hands in its tickets and ends: the news of its end must not overtake the tickets. */
static void
test_leaves_at_once (Fixture *f, gconstpointer data)
{
  guint64 n_callers = test_statistic ("callers");

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GDBusConnection) program = test_bus_connect ("alice");
      int socket = test_peer_connect (f->peer);
      g_autoptr (TestHandshake) handshake = NULL;
      g_autoptr (GByteArray) tickets = NULL;
      g_autoptr (GError) error = NULL;

      handshake = test_handshake (program, socket, "localhost",
                                  test_options ("{'transient': <true>}"), &error);
      g_assert_no_error (error);
      tickets = test_receive_tickets (socket, handshake->keys, 1);
      close (socket);

      test_way_tell (
          program,
          &(TestCall){ .path = handshake->session,
                       .interface = HANDOFF_SESSION_INTERFACE,
                       .method = "PostHandshake",
                       .parameters = g_variant_new (
                           "(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, tickets->data,
                                                               tickets->len, 1)) });
      test_bus_vanish (g_steal_pointer (&program));
      test_statistic_wait ("callers", n_callers);
      g_assert_true (connect_again_as (f, "alice", NULL));
      test_statistic_wait ("callers", n_callers);
    }
}

/* More than 64 KiB, which the main loop would have to go through. */
static void
test_too_much (Fixture *f, gconstpointer data)
{
  g_autofree guint8 *messages = g_malloc0 (HANDOFF_POST_HANDSHAKE_MAX_SIZE + 1);
  int socket = test_peer_connect (f->peer);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;

  handshake = test_handshake (f->alice, socket, "localhost", test_options (NULL), &error);
  g_assert_no_error (error);
  test_post_handshake (f->alice, handshake->session, messages, HANDOFF_POST_HANDSHAKE_MAX_SIZE + 1,
                       &error);
  test_assert_remote_error (error, "InvalidArgument", "65536 bytes");
  close (socket);
}

static void
test_scope_none (Fixture *f, gconstpointer data)
{
  test_service_set_config ("[Resumption]\nScope=none\n");
  g_assert_false (connect_as (f, f->alice, NULL, 1));
  test_statistic_wait ("resumable-sessions", 0);
  g_assert_false (connect_as (f, f->alice, NULL, 0));
}

static void
test_scope_caller (Fixture *f, gconstpointer data)
{
  test_service_set_config ("[Resumption]\nScope=caller\n");
  g_assert_false (connect_as (f, f->alice, NULL, 2));
  g_assert_false (connect_again_as (f, "alice", NULL));
  g_assert_true (connect_as (f, f->alice, NULL, 0));
  /* With the caller goes what only he could use. */
  test_statistic_wait ("resumable-sessions", 1);
  test_bus_vanish (f->alice);
  test_statistic_wait ("resumable-sessions", 0);
  f->alice = test_bus_connect ("alice");
}

static const char tls12[] = "{'maximum-protocol': <'TLS1.2'>}";

/* A session of TLS 1.2 is its master secret: kept only if the administrator wants that. */
static void
test_tls12_off (Fixture *f, gconstpointer data)
{
  g_assert_false (connect_as (f, f->alice, tls12, 0));
  test_statistic_wait ("resumable-sessions", 0);
  g_assert_false (connect_again_as (f, "alice", tls12));
}

/* With tickets, and with session ids; again and again. */
static void
test_tls12_on (Fixture *f, gconstpointer data)
{
  test_service_set_config ("[Resumption]\nMinimumProtocol=TLS1.2\n");
  g_clear_pointer (&f->peer, test_peer_free);
  /* OpenSSL forgets a session id whose connection ended without close_notify. */
  f->peer = data == NULL ? test_peer_new_openssl ("ecdsa", NULL)
                         : test_peer_new_gnutls ("ecdsa", NULL, data, NULL);
  g_assert_false (connect_as (f, f->alice, tls12, 0));
  test_statistic_wait ("resumable-sessions", 1);
  for (int i = 0; i < 3; i++)
    g_assert_true (connect_again_as (f, "alice", tls12));
  g_assert_false (connect_again_as (f, "bob", tls12));
  g_assert_false (connect_again_as (f, "alice", NULL));
}

/* A peer that the caller accepted in spite of its certificate must not come back as a trusted one.
 */
static void
test_reviewed (Fixture *f, gconstpointer data)
{
  const char *options = "{'review-certificate': <true>}";
  int socket;
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  test_service_set_config ("[Resumption]\nMinimumProtocol=TLS1.2\n");
  g_clear_pointer (&f->peer, test_peer_free);
  f->peer = test_peer_new_openssl ("wrong-name", data, NULL);
  socket = test_peer_connect (f->peer);
  handshake = test_handshake (f->alice, socket, "localhost", test_options (options), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_CERTIFICATE_REVIEW);
  reply = test_call (f->alice, handshake->session, HANDOFF_SESSION_INTERFACE, "ReviewCertificate",
                     g_variant_new ("(b)", TRUE), &error);
  g_assert_no_error (error);
  /* Its window is closed from the start. */
  test_post_handshake (f->alice, handshake->session, "\4\0\0\0", 4, &error);
  g_assert_no_error (error);
  test_statistic_wait ("resumable-sessions", 0);
  close (socket);
}

/* Messages that are no tickets. */
static void
test_garbage (Fixture *f, gconstpointer data)
{
  const struct
  {
    const char *bytes;
    gsize size;
  } garbage[] = {
    { "", 0 },
    { "\4\0\0", 3 },
    { "\4\0\0\1x", 5 },
    { "\24\0\0\0", 4 },                            /* Finished */
    { "\30\0\0\1\0", 5 },                          /* KeyUpdate */
    { "\4\377\377\377", 4 },                       /* longer than what there is */
    { "\4\0\0\15\0\0\0\1\0\0\0\0\0\0\0\0\0", 17 }, /* an empty ticket */
  };
  int socket = test_peer_connect (f->peer);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GByteArray) tickets = NULL;
  g_autoptr (GError) error = NULL;

  handshake = test_handshake (f->alice, socket, "localhost", test_options (NULL), &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (garbage); i++)
    {
      test_post_handshake (f->alice, handshake->session, garbage[i].bytes, garbage[i].size, &error);
      test_assert_remote_error (error, "InvalidArgument", NULL);
    }
  test_statistic_wait ("resumable-sessions", 0);

  /* The window is still open, and closes with the first good ticket. */
  tickets = test_receive_tickets (socket, handshake->keys, 1);
  test_post_handshake (f->alice, handshake->session, tickets->data, tickets->len, &error);
  g_assert_no_error (error);
  test_statistic_wait ("resumable-sessions", 1);
  test_post_handshake (f->alice, handshake->session, tickets->data, tickets->len, &error);
  g_assert_no_error (error);
  test_statistic_wait ("resumable-sessions", 1);
  close (socket);
}

/* Breaks if tickets count that come too late, or if an object waits for tickets for ever. */
static void
test_window (Fixture *f, gconstpointer data)
{
  int socket = test_peer_connect (f->peer);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GByteArray) tickets = NULL;
  g_autoptr (GError) error = NULL;

  test_service_set_config ("[Resumption]\nTicketWindow=1\n");
  handshake = test_handshake (f->alice, socket, "localhost", test_options ("{'transient': <true>}"),
                              &error);
  g_assert_no_error (error);
  tickets = test_receive_tickets (socket, handshake->keys, 1);
  test_statistic_wait ("sessions", 1);
  test_statistic_wait ("sessions", 0);
  test_post_handshake (f->alice, handshake->session, tickets->data, tickets->len, &error);
  test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);
  test_statistic_wait ("resumable-sessions", 0);
  close (socket);
}

/* A transient object stays for the first tickets, and no longer. */
static void
test_transient (Fixture *f, gconstpointer data)
{
  g_assert_false (connect_as (f, f->alice, "{'transient': <true>}", 1));
  test_statistic_wait ("sessions", 0);
  g_assert_true (connect_as (f, f->alice, NULL, 0));
}

/* A server that lost its ticket keys: a full handshake, and nobody notices. */
static void
test_server_forgot (Fixture *f, gconstpointer data)
{
  g_assert_false (connect_as (f, f->alice, NULL, 2));
  g_clear_pointer (&f->peer, test_peer_free);
  f->peer = test_peer_new_openssl ("rsa", NULL);
  g_assert_false (connect_as (f, f->alice, NULL, 0));
  /* … unless it is somebody else now. */
  g_clear_pointer (&f->peer, test_peer_free);
  f->peer = test_peer_new_openssl ("wrong-name", NULL);
  {
    int socket = test_peer_connect (f->peer);
    g_autoptr (GError) error = NULL;
    g_autoptr (TestHandshake) handshake =
        test_handshake (f->alice, socket, "localhost", test_options (NULL), &error);

    g_assert_null (handshake);
    test_assert_remote_error (error, "CertificateUntrusted", NULL);
    close (socket);
  }
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
#define ADD(name, data, function)                                                                  \
  g_test_add ("/resumption/" name, Fixture, data, set_up, function, tear_down)
  ADD ("user", NULL, test_user);
  ADD ("two-tickets", NULL, test_two_tickets);
  ADD ("chain/openssl", NULL, test_chain);
  ADD ("chain/gnutls", "gnutls", test_chain);
  ADD ("others", NULL, test_others);
  ADD ("replaced-credential", NULL, test_replaced_credential);
  ADD ("reload", NULL, test_reload);
  ADD ("reload-in-window", NULL, test_reload_in_window);
  ADD ("spoilt", NULL, test_spoilt);
  ADD ("leaves-at-once", NULL, test_leaves_at_once);
  ADD ("too-much", NULL, test_too_much);
  ADD ("scope/none", NULL, test_scope_none);
  ADD ("scope/caller", NULL, test_scope_caller);
  ADD ("tls1.2/off", NULL, test_tls12_off);
  ADD ("tls1.2/tickets", NULL, test_tls12_on);
  ADD ("tls1.2/session-ids", "--noticket", test_tls12_on);
  ADD ("reviewed/tls1.3", "-tls1_3", test_reviewed);
  ADD ("reviewed/tls1.2", "-tls1_2", test_reviewed);
  ADD ("garbage", NULL, test_garbage);
  ADD ("window", NULL, test_window);
  ADD ("transient", NULL, test_transient);
  ADD ("server-forgot", NULL, test_server_forgot);
  return g_test_run ();
}
