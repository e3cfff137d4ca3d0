/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A handshake waits for its caller's credential, its caller's answer for polkit: whatever happens
 * meanwhile is seen afterwards. */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "support/asking-server.h"
#include "support/credential-fixture.h"
#include "support/gate-fixture.h"
#include "support/test-clock.h"

typedef struct
{
  GateFixture gate;
  AskingServer server;
  char *session; /* path */
} Fixture;

/* (transfer full): what a call on the session returned */
static GVariant *
call_session (Fixture *f, const char *method, GVariant *parameters)
{
  g_auto (GateCall) call = { 0 };

  gate_call_start (&f->gate, f->gate.caller, f->session, HANDOFF_SESSION_INTERFACE, method,
                   parameters, NULL, &call);
  gate_call_wait (&call);
  g_assert_no_error (call.error);
  return g_variant_ref (call.reply);
}

static void
refuse (Fixture *f, const char *method, const char *parameters, const char *text)
{
  g_auto (GateCall) call = { 0 };

  gate_call_start (&f->gate, f->gate.caller, f->session, HANDOFF_SESSION_INTERFACE, method,
                   g_variant_new_parsed (parameters), NULL, &call);
  gate_call_wait (&call);
  g_assert_error (call.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (call.error->message, text));
}

static void
assert_state (Fixture *f, const char *state)
{
  g_auto (GateCall) call = { 0 };
  g_autoptr (GVariant) value = NULL;

  gate_call_start (&f->gate, f->gate.caller, f->session, "org.freedesktop.DBus.Properties", "Get",
                   g_variant_new ("(ss)", HANDOFF_SESSION_INTERFACE, "State"), NULL, &call);
  gate_call_wait (&call);
  g_assert_no_error (call.error);
  g_variant_get (call.reply, "(v)", &value);
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, state);
}

/* The reply's state. */
static char *
step (Fixture *f)
{
  g_autoptr (GVariant) reply = call_session (f, "Step", asking_server_new_input (&f->server));

  return asking_server_take (&f->server, reply);
}

static void
import_client_credential (Fixture *f)
{
  g_auto (GateCall) call = { 0 };
  g_autoptr (GBytes) certificate = test_file_new ("client.pem");
  g_autoptr (GBytes) key = test_file_new ("client.key");
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  int pipes[2];

  g_assert_cmpint (pipe (pipes), ==, 0);
  g_assert_cmpint (g_unix_fd_list_append (fds, pipes[0], NULL), ==, 0);
  close (pipes[0]);
  g_assert_cmpint (
      write (pipes[1], g_bytes_get_data (certificate, NULL), g_bytes_get_size (certificate)), >, 0);
  g_assert_cmpint (write (pipes[1], g_bytes_get_data (key, NULL), g_bytes_get_size (key)), >, 0);
  close (pipes[1]);
  gate_call_start (&f->gate, f->gate.caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                   "ImportCredential", g_variant_new_parsed ("('mine', handle 0, @a{sv} {})"), fds,
                   &call);
  gate_call_wait (&call);
  g_assert_no_error (call.error);
}

/* To the server's question, with a credential there whose use polkit decides about later.
 * options: of the handshake */
static void
set_up (Fixture *f, gconstpointer options)
{
  g_autofree char *arguments = g_strdup_printf (
      "('client', 'localhost', {'ask-for-credential': <true>%s})", (const char *) options);
  g_auto (GateCall) call = { 0 };
  g_autofree char *begun = NULL;
  g_autofree char *asked = NULL;

  test_clock_install ();
  gate_set_up (&f->gate, GINT_TO_POINTER (ANSWER_ALLOW));
  asking_server_init (&f->server);
  import_client_credential (f);
  gate_call_start (&f->gate, f->gate.caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                   "CreateSession", g_variant_new_parsed (arguments), NULL, &call);
  gate_call_wait (&call);
  g_assert_no_error (call.error);
  g_variant_get (call.reply, "(o)", &f->session);
  begun = step (f);
  g_assert_cmpstr (begun, ==, HANDOFF_STATE_CONTINUE);
  asked = step (f);
  g_assert_cmpstr (asked, ==, HANDOFF_STATE_CERTIFICATE_REQUEST);
  f->gate.authority->other_check = "use-own-credential*";
  f->gate.authority->other_answer = ANSWER_LATER;
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  gate_tear_down (&f->gate, unused);
  asking_server_clear (&f->server);
  g_free (f->session);
  test_clock_uninstall ();
}

