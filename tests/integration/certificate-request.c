/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The option ask-for-credential: the server asks for a certificate, and the caller chooses it, in
 * the middle of the handshake. And credential-choice: what happens where nobody chooses. */

#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-credential.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-steps.h"
#include "test-system.h"
#include "test-way.h"

#define ACTION(name) "'org.tlshandoff.Handoff1." name "'"
#define UNKNOWN "org.freedesktop.DBus.Error.UnknownObject"

/* What an active session would give alice. */
#define OWN_RULES                                                                                  \
  "polkit.addRule(function(action, subject) {"                                                     \
  " if (action.id == " ACTION ("manage-own-credentials") " || action.id == " ACTION (              \
      "use-own-credential") ") return polkit.Result.YES; });"

typedef struct
{
  GDBusConnection *alice;
  GDBusConnection *bob;
  TestPeer *peer;
  int socket;
  char *options;
} Fixture;

/* data: the protocol */
static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *authorities = test_cert_path ("client-ca.pem");
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  test_polkit_set_rules (OWN_RULES);
  f->alice = test_bus_connect ("alice");
  f->bob = test_bus_connect ("bob");
  path = test_credential_import (f->alice, "mine", "client", "{'roles': <['client']>}", &error);
  g_assert_no_error (error);
  f->peer = test_peer_new_openssl ("ecdsa", "-Verify", "1", "-verify_return_error", "-CAfile",
                                   authorities, NULL);
  f->socket = test_peer_connect (f->peer);
  f->options = g_strdup_printf ("{'ask-for-credential': <true>, 'maximum-protocol': <'%s'>}",
                                (const char *) data);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->alice, test_bus_vanish);
  test_bus_vanish (f->bob);
  close (f->socket);
  test_peer_free (f->peer);
  g_free (f->options);
  test_credential_remove_all ();
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
  test_polkit_set_rules (NULL);
}

/* ProvideCredential(). fd: -1: none. answer: GVariant text */
static TestStep *
provide (GDBusConnection *caller, const char *path, const char *answer, int fd, GError **error)
{
  g_autoptr (GVariant) reply = test_call_with_fds (
      caller,
      &(TestCall){ .path = path,
                   .interface = HANDOFF_SESSION_INTERFACE,
                   .method = "ProvideCredential",
                   .parameters = g_variant_new ("(@a{sv})", g_variant_new_parsed (answer)),
                   .fds = &fd,
                   .n_fds = fd >= 0 ? 1 : 0 },
      error);
  g_autoptr (GVariant) output = NULL;
  TestStep *step;

  if (reply == NULL)
    return NULL;
  g_assert_true (g_variant_is_of_type (reply, G_VARIANT_TYPE ("(saya{sv})")));
  step = g_new0 (TestStep, 1);
  g_variant_get (reply, "(s@ay@a{sv})", &step->state, &output, &step->details);
  step->output = g_variant_get_data_as_bytes (output);
  return step;
}

static void
expect_refusal (GDBusConnection *caller,
                const char *path,
                const char *answer,
                int fd,
                const char *name,
                const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TestStep) step = provide (caller, path, answer, fd, &error);

  g_assert_null (step);
  test_assert_remote_error (error, name, text);
}

/* What the caller has to know to choose: the names as OpenSSL sends them. */
static void
assert_asked (GVariant *details, const char *protocol)
{
  static const char name[] = "TLS Handoff test client-ca";
  g_autoptr (GVariant) authorities = g_variant_lookup_value (
      details, HANDOFF_DETAIL_CERTIFICATE_AUTHORITIES, G_VARIANT_TYPE ("aay"));
  g_autoptr (GVariant) certificates =
      g_variant_lookup_value (details, HANDOFF_DETAIL_PEER_CERTIFICATES, G_VARIANT_TYPE ("aay"));
  g_autoptr (GVariant) first = NULL;
  const char *found;

  g_assert_nonnull (authorities);
  g_assert_cmpuint (g_variant_n_children (authorities), ==, 1);
  first = g_variant_get_child_value (authorities, 0);
  g_assert_cmphex (((const guint8 *) g_variant_get_data (first))[0], ==, 0x30);
  g_assert_nonnull (
      memmem (g_variant_get_data (first), g_variant_get_size (first), name, strlen (name)));
  g_assert_true (g_variant_lookup (details, HANDOFF_DETAIL_PROTOCOL, "&s", &found));
  g_assert_cmpstr (found, ==, protocol);
  /* In TLS 1.3 the server shows its certificate afterwards. */
  g_assert_cmpuint (g_variant_n_children (certificates), ==,
                    g_str_equal (protocol, "TLS1.2") ? 1 : 0);
  g_assert_false (g_variant_lookup (details, HANDOFF_DETAIL_KEY_BLOB, "h", NULL));
}

