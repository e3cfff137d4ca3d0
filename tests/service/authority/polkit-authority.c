/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What polkitd is asked, how much at once, and for whom. */

#include "config.h"

#include "authority/polkit-authority.h"

#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "support/polkit-fixture.h"
#include "support/test-clock.h"

#define N_USERS 20

/* A check, and what came of it. */
typedef struct
{
  gboolean done;
  gboolean allowed;
  GError *error;             /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned): its caller leaves */
} Check;

static void
checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;
  gboolean is_plain;

  g_assert_false (check->done);
  check->allowed =
      handoff_authority_check_finish (HANDOFF_AUTHORITY (source), result, &is_plain, &check->error);
  check->done = TRUE;
}

static void
check_clear (Check *check)
{
  g_assert_true (check->done);
  g_clear_object (&check->cancellable);
  g_clear_error (&check->error);
}

/* detail: (nullable): of key "d" */
static void
start (PolkitFixture *f,
       Check *check,
       guint uid,
       const char *bus_name,
       const char *action,
       const char *detail,
       gboolean interactive)
{
  g_autoptr (GHashTable) details = g_hash_table_new (g_str_hash, g_str_equal);
  const HandoffAuthorityCheck question = { .bus_name = bus_name,
                                           .uid = uid,
                                           .action = action,
                                           .details = detail != NULL ? details : NULL,
                                           .interactive = interactive };

  if (detail != NULL)
    {
      g_hash_table_insert (details, (gpointer) "d", (gpointer) detail);
      g_hash_table_insert (details, (gpointer) "role", (gpointer) "client");
    }
  *check = (Check){ .cancellable = g_cancellable_new () };
  handoff_authority_check_async (f->authority, &question, check->cancellable, checked, check);
}

/* A check that differs from every other of the user's. */
static void
start_other (PolkitFixture *f, Check *check, guint uid, gboolean interactive)
{
  static guint n;
  g_autofree char *detail = g_strdup_printf ("%u", ++n);
  g_autofree char *bus_name = g_strdup_printf (":1.%u", uid);

  start (f, check, uid, bus_name, "a.b", detail, interactive);
}

static void
assert_error (Check *check, int code, const char *text)
{
  g_assert_true (check->done);
  g_assert_false (check->allowed);
  g_assert_error (check->error, TLS_HANDOFF_ERROR, code);
  if (text != NULL)
    g_assert_nonnull (strstr (check->error->message, text));
}

/* Breaks if polkit's answer is taken for another one. */
static void
test_answers (PolkitFixture *f, gconstpointer data)
{
  Check checks[4], prompt;

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    start_other (f, &checks[i], 1000, FALSE);
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, 4);
  polkit_answer (f, 0, TRUE, FALSE);
  polkit_answer (f, 1, FALSE, FALSE);
  polkit_answer (f, 2, FALSE, TRUE);
  g_dbus_method_invocation_return_dbus_error (g_steal_pointer (&f->asked->pdata[3]),
                                              POLKIT ".Error.Failed", "Something is wrong");
  polkit_settle_down (f);
  g_assert_true (checks[0].done && checks[0].allowed);
  assert_error (&checks[1], TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "denies");
  /* The command looks for the first words; the others say whether the program or the user's session
   * is the reason that nobody was asked. */
  assert_error (&checks[2], TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "needs authentication");
  assert_error (&checks[2], TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "the program did not allow");
  assert_error (&checks[3], TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE, "Something is wrong");
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    check_clear (&checks[i]);

  start_other (f, &prompt, 1000, TRUE);
  polkit_settle_down (f);
  polkit_answer (f, 4, FALSE, TRUE);
  polkit_settle_down (f);
  polkit_answer (f, 5, FALSE, TRUE);
  polkit_settle_down (f);
  assert_error (&prompt, TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "needs authentication");
  assert_error (&prompt, TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "no authentication agent");
  check_clear (&prompt);
}

