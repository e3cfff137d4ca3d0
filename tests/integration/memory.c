/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* After the reply the service has no key: neither what it exported nor what that could be computed
 * from is anywhere in its memory; not in the window either, in which it waits for session tickets,
 * nor what the application reaches by key updates. */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "handoff-names.h"
#include "tests/client/record-test-utils.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-system.h"
#include "test-tickets.h"

#define CONTROL_IDENTITY "xn--bcher-kva.handoff.test"

/* All readable memory of a process at one time. */
typedef struct
{
  GPtrArray *regions; /* (element-type GBytes) */
  gsize size;
} Memory;

static void
memory_free (Memory *memory)
{
  g_ptr_array_unref (memory->regions);
  g_free (memory);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Memory, memory_free)

static Memory *
memory_read (GPid pid)
{
  g_autofree char *maps_path = g_strdup_printf ("/proc/%d/maps", pid);
  g_autofree char *memory_path = g_strdup_printf ("/proc/%d/mem", pid);
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;
  Memory *memory = g_new0 (Memory, 1);
  int fd;

  memory->regions = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_file_get_contents (maps_path, &maps, NULL, &error);
  g_assert_no_error (error);
  fd = open (memory_path, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      guint64 start;
      guint64 end;
      char protection[5];
      g_autofree guint8 *region = NULL;
      gsize done = 0;

      if (sscanf (lines[i], "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, protection) != 3)
        continue;
      if (protection[0] != 'r' ||
          strstr (lines[i], "[v") != NULL) /* [vvar], [vsyscall]: the kernel's */
        continue;
      region = g_malloc (end - start);
      while (done < end - start)
        {
          gssize n = pread (fd, region + done, end - start - done, (off_t) (start + done));

          /* A mapping past its file's end cannot be read to the end. */
          if (n <= 0)
            break;
          done += (gsize) n;
        }
      memory->size += done;
      g_ptr_array_add (memory->regions, g_bytes_new_take (g_steal_pointer (&region), done));
    }
  close (fd);
  return memory;
}

static gboolean
memory_contains (Memory *memory, const guint8 *what, gsize size)
{
  for (guint i = 0; i < memory->regions->len; i++)
    {
      GBytes *region = g_ptr_array_index (memory->regions, i);

      if (memmem (g_bytes_get_data (region, NULL), g_bytes_get_size (region), what, size) != NULL)
        return TRUE;
    }
  return FALSE;
}

static void
assert_absent (Memory *memory, const char *what, const guint8 *secret, gsize size)
{
  /* What is shorter is there by chance. */
  g_assert_cmpuint (size, >=, 12);
  if (memory_contains (memory, secret, size))
    g_error ("the service's memory has the %s", what);
}

static void
assert_direction_absent (Memory *memory, const char *name, const HandoffDirectionState *direction)
{
  g_autofree char *key = g_strdup_printf ("%s key", name);
  g_autofree char *iv = g_strdup_printf ("%s IV", name);
  g_autofree char *secret = g_strdup_printf ("%s traffic secret", name);

  assert_absent (memory, key, direction->key, direction->key_size);
  if (direction->iv_size >= 12)
    assert_absent (memory, iv, direction->iv, direction->iv_size);
  if (direction->mac_key_size > 0)
    assert_absent (memory, "MAC key", direction->mac_key, direction->mac_key_size);
  if (direction->traffic_secret_size > 0)
    assert_absent (memory, secret, direction->traffic_secret, direction->traffic_secret_size);
}

/* The keys that the application reaches by its next key updates (RFC 8446 7.2). */
static void
assert_next_generations_absent (Memory *memory, const HandoffKeyState *keys)
{
  RecordPeer peer;

  record_peer_init (&peer, keys);
  for (int generation = 1; generation <= 4; generation++)
    {
      record_peer_update (&peer, &peer.state);
      record_peer_update (&peer, &peer.read);
      assert_direction_absent (memory, "next generation's server's", &peer.state);
      assert_direction_absent (memory, "next generation's client's", &peer.read);
    }
}

static GBytes *
from_hex (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; g_ascii_isxdigit (hex[0]) && g_ascii_isxdigit (hex[1]); hex += 2)
    {
      guint8 byte = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));

      g_byte_array_append (bytes, &byte, 1);
    }
  return g_byte_array_free_to_bytes (bytes);
}

