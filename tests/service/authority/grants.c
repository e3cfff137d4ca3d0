/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What is remembered of polkit's answers for a channel: what is the same question, and what ends
 * the memory. */

#include "config.h"

#include "authority/grants.h"

#include <string.h>

#include "support/test-clock.h"

#define ACTION "org.example.connect"

typedef struct
{
  HandoffGrantBook *book;
  HandoffGrants *alice;
  HandoffGrants *bob;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  test_clock_install ();
  f->book = handoff_grant_book_new ();
  handoff_grant_book_configure (f->book, 60);
  f->alice = handoff_grants_new (f->book, 1000);
  f->bob = handoff_grants_new (f->book, 1001);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->alice, handoff_grants_close);
  g_clear_pointer (&f->bob, handoff_grants_close);
  handoff_grant_book_free (f->book);
  test_clock_uninstall ();
}

/* details: "key=value;key=value". (transfer full) */
static GHashTable *
parse_details (const char *text)
{
  GHashTable *details = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) pairs = g_strsplit (text, ";", -1);

  for (guint i = 0; pairs[i] != NULL; i++)
    {
      g_auto (GStrv) pair = g_strsplit (pairs[i], "=", 2);

      g_hash_table_insert (details, g_strdup (pair[0]), g_strdup (pair[1]));
    }
  return details;
}

static void
add_at (HandoffGrants *grants,
        const HandoffGrantMoment *moment,
        const char *action,
        const char *details,
        const char *name)
{
  g_autoptr (GHashTable) table = details != NULL ? parse_details (details) : NULL;
  const HandoffGrantQuestion question = { action, table, name };

  handoff_grants_add (grants, &question, moment, HANDOFF_GRANT_NO_OWNER, NULL, NULL);
}

static void
add (HandoffGrants *grants, const char *action, const char *details, const char *name)
{
  const HandoffGrantMoment moment = handoff_grants_get_moment (grants);

  add_at (grants, &moment, action, details, name);
}

static gboolean
knows (HandoffGrants *grants, const char *action, const char *details, const char *name)
{
  g_autoptr (GHashTable) table = details != NULL ? parse_details (details) : NULL;
  const HandoffGrantQuestion question = { action, table, name };
  g_autoptr (HandoffGrant) grant = handoff_grants_lookup (grants, &question);

  return grant != NULL;
}

/* Breaks if a yes is valid for another question than the one that polkit was asked: something that
 * rules see differs, or the caller names another credential of the same label. */
