/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Handshakes whose bytes the caller carries: CreateSession, Step, ExportKeys, Close. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-server.h"
#include "test-steps.h"
#include "test-system.h"

#define WHOLE G_MAXSIZE

static void
tear_down_check (void)
{
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
}

/* A session and its way to a real server. */
typedef struct
{
  GDBusConnection *alice;
  TestPeer *peer;
  int socket;
  char *path;
  GByteArray *received;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->alice = test_bus_connect ("alice");
  f->received = g_byte_array_new ();
  f->socket = -1;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_bus_vanish (f->alice);
  if (f->socket >= 0)
    close (f->socket);
  g_clear_pointer (&f->peer, test_peer_free);
  g_free (f->path);
  g_byte_array_unref (f->received);
  tear_down_check ();
}

static void
begin (Fixture *f, const char *certificate, const char *options)
{
  g_autoptr (GError) error = NULL;

  f->peer = test_peer_new_openssl (certificate, NULL);
  f->socket = test_peer_connect (f->peer);
  f->path = test_create_session (f->alice, "localhost", test_options (options), &error);
  g_assert_no_error (error);
}

static void
expect_step_error (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TestStep) step = test_step (f->alice, f->path, "x", 1, &error);

  g_assert_null (step);
  test_assert_remote_error (error, "InvalidArgument", text);
}

static void
expect_export_error (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffKeyState) keys = test_export (f->alice, f->path, &error);

  g_assert_null (keys);
  test_assert_remote_error (error, "InvalidArgument", text);
}

static void
run_to_completion (Fixture *f, gsize chunk, const char *protocol, guint16 protocol_number)
{
  /* So many calls take a slow machine their time. */
  g_autofree char *options = g_strdup_printf (
      "{'minimum-protocol': <'%s'>, 'maximum-protocol': <'%s'>, 'timeout': <uint32 300>}", protocol,
      protocol);
  g_autoptr (TestStep) step = NULL;
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (GVariant) certificates = NULL;
  g_autoptr (GError) error = NULL;

  begin (f, "ecdsa", options);
  test_session_expect (f->alice, f->path, "State", "continue");
  test_session_expect (f->alice, f->path, "Protocol", "");
  expect_export_error (f, "continue");

  step = test_steps_run (f->alice, f->path, f->socket, chunk, NULL, f->received);
  g_assert_cmpstr (step->state, ==, "complete");
  g_assert_cmpstr (test_step_get_detail (step, HANDOFF_DETAIL_PROTOCOL), ==, protocol);
  g_assert_cmpstr (test_step_get_detail (step, HANDOFF_DETAIL_SERVER_NAME), ==, "localhost");
  certificates = g_variant_lookup_value (step->details, HANDOFF_DETAIL_PEER_CERTIFICATES,
                                         G_VARIANT_TYPE ("aay"));
  g_assert_nonnull (certificates);
  g_assert_false (g_variant_lookup (step->details, HANDOFF_DETAIL_KEY_BLOB, "h", NULL));
  expect_step_error (f, "complete");

  keys = test_export (f->alice, f->path, &error);
  g_assert_no_error (error);
  g_assert_cmphex (keys->protocol, ==, protocol_number);
  test_session_expect (f->alice, f->path, "State", "complete");
  test_session_expect (f->alice, f->path, "Protocol", protocol);

  /* One export: invariant 3. */
  expect_export_error (f, "were exported");
  expect_step_error (f, "were exported");
  test_statistic_wait ("handshakes-in-flight", 0);
}

/* Breaks if a record is put together wrongly from pieces, or if a byte is lost or read twice. */
static void
test_whole_tls13 (Fixture *f, gconstpointer data)
{
  run_to_completion (f, WHOLE, "TLS1.3", 0x0304);
}

static void
test_whole_tls12 (Fixture *f, gconstpointer data)
{
  run_to_completion (f, WHOLE, "TLS1.2", 0x0303);
}

static void
test_bytes_tls13 (Fixture *f, gconstpointer data)
{
  run_to_completion (f, 1, "TLS1.3", 0x0304);
}

static void
test_bytes_tls12 (Fixture *f, gconstpointer data)
{
  run_to_completion (f, 1, "TLS1.2", 0x0303);
}

/* Breaks if the handshake eats data that came with its last message: the data belong to the caller,
 * to the byte. */
