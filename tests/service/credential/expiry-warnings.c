/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The administrator hears of certificates that end: in time, once, and again when it is too late.
 */

#include "config.h"

#include "credential/expiry-warnings.h"

#include <string.h>
#include <unistd.h>

#include "support/store-fixture.h"
#include "support/credential-fixture.h"
#include "support/test-clock.h"
#include "work/clock.h"

#define WARNING_DAYS 14

typedef struct
{
  char *parent;
  char *directory;
  HandoffKeeper *keeper;
  HandoffCredentialStore *store;
  HandoffExpiryWarnings *warnings;
} Fixture;

static guint n_ends, n_ended;

static GLogWriterOutput
count_warning (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      if (!g_str_equal (fields[i].key, "MESSAGE"))
        continue;
      n_ends += strstr (fields[i].value, " ends on ") != NULL;
      n_ended += strstr (fields[i].value, " ended on ") != NULL;
    }
  return G_LOG_WRITER_HANDLED;
}

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* Of a year from when tests/lib/make-certs was run. (transfer full) */
static HandoffCredential *
add_credential (Fixture *f)
{
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, "x", 1000, "ecdsa");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  HandoffCredential *added;

  test_store_hold_key (f->keeper, credential->id, "ecdsa");
  handoff_credential_store_add_async (f->store, credential, store_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  added = handoff_credential_store_change_finish (f->store, result, &error);
  g_assert_no_error (error);
  return added;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  test_clock_install ();
  n_ends = n_ended = 0;
  f->parent = g_dir_make_tmp ("handoff-XXXXXX", NULL);
  f->directory = g_build_filename (f->parent, "credentials", NULL);
  f->store = test_store_new (f->directory, &f->keeper);
  g_assert_no_error (error);
  f->warnings = handoff_expiry_warnings_new (f->store);
  handoff_expiry_warnings_configure (f->warnings, 14);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  handoff_expiry_warnings_free (f->warnings);
  while (handoff_credential_store_is_busy (f->store))
    g_main_context_iteration (NULL, TRUE);
  g_clear_object (&f->store);
  g_clear_object (&f->keeper);
  test_store_clean (f->directory);
  g_assert_cmpint (rmdir (f->parent), ==, 0);
  g_free (f->directory);
  g_free (f->parent);
  test_clock_uninstall ();
}

static void
expect (Fixture *f, guint ends, guint ended, guint expiring)
{
  test_clock_settle ();
  g_assert_cmpuint (n_ends, ==, ends);
  g_assert_cmpuint (n_ended, ==, ended);
  g_assert_cmpuint (handoff_expiry_warnings_get_n_expiring (f->warnings), ==, expiring);
}

/* Until some days before the certificate's end, by the wall clock, and a second. */
static void
pass_until (HandoffCredential *credential, gint64 days_before)
{
  const gint64 end = credential->description->not_after - days_before * 86400 + 1;

  test_clock_pass (end * TEST_SECOND - handoff_clock_get_wall_time ());
}

/* Breaks if a warning comes too early, only when the service starts again, every day, or not at
 * all. */
static void
test_daily (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = add_credential (f);

  expect (f, 0, 0, 0);
  pass_until (credential, WARNING_DAYS + 1);
  expect (f, 0, 0, 0);
  test_clock_pass (TEST_DAY);
  expect (f, 1, 0, 1);
  for (guint i = 0; i < WARNING_DAYS - 1; i++)
    {
      test_clock_pass (TEST_DAY);
      expect (f, 1, 0, 1);
    }
  test_clock_pass (TEST_DAY);
  expect (f, 1, 1, 1);
  test_clock_pass (TEST_YEAR);
  expect (f, 1, 1, 1);
}

/* Breaks if the time since the start counts, and not the date; or if, after a moment with a wrong
 * clock, its warning stays the last one. */
static void
test_wall_is_set (Fixture *f, gconstpointer data)
{
  G_GNUC_UNUSED g_autoptr (HandoffCredential) credential = add_credential (f);

  test_clock_set_wall (2 * TEST_YEAR);
  expect (f, 0, 0, 1);
  test_clock_pass (TEST_DAY);
  expect (f, 0, 1, 1);
  test_clock_set_wall (-2 * TEST_YEAR);
  expect (f, 0, 1, 0);
  test_clock_pass (TEST_DAY);
  expect (f, 0, 1, 0);
  test_clock_set_wall (2 * TEST_YEAR);
  test_clock_pass (TEST_DAY);
  expect (f, 0, 2, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_log_set_writer_func (count_warning, NULL, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/expiry-warnings/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("daily", test_daily);
  ADD ("wall-is-set", test_wall_is_set);
  return g_test_run ();
}
