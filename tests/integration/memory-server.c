/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* As a server, too, none of the service's programs has a key of a connection after the reply, and
 * before it the handshaker alone; and none but the keeper ever has a credential's private key, nor
 * the keeper after the credential was removed, or after the handshake that the key was given for.
 */

#include <gnutls/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cipher-suite.h"
#include "handoff-names.h"
#include "test-channel.h"
#include "test-credential.h"
#include "test-handshake.h"
#include "test-memory.h"
#include "test-peer.h"
#include "test-system.h"

/* A client of OpenSSL's that takes whatever the server wants, and logs its secrets. */
typedef struct
{
  GSubprocess *process; /* (owned) */
  char *key_log;        /* (owned): path */
  int socket;           /* the server's end */
} Client;

static void
client_start (Client *self, gboolean tls13)
{
  g_autofree char *port_text = NULL;
  g_autoptr (GError) error = NULL;
  guint16 port;
  int listener = test_listen (&port);

  port_text = g_strdup_printf ("127.0.0.1:%u", port);
  self->key_log = g_build_filename (g_get_tmp_dir (), "client-keys", NULL);
  unlink (self->key_log);
  self->process = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
          G_SUBPROCESS_FLAGS_STDERR_SILENCE,
      &error, "openssl", "s_client", "-quiet", "-connect", port_text, "-servername", "localhost",
      "-keylogfile", self->key_log, tls13 ? "-tls1_3" : "-tls1_2", "-cipher", "ALL:@SECLEVEL=0",
      "-ciphersuites",
      "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
      "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256",
      NULL);
  g_assert_no_error (error);
  self->socket = accept (listener, NULL, NULL);
  g_assert_cmpint (self->socket, >=, 0);
  close (listener);
}

static void
client_clear (Client *self)
{
  close (self->socket);
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_object_unref (self->process);
  g_free (self->key_log);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Client, client_clear)

static void
import (GDBusConnection *root, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_credential_import (root, name, name, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (path);
}

/* Reads the programs' memory right after the reply, so that nothing else has overwritten what was
 * left. channel: (nullable) */
static HandoffKeyState *
serve (
    GDBusConnection *root, TestChannel *channel, int socket, const char *text, TestMemory **memory)
{
  GVariant *options = g_variant_new_parsed (text);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;
  HandoffKeyState *keys;

  if (channel != NULL)
    keys = test_channel_handshake (channel, socket, NULL, options, &error);
  else
    {
      handshake = test_handshake_as_server (root, socket, -1, g_variant_ref_sink (options), &error);
      keys = handshake != NULL ? g_steal_pointer (&handshake->keys) : NULL;
    }
  *memory = test_memory_read_service ();
  g_assert_no_error (error);
  return keys;
}

/* Breaks if a copy stays of a connection's secrets, or of the secrets that its tickets are made
 * of. */
static void
check_suite (const HandoffCipherSuite *suite, gboolean has_channel)
{
  const gboolean tls13 = suite->protocol == 0x0304;
  const char *name = strstr (suite->name, "_ECDSA_") != NULL ? "ecdsa" : "rsa";
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  g_autofree char *text = NULL;
  g_autofree char *log = NULL;
  g_autoptr (TestChannel) channel = has_channel ? test_channel_open_now (root) : NULL;
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (TestMemory) memory = NULL;
  g_auto (Client) client = { NULL };
  gboolean known;

  import (root, name);
  client_start (&client, tls13);
  text = g_strdup_printf ("{'credential': <'%s'>, 'cipher-suites': <[uint16 %u]>,"
                          " 'blob-format': <uint32 2>}",
                          name, suite->id);
  keys = serve (root, channel, client.socket, text, &memory);
  g_assert_cmpuint (keys->cipher_suite, ==, suite->id);

  test_memory_assert_direction_absent (memory, "server's", &keys->write);
  test_memory_assert_direction_absent (memory, "client's", &keys->read);
  test_memory_assert_bindings_absent (memory, keys);
  g_assert_true (g_file_get_contents (client.key_log, &log, NULL, NULL));
  known = test_memory_assert_logged_absent (memory, log, &keys->write);
  if (tls13)
    {
      g_assert_true (known);
      test_memory_assert_next_generations_absent (memory, keys);
    }
  test_credential_remove_all ();
}

static void
test_suite (gconstpointer data)
{
  check_suite (data, FALSE);
}

static void
test_suite_on_channel (gconstpointer data)
{
  check_suite (data, TRUE);
}

/* What only who has a private key knows. */
typedef struct
{
  GPtrArray *numbers; /* (owned) (element-type GBytes): in both orders: GMP's is the reverse */
} Secrets;

static void
secrets_clear (Secrets *self)
{
  g_ptr_array_unref (self->numbers);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Secrets, secrets_clear)

static void
add_number (Secrets *self, gnutls_datum_t *number)
{
  const guint8 *data = number->data;
  gsize size = number->size;
  guint8 *reverse;

  /* The sign's. */
  for (; size > 0 && *data == 0; size--)
    data++;
  reverse = g_malloc (size);
  for (gsize i = 0; i < size; i++)
    reverse[i] = data[size - 1 - i];
  g_ptr_array_add (self->numbers, g_bytes_new (data, size));
  g_ptr_array_add (self->numbers, g_bytes_new_take (reverse, size));
  gnutls_free (number->data);
}

static void
secrets_init (Secrets *self, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".key", NULL);
  g_autofree char *path = test_cert_path (file);
  g_autofree char *pem = NULL;
  gnutls_datum_t datum, m, e, d, p, q, u;
  gnutls_ecc_curve_t curve;
  gnutls_x509_privkey_t key;
  gsize size;

  self->numbers = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_assert_true (g_file_get_contents (path, &pem, &size, NULL));
  datum.data = (guint8 *) pem;
  datum.size = (unsigned int) size;
  gnutls_x509_privkey_init (&key);
  g_assert_cmpint (gnutls_x509_privkey_import (key, &datum, GNUTLS_X509_FMT_PEM), ==, 0);
  if (gnutls_x509_privkey_get_pk_algorithm (key) == GNUTLS_PK_RSA)
    {
      g_assert_cmpint (gnutls_x509_privkey_export_rsa_raw (key, &m, &e, &d, &p, &q, &u), ==, 0);
      add_number (self, &d);
      add_number (self, &p);
      add_number (self, &q);
      gnutls_free (m.data);
      gnutls_free (e.data);
      gnutls_free (u.data);
    }
  else
    {
      g_assert_cmpint (gnutls_x509_privkey_export_ecc_raw (key, &curve, &m, &e, &d), ==, 0);
      add_number (self, &d);
      gnutls_free (m.data);
      gnutls_free (e.data);
    }
  gnutls_x509_privkey_deinit (key);
  {
    g_auto (GStrv) lines = g_strsplit (pem, "\n", -1);
    /* As text, too: a line that few keys share. A short key has one such line only. */
    const char *line = lines[g_strv_length (lines) > 4 ? 2 : 1];

    g_ptr_array_add (self->numbers, g_bytes_new (line, MIN (strlen (line), 40)));
  }
}