static void
test_consumed (Fixture *f, gconstpointer data)
{
  const char *protocol = data;
  gboolean tls13 = g_str_equal (protocol, "1.3");
  g_autofree char *priority = g_strdup_printf ("NORMAL:-VERS-ALL:+VERS-TLS%s", protocol);
  g_autoptr (GBytes) greeting = g_bytes_new_static ("hello", 5);
  g_autoptr (GBytes) sent = NULL;
  g_autoptr (TestStep) step = NULL;
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (GError) error = NULL;
  TestServer *server;
  int fds[2];

  test_tcp_pair (fds);
  f->socket = fds[0];
  server = test_server_start (fds[1], "ecdsa", priority, greeting, tls13);
  f->path = test_create_session (f->alice, "localhost", test_options (NULL), &error);
  g_assert_no_error (error);
  step = test_steps_run (f->alice, f->path, f->socket, WHOLE, NULL, f->received);
  g_assert_cmpstr (step->state, ==, "complete");

  /* Whole records of the server's data (TLS 1.3: tickets too) are left, and none is missing. */
  g_assert_cmpuint (f->received->len, >, 5);
  g_assert_cmphex (f->received->data[0], ==, 23);
  keys = test_export (f->alice, f->path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (keys->read.sequence_number, ==, tls13 ? 0 : 1);

  shutdown (f->socket, SHUT_RDWR);
  sent = test_server_finish (server);
  test_server_free (server);
}

/* Breaks if an error does not say what is wrong, or the peer gets no alert. */
static void
test_untrusted (Fixture *f, gconstpointer data)
{
  g_autoptr (TestStep) step = NULL;
  g_auto (GStrv) reasons = NULL;

  begin (f, "wrong-name", NULL);
  step = test_steps_run (f->alice, f->path, f->socket, WHOLE, NULL, f->received);
  g_assert_cmpstr (step->state, ==, "failed");
  g_assert_cmpstr (test_step_get_detail (step, "error"), ==,
                   HANDOFF_ERROR_PREFIX "CertificateUntrusted");
  g_assert_nonnull (strstr (test_step_get_detail (step, "message"), "another name"));
  g_assert_cmpstr (test_step_get_detail (step, HANDOFF_DETAIL_ALERT), ==, "bad_certificate");
  g_assert_true (
      g_variant_lookup (step->details, HANDOFF_DETAIL_VERIFICATION_ERRORS, "^as", &reasons));
  g_assert_cmpstr (reasons[0], ==, "wrong-name");
  g_assert_cmpuint (g_bytes_get_size (step->output), >, 0);
  expect_step_error (f, "failed");
  expect_export_error (f, "failed");
}

/* Breaks if garbage crashes the service, or is waited on for ever. */
static void
test_garbage (Fixture *f, gconstpointer data)
{
  const guint8 garbage[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
  g_autoptr (TestStep) first = NULL;
  g_autoptr (TestStep) step = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *alert;
  gsize size;

  begin (f, "ecdsa", NULL);
  first = test_step (f->alice, f->path, NULL, 0, &error);
  g_assert_no_error (error);
  step = test_step (f->alice, f->path, garbage, sizeof garbage, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (step->state, ==, "failed");
  g_assert_cmpstr (test_step_get_detail (step, "error"), ==,
                   HANDOFF_ERROR_PREFIX "HandshakeFailed");
  alert = g_bytes_get_data (step->output, &size);
  g_assert_cmpuint (size, ==, 7);
  g_assert_cmphex (alert[0], ==, 21);
}

/* Breaks if input has no limit: the service would have to keep it. */
static void
test_too_much (Fixture *f, gconstpointer data)
{
  g_autofree guint8 *input = g_malloc0 (HANDOFF_STEP_INPUT_MAX_SIZE + 1);
  g_autoptr (TestStep) step = NULL;
  g_autoptr (GError) error = NULL;

  begin (f, "ecdsa", NULL);
  step = test_step (f->alice, f->path, input, HANDOFF_STEP_INPUT_MAX_SIZE + 1, &error);
  g_assert_null (step);
  test_assert_remote_error (error, "InvalidArgument", "65536 bytes");

  /* The session is as it was. */
  step = test_steps_run (f->alice, f->path, f->socket, WHOLE, NULL, f->received);
  g_assert_cmpstr (step->state, ==, "complete");
}

/* Breaks if somebody else can go on with a session, or can tell it from one that does not exist. */
static void
test_stranger (Fixture *f, gconstpointer data)
{
  const char *const strangers[] = { "alice", "bob", "root" };
  g_autoptr (TestStep) step = NULL;

  begin (f, "ecdsa", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (strangers); i++)
    {
      g_autoptr (GDBusConnection) stranger = test_bus_connect (strangers[i]);
      g_autoptr (TestStep) stolen = NULL;
      g_autoptr (TestStep) reviewed = NULL;
      g_autoptr (HandoffKeyState) keys = NULL;
      g_autoptr (GVariant) closed = NULL;
      g_autoptr (GVariant) ticket = NULL;
      g_autoptr (GError) error = NULL;

      stolen = test_step (stranger, f->path, NULL, 0, &error);
      test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);
      reviewed = test_review (stranger, f->path, TRUE, &error);
      test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);
      keys = test_export (stranger, f->path, &error);
      test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);
      ticket = test_call (stranger, f->path, HANDOFF_SESSION_INTERFACE, "PostHandshake",
                          g_variant_new ("(ay)", NULL), &error);
      test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);
      closed = test_call (stranger, f->path, HANDOFF_SESSION_INTERFACE, "Close", NULL, &error);
      test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);
    }
  step = test_steps_run (f->alice, f->path, f->socket, WHOLE, NULL, f->received);
  g_assert_cmpstr (step->state, ==, "complete");
}