static char *
begin (Fixture *f, const char *protocol)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TestHandshake) handshake =
      test_handshake (f->alice, f->socket, "localhost", test_options (f->options), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_CERTIFICATE_REQUEST);
  assert_asked (handshake->details, protocol);
  test_session_expect (f->alice, handshake->session, "State", HANDOFF_STATE_CERTIFICATE_REQUEST);
  return g_steal_pointer (&handshake->session);
}

static void
expect_complete (GDBusConnection *caller, const char *path, const char *answer, int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TestStep) step = provide (caller, path, answer, fd, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (step->state, ==, HANDOFF_STATE_COMPLETE);
  g_assert_cmpuint (g_bytes_get_size (step->output), ==, 0);
  g_assert_true (g_variant_lookup (step->details, HANDOFF_DETAIL_KEY_BLOB, "h", NULL));
  g_assert_cmpstr (test_step_get_detail (step, HANDOFF_DETAIL_CREDENTIAL), ==,
                   strstr (answer, "mine") != NULL || strstr (answer, "automatic") != NULL ? "mine"
                                                                                           : NULL);
}

/* Breaks if an answer is taken that is none, or ends the handshake; if another call gets through;
 * or if another user can answer. */
static void
test_socket (Fixture *f, gconstpointer protocol)
{
  g_autofree char *path = begin (f, protocol);
  int no_pem = test_memfd_new ("nothing", -1);
  g_autoptr (TestStep) step = NULL;
  g_autoptr (GError) error = NULL;

  step = test_step (f->alice, path, NULL, 0, &error);
  test_assert_remote_error (error, "InvalidArgument", "ProvideCredential");
  step = test_review (f->alice, path, TRUE, &error);
  test_assert_remote_error (error, "InvalidArgument", "certificate-request");
  test_export (f->alice, path, &error);
  test_assert_remote_error (error, "InvalidArgument", "certificate-request");

  expect_refusal (f->bob, path, "@a{sv} {}", -1, UNKNOWN, NULL);
#define REFUSED(answer, name, text) expect_refusal (f->alice, path, answer, -1, name, text)
  REFUSED ("{'credentials': <'mine'>}", "InvalidArgument", "credentials");
  REFUSED ("{'credential': <true>}", "InvalidArgument", "type s");
  REFUSED ("{'credential': <''>}", "InvalidArgument", "empty");
  REFUSED ("{'credential': <'/etc/passwd'>}", "InvalidArgument", "path");
  REFUSED ("{'credential': <'mine'>, 'automatic': <true>}", "InvalidArgument", "at most one");
  REFUSED ("{'credential-pem': <handle 0>}", "InvalidArgument", "descriptor");
  REFUSED ("{'credential-pem': <handle -1>}", "InvalidArgument", "index");
  REFUSED ("{'credential': <'other'>}", "CredentialNotFound", "other");
  REFUSED ("{'credential': <'" HANDOFF_CREDENTIALS_PATH "/nothing'>}", "CredentialNotFound", NULL);
  expect_refusal (f->alice, path, "{'credential-pem': <handle 0>}", no_pem, "InvalidArgument",
                  NULL);

  expect_complete (f->alice, path, "{'credential': <'mine'>}", -1);
  REFUSED ("{'credential': <'mine'>}", "InvalidArgument", "exported");
  close (no_pem);
}

/* The same in steps, a byte at a time, with a key of the caller's own. Breaks also if something of
 * the answer leaves before it was given. */
static void
test_stepwise (Fixture *f, gconstpointer protocol)
{
  g_autoptr (GByteArray) received = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  /* So many calls take a slow machine their time. */
  g_autofree char *options = g_strdup_printf ("{'timeout': <uint32 300>, %s", f->options + 1);
  g_autofree char *path =
      test_create_session (f->alice, "localhost", test_options (options), &error);
  g_autoptr (HandoffKeyState) keys = NULL;
  int pem = test_memfd_new_for_certificate ("client");
  TestStep *step;

  g_assert_no_error (error);
  expect_refusal (f->alice, path, "@a{sv} {}", -1, "InvalidArgument", "continue");
  step = test_steps_run (f->alice, path, f->socket, 1, NULL, received);
  g_assert_cmpstr (step->state, ==, HANDOFF_STATE_CERTIFICATE_REQUEST);
  assert_asked (step->details, protocol);
  test_step_free (step);

  step = provide (f->alice, path, "{'credential-pem': <handle 0>}", pem, &error);
  g_assert_no_error (error);
  step = test_steps_run (f->alice, path, f->socket, 1, step, received);
  g_assert_cmpstr (step->state, ==, HANDOFF_STATE_COMPLETE);
  keys = test_export (f->alice, path, &error);
  g_assert_no_error (error);
  test_step_free (step);
  close (pem);
}