/* The first secret of that label that the peer logged. */
static GBytes *
find_logged (TestPeer *peer, const char *label)
{
  g_autofree char *log = test_peer_read_key_log (peer);
  const char *line = strstr (log, label);
  g_auto (GStrv) words = NULL;

  g_assert_nonnull (line);
  words = g_strsplit (line, " ", 3);
  return from_hex (words[2]);
}

/* Every secret that the peer logged (the NSS key log format: LABEL CLIENT-RANDOM SECRET). Returns
 * whether one of them is the secret of the direction: that the log is this connection's. */
static gboolean
assert_logged_absent (Memory *memory, TestPeer *peer, const HandoffDirectionState *direction)
{
  g_autofree char *log = test_peer_read_key_log (peer);
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);
  gboolean known = FALSE;
  guint n_secrets = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);
      g_autoptr (GBytes) secret = NULL;

      if (lines[i][0] == '#' || g_strv_length (words) != 3)
        continue;
      secret = from_hex (words[2]);
      assert_absent (memory, words[0], g_bytes_get_data (secret, NULL), g_bytes_get_size (secret));
      n_secrets++;
      if (g_bytes_get_size (secret) == direction->traffic_secret_size &&
          memcmp (g_bytes_get_data (secret, NULL), direction->traffic_secret,
                  direction->traffic_secret_size) == 0)
        known = TRUE;
    }
  g_assert_cmpuint (n_secrets, >=, 1);
  return known;
}

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
  g_autoptr (Memory) memory = NULL;
  g_autoptr (GError) error = NULL;
  gboolean known;
  int socket;

  peer = test_peer_new_openssl (
      "rsa", "-dcert", second_certificate, "-dkey", second_key, "-cipher", "ALL:@SECLEVEL=0",
      "-ciphersuites",
      "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
      "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256",
      NULL);
  socket = test_peer_connect (peer);
  options = g_strdup_printf ("{'cipher-suites': <[uint16 %u]>}", suite->id);
  handshake = test_handshake (alice, socket, CONTROL_IDENTITY, test_options (options), &error);
  /* Before anything else, so that nothing else has overwritten what was left. */
  memory = memory_read (test_service_get_pid ());
  g_assert_no_error (error);
  g_assert_cmpstr (test_handshake_get_detail (handshake, HANDOFF_DETAIL_CIPHER_SUITE), ==,
                   suite->name);
  g_test_message ("searched %" G_GSIZE_FORMAT " bytes", memory->size);

  /* The search finds what is there: the session remembers its peer's name. */
  g_assert_true (
      memory_contains (memory, (const guint8 *) CONTROL_IDENTITY, strlen (CONTROL_IDENTITY)));

  assert_direction_absent (memory, "client's", &handshake->keys->write);
  assert_direction_absent (memory, "server's", &handshake->keys->read);
  known = assert_logged_absent (memory, peer, &handshake->keys->write);
  if (suite->protocol == 0x0304)
    {
      g_assert_true (known);
      assert_next_generations_absent (memory, handshake->keys);
      assert_window_was_open (alice, handshake, socket);
    }
  close (socket);
}

/* A session that is kept to be resumed, of TLS 1.2 by the administrator's wish, is its master
 * secret. Breaks if that stays after the session was forgotten; the search finds it before. */
static void
test_forgotten (void)
{
  g_autoptr (GDBusConnection) alice = NULL;
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GBytes) master_secret = NULL;
  g_autoptr (Memory) before = NULL;
  g_autoptr (Memory) after = NULL;
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
  master_secret = find_logged (peer, "CLIENT_RANDOM ");
  secret = g_bytes_get_data (master_secret, &size);
  before = memory_read (test_service_get_pid ());
  g_assert_true (memory_contains (before, secret, size));

  reply = test_call (root, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "Reload", NULL, &error);
  g_assert_no_error (error);
  after = memory_read (test_service_get_pid ());
  assert_absent (after, "master secret", secret, size);
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
  g_autoptr (Memory) memory = NULL;
  g_autoptr (GError) error = NULL;
  int socket = test_peer_connect (peer);

  handshake = test_handshake (alice, socket, "localhost", test_options (NULL), &error);
  g_assert_no_error (error);
  memory = memory_read (getpid ());
  g_assert_true (
      memory_contains (memory, handshake->keys->write.key, handshake->keys->write.key_size));
  g_assert_true (memory_contains (memory, handshake->keys->read.traffic_secret,
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