/* Breaks if polkitd is asked something else, or is asked on behalf of somebody else. */
static void
test_question (PolkitFixture *f, gconstpointer data)
{
  static const char *const expected[] = {
    "(('system-bus-name', {'name': <':1.1'>}), 'a.b', {}, 0, '')",
    "(('system-bus-name', {'name': <':1.2'>}), 'a.b', {}, 0, '')",
    "(('system-bus-name', {'name': <':1.1'>}), 'a.c', {}, 0, '')",
    "(('system-bus-name', {'name': <':1.1'>}), 'a.b', {'d': 'x', 'role': 'client'}, 0, '')",
    "(('system-bus-name', {'name': <':1.1'>}), 'a.b', {'d': 'y', 'role': 'client'}, 0, '')",
  };
  Check checks[G_N_ELEMENTS (expected)];

  start (f, &checks[0], 1000, ":1.1", "a.b", NULL, FALSE);
  start (f, &checks[1], 1000, ":1.2", "a.b", NULL, TRUE);
  start (f, &checks[2], 1000, ":1.1", "a.c", NULL, FALSE);
  start (f, &checks[3], 1000, ":1.1", "a.b", "x", FALSE);
  start (f, &checks[4], 1000, ":1.1", "a.b", "y", TRUE);
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autofree char *text =
          g_variant_print (g_dbus_method_invocation_get_parameters (f->asked->pdata[i]), FALSE);

      g_assert_cmpstr (text, ==, expected[i]);
      polkit_answer (f, i, i % 2 == 0, FALSE);
    }
  polkit_settle_down (f);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_assert_cmpint (checks[i].allowed, ==, i % 2 == 0);
      check_clear (&checks[i]);
    }
}

/* Breaks if equal checks are asked one by one, or if a check gets an answer that may be older than
 * itself: rules may have changed in between. */
static void
test_equal (PolkitFixture *f, gconstpointer data)
{
  Check checks[300];

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      if (i == 1)
        polkit_settle_down (f);
      start (f, &checks[i], 1000, ":1.1", "a.b", "x", i % 3 == 0);
    }
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, 1);
  polkit_answer (f, 0, FALSE, FALSE);
  polkit_settle_down (f);
  assert_error (&checks[0], TLS_HANDOFF_ERROR_NOT_AUTHORIZED, NULL);
  g_assert_false (checks[1].done);
  g_assert_cmpuint (f->asked->len, ==, 2);
  polkit_answer (f, 1, TRUE, FALSE);
  polkit_settle_down (f);
  for (guint i = 1; i < G_N_ELEMENTS (checks); i++)
    g_assert_true (checks[i].done && checks[i].allowed);
  g_assert_cmpuint (f->asked->len, ==, 2);
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    check_clear (&checks[i]);
}

/* Breaks if one user's checks take the places of others, or all users together take more than the
 * bus has; or if the lines are not served in turn. */
static void
test_shares (PolkitFixture *f, gconstpointer data)
{
  static Check checks[N_USERS][100];
  Check other;
  guint n_asked;

  for (guint i = 0; i < G_N_ELEMENTS (checks[0]); i++)
    start_other (f, &checks[0][i], 1000, FALSE);
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, HANDOFF_POLKIT_QUESTIONS_PER_USER);
  start_other (f, &other, 2000, FALSE);
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, HANDOFF_POLKIT_QUESTIONS_PER_USER + 1);
  polkit_answer (f, HANDOFF_POLKIT_QUESTIONS_PER_USER, TRUE, FALSE);
  polkit_settle_down (f);
  g_assert_true (other.done && other.allowed);
  check_clear (&other);

  for (guint user = 1; user < N_USERS; user++)
    for (guint i = 0; i < G_N_ELEMENTS (checks[0]); i++)
      start_other (f, &checks[user][i], 1000 + user, FALSE);
  polkit_settle_down (f);
  g_assert_cmpuint (polkit_count_open (f), ==, HANDOFF_POLKIT_QUESTIONS);
  /* The user who comes last has his turn after one question of each other user, not after all of
   * them. */
  start (f, &other, 3000, ":1.3000", "a.last", NULL, FALSE);
  n_asked = f->asked->len;
  for (guint i = 0; polkit_find (f, "a.last", 0) == G_MAXUINT; i++)
    {
      if (!polkit_is_answered (f, i))
        polkit_answer (f, i, TRUE, FALSE);
      polkit_settle_down (f);
    }
  g_assert_cmpuint (f->asked->len - n_asked, <=, N_USERS + 1);
  polkit_answer (f, polkit_find (f, "a.last", 0), TRUE, FALSE);
  polkit_settle_down (f);
  g_assert_true (other.done && other.allowed);
  check_clear (&other);

  for (guint i = 0; i < f->asked->len; i++)
    {
      if (!polkit_is_answered (f, i))
        polkit_answer (f, i, TRUE, FALSE);
      if (i + 1 == f->asked->len)
        polkit_settle_down (f);
      g_assert_cmpuint (polkit_count_open (f), <=, HANDOFF_POLKIT_QUESTIONS);
    }
  for (guint user = 0; user < N_USERS; user++)
    for (guint i = 0; i < G_N_ELEMENTS (checks[0]); i++)
      {
        g_assert_true (checks[user][i].allowed);
        check_clear (&checks[user][i]);
      }
}