/* Without a certificate the server has the last word: in TLS 1.2 within the handshake, in TLS 1.3
 * after it. Breaks if the service has it. */
static void
test_none (Fixture *f, gconstpointer protocol)
{
  g_autofree char *path = begin (f, protocol);

  if (g_str_equal (protocol, "TLS1.3"))
    {
      expect_complete (f->alice, path, "@a{sv} {}", -1);
      return;
    }
  expect_refusal (f->alice, path, "@a{sv} {}", -1, "CredentialNotFound", NULL);
  /* Nothing is left to be asked about. */
  expect_refusal (f->alice, path, "@a{sv} {}", -1, UNKNOWN, NULL);
}

/* Breaks if who chooses in the middle may use what he might not name before it; or if a refusal
 * ends what could go on in another way. */
static void
test_denied (Fixture *f, gconstpointer protocol)
{
  g_autofree char *path = NULL;
  int pem = test_memfd_new_for_certificate ("client");

  test_polkit_set_rules ("polkit.addRule(function(action, subject) { if (action.id == " ACTION (
      "use-own-credential") " && action.lookup('credential') == 'mine' &&"
                            " action.lookup('role') == 'client' &&"
                            " action.lookup('server-identity') == 'localhost' &&"
                            " !action.lookup('credential-choice'))"
                            " return polkit.Result.NO; });");
  path = begin (f, protocol);
  expect_refusal (f->alice, path, "{'credential': <'mine'>}", -1, "NotAuthorized", NULL);
  expect_complete (f->alice, path, "{'credential-pem': <handle 0>}", pem);
  close (pem);
}

static TestStep *
review (GDBusConnection *caller, const char *path)
{
  g_autoptr (GError) error = NULL;
  TestStep *step = test_review (caller, path, TRUE, &error);

  g_assert_no_error (error);
  return step;
}

/* A server whose certificate is not good, and which asks: two questions, in the protocol's order.
 * Breaks if the answer to one is taken for the other's, or if one of them is not asked. */
static void
test_with_review (Fixture *f, gconstpointer protocol)
{
  g_autofree char *options =
      g_strdup_printf ("{'ask-for-credential': <true>, 'review-certificate': <true>,"
                       " 'maximum-protocol': <'%s'>}",
                       (const char *) protocol);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (TestStep) step = NULL;
  g_autoptr (GError) error = NULL;

  handshake =
      test_handshake (f->alice, f->socket, "other.handoff.test", test_options (options), &error);
  g_assert_no_error (error);
  if (g_str_equal (protocol, "TLS1.2"))
    {
      g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_CERTIFICATE_REVIEW);
      expect_refusal (f->alice, handshake->session, "@a{sv} {}", -1, "InvalidArgument",
                      "ReviewCertificate");
      step = review (f->alice, handshake->session);
      g_assert_cmpstr (step->state, ==, HANDOFF_STATE_CERTIFICATE_REQUEST);
      assert_asked (step->details, protocol);
      expect_complete (f->alice, handshake->session, "{'credential': <'mine'>}", -1);
      return;
    }
  g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_CERTIFICATE_REQUEST);
  step = provide (f->alice, handshake->session, "{'credential': <'mine'>}", -1, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (step->state, ==, HANDOFF_STATE_CERTIFICATE_REVIEW);
  g_assert_true (g_variant_lookup (step->details, HANDOFF_DETAIL_VERIFICATION_ERRORS, "as", NULL));
  expect_refusal (f->alice, handshake->session, "@a{sv} {}", -1, "InvalidArgument",
                  "ReviewCertificate");
  test_step_free (g_steal_pointer (&step));
  step = review (f->alice, handshake->session);
  g_assert_cmpstr (step->state, ==, HANDOFF_STATE_COMPLETE);
  g_assert_true (g_variant_lookup (step->details, HANDOFF_DETAIL_KEY_BLOB, "h", NULL));
}

/* Breaks if the caller cannot leave the choice to the service, as far as it may choose. */
static void
test_automatic (Fixture *f, gconstpointer protocol)
{
  g_autofree char *path = begin (f, protocol);

  expect_complete (f->alice, path, "{'automatic': <true>}", -1);
}

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* An answer whose PEM does not come: ends[1] is where it would come from. result: (nullable): NULL:
 * no reply is wanted */