/* The programs that have one of them or several, as test_memory_who_has() names them; only those
 * of one kind each: keys are nowhere but in the keeper, so there are never two names. */
static char *
secrets_find (Secrets *self, TestMemory *memory)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->numbers->len; i++)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (self->numbers->pdata[i], &size);
      g_autofree char *programs = NULL;

      g_assert_cmpuint (size, >=, 12);
      programs = test_memory_who_has (memory, data, size);
      if (programs[0] == '\0')
        continue;
      g_test_message ("number %u: in %s", i, programs);
      if (!g_ptr_array_find_with_equal_func (found, programs, g_str_equal, NULL))
        g_ptr_array_add (found, g_steal_pointer (&programs));
    }
  g_ptr_array_add (found, NULL);
  return g_strjoinv (" ", (char **) found->pdata);
}

static void
serve_once (GDBusConnection *root, const char *options)
{
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Client) client = { NULL };

  client_start (&client, TRUE);
  handshake = test_handshake_as_server (
      root, client.socket, -1, g_variant_ref_sink (g_variant_new_parsed (options)), &error);
  g_assert_no_error (error);
}

typedef struct
{
  Secrets *secrets;
  const char *programs;
} Expected;

static gboolean
is_as_expected (gpointer data)
{
  const Expected *expected = data;
  g_autoptr (TestMemory) memory = test_memory_read_service ();
  g_autofree char *programs = secrets_find (expected->secrets, memory);

  return strcmp (programs, expected->programs) == 0;
}

/* Breaks if another program than the keeper has a private key, or if the key stays in the keeper's
 * memory after it was removed; the search finds it before. */
static void
test_removed (gconstpointer name)
{
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  g_autofree char *options = g_strdup_printf ("{'credential': <'%s'>}", (const char *) name);
  g_autoptr (TestMemory) after = NULL;
  g_auto (Secrets) secrets = { NULL };
  g_autofree char *after_programs = NULL;

  secrets_init (&secrets, name);
  import (root, name);
  serve_once (root, options);
  test_wait_until (is_as_expected, &(Expected){ &secrets, TEST_KEEPER }, "the importer's end");
  test_credential_remove_all ();
  after = test_memory_read_service ();
  after_programs = secrets_find (&secrets, after);
  g_assert_cmpstr (after_programs, ==, TEST_NOBODY);
}

/* A handshake in a thread of its own, whose client's second flight does not come until the test has
 * seen what the programs have meanwhile. */
typedef struct
{
  GDBusConnection *root; /* (owned) */
  int pem;               /* (owned) */
  int server;            /* (owned): the service's end */
  int carrier;           /* (owned): the other one */
  Client client;
  GThread *thread; /* (owned) */
} Held;

