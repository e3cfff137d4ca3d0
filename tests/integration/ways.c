/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* One call on the bus and on a channel, side by side: what the service answers is the same. */

#include <unistd.h>

#include "handoff-names.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-steps.h"
#include "test-system.h"
#include "test-way.h"

#define KEY "[byte 9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9]"
#define NOBODY HANDOFF_SESSIONS_PATH "/nobody"
#define UNKNOWN_METHOD "org.freedesktop.DBus.Error.UnknownMethod"
#define INVALID_ARGS "org.freedesktop.DBus.Error.InvalidArgs"

typedef struct
{
  GDBusConnection *alice;
  TestPeer *peer;
} Fixture;

typedef struct
{
  const char *path; /* NULL: of a session that has begun */
  const char *method;
  const char *arguments; /* GVariant text */
} Wrong;

/* "name: message" of the error that must have come. (transfer full) */
static char *
describe (GVariant *reply, GError *error)
{
  g_autofree char *name = NULL;
  g_autofree char *text = NULL;

  g_assert_null (reply);
  g_assert_nonnull (error);
  name = g_dbus_error_get_remote_error (error);
  g_dbus_error_strip_remote_error (error);
  /* What the bus's library and the channel say by themselves, they say in other words. */
  if (g_str_equal (name, UNKNOWN_METHOD) || g_str_equal (name, INVALID_ARGS))
    return g_steal_pointer (&name);
  text = g_strdup (error->message);
  g_error_free (error);
  return g_strdup_printf ("%s: %s", name, text);
}

