/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Handshakes on channels, on the wire. */

#include <string.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-channel.h"
#include "test-credential.h"
#include "test-handshake.h"
#include "test-system.h"
#include "tls-handoff-error.h"

#define ACTION(name) "'org.tlshandoff.Handoff1." name "'"
/* What an active session would give alice. */
#define OWN_RULES                                                                                  \
  "polkit.addRule(function(action, subject) {"                                                     \
  " if (action.id == " ACTION ("manage-own-credentials") " || action.id == " ACTION (              \
      "use-own-credential") ") return polkit.Result.YES; });"
/* Calls at once that are more than a channel takes. */
#define MANY 32

static HandoffKeyState *
handshake (TestChannelFixture *f, const char *options, GError **error)
{
  const int socket = test_peer_connect (f->peer);
  HandoffKeyState *keys =
      test_channel_handshake (f->channel, socket, "localhost", test_options (options), error);

  close (socket);
  return keys;
}

/* Breaks if a channel does no handshakes, or seals keys wrongly from the second one on. */
static void
test_client (TestChannelFixture *f, gconstpointer data)
{
  guint i;

  for (i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HandoffKeyState) keys = handshake (f, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (keys->role, ==, HANDOFF_ROLE_CLIENT);
    }
}

/* Both ends of many connections on one channel at once: the servers' credential travels to the main
 * thread. Breaks if replies get to wrong calls, or if blobs are not sent in the order in which they
 * were sealed. */
static void
test_many (TestChannelFixture *f, gconstpointer data)
{
  int sockets[MANY][2];
  guint32 clients[MANY], servers[MANY];
  guint i;

  for (i = 0; i < MANY; i++)
    {
      const int fds[2] = { (test_tcp_pair (sockets[i]), sockets[i][1]),
                           test_memfd_new_for_certificate ("ecdsa") };
      g_autoptr (GVariant) options =
          g_variant_ref_sink (g_variant_new_parsed ("{'credential-pem': <handle 1>}"));

      servers[i] = test_channel_send (
          f->channel, HANDOFF_ROOT_PATH, "HandshakeAsServer",
          g_variant_new ("(h@ay@a{sv})", 0, g_variant_new_array (G_VARIANT_TYPE_BYTE, NULL, 0),
                         options),
          fds, 2);
      clients[i] = test_channel_start (f->channel, sockets[i][0], "localhost", test_options (NULL));
    }
  for (i = 0; i < MANY; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HandoffKeyState) client = NULL;
      g_autoptr (HandoffKeyState) server = NULL;

      client = test_channel_finish (f->channel, clients[i], NULL, &error);
      g_assert_no_error (error);
      server = test_channel_finish (f->channel, servers[i], NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (client->role, ==, HANDOFF_ROLE_CLIENT);
      g_assert_cmpint (server->role, ==, HANDOFF_ROLE_SERVER);
      g_assert_cmpmem (client->write.key, sizeof client->write.key, server->read.key,
                       sizeof server->read.key);
      close (sockets[i][0]);
      close (sockets[i][1]);
    }
}

static HandoffKeyState *
serve (TestChannelFixture *f, const char *options, GError **error)
{
  HandoffKeyState *server;
  g_autoptr (HandoffKeyState) client = NULL;
  int sockets[2];
  guint32 server_call, client_call;

  test_tcp_pair (sockets);
  server_call = test_channel_start (f->channel, sockets[1], NULL, g_variant_new_parsed (options));
  client_call = test_channel_start (f->channel, sockets[0], "localhost", test_options (NULL));
  server = test_channel_finish (f->channel, server_call, NULL, error);
  client = test_channel_finish (f->channel, client_call, NULL, NULL);
  g_assert_true ((server == NULL) == (client == NULL));
  close (sockets[0]);
  close (sockets[1]);
  return server;
}

#define ASKED "credential=web: allowed\n"
#define REMEMBERED "credential=web: allowed (remembered)"

/* Breaks if polkit is asked again about a credential, or if what was remembered of one lasts longer
 * than it. */
