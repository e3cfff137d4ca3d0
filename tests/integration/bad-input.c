/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Wrong calls: the error says what is wrong, nothing is sent on the socket, and the service goes
 * on. */

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-system.h"
#include "test-way.h"

typedef struct
{
  GDBusConnection *alice;
  GPid service;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  fixture->alice = test_bus_connect ("alice");
  reply = test_call (fixture->alice, HANDOFF_ROOT_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL,
                     &error);
  g_assert_no_error (error);
  fixture->service = test_service_get_pid ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (test_service_get_pid (), ==, fixture->service);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
  g_object_unref (fixture->alice);
}

/* The call with these arguments must fail like that. socket: -1 for no descriptor in the message.
 */
static void
expect_call (Fixture *fixture,
             int socket,
             gint32 handle,
             const char *identity,
             GVariant *key,
             GVariant *options,
             const char *error_name,
             const char *text)
{
  g_autoptr (TestReply) reply = NULL;
  g_autoptr (GError) error = NULL;

  reply = test_way_call (
      fixture->alice,
      &(TestCall){ .path = HANDOFF_ROOT_PATH,
                   .interface = HANDOFF_MANAGER_INTERFACE,
                   .method = "HandshakeAsClient",
                   .parameters = g_variant_new ("(hs@ay@a{sv})", handle, identity, key, options),
                   .fds = &socket,
                   .n_fds = socket < 0 ? 0 : 1 },
      &error);
  if (error != NULL)
    g_test_message ("%s", error->message);
  test_assert_remote_error (error, error_name, text);
}

static GVariant *
some_key (gsize size)
{
  g_autofree guint8 *bytes = g_malloc (size + 1);

  memset (bytes, 9, size + 1);
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, size, 1);
}

static void
expect_socket (Fixture *fixture, int socket, const char *error_name, const char *text)
{
  expect_call (fixture, socket, 0, "localhost", some_key (32), test_options (NULL), error_name,
               text);
}

/* Arguments with a good socket, on which no byte may arrive. */
static void
expect_refused (Fixture *fixture,
                const char *identity,
                GVariant *key,
                GVariant *options,
                const char *error_name,
                const char *text)
{
  int sockets[2];
  char byte;

  test_tcp_pair (sockets);
  expect_call (fixture, sockets[0], 0, identity, key, options, error_name, text);
  close (sockets[0]);
  /* Nothing was sent, and the service has closed its copy. */
  g_assert_cmpint (recv (sockets[1], &byte, 1, 0), ==, 0);
  close (sockets[1]);
}

/* Breaks if anything but a connected stream socket is accepted. */
static void
test_sockets (Fixture *fixture, gconstpointer data)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  int unconnected = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int unconnected_unix = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int packets[2];
  int messages[2];
  int pipe_ends[2];
  int listener;
  guint16 port;

  listener = test_listen (&port);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, packets), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, messages), ==, 0);
  g_assert_cmpint (pipe2 (pipe_ends, O_CLOEXEC), ==, 0);

  expect_socket (fixture, null, "UnsupportedSocket", "no socket");
  expect_socket (fixture, pipe_ends[1], "UnsupportedSocket", "no socket");
  expect_socket (fixture, unconnected, "UnsupportedSocket", "not connected");
  expect_socket (fixture, unconnected_unix, "UnsupportedSocket", "not connected");
  expect_socket (fixture, listener, "UnsupportedSocket", NULL);
  expect_socket (fixture, packets[0], "UnsupportedSocket", "stream");
  expect_socket (fixture, messages[0], "UnsupportedSocket", "stream");

  close (null);
  close (unconnected);
  close (unconnected_unix);
  close (listener);
  for (int i = 0; i < 2; i++)
    {
      close (packets[i]);
      close (messages[i]);
      close (pipe_ends[i]);
    }
}