/* Breaks if unanswered prompts delay other users, or the user's own checks that need no prompt; or
 * if a prompt is shown though polkit knows the answer. */
static void
test_prompts (PolkitFixture *f, gconstpointer data)
{
  Check checks[100], quick, others;
  guint n;

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    start_other (f, &checks[i], 1000, TRUE);
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, HANDOFF_POLKIT_QUESTIONS_PER_USER);
  for (n = 0; n < f->asked->len; n++)
    {
      guint flags;

      g_variant_get_child (g_dbus_method_invocation_get_parameters (f->asked->pdata[n]), 3, "u",
                           &flags);
      if (flags == 0)
        polkit_answer (f, n, FALSE, TRUE);
      polkit_settle_down (f);
    }
  g_assert_cmpuint (f->asked->len, ==, G_N_ELEMENTS (checks) + HANDOFF_POLKIT_PROMPTS_PER_USER);
  g_assert_cmpuint (polkit_count_open (f), ==, HANDOFF_POLKIT_PROMPTS_PER_USER);

  n = f->asked->len;
  start_other (f, &quick, 1000, TRUE);
  start_other (f, &others, 2000, TRUE);
  polkit_settle_down (f);
  polkit_answer (f, n, TRUE, FALSE);
  polkit_answer (f, n + 1, FALSE, TRUE);
  polkit_settle_down (f);
  g_assert_true (quick.done && quick.allowed);
  g_assert_cmpuint (f->asked->len, ==, n + 3);
  polkit_answer (f, n + 2, TRUE, FALSE);
  polkit_settle_down (f);
  g_assert_true (others.done && others.allowed);
  check_clear (&quick);
  check_clear (&others);

  /* All callers leave: prompts that are shown are taken away, and keep their places until polkit
   * has answered; the others are never shown. */
  n = f->asked->len;
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    g_cancellable_cancel (checks[i].cancellable);
  start_other (f, &quick, 1000, TRUE);
  polkit_settle_down (f);
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      assert_error (&checks[i], TLS_HANDOFF_ERROR_CANCELLED, NULL);
      check_clear (&checks[i]);
    }
  g_assert_cmpuint (f->cancelled->len, ==, HANDOFF_POLKIT_PROMPTS_PER_USER);
  g_assert_cmpuint (f->asked->len, ==, n + 1);
  polkit_answer (f, n, FALSE, TRUE);
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, n + 1);
  for (guint i = 0; i < n; i++)
    if (!polkit_is_answered (f, i))
      g_dbus_method_invocation_return_dbus_error (g_steal_pointer (&f->asked->pdata[i]),
                                                  POLKIT ".Error.Cancelled", "Cancelled");
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, n + 2);
  polkit_answer (f, n + 1, FALSE, FALSE);
  polkit_settle_down (f);
  assert_error (&quick, TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "denies");
  check_clear (&quick);
}

/* Breaks if there are two prompts for the same thing, or if a prompt is taken away while a check
 * still waits for it. */
static void
test_one_prompt (PolkitFixture *f, gconstpointer data)
{
  Check first, second, silent;

  start (f, &first, 1000, ":1.1", "a.b", "x", TRUE);
  start (f, &silent, 1000, ":1.1", "a.b", "x", FALSE);
  polkit_settle_down (f);
  polkit_answer (f, 0, FALSE, TRUE);
  polkit_settle_down (f);
  assert_error (&silent, TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "needs authentication");
  g_assert_cmpuint (f->asked->len, ==, 2);
  start (f, &second, 1000, ":1.1", "a.b", "x", TRUE);
  polkit_settle_down (f);
  polkit_answer (f, 2, FALSE, TRUE);
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, 3);
  g_cancellable_cancel (first.cancellable);
  polkit_settle_down (f);
  assert_error (&first, TLS_HANDOFF_ERROR_CANCELLED, NULL);
  g_assert_cmpuint (f->cancelled->len, ==, 0);
  polkit_answer (f, 1, TRUE, FALSE);
  polkit_settle_down (f);
  g_assert_true (second.done && second.allowed);
  check_clear (&first);
  check_clear (&second);
  check_clear (&silent);
}