static void
test_named_credential (TestChannelFixture *f, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (GError) error = NULL;
  const guint n_asked = test_log_count (ASKED), n_remembered = test_log_count (REMEMBERED);
  guint i;

  test_polkit_set_rules (OWN_RULES);
  path = test_credential_import (f->alice, "web", "ecdsa", NULL, &error);
  g_assert_no_error (error);
  g_clear_pointer (&keys, handoff_key_state_free);
  keys = serve (f, "{'credential': <'web'>}", &error);
  g_assert_no_error (error);
  /* Each handshake has two yeses: its own, and the credential's. The import has one. */
  test_log_wait (ASKED, n_asked + 3);
  for (i = 0; i < 3; i++)
    {
      g_clear_pointer (&keys, handoff_key_state_free);
      keys = serve (f, "{'credential': <'web'>}", &error);
      g_assert_no_error (error);
    }
  test_log_wait (REMEMBERED, n_remembered + 6);
  g_assert_cmpuint (test_log_count (REMEMBERED), ==, n_remembered + 6);
  g_assert_cmpuint (test_log_count (ASKED), ==, n_asked + 3);

  g_assert_true (test_credential_remove (f->alice, path, &error));
  g_assert_no_error (error);
  g_assert_null (serve (f, "{'credential': <'web'>}", &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  test_polkit_set_rules (NULL);
}

/* Replaces polkit's rules, and waits until the service has heard of it too. */
static void
set_rules (const char *rules)
{
  test_polkit_set_rules (rules);
  /* The bus keeps the order of what it brings to the service. */
  test_statistic ("sessions");
}

/* Breaks if what polkit denies is done on a channel, or if a yes outlives the rule. */
static void
test_denied (TestChannelFixture *f, gconstpointer data)
{
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (GError) error = NULL;

  keys = handshake (f, NULL, &error);
  g_assert_no_error (error);
  set_rules ("polkit.addRule(function(action, subject) {"
             " if (subject.user == 'alice') return polkit.Result.NO; });");
  g_assert_null (handshake (f, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  set_rules (NULL);
  g_clear_pointer (&keys, handoff_key_state_free);
  keys = handshake (f, NULL, &error);
  g_assert_no_error (error);
}

/* Breaks if errors of arguments close the channel, or are others than on the bus. */
static void
test_errors (TestChannelFixture *f, gconstpointer data)
{
  static const struct
  {
    const char *path;
    const char *method;
    const char *arguments;
    const char *name;
  } cases[] = {
    { HANDOFF_ROOT_PATH, "GetStatistics", "()", "org.freedesktop.DBus.Error.UnknownMethod" },
    { HANDOFF_ROOT_PATH, "Step", "(b'',)", "org.freedesktop.DBus.Error.UnknownMethod" },
    { "/", "CreateSession", "('client', 'localhost', @a{sv} {})",
      "org.freedesktop.DBus.Error.UnknownMethod" },
    { HANDOFF_SESSIONS_PATH "/x", "Step", "(b'',)", "org.freedesktop.DBus.Error.UnknownObject" },
    { HANDOFF_SESSIONS_PATH "/x", "Get", "('', '')", "org.freedesktop.DBus.Error.UnknownMethod" },
    { HANDOFF_ROOT_PATH, "CreateSession", "('client', @a{sv} {})",
      "org.freedesktop.DBus.Error.InvalidArgs" },
    { HANDOFF_ROOT_PATH, "CreateSession", "('client', 'localhost', {'x': <true>})",
      HANDOFF_ERROR_PREFIX "InvalidArgument" },
    { HANDOFF_ROOT_PATH, "HandshakeAsClient", "(handle 0, 'localhost', @ay [], @a{sv} {})",
      HANDOFF_ERROR_PREFIX "InvalidArgument" },
    { HANDOFF_ROOT_PATH, "HandshakeAsClient", "(handle 0, 'localhost', b'short', @a{sv} {})",
      HANDOFF_ERROR_PREFIX "InvalidArgument" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestAnswer) answer = test_channel_wait (
          f->channel, test_channel_send (f->channel, cases[i].path, cases[i].method,
                                         g_variant_new_parsed (cases[i].arguments), NULL, 0));
      const char *name;

      g_test_message ("%s.%s", cases[i].path, cases[i].method);
      g_assert_nonnull (answer->error);
      g_variant_get_child (answer->message.body, 0, "&s", &name);
      g_assert_cmpstr (name, ==, cases[i].name);
    }
  test_channel_check (f, f->channel);
}

/* Breaks if what a channel does is not in the audit log as on the bus. */
static void
test_audit (TestChannelFixture *f, gconstpointer data)
{
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *complete = g_strdup_printf (
      "uid=60101 pid=%d role=client server-identity=localhost peer=127.0.0.1:%u: complete",
      getpid (), test_peer_get_port (f->peer));
  const guint n_complete = test_log_count (complete);

  keys = handshake (f, NULL, &error);
  g_assert_no_error (error);
  test_log_wait (complete, n_complete + 1);
}

/* Breaks if the keys that a caller has sealed to a key of his own use up a number of the channel's.
 */
static void
test_own_key (TestChannelFixture *f, gconstpointer data)
{
  const int socket = test_peer_connect (f->peer);
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) packed = handoff_channel_message_pack (
      HANDOFF_CHANNEL_CALL, 1000,
      handoff_channel_call_body (
          0, HANDOFF_ROOT_PATH, "HandshakeAsClient",
          g_variant_new ("(hs@ay@a{sv})", 0, "localhost",
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, f->channel->recipient_key,
                                                    HANDOFF_HPKE_KEY_SIZE, 1),
                         test_options (NULL))));
  g_autoptr (TestAnswer) answer = NULL;

  test_channel_send_packed (f->channel, packed, &socket, 1);
  answer = test_channel_receive (f->channel);
  g_assert_nonnull (answer);
  g_assert_cmpint (answer->message.kind, ==, HANDOFF_CHANNEL_REPLY);
  g_assert_cmpuint (answer->message.n_fds, ==, 1);
  g_assert_null (answer->keys);
  close (socket);

  keys = handshake (f, NULL, &error);
  g_assert_no_error (error);
}

static void
reload (const char *config)
{
  GDBusConnection *root = test_bus_connect ("root");
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  test_service_set_config (config);
  reply = test_call (root, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "Reload", NULL, &error);
  g_assert_no_error (error);
  test_bus_vanish (root);
}

static gboolean
has_passed (gpointer time)
{
  return g_get_monotonic_time () >= *(gint64 *) time;
}

/* Breaks if the service leaves while a channel is in use, since nothing comes over the bus any
 * more: for twice the time after which it would. */
static void
test_in_use (TestChannelFixture *f, gconstpointer data)
{
  gint64 pause_end, end;
  GPid pid;

  /* Long enough for a pause in which a busy machine does not run the test. */
  reload ("[Timeouts]\nIdleExit=3\n");
  end = g_get_monotonic_time () + 6 * G_USEC_PER_SEC;
  pid = test_service_get_pid ();
  while (g_get_monotonic_time () < end)
    {
      g_autoptr (GError) error = NULL;
      const int socket = test_peer_connect (f->peer);

      /* No session is left, which would keep the service. */
      g_assert_null (test_channel_handshake (f->channel, socket, "another.handoff.test",
                                             test_options (NULL), &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED);
      close (socket);
      /* When the service looks, nothing shall be under way. */
      pause_end = g_get_monotonic_time () + 20 * 1000;
      test_wait_until (has_passed, &pause_end, "the pause ends");
    }
  g_assert_cmpint (test_service_get_pid (), ==, pid);
  reload (NULL);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);

#define TEST(name, function)                                                                       \
  g_test_add (name, TestChannelFixture, NULL, test_channel_set_up, function, test_channel_tear_down)
  TEST ("/channel/client", test_client);
  TEST ("/channel/many", test_many);
  TEST ("/channel/named-credential", test_named_credential);
  TEST ("/channel/denied", test_denied);
  TEST ("/channel/errors", test_errors);
  TEST ("/channel/audit", test_audit);
  TEST ("/channel/own-key", test_own_key);
  TEST ("/channel/in-use", test_in_use);

  return g_test_run ();
}