/* Breaks if an index that points at no descriptor is followed. */
static void
test_no_descriptor (Fixture *fixture, gconstpointer data)
{
  int sockets[2];

  expect_call (fixture, -1, 0, "localhost", some_key (32), test_options (NULL), "InvalidArgument",
               "descriptor");
  test_tcp_pair (sockets);
  expect_call (fixture, sockets[0], 1, "localhost", some_key (32), test_options (NULL),
               "InvalidArgument", "descriptor");
  expect_call (fixture, sockets[0], G_MAXINT32, "localhost", some_key (32), test_options (NULL),
               "InvalidArgument", "descriptor");
  expect_call (fixture, sockets[0], -1, "localhost", some_key (32), test_options (NULL),
               "InvalidArgument", "descriptor");
  close (sockets[0]);
  close (sockets[1]);
}

/* Breaks if a descriptor whose other end is gone causes more than an error. */
static void
test_closed_sockets (Fixture *fixture, gconstpointer data)
{
  int shut[2];
  int gone[2];

  test_tcp_pair (shut);
  shutdown (shut[0], SHUT_RDWR);
  expect_socket (fixture, shut[0], "PeerClosed", NULL);
  close (shut[0]);
  close (shut[1]);

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gone), ==, 0);
  close (gone[1]);
  expect_socket (fixture, gone[0], "PeerClosed", NULL);
  close (gone[0]);
}

static void
expect_arguments (
    Fixture *fixture, const char *identity, GVariant *key, GVariant *options, const char *text)
{
  expect_refused (fixture, identity, key, options, "InvalidArgument", text);
}

/* Breaks if a key of another size is read past its end, or a weak one is sealed to. */
static void
test_keys (Fixture *fixture, gconstpointer data)
{
  const gsize sizes[] = { 1, 31, 33, 64, 1024 * 1024 };
  const guint8 zeros[32] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    expect_arguments (fixture, "localhost", some_key (sizes[i]), test_options (NULL), "32");
  expect_arguments (fixture, "localhost",
                    g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, sizeof zeros, 1),
                    test_options (NULL), "key");
}

/* Breaks if the bus takes a call that says to nobody what its key blob is to be sealed to. */
static void
test_no_key (Fixture *fixture, gconstpointer data)
{
  expect_arguments (fixture, "localhost", some_key (0), test_options (NULL), "32");
}

/* Breaks if a text that is neither a name nor an address is accepted as the identity to verify. */
static void
test_identities (Fixture *fixture, gconstpointer data)
{
  const char *wrong[] = { "",          " ",      ".",          "a..b",
                          "host:443",  "[::1]",  "a b",        "*.a.test",
                          "a/b",       "host\n", "1.2.3.4.5",  "1.2.3.256",
                          "user@host", "::1%lo", "a\x01.test", "xn--\xc3\xbc",
                          "127.1" };
  g_autofree char *large = g_strnfill (1024 * 1024, 'a');
  g_autofree char *label = g_strnfill (64, 'a');

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_test_message ("identity %u", i);
      expect_arguments (fixture, wrong[i], some_key (32), test_options (NULL), "identity");
    }
  expect_arguments (fixture, label, some_key (32), test_options (NULL), "identity");
  expect_arguments (fixture, large, some_key (32), test_options (NULL), "identity");
}