static const char *
interface_of (const char *path)
{
  return g_str_has_prefix (path, HANDOFF_SESSIONS_PATH) ? HANDOFF_SESSION_INTERFACE
                                                        : HANDOFF_MANAGER_INTERFACE;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->alice = test_bus_connect ("alice");
  f->peer = test_peer_new_openssl ("ecdsa", "-alpn", "http/1.1", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_bus_vanish (f->alice);
  test_peer_free (f->peer);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
}

static char *
call (Fixture *f, const char *path, const Wrong *wrong)
{
  GError *error = NULL;
  g_autoptr (GVariant) reply = test_call (f->alice, path, interface_of (path), wrong->method,
                                          g_variant_new_parsed (wrong->arguments), &error);

  return describe (reply, error);
}

/* Breaks if a wrong call gets another error on one way than on the other, or in other words; or if
 * one of them ends a session that the other leaves as it was. */
static void
test_errors (Fixture *f, gconstpointer data)
{
  static const Wrong wrong[] = {
    { HANDOFF_ROOT_PATH, "HandshakeAsClient", "(handle 0, 'localhost', " KEY ", @a{sv} {})" },
    { HANDOFF_ROOT_PATH, "HandshakeAsClient", "(handle 0, 'a..b', " KEY ", @a{sv} {})" },
    { HANDOFF_ROOT_PATH, "HandshakeAsClient", "(handle 0, 'localhost', [byte 1], @a{sv} {})" },
    { HANDOFF_ROOT_PATH, "HandshakeAsClient", "(handle 0, 'localhost', " KEY ", {'x': <1>})" },
    { HANDOFF_ROOT_PATH, "HandshakeAsClient", "('localhost', 1)" },
    { HANDOFF_ROOT_PATH, "HandshakeAsServer", "(handle 0, " KEY ", @a{sv} {})" },
    { HANDOFF_ROOT_PATH, "HandshakeAsServer", "(handle 0, " KEY ", {'credential': <'none'>})" },
    { HANDOFF_ROOT_PATH, "HandshakeAsServer", "()" },
    { HANDOFF_ROOT_PATH, "CreateSession", "('client', '', @a{sv} {})" },
    { HANDOFF_ROOT_PATH, "CreateSession", "('client', 'localhost', {'timeout': <1>})" },
    { HANDOFF_ROOT_PATH, "CreateSession", "('nobody', 'localhost', @a{sv} {})" },
    { HANDOFF_ROOT_PATH, "CreateSession", "('client', 'localhost', {'credential': <'none'>})" },
    { HANDOFF_ROOT_PATH, "CreateSession", "('client', 'localhost')" },
    { HANDOFF_ROOT_PATH, "NoSuchMethod", "()" },
    { NOBODY, "Step", "(@ay [],)" },
    { NOBODY, "ReviewCertificate", "(true,)" },
    { NOBODY, "ProvideCredential", "(@a{sv} {},)" },
    { NOBODY, "ExportKeys", "(" KEY ",)" },
    { NOBODY, "PostHandshake", "(@ay [],)" },
    { NOBODY, "Close", "()" },
    { NOBODY, "Step", "('x',)" },
    { NOBODY, "NoSuchMethod", "()" },
    { HANDOFF_SESSIONS_PATH "/no/body", "Close", "()" },
    { HANDOFF_SESSIONS_PATH, "Close", "()" },
    { "/", "CreateSession", "('client', 'localhost', @a{sv} {})" },
    { "/nowhere", "CreateSession", "('client', 'localhost', @a{sv} {})" },
    { NULL, "Step", "('x',)" },
    { NULL, "NoSuchMethod", "()" },
    { NULL, "ReviewCertificate", "(true,)" },
    { NULL, "ReviewCertificate", "(1,)" },
    { NULL, "ProvideCredential", "(@a{sv} {},)" },
    { NULL, "ProvideCredential", "({'x': <1>},)" },
    { NULL, "ExportKeys", "(" KEY ",)" },
    { NULL, "PostHandshake", "([byte 4, 0, 0, 0],)" },
  };
  char *paths[2];
  gsize i, j;

  for (j = 0; j < 2; j++)
    {
      g_autoptr (GError) error = NULL;

      test_way_take (j == 1);
      paths[j] = test_create_session (f->alice, "localhost", NULL, &error);
      g_assert_no_error (error);
    }
  for (i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      char *answers[2];

      g_test_message ("%s %s %s", wrong[i].path != NULL ? wrong[i].path : "a session",
                      wrong[i].method, wrong[i].arguments);
      for (j = 0; j < 2; j++)
        {
          test_way_take (j == 1);
          answers[j] = call (f, wrong[i].path != NULL ? wrong[i].path : paths[j], &wrong[i]);
        }
      g_assert_cmpstr (answers[1], ==, answers[0]);
      g_free (answers[0]);
      g_free (answers[1]);
    }
  test_statistic_wait ("sessions", 2);
  test_statistic_wait ("handshakes-in-flight", 2);
  for (j = 0; j < 2; j++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply = NULL;

      test_way_take (j == 1);
      reply = test_call (f->alice, paths[j], HANDOFF_SESSION_INTERFACE, "Close", NULL, &error);
      g_assert_no_error (error);
      g_assert_true (g_variant_is_of_type (reply, G_VARIANT_TYPE_UNIT));
      g_free (paths[j]);
    }
}

typedef struct
{
  const char *identity;
  const char *options;
} Handshake;

static const Handshake handshakes[] = {
  { "localhost", NULL },
  { "localhost",
    "{'application-protocols': <['h2', 'http/1.1']>, 'maximum-protocol': <'TLS1.2'>}" },
  { "localhost", "{'transient': <true>, 'resumption': <false>, 'blob-format': <uint32 2>}" },
  { "other.handoff.test", NULL },
  { "other.handoff.test", "{'review-certificate': <true>}" },
  { "localhost", "{'credential': <''>, 'minimum-protocol': <'TLS1.3'>}" },
  { "localhost", "{'application-protocols': <['h2']>}" },
};

static void
print_keys (GString *text, const HandoffKeyState *keys)
{
  g_string_append_printf (text, " %x %x %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, keys->protocol,
                          keys->cipher_suite, keys->read.sequence_number,
                          keys->write.sequence_number);
}

/* What the service says of a handshake to its end; a caller that is asked accepts. */
static char *
say_handshake (Fixture *f, const Handshake *row)
{
  GString *text = g_string_new (NULL);
  const int socket = test_peer_connect (f->peer);
  GError *error = NULL;
  g_autoptr (TestHandshake) handshake =
      test_handshake (f->alice, socket, row->identity, test_options (row->options), &error);
  GVariant *details =
      handshake != NULL ? handshake->details : test_handshake_get_error_details (f->alice);

  if (handshake == NULL)
    {
      g_autofree char *answer = describe (NULL, error);

      g_string_append (text, answer);
    }
  else
    {
      g_string_append (text, handshake->state);
    }
  g_assert_nonnull (details);
  g_string_append_c (text, ' ');
  g_variant_print_string (details, text, TRUE);
  if (handshake != NULL && handshake->keys != NULL)
    print_keys (text, handshake->keys);
  if (handshake != NULL && handshake->keys == NULL)
    {
      g_autoptr (GError) review_error = NULL;
      g_autoptr (TestStep) step = test_review (f->alice, handshake->session, TRUE, &review_error);

      g_assert_no_error (review_error);
      g_string_append (text, step->state);
      g_variant_print_string (step->details, text, TRUE);
    }
  close (socket);
  return g_string_free (text, FALSE);
}

/* The same in steps. */
static char *
say_steps (Fixture *f, const Handshake *row)
{
  GString *text = g_string_new (NULL);
  const int socket = test_peer_connect (f->peer);
  g_autoptr (GByteArray) received = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path =
      test_create_session (f->alice, row->identity, test_options (row->options), &error);
  TestStep *step;

  g_assert_no_error (error);
  step = test_steps_run (f->alice, path, socket, G_MAXSIZE, NULL, received);
  if (g_str_equal (step->state, HANDOFF_STATE_CERTIFICATE_REVIEW))
    {
      g_variant_print_string (step->details, text, TRUE);
      test_step_free (step);
      step = test_review (f->alice, path, TRUE, &error);
      g_assert_no_error (error);
      step = test_steps_run (f->alice, path, socket, G_MAXSIZE, step, received);
    }
  g_string_append (text, step->state);
  g_variant_print_string (step->details, text, TRUE);
  if (g_str_equal (step->state, HANDOFF_STATE_COMPLETE))
    {
      g_autoptr (HandoffKeyState) keys = test_export (f->alice, path, &error);

      g_assert_no_error (error);
      print_keys (text, keys);
    }
  test_step_free (step);
  close (socket);
  return g_string_free (text, FALSE);
}

/* Breaks if a detail is missing on one way, or has another type or value; of a success, a failure,
 * or a question to the caller. */
static void
test_answers (Fixture *f, gconstpointer data)
{
  char *(*say) (Fixture *, const Handshake *) = data == NULL ? say_handshake : say_steps;
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (handshakes); i++)
    {
      char *answers[2];

      g_test_message ("%s %s", handshakes[i].identity, handshakes[i].options);
      for (j = 0; j < 2; j++)
        {
          test_way_take (j == 1);
          answers[j] = say (f, &handshakes[i]);
        }
      g_assert_cmpstr (answers[1], ==, answers[0]);
      g_free (answers[0]);
      g_free (answers[1]);
    }
}