/* Breaks if a handshake goes on that nobody wants any more: it was closed, or its caller left, in
 * the middle or while the keys wait. tear_down waits until nothing is left. */
static void
test_close (Fixture *f, gconstpointer data)
{
  gboolean complete = GPOINTER_TO_INT (data);
  g_autoptr (TestStep) step = NULL;
  g_autoptr (GVariant) closed = NULL;
  g_autoptr (GError) error = NULL;

  begin (f, "ecdsa", NULL);
  if (complete)
    step = test_steps_run (f->alice, f->path, f->socket, WHOLE, NULL, f->received);
  else
    step = test_step (f->alice, f->path, NULL, 0, &error);
  g_assert_no_error (error);
  closed = test_call (f->alice, f->path, HANDOFF_SESSION_INTERFACE, "Close", NULL, &error);
  g_assert_no_error (error);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_step_free (g_steal_pointer (&step));
  step = test_step (f->alice, f->path, NULL, 0, &error);
  test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);
}

static void
test_vanish (Fixture *f, gconstpointer data)
{
  gboolean complete = GPOINTER_TO_INT (data);
  g_autoptr (TestStep) step = NULL;
  g_autoptr (GError) error = NULL;

  begin (f, "ecdsa", NULL);
  if (complete)
    step = test_steps_run (f->alice, f->path, f->socket, WHOLE, NULL, f->received);
  else
    step = test_step (f->alice, f->path, NULL, 0, &error);
  g_assert_no_error (error);
}

/* Arguments that are taken for others. */
static void
test_bad_arguments (Fixture *f, gconstpointer data)
{
  const struct
  {
    const char *role;
    const char *identity;
    const char *options;
    const char *error_name;
    const char *text;
  } calls[] = {
    { "server", "localhost", "{}", "InvalidArgument", "server_identity" },
    { "server", "", "{'credential': <''>}", "InvalidArgument", "credential" },
    { "client", "localhost", "{'client-certificate': <'none'>}", "InvalidArgument", "server only" },
    { "Client", "localhost", "{}", "InvalidArgument", "role" },
    { "client", "", "{}", "InvalidArgument", "" },
    { "client", "localhost", "{'no-such': <1>}", "InvalidArgument", "no-such" },
    { "client", "localhost", "{'outlive-caller': <1>}", "InvalidArgument", "type b" },
    { "client", "localhost", "{'review-certificate': <'yes'>}", "InvalidArgument", "type b" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply =
          test_call (f->alice, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "CreateSession",
                     g_variant_new ("(ss@a{sv})", calls[i].role, calls[i].identity,
                                    test_options (calls[i].options)),
                     &error);

      g_assert_null (reply);
      test_assert_remote_error (error, calls[i].error_name, calls[i].text);
    }
}

/* Breaks if the next process of a script does not find the script's session, or another user finds
 * it; or if there are more of them than allowed. That one lasts longer than its minute is not
 * tested: no test waits for that. */
static void
test_outlive_caller (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = test_bus_connect ("bob");
  g_autoptr (TestStep) first = NULL;
  g_autoptr (TestStep) step = NULL;
  g_autoptr (TestStep) stolen = NULL;
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (GVariant) closed = NULL;
  g_autoptr (GError) error = NULL;
  guint64 n_callers = test_statistic ("callers");

  begin (f, "ecdsa", "{'outlive-caller': <true>}");
  test_bus_vanish (f->alice);
  test_statistic_wait ("callers", n_callers);
  f->alice = test_bus_connect ("alice");
  stolen = test_step (bob, f->path, NULL, 0, &error);
  test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);

  first = test_step (f->alice, f->path, NULL, 0, &error);
  g_assert_no_error (error);
  test_bus_vanish (f->alice);
  f->alice = test_bus_connect ("alice");
  step =
      test_steps_run (f->alice, f->path, f->socket, WHOLE, g_steal_pointer (&first), f->received);
  g_assert_cmpstr (step->state, ==, "complete");
  test_bus_vanish (f->alice);
  f->alice = test_bus_connect ("alice");
  keys = test_export (f->alice, f->path, &error);
  g_assert_no_error (error);
  closed = test_call (f->alice, f->path, HANDOFF_SESSION_INTERFACE, "Close", NULL, &error);
  g_assert_no_error (error);
}

