/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* After the reply the service has no key. Neither the exported keys nor anything from which they
 * could be computed is in its memory; not while it waits for session tickets either, and not the
 * keys that the application reaches by key updates. */

#include <string.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-handshake.h"
#include "test-memory.h"
#include "test-peer.h"
#include "test-system.h"
#include "test-tickets.h"

#define CONTROL_IDENTITY "xn--bcher-kva.handoff.test"

/* The memory was read while tickets were waited for: here they are. */
static void
assert_window_was_open (GDBusConnection *caller, TestHandshake *handshake, int socket)
{
  g_autoptr (GByteArray) tickets = test_receive_tickets (socket, handshake->keys, 1);
  guint64 before = test_statistic ("resumable-sessions");
  g_autoptr (GError) error = NULL;

  test_post_handshake (caller, handshake->session, tickets->data, tickets->len, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (test_statistic ("resumable-sessions"), ==, before + 1);
}

/* Breaks if a copy stays behind: in GnuTLS, on a dead stack, in a freed block, in a GVariant. */
static void
test_suite (gconstpointer data)
{
  const HandoffCipherSuite *suite = data;
  g_autofree char *second_certificate = test_cert_path ("ecdsa.pem");
  g_autofree char *second_key = test_cert_path ("ecdsa.key");
  g_autofree char *options = NULL;
  g_autoptr (GDBusConnection) alice = test_bus_connect ("alice");
  g_autoptr (TestPeer) peer = NULL;
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (TestMemory) memory = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *log = NULL;
  gboolean known;
  int socket;

  peer = test_peer_new_openssl (
      "rsa", "-dcert", second_certificate, "-dkey", second_key, "-cipher", "ALL:@SECLEVEL=0",
      "-ciphersuites",
      "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
      "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256",
      NULL);
  socket = test_peer_connect (peer);
  options =
      g_strdup_printf ("{'cipher-suites': <[uint16 %u]>, 'blob-format': <uint32 2>}", suite->id);
  handshake = test_handshake (alice, socket, CONTROL_IDENTITY, test_options (options), &error);
  /* Before anything else, so that nothing else has overwritten what was left. */
  memory = test_memory_read (test_service_get_pid ());
  g_assert_no_error (error);
  g_assert_cmpstr (test_handshake_get_detail (handshake, HANDOFF_DETAIL_CIPHER_SUITE), ==,
                   suite->name);
  g_test_message ("searched %" G_GSIZE_FORMAT " bytes", memory->size);

  /* The search finds what is there: the session remembers its peer's name. */
  g_assert_true (
      test_memory_contains (memory, (const guint8 *) CONTROL_IDENTITY, strlen (CONTROL_IDENTITY)));

  test_memory_assert_direction_absent (memory, "client's", &handshake->keys->write);
  test_memory_assert_direction_absent (memory, "server's", &handshake->keys->read);
  test_memory_assert_bindings_absent (memory, handshake->keys);
  log = test_peer_read_key_log (peer);
  known = test_memory_assert_logged_absent (memory, log, &handshake->keys->write);
  if (suite->protocol == 0x0304)
    {
      g_assert_true (known);
      test_memory_assert_next_generations_absent (memory, handshake->keys);
      assert_window_was_open (alice, handshake, socket);
    }
  close (socket);
}

/* A TLS 1.2 session that the administrator allows to be kept for resumption is its master
 * secret. Breaks if the secret stays after the session was forgotten; the search finds the
 * secret before. */
static void
test_forgotten (void)
{
  g_autoptr (GDBusConnection) alice = NULL;
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autofree char *log = NULL;
  g_autoptr (GBytes) master_secret = NULL;
  g_autoptr (TestMemory) before = NULL;
  g_autoptr (TestMemory) after = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *secret;
  gsize size;
  int socket = test_peer_connect (peer);

  test_service_stop ();
  test_service_set_config ("[Resumption]\nMinimumProtocol=TLS1.2\n");
  alice = test_bus_connect ("alice");
  handshake = test_handshake (alice, socket, "localhost",
                              test_options ("{'maximum-protocol': <'TLS1.2'>}"), &error);
  g_assert_no_error (error);
  log = test_peer_read_key_log (peer);
  master_secret = test_key_log_find (log, "CLIENT_RANDOM ");
  secret = g_bytes_get_data (master_secret, &size);
  before = test_memory_read (test_service_get_pid ());
  g_assert_true (test_memory_contains (before, secret, size));

  reply = test_call (root, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "Reload", NULL, &error);
  g_assert_no_error (error);
  after = test_memory_read (test_service_get_pid ());
  test_memory_assert_absent (after, "master secret", secret, size);
  close (socket);
  test_service_set_config (TEST_CONFIG_ALL_SUITES);
  test_service_stop ();
}

/* The positive control of the whole method: secrets of this process, which has them in its memory,
 * are found by the same search. */
static void
test_control (void)
{
  g_autoptr (GDBusConnection) alice = test_bus_connect ("alice");
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (TestMemory) memory = NULL;
  g_autoptr (GError) error = NULL;
  int socket = test_peer_connect (peer);

  handshake = test_handshake (alice, socket, "localhost", test_options (NULL), &error);
  g_assert_no_error (error);
  memory = test_memory_read (getpid ());
  g_assert_true (
      test_memory_contains (memory, handshake->keys->write.key, handshake->keys->write.key_size));
  g_assert_true (test_memory_contains (memory, handshake->keys->read.traffic_secret,
                                       handshake->keys->read.traffic_secret_size));
  close (socket);
}

int
main (int argc, char **argv)
{
  const HandoffCipherSuite *suites;
  gsize n_suites;

  test_system_init (&argc, &argv);
  test_service_set_config (TEST_CONFIG_ALL_SUITES);
  suites = handoff_cipher_suites (&n_suites);
  for (gsize i = 0; i < n_suites; i++)
    {
      g_autofree char *path = g_strdup_printf ("/memory/%s", suites[i].name);

      g_test_add_data_func (path, &suites[i], test_suite);
    }
  g_test_add_func ("/memory/control", test_control);
  g_test_add_func ("/memory/forgotten", test_forgotten);
  return g_test_run ();
}