/* The caller names its credential, and polkit thinks. */
static void
start_answer (Fixture *f, GateCall *call)
{
  gate_call_start (&f->gate, f->gate.caller, f->session, HANDOFF_SESSION_INTERFACE,
                   "ProvideCredential", g_variant_new_parsed ("({'credential': <'mine'>},)"), NULL,
                   call);
  gate_wait_for_check (&f->gate);
  g_assert_cmpstr (test_authority_get_last_check (f->gate.authority), ==,
                   "use-own-credential credential=mine role=client server-identity=localhost");
}

/* The handshake's own failure, as the answer's reply has it. */
static void
assert_failed (GateCall *call, const char *error_name)
{
  g_autoptr (GVariant) details = NULL;
  const char *state;
  const char *name;

  gate_call_wait (call);
  g_assert_no_error (call->error);
  g_variant_get (call->reply, "(&s@ay@a{sv})", &state, NULL, &details);
  g_assert_cmpstr (state, ==, HANDOFF_STATE_FAILED);
  g_assert_true (g_variant_lookup (details, HANDOFF_DETAIL_ERROR, "&s", &name));
  g_assert_cmpstr (name, ==, error_name);
}

/* Breaks if something else is done with the session meanwhile, if the credential is used that was
 * removed, or if there is no other answer after that. */
static void
test_removed (Fixture *f, gconstpointer unused)
{
  g_auto (GateCall) call = { 0 };
  g_auto (GateCall) list = { 0 };
  g_auto (GateCall) removal = { 0 };
  g_autoptr (GVariantIter) iter = NULL;
  g_autoptr (GVariant) reply = NULL;
  const char *path;
  const char *state;

  start_answer (f, &call);
  refuse (f, "ProvideCredential", "(@a{sv} {},)", "under way");
  refuse (f, "Step", "(@ay [],)", "under way");
  assert_state (f, HANDOFF_STATE_CERTIFICATE_REQUEST);
  gate_call_start (&f->gate, f->gate.caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                   "ListCredentials", g_variant_new_parsed ("(@a{sv} {},)"), NULL, &list);
  gate_call_wait (&list);
  g_assert_no_error (list.error);
  g_variant_get (list.reply, "(a(oa{sv}))", &iter);
  g_assert_true (g_variant_iter_next (iter, "(&o@a{sv})", &path, NULL));
  gate_call_start (&f->gate, f->gate.caller, path, HANDOFF_CREDENTIAL_INTERFACE, "Remove", NULL,
                   NULL, &removal);
  gate_call_wait (&removal);
  g_assert_no_error (removal.error);

  gate_answer (&f->gate, TRUE);
  gate_call_wait (&call);
  g_assert_error (call.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  assert_state (f, HANDOFF_STATE_CERTIFICATE_REQUEST);
  reply = call_session (f, "ProvideCredential", g_variant_new_parsed ("(@a{sv} {},)"));
  g_variant_get (reply, "(&s@aya{sv})", &state, NULL, NULL);
  g_assert_cmpstr (state, ==, HANDOFF_STATE_CONTINUE);
}

/* Breaks if a yes that comes after the session is closed does anything but to end the call. */
static void
test_closed (Fixture *f, gconstpointer unused)
{
  g_auto (GateCall) call = { 0 };
  G_GNUC_UNUSED g_autoptr (GVariant) closed = NULL;

  start_answer (f, &call);
  closed = call_session (f, "Close", NULL);
  gate_answer (&f->gate, TRUE);
  assert_failed (&call, HANDOFF_ERROR_PREFIX "Cancelled");
}

/* Breaks if a session of the user's cannot be taken further because the process that answered last
 * has gone. */
static void
test_caller_leaves (Fixture *f, gconstpointer unused)
{
  g_auto (GateCall) call = { 0 };
  g_autoptr (GVariant) reply = NULL;
  const char *state;

  start_answer (f, &call);
  gate_leave (&f->gate);
  gate_answer (&f->gate, TRUE);
  test_clock_settle ();
  reply = call_session (f, "ProvideCredential", g_variant_new_parsed ("(@a{sv} {},)"));
  g_variant_get (reply, "(&s@aya{sv})", &state, NULL, NULL);
  g_assert_cmpstr (state, ==, HANDOFF_STATE_CONTINUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, options, function)                                                               \
  g_test_add ("/service/gate-request/" name, Fixture, options, set_up, function, tear_down)
  ADD ("removed", "", test_removed);
  ADD ("closed", "", test_closed);
  ADD ("caller-leaves", ", 'outlive-caller': <true>", test_caller_leaves);
  return g_test_run ();
}
