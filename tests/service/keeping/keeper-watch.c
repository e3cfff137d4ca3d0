/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who does not wait for ever for a keeper that hangs: see keeping/keeper-watch.h. */

#include "config.h"

#include "keeping/keeper-watch.h"

#include <signal.h>

#include "keeping/keeper.h"
#include "keyblob/tls-handoff-error.h"
#include "link/keeper-messages.h"
#include "process/process.h"
#include "support/store-fixture.h"
#include "support/test-clock.h"

typedef struct
{
  char *directory; /* (owned) */
  HandoffKeeper *keeper;
  gboolean is_used; /* somebody may wait for a signature */
  guint n_ended;
} Fixture;

static gboolean
is_used (gpointer user_data)
{
  return ((const Fixture *) user_data)->is_used;
}

static void
ended (HandoffKeeper *keeper, gpointer user_data)
{
  ((Fixture *) user_data)->n_ended++;
}

static GLogWriterOutput
drop (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  return G_LOG_WRITER_HANDLED;
}

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
begin (Fixture *f, GAsyncResult **result)
{
  handoff_keeper_ask_async (f->keeper, HANDOFF_KEEPER_LOAD, g_variant_new ("()"), -1, store_result,
                            result);
}

/* The keeper answers: what was asked before is answered, too. */
static void
expect_answer (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  begin (f, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  reply = handoff_keeper_ask_finish (f->keeper, result, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  test_clock_install ();
  f->directory = g_dir_make_tmp ("watch-XXXXXX", NULL);
  handoff_process_set_folder (SERVICE_PROGRAMS);
  f->keeper = handoff_keeper_new (f->directory);
  g_signal_connect (f->keeper, "ended", G_CALLBACK (ended), f);
  handoff_keeper_set_is_used (f->keeper, is_used, f);
  expect_answer (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->keeper);
  test_store_clean (f->directory);
  g_free (f->directory);
  test_clock_uninstall ();
}

static void
pass (void)
{
  test_clock_pass (HANDOFF_KEEPER_WATCH_SECONDS * TEST_SECOND);
  test_clock_settle ();
}

/* Breaks if whoever waits for a keeper that hangs waits for ever, or if the next call does, too. */
static void
test_hangs (Fixture *f, gconstpointer data)
{
  const pid_t old = handoff_keeper_get_pid (f->keeper);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (kill (old, SIGSTOP), ==, 0);
  begin (f, &result);
  pass ();
  g_assert_null (result);
  pass ();
  g_assert_nonnull (result);
  reply = handoff_keeper_ask_finish (f->keeper, result, &error);
  g_assert_null (reply);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==,
                   "The service's program tls-handoff-keeper did not answer any more, and was "
                   "ended: call again");
  g_assert_cmpuint (f->n_ended, ==, 1);
  g_assert_cmpint (handoff_keeper_get_pid (f->keeper), !=, old);
  expect_answer (f);
}

/* Breaks if one that hangs keeps handshakes, of which the broker hears nothing. */
static void
test_signatures (Fixture *f, gconstpointer data)
{
  const pid_t old = handoff_keeper_get_pid (f->keeper);

  f->is_used = TRUE;
  g_assert_cmpint (kill (old, SIGSTOP), ==, 0);
  pass ();
  g_assert_cmpuint (f->n_ended, ==, 0);
  pass ();
  g_assert_cmpuint (f->n_ended, ==, 1);
}

/* Breaks if one that answers is ended, or one that nobody waits for. */
static void
test_idle (Fixture *f, gconstpointer data)
{
  const pid_t pid = handoff_keeper_get_pid (f->keeper);
  guint i;

  f->is_used = TRUE;
  for (i = 0; i < 3; i++)
    {
      pass ();
      expect_answer (f);
    }
  f->is_used = FALSE;
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  for (i = 0; i < 3; i++)
    pass ();
  g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
  expect_answer (f);
  g_assert_cmpint (handoff_keeper_get_pid (f->keeper), ==, pid);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/service/keeper-watch/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (drop, NULL, NULL);
  ADD ("hangs", test_hangs);
  ADD ("signatures", test_signatures);
  ADD ("idle", test_idle);
  return g_test_run ();
}