static void
test_outlive_limit (Fixture *f, gconstpointer data)
{
  char *paths[4];
  g_autofree char *fifth = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      paths[i] = test_create_session (f->alice, "localhost",
                                      test_options ("{'outlive-caller': <true>}"), &error);
      g_assert_no_error (error);
    }
  fifth = test_create_session (f->alice, "localhost", test_options ("{'outlive-caller': <true>}"),
                               &error);
  g_assert_null (fifth);
  test_assert_remote_error (error, "LimitReached", "outlive");

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      G_GNUC_UNUSED g_autoptr (GVariant) closed =
          test_call (f->alice, paths[i], HANDOFF_SESSION_INTERFACE, "Close", NULL, &error);

      g_assert_no_error (error);
      g_free (paths[i]);
    }
}

/* Breaks if an object stays although its owner wanted it gone. */
static void
test_transient (Fixture *f, gconstpointer data)
{
  g_autoptr (TestStep) step = NULL;
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (GError) error = NULL;

  begin (f, "ecdsa", "{'transient': <true>, 'resumption': <false>}");
  step = test_steps_run (f->alice, f->path, f->socket, WHOLE, NULL, f->received);
  g_assert_cmpstr (step->state, ==, "complete");
  test_statistic_wait ("sessions", 1);
  keys = test_export (f->alice, f->path, &error);
  g_assert_no_error (error);
  test_statistic_wait ("sessions", 0);
}

/* Breaks if a session is resumed with its old secret alone (psk_ke, RFC 8446 4.2.9): whoever gets
 * that secret later could compute the keys of the new connection too. */
static void
test_psk_modes (Fixture *f, gconstpointer data)
{
  const guint8 psk_dhe_ke_only[] = { 0, 45, 0, 2, 1, 1 };
  g_autoptr (TestStep) step = NULL;
  g_autoptr (GError) error = NULL;

  begin (f, "ecdsa", NULL);
  step = test_step (f->alice, f->path, NULL, 0, &error);
  g_assert_no_error (error);
  g_assert_nonnull (memmem (g_bytes_get_data (step->output, NULL), g_bytes_get_size (step->output),
                            psk_dhe_ke_only, sizeof psk_dhe_ke_only));
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
#define ADD(name, data, function)                                                                  \
  g_test_add ("/stepwise/" name, Fixture, data, set_up, function, tear_down)
  ADD ("whole/tls1.3", NULL, test_whole_tls13);
  ADD ("whole/tls1.2", NULL, test_whole_tls12);
  ADD ("byte-at-a-time/tls1.3", NULL, test_bytes_tls13);
  ADD ("byte-at-a-time/tls1.2", NULL, test_bytes_tls12);
  ADD ("consumed/tls1.3", "1.3", test_consumed);
  ADD ("consumed/tls1.2", "1.2", test_consumed);
  ADD ("untrusted", NULL, test_untrusted);
  ADD ("garbage", NULL, test_garbage);
  ADD ("too-much", NULL, test_too_much);
  ADD ("stranger", NULL, test_stranger);
  ADD ("close/begun", GINT_TO_POINTER (FALSE), test_close);
  ADD ("close/complete", GINT_TO_POINTER (TRUE), test_close);
  ADD ("vanish/begun", GINT_TO_POINTER (FALSE), test_vanish);
  ADD ("vanish/complete", GINT_TO_POINTER (TRUE), test_vanish);
  ADD ("bad-arguments", NULL, test_bad_arguments);
  ADD ("outlive-caller/steps", NULL, test_outlive_caller);
  ADD ("outlive-caller/limit", NULL, test_outlive_limit);
  ADD ("transient", NULL, test_transient);
  ADD ("psk-modes", NULL, test_psk_modes);
  return g_test_run ();
}