/* Breaks if a check keeps its place in the line when its caller has left. */
static void
test_leaves (PolkitFixture *f, gconstpointer data)
{
  Check checks[50], equal[2];

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    start_other (f, &checks[i], 1000, FALSE);
  start (f, &equal[0], 2000, ":1.2", "a.b", "x", FALSE);
  polkit_settle_down (f);
  start (f, &equal[1], 2000, ":1.2", "a.b", "x", FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (checks) - 1; i++)
    g_cancellable_cancel (checks[i].cancellable);
  g_cancellable_cancel (equal[1].cancellable);
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, HANDOFF_POLKIT_QUESTIONS_PER_USER + 1);
  polkit_answer (f, 0, TRUE, FALSE);
  polkit_answer (f, HANDOFF_POLKIT_QUESTIONS_PER_USER, TRUE, FALSE);
  polkit_settle_down (f);
  g_assert_true (equal[0].allowed);
  assert_error (&equal[1], TLS_HANDOFF_ERROR_CANCELLED, NULL);
  g_assert_cmpuint (f->asked->len, ==, HANDOFF_POLKIT_QUESTIONS_PER_USER + 2);
  polkit_answer (f, f->asked->len - 1, TRUE, FALSE);
  polkit_settle_down (f);
  g_assert_true (checks[G_N_ELEMENTS (checks) - 1].allowed);
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    check_clear (&checks[i]);
  check_clear (&equal[0]);
  check_clear (&equal[1]);
}

/* Breaks if a user may have any number of waiting checks, if another user is refused for that, or
 * if a check that polkit did not decide is reported as not authorized. */
static void
test_limit (PolkitFixture *f, gconstpointer data)
{
  static Check checks[HANDOFF_POLKIT_WAITING_PER_USER + HANDOFF_POLKIT_QUESTIONS_PER_USER];
  Check one_more, other;

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      start_other (f, &checks[i], 1000, FALSE);
      if (i == HANDOFF_POLKIT_QUESTIONS_PER_USER)
        polkit_settle_down (f);
    }
  start_other (f, &one_more, 1000, FALSE);
  start_other (f, &other, 2000, FALSE);
  polkit_settle_down (f);
  assert_error (&one_more, TLS_HANDOFF_ERROR_LIMIT_REACHED, "polkit");
  g_assert_cmpuint (f->asked->len, ==, HANDOFF_POLKIT_QUESTIONS_PER_USER + 1);
  polkit_answer (f, HANDOFF_POLKIT_QUESTIONS_PER_USER, TRUE, FALSE);
  polkit_settle_down (f);
  g_assert_true (other.done && other.allowed);
  check_clear (&one_more);
  check_clear (&other);
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    g_cancellable_cancel (checks[i].cancellable);
  polkit_settle_down (f);
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    check_clear (&checks[i]);
}

/* Breaks if the service waits for a question that polkitd lost, or if a prompt is shown twice. */
static void
test_again (PolkitFixture *f, gconstpointer data)
{
  Check quick, prompt;
  guint lost;

  start (f, &prompt, 1000, ":1.1", "a.prompt", NULL, TRUE);
  polkit_settle_down (f);
  polkit_answer (f, polkit_find (f, "a.prompt", 0), FALSE, TRUE);
  start (f, &quick, 2000, ":1.2", "a.quick", NULL, FALSE);
  polkit_settle_down (f);
  lost = polkit_find (f, "a.quick", 0);
  test_clock_pass (HANDOFF_POLKIT_REPEAT_SECONDS * TEST_SECOND - 1);
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, 3);
  test_clock_pass (1);
  polkit_settle_down (f);
  g_assert_cmpuint (f->asked->len, ==, 5);
  polkit_answer (f, polkit_find (f, "a.prompt", 0), FALSE, TRUE);
  polkit_answer (f, f->asked->pdata[4] != NULL ? 4 : 3, TRUE, FALSE);
  polkit_settle_down (f);
  g_assert_false (polkit_is_answered (f, lost));
  g_assert_true (quick.done && quick.allowed);
  g_assert_false (prompt.done);
  polkit_answer (f, lost, FALSE, FALSE);
  polkit_answer (f, polkit_find (f, "a.prompt", 1), TRUE, FALSE);
  polkit_settle_down (f);
  g_assert_true (prompt.done && prompt.allowed);
  g_assert_cmpuint (f->asked->len, ==, 5);
  check_clear (&quick);
  check_clear (&prompt);
}

