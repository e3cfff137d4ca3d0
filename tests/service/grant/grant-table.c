/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who may sign, how often, and until when. */

#include "config.h"

#include "grant/grant-table.h"

#include "keyblob/tls-handoff-error.h"
#include "support/test-clock.h"
#include "work/clock.h"

#define ALICE 7
#define BOB 8
#define CLIENT HANDOFF_SIGNATURE_CLIENT
#define SERVER HANDOFF_SIGNATURE_SERVER

/* What grants carry: how many copies there are. */
static int n_data;

static gpointer
count_copy (gpointer data)
{
  n_data++;
  return data;
}

static void
count_end (gpointer data)
{
  n_data--;
}

typedef struct
{
  HandoffGrantTable *table;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  test_clock_install ();
  f->table = handoff_grant_table_new (count_copy, count_end);
  g_assert_true (handoff_grant_table_add_holder (f->table, ALICE));
  g_assert_true (handoff_grant_table_add_holder (f->table, BOB));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  handoff_grant_table_free (f->table);
  g_assert_cmpint (n_data, ==, 0);
  test_clock_uninstall ();
}

static gboolean
add (Fixture *f, guint64 number, guint64 holder, guint uses, gint64 span, GError **error)
{
  const HandoffGrantTerms terms = { number, holder, "the-key",
                                    SERVER, uses,   handoff_clock_get_boot_time () + span,
                                    &n_data };

  if (!handoff_grant_table_add (f->table, &terms, error))
    return FALSE;
  n_data++;
  return TRUE;
}

static void
give (Fixture *f, guint64 number, guint64 holder, guint uses)
{
  g_autoptr (GError) error = NULL;

  add (f, number, holder, uses, 10 * TEST_SECOND, &error);
  g_assert_no_error (error);
}

static HandoffGrantVerdict
use (Fixture *f, guint64 number, guint64 holder, HandoffSignatureRole role)
{
  g_autofree char *key = NULL;
  gpointer data = NULL;
  const HandoffGrantVerdict verdict =
      handoff_grant_table_use (f->table, number, holder, role, &key, &data);

  g_assert_cmpstr (key, ==, verdict == HANDOFF_GRANT_VALID ? "the-key" : NULL);
  g_assert_true (data == (verdict == HANDOFF_GRANT_VALID ? &n_data : NULL));
  if (data != NULL)
    count_end (data);
  return verdict;
}

static void
test_uses (Fixture *f, gconstpointer data)
{
  guint i;

  give (f, 1, ALICE, 1);
  give (f, 2, ALICE, 2);
  give (f, 3, ALICE, 0);
  g_assert_cmpint (use (f, 1, ALICE, SERVER), ==, HANDOFF_GRANT_VALID);
  g_assert_cmpint (use (f, 1, ALICE, SERVER), ==, HANDOFF_GRANT_OVER);
  g_assert_cmpint (use (f, 2, ALICE, SERVER), ==, HANDOFF_GRANT_VALID);
  g_assert_cmpint (use (f, 2, ALICE, SERVER), ==, HANDOFF_GRANT_VALID);
  g_assert_cmpint (use (f, 2, ALICE, SERVER), ==, HANDOFF_GRANT_OVER);
  for (i = 0; i < 100; i++)
    g_assert_cmpint (use (f, 3, ALICE, SERVER), ==, HANDOFF_GRANT_VALID);
}

/* What is not granted costs no use of what is. */
static void
test_others (Fixture *f, gconstpointer data)
{
  give (f, 5, ALICE, 1);
  g_assert_cmpint (use (f, 5, BOB, SERVER), ==, HANDOFF_GRANT_OTHER_HOLDER);
  g_assert_cmpint (use (f, 5, 99, SERVER), ==, HANDOFF_GRANT_OTHER_HOLDER);
  g_assert_cmpint (use (f, 5, ALICE, CLIENT), ==, HANDOFF_GRANT_OTHER_ROLE);
  g_assert_cmpint (use (f, 6, ALICE, SERVER), ==, HANDOFF_GRANT_NEVER_GIVEN);
  g_assert_cmpint (use (f, 0, ALICE, SERVER), ==, HANDOFF_GRANT_NEVER_GIVEN);
  g_assert_cmpint (use (f, G_MAXUINT64, ALICE, SERVER), ==, HANDOFF_GRANT_NEVER_GIVEN);
  g_assert_cmpint (use (f, 5, ALICE, SERVER), ==, HANDOFF_GRANT_VALID);
}

/* Ages go by boot time: a suspend does not make a grant last. */
static void
test_time (Fixture *f, gconstpointer data)
{
  give (f, 1, ALICE, 0);
  give (f, 2, ALICE, 0);
  test_clock_pass (10 * TEST_SECOND - 1);
  test_clock_set_wall (TEST_YEAR);
  g_assert_cmpint (use (f, 1, ALICE, SERVER), ==, HANDOFF_GRANT_VALID);
  test_clock_suspend (1);
  g_assert_cmpint (use (f, 1, ALICE, SERVER), ==, HANDOFF_GRANT_OVER);
  /* Whoever asks in the wrong role learns no more. */
  g_assert_cmpint (use (f, 2, ALICE, CLIENT), ==, HANDOFF_GRANT_OVER);
}