static gpointer
held_serve (gpointer data)
{
  Held *self = data;
  g_autoptr (GError) error = NULL;
  TestHandshake *handshake = test_handshake_as_server (
      self->root, self->server, self->pem,
      g_variant_ref_sink (g_variant_new_parsed ("{'blob-format': <uint32 2>}")), &error);

  g_assert_no_error (error);
  return handshake;
}

/* From one to the other, what is there. */
static void
carry (int from, int to)
{
  guint8 buffer[16384];
  const gssize n = read (from, buffer, sizeof buffer);

  g_assert_cmpint (n, >, 0);
  g_assert_cmpint (write (to, buffer, (gsize) n), ==, n);
}

/* Carries until the client has all of the server's flight: it logs the secrets before it answers.
 */
static void
held_start (Held *self, const char *name)
{
  int pair[2];

  self->root = test_bus_connect ("root");
  self->pem = test_memfd_new_for_certificate (name);
  client_start (&self->client, TRUE);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  self->server = pair[0];
  self->carrier = pair[1];
  self->thread = g_thread_new ("server", held_serve, self);
  test_wait_for_data (self->client.socket);
  carry (self->client.socket, self->carrier);
  for (;;)
    {
      GPollFD ends[] = { { self->client.socket, G_IO_IN, 0 }, { self->carrier, G_IO_IN, 0 } };

      g_assert_cmpint (g_poll (ends, G_N_ELEMENTS (ends), TEST_TIMEOUT_SECONDS * 1000), >, 0);
      if (ends[0].revents != 0)
        return;
      carry (self->carrier, self->client.socket);
    }
}

/* Lets the handshake finish. */
static TestHandshake *
held_finish (Held *self)
{
  carry (self->client.socket, self->carrier);
  return g_thread_join (g_steal_pointer (&self->thread));
}

static void
held_clear (Held *self)
{
  g_assert_null (self->thread);
  close (self->pem);
  close (self->server);
  close (self->carrier);
  client_clear (&self->client);
  g_object_unref (self->root);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Held, held_clear)

static void
assert_logged (TestMemory *memory, const char *log, const char *label, const char *programs)
{
  g_autoptr (GBytes) secret = test_key_log_find (log, label);

  test_memory_assert_only (memory, programs, label, g_bytes_get_data (secret, NULL),
                           g_bytes_get_size (secret));
}

/* While a handshake goes on, its secrets are in the handshaker and the key that it was given in the
 * keeper, and both nowhere else; the importer that read the key has ended. Breaks if one of them
 * stays longer than the handshake. */
static void
test_given (gconstpointer name)
{
  static const char *const labels[] = { "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
                                        "CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
                                        "SERVER_TRAFFIC_SECRET_0 " };
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (TestMemory) during = NULL;
  g_autoptr (TestMemory) after = NULL;
  g_autofree char *log = NULL;
  g_auto (Secrets) secrets = { NULL };
  g_auto (Held) held = { NULL };

  secrets_init (&secrets, name);
  held_start (&held, name);
  test_wait_until (is_as_expected, &(Expected){ &secrets, TEST_KEEPER }, "the importer's end");
  g_assert_true (g_file_get_contents (held.client.key_log, &log, NULL, NULL));
  during = test_memory_read_service ();
  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++)
    assert_logged (during, log, labels[i], TEST_HANDSHAKER);

  handshake = held_finish (&held);
  after = test_memory_read_service ();
  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++)
    assert_logged (after, log, labels[i], TEST_NOBODY);
  test_memory_assert_direction_absent (after, "server's", &handshake->keys->write);
  test_memory_assert_direction_absent (after, "client's", &handshake->keys->read);
  test_wait_until (is_as_expected, &(Expected){ &secrets, TEST_NOBODY }, "the end of the key");
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "rsa", "ecdsa", "ed25519" };
  const HandoffCipherSuite *suites;
  gsize n_suites;

  test_system_init (&argc, &argv);
  test_service_set_config (TEST_CONFIG_ALL_SUITES);
  suites = handoff_cipher_suites (&n_suites);
  for (gsize i = 0; i < n_suites; i++)
    {
      g_autofree char *path = g_strdup_printf ("/memory-server/%s", suites[i].name);
      g_autofree char *on_channel = g_strdup_printf ("/memory-server/channel/%s", suites[i].name);

      g_test_add_data_func (path, &suites[i], test_suite);
      g_test_add_data_func (on_channel, &suites[i], test_suite_on_channel);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *removed = g_strdup_printf ("/memory-server/removed/%s", names[i]);
      g_autofree char *given = g_strdup_printf ("/memory-server/given/%s", names[i]);

      g_test_add_data_func (removed, names[i], test_removed);
      g_test_add_data_func (given, names[i], test_given);
    }
  return g_test_run ();
}