static const char *this_program;

/* The paths of a program's cases. (transfer full) */
static char **
list_cases (const char *program)
{
  const char *const argv[] = { program, "-l", NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status,
                &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  return g_strsplit (output, "\n", -1);
}

/* Breaks if what is said to be the bus's alone is not there: under another name, it may be left out
 * no more, or the case that was, is gone. */
static void
test_bus_only (void)
{
  g_autofree char *directory = g_path_get_dirname (this_program);
  const char *path;
  gsize i, j;

  for (i = 0; (path = test_way_get_bus_only (i)) != NULL; i++)
    {
      g_auto (GStrv) names = g_strsplit (path, "/", 3); /* "", the program's, the case's */
      g_autofree char *program = g_strconcat (directory, "/integration-", names[1], NULL);
      g_auto (GStrv) cases = list_cases (program);
      g_autofree char *group = g_strconcat (path, "/", NULL);

      for (j = 0; cases[j] != NULL; j++)
        {
          /* GLib 2.84 lists each as a comment of TAP's, of a test within this one. */
          const char *name = cases[j] + strspn (cases[j], " #");

          if (g_str_equal (name, path) || g_str_has_prefix (name, group))
            break;
        }
      if (cases[j] == NULL)
        g_error ("test-way-skips.c: there is no %s", path);
    }
}

int
main (int argc, char **argv)
{
  this_program = argv[0];
  test_system_init (&argc, &argv);
  g_test_add_func ("/ways/bus-only", test_bus_only);
#define ADD(name, data, function)                                                                  \
  g_test_add ("/ways/" name, Fixture, data, set_up, function, tear_down)
  ADD ("errors", NULL, test_errors);
  ADD ("answers/socket", NULL, test_answers);
  ADD ("answers/stepwise", "stepwise", test_answers);
  return g_test_run ();
}