static void
test_taken_back (Fixture *f, gconstpointer data)
{
  give (f, 1, ALICE, 0);
  give (f, 2, ALICE, 0);
  handoff_grant_table_end (f->table, 1);
  handoff_grant_table_end (f->table, 1);
  handoff_grant_table_end (f->table, 77);
  g_assert_cmpint (use (f, 1, ALICE, SERVER), ==, HANDOFF_GRANT_OVER);
  g_assert_cmpint (use (f, 2, ALICE, SERVER), ==, HANDOFF_GRANT_VALID);
  g_assert_cmpuint (handoff_grant_table_count (f->table, ALICE), ==, 1);
}

static void
test_holder_gone (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint64 i;

  g_assert_false (handoff_grant_table_add_holder (f->table, ALICE));
  for (i = 1; i <= 200; i++)
    give (f, i, i % 2 == 0 ? ALICE : BOB, 0);
  handoff_grant_table_remove_holder (f->table, ALICE);
  handoff_grant_table_remove_holder (f->table, ALICE);
  g_assert_cmpint (use (f, 2, ALICE, SERVER), ==, HANDOFF_GRANT_OVER);
  g_assert_cmpint (use (f, 1, BOB, SERVER), ==, HANDOFF_GRANT_VALID);
  g_assert_cmpuint (handoff_grant_table_count (f->table, ALICE), ==, 0);
  g_assert_cmpuint (handoff_grant_table_count (f->table, BOB), ==, 100);
  g_assert_false (add (f, 201, ALICE, 1, TEST_SECOND, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  /* What could not be given was never given. */
  g_assert_cmpint (use (f, 201, BOB, SERVER), ==, HANDOFF_GRANT_NEVER_GIVEN);
}

/* A number is given once, or nobody could tell what is over from what is new. */
static void
test_numbers (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  give (f, 10, ALICE, 1);
  g_assert_false (add (f, 10, ALICE, 1, TEST_SECOND, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_false (add (f, 9, BOB, 1, TEST_SECOND, NULL));
  g_assert_false (add (f, 0, BOB, 1, TEST_SECOND, NULL));
  give (f, 12, ALICE, 1);
  g_assert_cmpint (use (f, 11, ALICE, SERVER), ==, HANDOFF_GRANT_OVER);
}

/* Memory is bounded for each holder, and outdated grants do not count. */
static void
test_limit (Fixture *f, gconstpointer data)
{
  guint64 number = 0;
  g_autoptr (GError) error = NULL;

  while (number < 2 * HANDOFF_GRANTS_PER_HOLDER)
    {
      give (f, ++number, ALICE, 1);
      g_assert_cmpint (use (f, number, ALICE, SERVER), ==, HANDOFF_GRANT_VALID);
    }
  g_assert_cmpuint (handoff_grant_table_count (f->table, ALICE), ==, 0);

  while (handoff_grant_table_count (f->table, ALICE) < HANDOFF_GRANTS_PER_HOLDER)
    give (f, ++number, ALICE, 1);
  g_assert_false (add (f, ++number, ALICE, 1, TEST_SECOND, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  give (f, ++number, BOB, 1);

  test_clock_pass (10 * TEST_SECOND);
  give (f, ++number, ALICE, 1);
  g_assert_cmpuint (handoff_grant_table_count (f->table, ALICE), ==, 1);
}

/* Grants whose time is over go without being asked for, too. */
static void
test_sweep (Fixture *f, gconstpointer data)
{
  guint64 number;

  for (number = 1; number <= 10000; number++)
    {
      give (f, number, ALICE, 1);
      test_clock_pass (TEST_SECOND);
    }
  g_assert_cmpuint (handoff_grant_table_count (f->table, ALICE), <=, 64);
}

static void
test_explanations (Fixture *f, gconstpointer data)
{
  HandoffGrantVerdict verdict;

  for (verdict = HANDOFF_GRANT_NEVER_GIVEN; verdict <= HANDOFF_GRANT_OTHER_ROLE; verdict++)
    g_assert_cmpstr (handoff_grant_verdict_explain (verdict), !=,
                     handoff_grant_verdict_explain (HANDOFF_GRANT_VALID));
}

#define ADD(name, function)                                                                        \
  g_test_add ("/service/grant-table/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("uses", test_uses);
  ADD ("others", test_others);
  ADD ("time", test_time);
  ADD ("taken-back", test_taken_back);
  ADD ("holder-gone", test_holder_gone);
  ADD ("numbers", test_numbers);
  ADD ("limit", test_limit);
  ADD ("sweep", test_sweep);
  ADD ("explanations", test_explanations);
  return g_test_run ();
}