/* Breaks if the service ignores an option that it does not understand. */
static void
test_options_table (Fixture *fixture, gconstpointer data)
{
  const struct
  {
    const char *options;
    const char *names;
  } wrong[] = {
    { "{'no-such-option': <true>}", "no-such-option" },
    { "{'': <true>}", "option" },
    { "{'timeout': <'5'>}", "timeout" },
    { "{'timeout': <int32 5>}", "timeout" },
    { "{'timeout': <uint32 0>}", "timeout" },
    { "{'timeout': <uint32 301>}", "timeout" },
    { "{'blob-format': <uint32 0>}", "blob-format" },
    { "{'blob-format': <'1'>}", "blob-format" },
    { "{'application-protocols': <'h2'>}", "application-protocols" },
    { "{'application-protocols': <['']>}", "application-protocols" },
    { "{'application-protocol-optional': <true>}", "application-protocol-optional" },
    { "{'minimum-protocol': <'TLS1.1'>}", "minimum-protocol" },
    { "{'minimum-protocol': <uint32 3>}", "minimum-protocol" },
    { "{'maximum-protocol': <'TLS1.4'>}", "maximum-protocol" },
    { "{'minimum-protocol': <'TLS1.3'>, 'maximum-protocol': <'TLS1.2'>}", "minimum-protocol" },
    { "{'cipher-suites': <['TLS_AES_128_GCM_SHA256']>}", "cipher-suites" },
    { "{'trust-anchors': <@aay []>}", "trust-anchors" },
    { "{'trust-anchors': <[@ay []]>}", "trust-anchors" },
    { "{'trust-anchors': <[b'no certificate']>}", "trust-anchors" },
    { "{'trust-anchors': <'/etc/ssl/certs'>}", "trust-anchors" },
    { "{'ask-for-credential': <'yes'>}", "ask-for-credential" },
    { "{'ask-for-credential': <true>, 'credential': <''>}", "ask-for-credential" },
    { "{'credential-choice': <'always'>}", "credential-choice" },
    { "{'credential-choice': <true>}", "credential-choice" },
    { "{'trust-nobody': <'yes'>}", "trust-nobody" },
    { "{'trust-nobody': <true>, 'trust-anchors': <[[byte 1]]>}", "trust-nobody" },
    { "{'timeout': <uint32 5>, 'timeout': <uint32 6>}", "timeout" },
  };
  const char *no_suite[] = { "{'cipher-suites': <@aq []>}", "{'cipher-suites': <[uint16 0]>}" };
  GVariantBuilder many;
  g_autofree char *long_name = g_strnfill (256, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      GVariant *options =
          g_variant_parse (G_VARIANT_TYPE_VARDICT, wrong[i].options, NULL, NULL, &error);

      g_assert_no_error (error);
      g_test_message ("%s", wrong[i].options);
      expect_arguments (fixture, "localhost", some_key (32), options, wrong[i].names);
    }

  for (guint i = 0; i < G_N_ELEMENTS (no_suite); i++)
    expect_refused (fixture, "localhost", some_key (32), g_variant_new_parsed (no_suite[i]),
                    "NotSupported", "cipher-suites");

  g_variant_builder_init (&many, G_VARIANT_TYPE_STRING_ARRAY);
  for (int i = 0; i < 33; i++)
    g_variant_builder_add (&many, "s", "p");
  expect_arguments (
      fixture, "localhost", some_key (32),
      g_variant_new_parsed ("{'application-protocols': <%*>}", g_variant_builder_end (&many)),
      "application-protocols");
  expect_arguments (fixture, "localhost", some_key (32),
                    g_variant_new_parsed ("{'application-protocols': <[%s]>}", long_name),
                    "application-protocols");
}

/* Breaks if a call with other argument types reaches the service's code. */
static void
test_signatures (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  reply = test_call (fixture->alice, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                     "HandshakeAsClient", g_variant_new ("(s)", "localhost"), &error);
  test_assert_remote_error (error, "org.freedesktop.DBus.Error.InvalidArgs", NULL);
  reply = test_call (fixture->alice, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "NoSuchMethod",
                     NULL, &error);
  test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownMethod", "NoSuchMethod");
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
#define ADD(name, function)                                                                        \
  g_test_add ("/bad-input/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("sockets", test_sockets);
  ADD ("no-descriptor", test_no_descriptor);
  ADD ("closed-sockets", test_closed_sockets);
  ADD ("keys", test_keys);
  ADD ("no-key", test_no_key);
  ADD ("identities", test_identities);
  ADD ("options", test_options_table);
  ADD ("signatures", test_signatures);
  return g_test_run ();
}
