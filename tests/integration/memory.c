/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* After the reply none of the service's programs has a key. Neither the exported keys nor anything
 * from which they could be computed is in their memory; not while session tickets are waited for
 * either, and not the keys that the application reaches by key updates. */

#include <string.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-channel.h"
#include "test-handshake.h"
#include "test-memory.h"
#include "test-peer.h"
#include "test-system.h"
#include "test-tickets.h"

#define CONTROL_IDENTITY "xn--bcher-kva.handoff.test"

/* A caller, with a channel or without. */
typedef struct
{
  GDBusConnection *connection; /* (owned) */
  TestChannel *channel;        /* (owned) (nullable) */
} Caller;

static void
caller_init (Caller *caller, gboolean has_channel)
{
  g_autoptr (GError) error = NULL;

  caller->connection = test_bus_connect ("alice");
  caller->channel = has_channel ? test_channel_open (caller->connection, &error) : NULL;
  g_assert_no_error (error);
}

static void
caller_clear (Caller *caller)
{
  g_clear_pointer (&caller->channel, test_channel_free);
  g_clear_object (&caller->connection);
}

/* Reads the programs' memory right after the reply: so that nothing else has overwritten what was
 * left. session: (out): its path. memory: (out). Returns the keys. */
static HandoffKeyState *
do_handshake (Caller *caller, int socket, GVariant *options, char **session, TestMemory **memory)
{
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;
  HandoffKeyState *keys;

  if (caller->channel != NULL)
    {
      keys = test_channel_finish (
          caller->channel, test_channel_start (caller->channel, socket, CONTROL_IDENTITY, options),
          session, &error);
      *memory = test_memory_read_service ();
      g_assert_no_error (error);
      return keys;
    }
  handshake = test_handshake (caller->connection, socket, CONTROL_IDENTITY, options, &error);
  *memory = test_memory_read_service ();
  g_assert_no_error (error);
  *session = g_strdup (handshake->session);
  return g_steal_pointer (&handshake->keys);
}

/* The memory was read while tickets were waited for: here they are. */
static void
assert_window_was_open (Caller *caller,
                        const char *session,
                        const HandoffKeyState *keys,
                        int socket)
{
  g_autoptr (GByteArray) tickets = test_receive_tickets (socket, keys, 1);
  guint64 before = test_statistic ("resumable-sessions");
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  if (caller->channel != NULL)
    reply = test_channel_call (
        caller->channel, session, "PostHandshake",
        g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, tickets->data,
                                                           tickets->len, 1)),
        &error);
  else
    test_post_handshake (caller->connection, session, tickets->data, tickets->len, &error);
  g_assert_no_error (error);
  test_statistic_wait ("resumable-sessions", before + 1);
}

/* Breaks if a copy stays behind: in GnuTLS, on a dead stack, in a freed block, in a GVariant. */
static void
check_suite (const HandoffCipherSuite *suite, gboolean has_channel)
{
  g_autofree char *second_certificate = test_cert_path ("ecdsa.pem");
  g_autofree char *second_key = test_cert_path ("ecdsa.key");
  g_autofree char *options = NULL;
  g_autoptr (TestPeer) peer = NULL;
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (TestMemory) memory = NULL;
  g_autofree char *session = NULL;
  g_autofree char *log = NULL;
  gboolean known;
  Caller caller;
  int socket;

  caller_init (&caller, has_channel);
  peer = test_peer_new_openssl (
      "rsa", "-dcert", second_certificate, "-dkey", second_key, "-cipher", "ALL:@SECLEVEL=0",
      "-ciphersuites",
      "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
      "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256",
      NULL);
  socket = test_peer_connect (peer);
  options =
      g_strdup_printf ("{'cipher-suites': <[uint16 %u]>, 'blob-format': <uint32 2>}", suite->id);
  keys = do_handshake (&caller, socket, test_options (options), &session, &memory);
  g_assert_cmpuint (keys->cipher_suite, ==, suite->id);
  /* Before the search, which may take longer than the window is open. */
  if (suite->protocol == 0x0304)
    assert_window_was_open (&caller, session, keys, socket);
  g_test_message ("searched %" G_GSIZE_FORMAT " bytes", memory->size);

  /* The search finds what is there: the session remembers its peer's name, and the broker, which
   * lists sessions, too. */
  test_memory_assert_only (memory, TEST_HANDSHAKER " " TEST_BROKER, "peer's name",
                           (const guint8 *) CONTROL_IDENTITY, strlen (CONTROL_IDENTITY));

  test_memory_assert_direction_absent (memory, "client's", &keys->write);
  test_memory_assert_direction_absent (memory, "server's", &keys->read);
  test_memory_assert_bindings_absent (memory, keys);
  log = test_peer_read_key_log (peer);
  known = test_memory_assert_logged_absent (memory, log, &keys->write);
  if (suite->protocol == 0x0304)
    {
      g_assert_true (known);
      test_memory_assert_next_generations_absent (memory, keys);
    }
  close (socket);
  caller_clear (&caller);
}