static void
begin_answer (Fixture *f, const char *path, int ends[2], GAsyncResult **result)
{
  const TestCall call = { .path = path,
                          .interface = HANDOFF_SESSION_INTERFACE,
                          .method = "ProvideCredential",
                          .parameters = g_variant_new_parsed ("({'credential-pem': <handle 0>},)"),
                          .fds = ends,
                          .n_fds = 1 };
  g_autoptr (GError) error = NULL;

  g_assert_true (g_unix_open_pipe (ends, FD_CLOEXEC, &error));
  if (result != NULL)
    test_way_start (f->alice, &call, store_result, result);
  else
    test_way_tell (f->alice, &call);
}

/* Breaks if two answers are taken at once, or if an answer that came to nothing keeps the next one
 * out. */
static void
test_twice (Fixture *f, gconstpointer protocol)
{
  g_autofree char *path = begin (f, protocol);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (TestReply) reply = NULL;
  g_autoptr (GError) error = NULL;
  int ends[2];

  begin_answer (f, path, ends, &result);
  expect_refusal (f->alice, path, "{'credential': <'mine'>}", -1, "InvalidArgument", "under way");
  close (ends[0]);
  close (ends[1]);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  reply = test_way_finish (f->alice, result, NULL, &error);
  test_assert_remote_error (error, "InvalidArgument", NULL);
  expect_complete (f->alice, path, "{'credential': <'mine'>}", -1);
}

/* Breaks if something stays of a caller who leaves while he is asked, or while his answer is read.
 * (tear_down looks.) */
static void
test_vanish (Fixture *f, gconstpointer protocol)
{
  g_autofree char *path = begin (f, protocol);
  int ends[2];

  if (g_str_equal (protocol, "TLS1.3"))
    return;
  begin_answer (f, path, ends, NULL);
  expect_refusal (f->alice, path, "@a{sv} {}", -1, "InvalidArgument", "under way");
  g_clear_pointer (&f->alice, test_bus_vanish);
  test_statistic_wait ("handshakes-in-flight", 0);
  close (ends[0]);
  close (ends[1]);
}

/* Breaks if the end of the session does not end the answer that is under way. */
static void
test_closed (Fixture *f, gconstpointer protocol)
{
  g_autofree char *path = begin (f, protocol);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) closed = NULL;
  g_autoptr (TestReply) reply = NULL;
  g_autoptr (GError) error = NULL;
  int ends[2];

  begin_answer (f, path, ends, &result);
  closed = test_call (f->alice, path, HANDOFF_SESSION_INTERFACE, "Close", NULL, &error);
  g_assert_no_error (error);
  test_statistic_wait ("handshakes-in-flight", 0);
  close (ends[0]);
  close (ends[1]);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  reply = test_way_finish (f->alice, result, NULL, &error);
  test_assert_remote_error (error, "Cancelled", NULL);
}

/* Breaks if handshakes that wait for their caller are not counted, or if those of one user are in
 * another's way. */
static void
test_quota (Fixture *f, gconstpointer protocol)
{
  g_autofree char *first = NULL;
  g_autoptr (TestHandshake) another = NULL;
  g_autoptr (TestHandshake) bobs = NULL;
  g_autoptr (TestPeer) plain = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (GError) error = NULL;
  int sockets[2];

  test_service_set_config ("[Limits]\nHandshakesPerUser=1\n");
  test_service_stop ();
  first = begin (f, protocol);
  sockets[0] = test_peer_connect (plain);
  another = test_handshake (f->alice, sockets[0], "localhost", test_options (NULL), &error);
  test_assert_remote_error (error, "LimitReached", "handshakes");
  bobs = test_handshake (f->bob, sockets[0], "localhost", test_options (NULL), &error);
  g_assert_no_error (error);
  close (sockets[0]);

  expect_complete (f->alice, first, "{'credential': <'mine'>}", -1);
  test_statistic_wait ("handshakes-in-flight", 0);
  sockets[1] = test_peer_connect (plain);
  another = test_handshake (f->alice, sockets[1], "localhost", test_options (NULL), &error);
  g_assert_no_error (error);
  close (sockets[1]);
  test_service_set_config (NULL);
  test_service_stop ();
}

/* Breaks if a caller who does not decide is waited for without end, or is not told that his time is
 * over. */