static void
test_same_question (Fixture *f, gconstpointer data)
{
  const struct
  {
    const char *action;
    const char *details; /* (nullable) */
    const char *name;    /* (nullable) */
  } questions[] = {
    { ACTION, NULL, NULL },
    { ACTION "x", NULL, NULL },
    { ACTION, "role=client;server-identity=a.test", NULL },
    { ACTION, "role=client;server-identity=b.test", NULL },
    { ACTION, "role=server;server-identity=a.test", NULL },
    { ACTION, "role=client;server-identity=a.test;review-certificate=true", NULL },
    { ACTION, "role=client;server-identity=a.test;credential=x", NULL },
    { ACTION, "role=client;server-identity=a.test;credential=x", "x" },
    { ACTION, "role=client;server-identity=a.test;credential=x", "/path/x" },
    { ACTION, "role=client;server-identity=a.test;credential-choice=x", NULL },
    { ACTION, "role=client;server-identity=a.test;credential-choice=", NULL },
    { ACTION, "role=client;server-identity=a.test", "" },
    /* The same texts in another order of places. */
    { ACTION, "client=role;server-identity=a.test", NULL },
    { ACTION, "role=client", "server-identity" },
    { ACTION, NULL, "role" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (questions); i++)
    {
      for (guint j = i; j < G_N_ELEMENTS (questions); j++)
        g_assert_false (
            knows (f->alice, questions[j].action, questions[j].details, questions[j].name));
      add (f->alice, questions[i].action, questions[i].details, questions[i].name);
      for (guint j = 0; j <= i; j++)
        g_assert_true (
            knows (f->alice, questions[j].action, questions[j].details, questions[j].name));
    }
  /* The order in which details are given does not matter. */
  g_assert_true (knows (f->alice, ACTION, "server-identity=a.test;role=client", NULL));
  /* Another channel is asked for anew. */
  for (guint i = 0; i < G_N_ELEMENTS (questions); i++)
    g_assert_false (knows (f->bob, questions[i].action, questions[i].details, questions[i].name));
}

/* Breaks if a yes is valid for longer than configured, counted from the question, or if a night's
 * sleep of the machine does not count, or if somebody prolongs it by using it or by setting the
 * clock. */
static void
test_time (Fixture *f, gconstpointer data)
{
  HandoffGrantMoment moment;

  add (f->alice, ACTION, NULL, NULL);
  test_clock_pass (59 * TEST_SECOND);
  test_clock_set_wall (-TEST_DAY);
  g_assert_true (knows (f->alice, ACTION, NULL, NULL));
  test_clock_pass (TEST_SECOND);
  g_assert_false (knows (f->alice, ACTION, NULL, NULL));
  g_assert_cmpuint (handoff_grants_get_size (f->alice), ==, 0);

  add (f->alice, ACTION, NULL, NULL);
  test_clock_suspend (60 * TEST_SECOND);
  g_assert_false (knows (f->alice, ACTION, NULL, NULL));

  /* polkit took its time. */
  moment = handoff_grants_get_moment (f->alice);
  test_clock_pass (59 * TEST_SECOND);
  add_at (f->alice, &moment, ACTION, NULL, NULL);
  g_assert_true (knows (f->alice, ACTION, NULL, NULL));
  test_clock_pass (TEST_SECOND);
  g_assert_false (knows (f->alice, ACTION, NULL, NULL));
  add_at (f->alice, &moment, ACTION, NULL, NULL);
  g_assert_cmpuint (handoff_grants_get_size (f->alice), ==, 0);

  /* A later yes takes the place of an earlier one. */
  add (f->alice, ACTION, NULL, NULL);
  test_clock_pass (30 * TEST_SECOND);
  add (f->alice, ACTION, NULL, NULL);
  g_assert_cmpuint (handoff_grants_get_size (f->alice), ==, 1);
  test_clock_pass (59 * TEST_SECOND);
  g_assert_true (knows (f->alice, ACTION, NULL, NULL));
}

/* Breaks if anything is remembered although the configuration says no, or longer than it says now.
 */
static void
test_configuration (Fixture *f, gconstpointer data)
{
  add (f->alice, ACTION, NULL, NULL);
  handoff_grant_book_configure (f->book, 60);
  g_assert_false (knows (f->alice, ACTION, NULL, NULL));

  handoff_grant_book_configure (f->book, 1);
  add (f->alice, ACTION, NULL, NULL);
  g_assert_true (knows (f->alice, ACTION, NULL, NULL));
  test_clock_pass (TEST_SECOND);
  g_assert_false (knows (f->alice, ACTION, NULL, NULL));

  handoff_grant_book_configure (f->book, 0);
  add (f->alice, ACTION, NULL, NULL);
  g_assert_false (knows (f->alice, ACTION, NULL, NULL));
  g_assert_cmpuint (handoff_grants_get_size (f->alice), ==, 0);
}

/* Breaks if a yes outlives the news that polkit may think otherwise now, or if one that polkit gave
 * before the news is remembered after it. */
static void
test_forget_all (Fixture *f, gconstpointer data)
{
  HandoffGrantMoment before;

  add (f->alice, ACTION, NULL, NULL);
  add (f->bob, ACTION, "role=client", NULL);
  before = handoff_grants_get_moment (f->alice);
  handoff_grant_book_forget_all (f->book);
  g_assert_false (knows (f->alice, ACTION, NULL, NULL));
  g_assert_false (knows (f->bob, ACTION, "role=client", NULL));

  add_at (f->alice, &before, ACTION, NULL, NULL);
  g_assert_false (knows (f->alice, ACTION, NULL, NULL));
  add (f->alice, ACTION, NULL, NULL);
  g_assert_true (knows (f->alice, ACTION, NULL, NULL));
}

/* Breaks if a grant outlives a change of the credentials that it may be about; or if a user who
 * changes his own all the time keeps others asking. */
static void
test_forget_credentials (Fixture *f, gconstpointer data)
{
  const HandoffGrantQuestion question = { ACTION, NULL, "x" };
  HandoffGrantMoment moment;

  add (f->alice, ACTION, NULL, NULL);
  add (f->bob, ACTION, NULL, NULL);
  moment = handoff_grants_get_moment (f->alice);
  handoff_grant_book_forget_credentials (f->book, 1000);
  g_assert_false (knows (f->alice, ACTION, NULL, NULL));
  g_assert_true (knows (f->bob, ACTION, NULL, NULL));
  add_at (f->alice, &moment, ACTION, NULL, NULL);
  g_assert_false (knows (f->alice, ACTION, NULL, NULL));

  add (f->alice, ACTION, NULL, NULL);
  handoff_grant_book_forget_credentials (f->book, 0);
  g_assert_false (knows (f->alice, ACTION, NULL, NULL));
  g_assert_false (knows (f->bob, ACTION, NULL, NULL));

  /* Bob's table does not hear of Alice's credentials: it does not remember them either. */
  moment = handoff_grants_get_moment (f->bob);
  handoff_grants_add (f->bob, &question, &moment, 1000, NULL, NULL);
  g_assert_false (knows (f->bob, ACTION, NULL, "x"));
  handoff_grants_add (f->bob, &question, &moment, 1001, NULL, NULL);
  g_assert_true (knows (f->bob, ACTION, NULL, "x"));
  moment = handoff_grants_get_moment (f->alice);
  handoff_grants_add (f->alice, &question, &moment, 0, NULL, NULL);
  g_assert_true (knows (f->alice, ACTION, NULL, "x"));
}

/* Breaks if somebody makes the service remember as much as he likes, or if what he needs most goes
 * first. */
static void
test_bound (Fixture *f, gconstpointer data)
{
  guint most = 0;

  add (f->bob, ACTION, NULL, NULL);
  add (f->alice, ACTION, "server-identity=often.test", NULL);
  for (guint i = 0; i < 100000; i++)
    {
      g_autofree char *details = g_strdup_printf ("role=client;server-identity=%u.test", i);

      add (f->alice, ACTION, details, NULL);
      if (i % 100 == 0)
        g_assert_true (knows (f->alice, ACTION, "server-identity=often.test", NULL));
      most = MAX (most, handoff_grants_get_size (f->alice));
    }
  g_assert_cmpuint (most, >, 200);
  g_assert_cmpuint (most, <, 400);
  g_assert_true (knows (f->alice, ACTION, "role=client;server-identity=99999.test", NULL));
  g_assert_false (knows (f->alice, ACTION, "role=client;server-identity=0.test", NULL));
  g_assert_true (knows (f->bob, ACTION, NULL, NULL));

  /* What is out of date goes first, without being asked for. */
  test_clock_pass (60 * TEST_SECOND);
  add (f->alice, ACTION, NULL, NULL);
  g_assert_cmpuint (handoff_grants_get_size (f->alice), ==, 1);

  {
    /* More than all together may have. */
    g_autofree char *name = g_strnfill (HANDOFF_GRANTS_SIZE, 'a');

    add (f->bob, ACTION, NULL, name);
    g_assert_false (knows (f->bob, ACTION, NULL, name));
  }
}

static void
count (gpointer data)
{
  g_atomic_int_inc ((int *) data);
}

/* Breaks if the data of a grant leak, or go while somebody uses them: a credential's key must not
 * stay in memory when the credential is gone. */
static void
test_data (Fixture *f, gconstpointer data)
{
  const HandoffGrantQuestion question = { ACTION, NULL, NULL };
  HandoffGrantMoment moment = handoff_grants_get_moment (f->alice);
  HandoffGrant *grant;
  int n_destroyed = 0;

  /* Replaced. */
  for (guint i = 0; i < 2; i++)
    handoff_grants_add (f->alice, &question, &moment, 0, &n_destroyed, count);
  g_assert_cmpint (n_destroyed, ==, 1);
  /* Used, then forgotten. */
  grant = handoff_grants_lookup (f->alice, &question);
  g_assert_true (handoff_grant_get_data (grant) == &n_destroyed);
  handoff_grant_book_forget_all (f->book);
  g_assert_cmpint (n_destroyed, ==, 1);
  handoff_grant_unref (grant);
  g_assert_cmpint (n_destroyed, ==, 2);
  /* Not taken. */
  handoff_grants_add (f->alice, &question, &moment, 0, &n_destroyed, count);
  g_assert_cmpint (n_destroyed, ==, 3);
  /* Out of date. */
  moment = handoff_grants_get_moment (f->alice);
  handoff_grants_add (f->alice, &question, &moment, 0, &n_destroyed, count);
  test_clock_pass (60 * TEST_SECOND);
  g_assert_null (handoff_grants_lookup (f->alice, &question));
  g_assert_cmpint (n_destroyed, ==, 4);
  /* The channel is closed. */
  moment = handoff_grants_get_moment (f->alice);
  handoff_grants_add (f->alice, &question, &moment, 0, &n_destroyed, count);
  g_clear_pointer (&f->alice, handoff_grants_close);
  g_assert_cmpint (n_destroyed, ==, 5);
}

typedef struct
{
  Fixture *f;
  int stop;
  int n_found;
} Looking;

static gpointer
look (gpointer data)
{
  Looking *looking = data;
  const HandoffGrantQuestion question = { ACTION, NULL, NULL };

  while (!g_atomic_int_get (&looking->stop))
    {
      g_autoptr (HandoffGrant) grant = handoff_grants_lookup (looking->f->alice, &question);

      if (grant == NULL)
        continue;
      /* A number of its own, which is not there any more when the data are gone. */
      g_assert_cmpint (*(int *) handoff_grant_get_data (grant), ==, 7);
      g_atomic_int_inc (&looking->n_found);
    }
  return NULL;
}

static void
free_number (gpointer data)
{
  *(int *) data = 0;
  g_free (data);
}

/* Breaks, under a thread checker or by luck, if a worker looks up what the main thread forgets. */
static void
test_threads (Fixture *f, gconstpointer data)
{
  const HandoffGrantQuestion question = { ACTION, NULL, NULL };
  Looking looking = { f, 0, 0 };
  GThread *threads[2];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("worker", look, &looking);
  for (guint i = 0; i < 2000 || g_atomic_int_get (&looking.n_found) == 0; i++)
    {
      const HandoffGrantMoment moment = handoff_grants_get_moment (f->alice);
      int *number = g_new (int, 1);

      *number = 7;
      handoff_grants_add (f->alice, &question, &moment, 0, number, free_number);
      if (i % 2 == 0)
        handoff_grant_book_forget_all (f->book);
    }
  g_atomic_int_set (&looking.stop, 1);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/service/grants/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  TEST ("same-question", test_same_question);
  TEST ("time", test_time);
  TEST ("configuration", test_configuration);
  TEST ("forget-all", test_forget_all);
  TEST ("forget-credentials", test_forget_credentials);
  TEST ("bound", test_bound);
  TEST ("data", test_data);
  TEST ("threads", test_threads);
  return g_test_run ();
}