static void
test_suite (gconstpointer data)
{
  check_suite (data, FALSE);
}

/* The same of a channel, which seals the keys when it replies, with another part of the code. */
static void
test_suite_on_channel (gconstpointer data)
{
  check_suite (data, TRUE);
}

/* What a channel sealed its last blob with is not what it has now; what it seals the next one with
 * is in its handshaker alone. programs: who has it */
static void
assert_context (TestMemory *memory, const HandoffHpkeContext *context, const char *programs)
{
  const struct
  {
    const char *what;
    const guint8 *secret;
    gsize size;
  } secrets[] = { { "key of a blob", context->key, sizeof context->key },
                  { "nonce of a blob", context->base_nonce, sizeof context->base_nonce },
                  { "secret of an exporter", context->exporter_secret,
                    sizeof context->exporter_secret } };

  for (gsize i = 0; i < G_N_ELEMENTS (secrets); i++)
    test_memory_assert_only (memory, programs, secrets[i].what, secrets[i].secret, secrets[i].size);
}

/* Whether the exporter's secret of a context is gone. */
static gboolean
is_gone (gpointer data)
{
  const HandoffHpkeContext *context = data;
  g_autoptr (TestMemory) memory = test_memory_read_service ();
  g_autofree char *programs =
      test_memory_who_has (memory, context->exporter_secret, sizeof context->exporter_secret);

  return strcmp (programs, TEST_NOBODY) == 0;
}

/* The service can open what it sent on a channel: there is a key of an earlier blob, or what such a
 * key follows from; or, when the channel is closed, of any. */
static void
test_channel_keys (void)
{
  static const char info[] = "org.tlshandoff.Handoff1 channel";
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("rsa", NULL);
  g_autoptr (TestMemory) after_all = NULL;
  HandoffHpkeContext contexts[3];
  Caller caller;

  caller_init (&caller, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (contexts); i++)
    {
      if (i > 0)
        contexts[i] = contexts[i - 1];
      else
        g_assert_true (handoff_hpke_setup_recipient (
            &contexts[0], HANDOFF_HPKE_AEAD_AES_256_GCM, caller.channel->private_key,
            caller.channel->encapsulated_key, (const guint8 *) info, sizeof info - 1, NULL));
      if (i > 0)
        g_assert_true (handoff_hpke_context_ratchet (&contexts[i], NULL));
    }

  for (gsize i = 0; i + 1 < G_N_ELEMENTS (contexts); i++)
    {
      g_autoptr (HandoffKeyState) keys = NULL;
      g_autoptr (TestMemory) memory = NULL;
      g_autofree char *session = NULL;
      int socket = test_peer_connect (peer);

      keys = do_handshake (&caller, socket, test_options (NULL), &session, &memory);
      for (gsize j = 0; j <= i; j++)
        assert_context (memory, &contexts[j], TEST_NOBODY);
      /* The search finds what is there. */
      assert_context (memory, &contexts[i + 1], TEST_HANDSHAKER);
      test_memory_assert_direction_absent (memory, "client's", &keys->write);
      close (socket);
    }
  caller_clear (&caller);
  test_wait_until (is_gone, &contexts[G_N_ELEMENTS (contexts) - 1], "the channel's end");
  after_all = test_memory_read_service ();
  for (gsize i = 0; i < G_N_ELEMENTS (contexts); i++)
    assert_context (after_all, &contexts[i], TEST_NOBODY);
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
  before = test_memory_read_service ();
  test_memory_assert_only (before, TEST_HANDSHAKER, "master secret", secret, size);

  reply = test_call (root, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "Reload", NULL, &error);
  g_assert_no_error (error);
  after = test_memory_read_service ();
  test_memory_assert_absent (after, "master secret", secret, size);
  close (socket);
  test_service_set_config (TEST_CONFIG_ALL_SUITES);
  test_service_stop ();
}

/* The positive control of the whole method: secrets of this process, which has them in its memory,
 * are found by the same search, and only there where they are. */
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
  test_memory_assert_only (memory, "integration-memory", "key", handshake->keys->write.key,
                           handshake->keys->write.key_size);
  test_memory_assert_only (memory, "integration-memory", "traffic secret",
                           handshake->keys->read.traffic_secret,
                           handshake->keys->read.traffic_secret_size);
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
      g_autofree char *on_channel = g_strdup_printf ("/memory/channel/%s", suites[i].name);

      g_test_add_data_func (path, &suites[i], test_suite);
      g_test_add_data_func (on_channel, &suites[i], test_suite_on_channel);
    }
  g_test_add_func ("/memory/channel/keys", test_channel_keys);
  g_test_add_func ("/memory/control", test_control);
  g_test_add_func ("/memory/forgotten", test_forgotten);
  return g_test_run ();
}