static void
test_no_decision (Fixture *f, gconstpointer protocol)
{
  g_autofree char *path = NULL;

  test_service_set_config ("[Timeouts]\nHandshake=100\nDecisionTimeout=1\n");
  test_service_stop ();
  path = begin (f, protocol);
  test_statistic_wait ("handshakes-in-flight", 0);
  expect_refusal (f->alice, path, "{'credential': <'mine'>}", -1, "TimedOut", NULL);
  expect_refusal (f->alice, path, "{'credential': <'mine'>}", -1, UNKNOWN, NULL);
  test_service_set_config (NULL);
  test_service_stop ();
}

/* A handshake in which the caller names no credential and wants no question. label: (nullable): of
 * what is to be used */
static void
expect_choice (Fixture *f, const char *options, const char *label)
{
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;
  int socket = test_peer_connect (f->peer);

  handshake = test_handshake (f->alice, socket, "localhost", test_options (options), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_COMPLETE);
  g_assert_cmpstr (test_handshake_get_detail (handshake, HANDOFF_DETAIL_CREDENTIAL), ==, label);
  close (socket);
}

#define AUTOMATIC "{'credential-choice': <'automatic'>}"
#define CONFIGURED "{'credential-choice': <'configured'>}"

/* Breaks if a user's certificate goes out that nobody asked for; or does not where it was asked
 * for; or if a session is resumed across that. */
static void
test_choice (Fixture *f, gconstpointer protocol)
{
  /* s_server serves one client at a time. */
  close (f->socket);
  f->socket = -1;
  expect_choice (f, NULL, "mine");
  expect_choice (f, CONFIGURED, NULL);
  expect_choice (f, AUTOMATIC, "mine");
  expect_choice (f, CONFIGURED, NULL);

  test_service_set_config ("[Credentials]\nAutomaticCredential=true\n");
  test_service_stop ();
  expect_choice (f, CONFIGURED, "mine");
  expect_choice (f, "{'credential-choice': <'configured'>, 'credential': <''>}", NULL);

  /* A rule has the last word. */
  test_polkit_set_rules ("polkit.addRule(function(action, subject) {"
                         " if (action.id == " ACTION (
                             "use-own-credential") ")"
                                                   " return action.lookup('credential-choice') == "
                                                   "'automatic' ? polkit.Result.YES :"
                                                   " polkit.Result.NO; });");
  expect_choice (f, CONFIGURED, NULL);
  expect_choice (f, AUTOMATIC, "mine");
  test_service_set_config (NULL);
  test_service_stop ();
}

/* Breaks if a rule about handshakes does not see how the credential is chosen. */
static void
test_choice_rule (Fixture *f, gconstpointer protocol)
{
  static const struct
  {
    const char *options;
    gboolean is_allowed;
  } cases[] = {
    { NULL, FALSE },
    { AUTOMATIC, FALSE },
    { "{'credential': <''>}", TRUE },
    { CONFIGURED, TRUE },
  };

  close (f->socket);
  f->socket = -1;
  test_polkit_set_rules ("polkit.addRule(function(action, subject) {"
                         " if (action.lookup('credential-choice') == 'automatic')"
                         " return polkit.Result.NO; });");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestHandshake) handshake = NULL;
      g_autoptr (GError) error = NULL;
      int socket = test_peer_connect (f->peer);

      handshake =
          test_handshake (f->alice, socket, "localhost", test_options (cases[i].options), &error);
      if (cases[i].is_allowed)
        g_assert_no_error (error);
      else
        test_assert_remote_error (error, "NotAuthorized", NULL);
      close (socket);
    }
}

int
main (int argc, char **argv)
{
  static const char *const protocols[] = { "TLS1.3", "TLS1.2" };
  static const struct
  {
    const char *name;
    void (*function) (Fixture *f, gconstpointer protocol);
  } cases[] = {
    { "socket", test_socket }, { "stepwise", test_stepwise },   { "none", test_none },
    { "denied", test_denied }, { "automatic", test_automatic }, { "twice", test_twice },
    { "vanish", test_vanish }, { "closed", test_closed },       { "with-review", test_with_review },
  };

  test_system_init (&argc, &argv);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (protocols); j++)
        {
          g_autofree char *path =
              g_strdup_printf ("/certificate-request/%s/%s", cases[i].name, protocols[j]);

          g_test_add (path, Fixture, protocols[j], set_up, cases[i].function, tear_down);
        }
    }
#define ADD(name, function)                                                                        \
  g_test_add ("/certificate-request/" name, Fixture, "TLS1.3", set_up, function, tear_down)
  ADD ("quota", test_quota);
  ADD ("no-decision", test_no_decision);
  ADD ("choice", test_choice);
  ADD ("choice-rule", test_choice_rule);
  return g_test_run ();
}