/* Breaks if a polkitd that hangs, or a user who does not answer, keeps a caller waiting for ever;
 * or if a wall clock that somebody sets, or a suspend, ends the wait. */
static void
test_deadlines (PolkitFixture *f, gconstpointer data)
{
  const gint64 prompt_time = HANDOFF_POLKIT_PROMPT_SECONDS * TEST_SECOND;
  Check quick, prompt;

  start (f, &prompt, 1000, ":1.1", "a.prompt", NULL, TRUE);
  polkit_settle_down (f);
  polkit_answer (f, polkit_find (f, "a.prompt", 0), FALSE, TRUE);
  polkit_settle_down (f);
  start (f, &quick, 2000, ":1.2", "a.quick", NULL, FALSE);
  polkit_settle_down (f);
  test_clock_set_wall (TEST_YEAR);
  test_clock_suspend (TEST_DAY);
  test_clock_pass (HANDOFF_POLKIT_SECONDS * TEST_SECOND - 1);
  polkit_settle_down (f);
  g_assert_false (quick.done);
  test_clock_pass (1);
  polkit_settle_down (f);
  assert_error (&quick, TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE, "has not answered for 20 seconds");

  g_assert_false (prompt.done);
  test_clock_pass (prompt_time - HANDOFF_POLKIT_SECONDS * TEST_SECOND - 1);
  polkit_settle_down (f);
  g_assert_false (prompt.done);
  test_clock_pass (1);
  polkit_settle_down (f);
  assert_error (&prompt, TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE, "for 10 minutes");
  check_clear (&quick);
  check_clear (&prompt);
}

/* Breaks if an absent or ended polkit means yes, or is reported as polkit's no. */
static void
test_absent (PolkitFixture *f, gconstpointer data)
{
  Check checks[2], equal;

  start (f, &checks[0], 1000, ":1.1", "a.b", "x", TRUE);
  polkit_settle_down (f);
  start (f, &equal, 1000, ":1.1", "a.b", "x", TRUE);
  g_dbus_connection_close_sync (f->polkit, NULL, NULL);
  while (!checks[0].done || !equal.done)
    g_main_context_iteration (NULL, TRUE);
  assert_error (&checks[0], TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE, "went away");
  assert_error (&equal, TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE, "not installed");
  start_other (f, &checks[1], 1000, FALSE);
  while (!checks[1].done)
    g_main_context_iteration (NULL, TRUE);
  assert_error (&checks[1], TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE, "not installed");
  check_clear (&checks[0]);
  check_clear (&checks[1]);
  check_clear (&equal);
  g_object_unref (g_steal_pointer (&f->asked->pdata[0]));
  g_clear_object (&f->polkit);

  polkit_start (f);
  start_other (f, &equal, 1000, FALSE);
  polkit_settle_down (f);
  polkit_answer (f, 1, TRUE, FALSE);
  polkit_settle_down (f);
  g_assert_true (equal.done && equal.allowed);
  check_clear (&equal);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
#define ADD(name, function)                                                                        \
  g_test_add ("/service/polkit-authority/" name, PolkitFixture, NULL, polkit_set_up, function,     \
              polkit_tear_down)
  ADD ("answers", test_answers);
  ADD ("question", test_question);
  ADD ("equal", test_equal);
  ADD ("shares", test_shares);
  ADD ("prompts", test_prompts);
  ADD ("one-prompt", test_one_prompt);
  ADD ("leaves", test_leaves);
  ADD ("limit", test_limit);
  ADD ("again", test_again);
  ADD ("deadlines", test_deadlines);
  ADD ("absent", test_absent);
  return g_test_run ();
}
