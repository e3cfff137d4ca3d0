/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the broker's book of grants says to the programs that have keys, and asks of those who may
 * use them. */

#include "config.h"

#include "signing/signing.h"

#include <sys/resource.h>
#include <unistd.h>

#include "grant/grant-table.h"
#include "keyblob/tls-handoff-error.h"
#include "link/grant-messages.h"
#include "link/keeper-messages.h"
#include "link/link-queue.h"
#include "support/test-clock.h"
#include "work/clock.h"

#define KEY "00112233445566778899aabbccddeeff"
#define OTHER_KEY "ffeeddccbbaa99887766554433221100"

static const HandoffSigningRows rows = {
  .holder = HANDOFF_KEEPER_HOLDER,
  .holder_socket = HANDOFF_KEEPER_HOLDER_SOCKET,
  .holder_gone = HANDOFF_KEEPER_HOLDER_GONE,
  .grant = HANDOFF_KEEPER_GRANT,
  .grant_over = HANDOFF_KEEPER_GRANT_OVER,
};

/* A program that has keys. */
typedef struct
{
  HandoffLink *broker; /* the broker's end */
  HandoffLink *link;   /* its own */
  GString *heard;
  guint n_sockets;
} Program;

typedef struct
{
  HandoffSigning *signing;
  HandoffHolder *holders[2];
  Program programs[2];
  gint64 begin;
  GString *asked; /* what the holders were told: "take back 1 from 1; ", "1 broke the rules: …; " */
} SigningTest;

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  Program *program = user_data;
  g_autofree char *body = g_variant_print (message->body, FALSE);

  g_string_append_printf (program->heard, "%s%s; ",
                          handoff_link_table_find (&handoff_keeper_messages, message->number)->name,
                          body);
  program->n_sockets += message->n_fds;
  if (message->call != NULL)
    handoff_link_call_return (g_steal_pointer (&message->call), g_variant_new ("()"), NULL, 0);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static const HandoffLinkFunctions functions = { received, ended };

static void
take_back (HandoffHolder *holder, guint64 grant, gpointer user_data)
{
  SigningTest *f = user_data;

  g_string_append_printf (f->asked, "take back %" G_GUINT64_FORMAT " from %" G_GUINT64_FORMAT "; ",
                          grant, handoff_holder_get_number (holder));
}

static void
broke_rules (HandoffHolder *holder, const char *why, gpointer user_data)
{
  SigningTest *f = user_data;

  g_string_append_printf (f->asked, "%" G_GUINT64_FORMAT " broke the rules: %s; ",
                          handoff_holder_get_number (holder), why);
}

static const HandoffHolderFunctions holder_functions = { take_back, broke_rules };

static void
start_program (SigningTest *f, guint index, guint64 number)
{
  Program *program = &f->programs[index];
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  program->broker = handoff_link_new (sockets[0], &handoff_keeper_messages, HANDOFF_LINK_UPPER,
                                      NULL, "tls-handoff-keeper", &functions, program);
  program->link = handoff_link_new (sockets[1], &handoff_keeper_messages, HANDOFF_LINK_LOWER, NULL,
                                    "tls-handoffd", &functions, program);
  program->heard = g_string_new (NULL);
  handoff_signing_add_program (f->signing, number, program->broker, &rows);
}

static void
end_program (SigningTest *f, guint index, guint64 number, gboolean is_final)
{
  Program *program = &f->programs[index];

  handoff_signing_remove_program (f->signing, number, is_final);
  g_clear_pointer (&program->broker, handoff_link_free);
  g_clear_pointer (&program->link, handoff_link_free);
  g_string_free (program->heard, TRUE);
  program->heard = NULL;
}

static void
set_up (SigningTest *f, gconstpointer data)
{
  test_clock_install ();
  f->signing = handoff_signing_new ();
  f->asked = g_string_new (NULL);
  start_program (f, 0, HANDOFF_SIGNING_KEEPER);
  f->holders[0] = handoff_signing_add_holder (f->signing, 1000, &holder_functions, f);
  f->holders[1] = handoff_signing_add_holder (f->signing, 1001, &holder_functions, f);
}

static void
tear_down (SigningTest *f, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (f->holders); i++)
    {
      if (f->holders[i] != NULL)
        handoff_signing_remove_holder (f->signing, f->holders[i]);
    }
  if (f->programs[0].link != NULL)
    end_program (f, 0, HANDOFF_SIGNING_KEEPER, TRUE);
  handoff_signing_free (f->signing);
  g_string_free (f->asked, TRUE);
  test_clock_settle ();
  test_clock_uninstall ();
}

/* uses: 0: a standing grant. For a minute from now. (transfer none): its number */
static guint64
give (SigningTest *f, guint holder, guint64 program, const char *key, guint uses)
{
  HandoffGrantGiven given;
  g_autoptr (GError) error = NULL;

  handoff_signing_give (f->signing, f->holders[holder], program, key, HANDOFF_SIGNATURE_SERVER,
                        uses, handoff_clock_get_boot_time () + 60 * TEST_SECOND, &given, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (given.program, ==, program);
  g_assert_cmpint (given.role, ==, HANDOFF_SIGNATURE_SERVER);
  g_assert_cmpuint (given.uses, ==, uses);
  return given.number;
}

/* Grants that were given now, until what the keeper is told. */
#define GRANT(number, holder, key, uses)                                                           \
  g_strdup_printf ("grant(%u, %u, '%s', 2, %u, %" G_GINT64_FORMAT "); ", number, holder, key,      \
                   uses, f->begin + (60 + HANDOFF_SIGNING_SLACK_SECONDS) * TEST_SECOND)

static void
assert_heard (SigningTest *f, guint program, const char *heard)
{
  test_clock_settle ();
  g_assert_cmpstr (f->programs[program].heard->str, ==, heard);
  g_string_truncate (f->programs[program].heard, 0);
}

static void
assert_asked (SigningTest *f, const char *asked)
{
  g_assert_cmpstr (f->asked->str, ==, asked);
  g_string_truncate (f->asked, 0);
}

/* Breaks if who has the keys learns of a grant before its holder, or too late that it is over; or
 * if a holder can end another's. */
static void
test_give (SigningTest *f, gconstpointer data)
{
  g_autofree char *first = NULL, *second = NULL, *heard = NULL;

  f->begin = handoff_clock_get_boot_time ();
  first = GRANT (1, 1, KEY, 1);
  second = GRANT (2, 1, OTHER_KEY, 0);
  heard = g_strconcat ("holder(1, 1000); ", first, second, NULL);
  g_assert_cmpuint (give (f, 0, HANDOFF_SIGNING_KEEPER, KEY, 1), ==, 1);
  g_assert_cmpuint (give (f, 0, HANDOFF_SIGNING_KEEPER, OTHER_KEY, 0), ==, 2);
  assert_heard (f, 0, heard);
  handoff_signing_over (f->signing, f->holders[1], 1);
  assert_heard (f, 0, "");
  handoff_signing_over (f->signing, f->holders[0], 1);
  handoff_signing_over (f->signing, f->holders[0], 1);
  assert_heard (f, 0, "grant-over(1,); ");
  g_assert_cmpuint (handoff_signing_count (f->holders[0]), ==, 1);
  handoff_signing_remove_holder (f->signing, g_steal_pointer (&f->holders[0]));
  assert_heard (f, 0, "holder-gone(1,); ");
}

/* Breaks if a handshake that has begun is not asked, is given no time, or too much of it; or if one
 * grant for one handshake is taken from it. */
static void
test_take_back (SigningTest *f, gconstpointer data)
{
  give (f, 0, HANDOFF_SIGNING_KEEPER, KEY, 0);
  give (f, 0, HANDOFF_SIGNING_KEEPER, KEY, 1);
  give (f, 0, HANDOFF_SIGNING_KEEPER, OTHER_KEY, 0);
  give (f, 1, HANDOFF_SIGNING_KEEPER, KEY, 0);
  test_clock_settle ();
  g_string_truncate (f->programs[0].heard, 0);

  handoff_signing_take_back (f->signing);
  assert_asked (f, "take back 1 from 1; take back 3 from 1; take back 4 from 2; ");
  handoff_signing_take_back (f->signing);
  assert_asked (f, "");
  handoff_signing_over (f->signing, f->holders[1], 4);
  test_clock_pass ((HANDOFF_SIGNING_TAKE_BACK_SECONDS - 1) * TEST_SECOND);
  assert_heard (f, 0, "grant-over(4,); ");
  test_clock_pass (TEST_SECOND);
  assert_heard (f, 0, "grant-over(1,); grant-over(3,); ");
  g_assert_cmpuint (handoff_signing_count (f->holders[0]), ==, 1);
}

/* Breaks if a program that was started again takes a holder with a grant for one that breaks the
 * rules. */
static void
test_restart (SigningTest *f, gconstpointer data)
{
  g_autofree char *first = NULL, *third = NULL, *heard = NULL;
  HandoffGrantGiven given;
  g_autoptr (GError) error = NULL;

  f->begin = handoff_clock_get_boot_time ();
  first = GRANT (1, 2, KEY, 0);
  third = GRANT (3, 1, KEY, 1);
  heard = g_strconcat ("holder(1, 1000); holder(2, 1001); ", first, third, NULL);
  give (f, 1, HANDOFF_SIGNING_KEEPER, KEY, 0);
  give (f, 0, HANDOFF_SIGNING_KEEPER, KEY, 0);
  give (f, 0, HANDOFF_SIGNING_KEEPER, KEY, 1);
  end_program (f, 0, HANDOFF_SIGNING_KEEPER, FALSE);
  handoff_signing_over (f->signing, f->holders[0], 2);
  g_assert_false (handoff_signing_give (f->signing, f->holders[0], HANDOFF_SIGNING_KEEPER, KEY,
                                        HANDOFF_SIGNATURE_SERVER, 1, 0, &given, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  start_program (f, 0, HANDOFF_SIGNING_KEEPER);
  assert_heard (f, 0, heard);
}

/* Breaks if grants of a token's program stay when that is gone, or the keeper hears of them. */
static void
test_token (SigningTest *f, gconstpointer data)
{
  start_program (f, 1, 7);
  g_assert_cmpuint (give (f, 0, 7, KEY, 0), ==, 1);
  test_clock_settle ();
  g_assert_nonnull (strstr (f->programs[1].heard->str, "grant(1, 1, "));
  assert_heard (f, 0, "");
  end_program (f, 1, 7, TRUE);
  g_assert_cmpuint (handoff_signing_count (f->holders[0]), ==, 0);
  handoff_signing_take_back (f->signing);
  assert_asked (f, "");
}

static void
count (gpointer data)
{
  (*(guint *) data)++;
}

/* Breaks if what stands for one grant alone, such as a key that is good for one handshake, stays
 * when that has ended, or goes before. */
static void
test_bind (SigningTest *f, gconstpointer data)
{
  guint n_over = 0, n_of_holder = 0, n_other = 0;

  handoff_signing_bind (f->signing, f->holders[0], give (f, 0, HANDOFF_SIGNING_KEEPER, KEY, 1),
                        count, &n_over);
  handoff_signing_bind (f->signing, f->holders[0], give (f, 0, HANDOFF_SIGNING_KEEPER, KEY, 1),
                        count, &n_of_holder);
  handoff_signing_bind (f->signing, f->holders[1], give (f, 1, HANDOFF_SIGNING_KEEPER, KEY, 1),
                        count, &n_other);
  handoff_signing_over (f->signing, f->holders[0], 1);
  g_assert_cmpuint (n_over, ==, 1);
  g_assert_cmpuint (n_of_holder, ==, 0);
  handoff_signing_remove_holder (f->signing, g_steal_pointer (&f->holders[0]));
  g_assert_cmpuint (n_of_holder, ==, 1);
  g_assert_cmpuint (n_other, ==, 0);
  handoff_signing_bind (f->signing, f->holders[1], 1, count, &n_over);
  g_assert_cmpuint (n_over, ==, 2);
  handoff_signing_remove_holder (f->signing, g_steal_pointer (&f->holders[1]));
  g_assert_cmpuint (n_other, ==, 1);
}

/* What came of sockets that were asked for. */
typedef struct
{
  guint n_opened;
  guint n_refused; /* LIMIT_REACHED */
  guint n_failed;
} Sockets;

static void
opened (int socket, const GError *error, gpointer user_data)
{
  Sockets *sockets = user_data;

  if (socket >= 0)
    {
      sockets->n_opened++;
      close (socket);
    }
  else if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED))
    sockets->n_refused++;
  else
    sockets->n_failed++;
}

/* Breaks if a worker's socket is not connected to who signs, or if a worker has it, and asks for
 * another one, before who signs has read of it. */
static void
test_socket (SigningTest *f, gconstpointer data)
{
  Sockets sockets = { 0 };

  handoff_signing_open_socket (f->signing, f->holders[0], HANDOFF_SIGNING_KEEPER, opened, &sockets);
  g_assert_cmpuint (sockets.n_opened, ==, 0);
  assert_heard (f, 0, "holder(1, 1000); holder-socket(1,); ");
  g_assert_cmpuint (f->programs[0].n_sockets, ==, 1);
  g_assert_cmpuint (sockets.n_opened, ==, 1);
  handoff_signing_open_socket (f->signing, f->holders[0], 99, opened, &sockets);
  g_assert_cmpuint (sockets.n_failed, ==, 1);

  handoff_signing_open_socket (f->signing, f->holders[0], HANDOFF_SIGNING_KEEPER, opened, &sockets);
  end_program (f, 0, HANDOFF_SIGNING_KEEPER, FALSE);
  g_assert_cmpuint (sockets.n_failed, ==, 2);
}

/* Breaks if so many sockets are on their way to a program that is slow, and honest, that it is
 * ended, since it has not read them all; or if two holders that were taken over leave nothing to
 * the next. */
static void
test_too_many_sockets (SigningTest *f, gconstpointer data)
{
  const guint of_one = HANDOFF_MAX_UNREAD_SOCKETS / 2, of_other = HANDOFF_MAX_UNREAD_SOCKETS / 4;
  const guint more = 100;
  HandoffHolder *honest = handoff_signing_add_holder (f->signing, 1002, &holder_functions, f);
  Sockets sockets = { 0 }, others = { 0 };
  struct rlimit files;

  g_assert_cmpuint (HANDOFF_MAX_UNREAD_SOCKETS, <, HANDOFF_LINK_QUEUE_DESCRIPTORS);
  getrlimit (RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit (RLIMIT_NOFILE, &files);
  for (guint i = 0; i < of_one + more; i++)
    handoff_signing_open_socket (f->signing, f->holders[0], HANDOFF_SIGNING_KEEPER, opened,
                                 &sockets);
  for (guint i = 0; i < of_other + more; i++)
    handoff_signing_open_socket (f->signing, f->holders[1], HANDOFF_SIGNING_KEEPER, opened,
                                 &sockets);
  for (guint i = 0; i < 100; i++)
    handoff_signing_open_socket (f->signing, honest, HANDOFF_SIGNING_KEEPER, opened, &others);
  while (sockets.n_opened + others.n_opened < of_one + of_other + 100)
    {
      test_clock_settle ();
      /* Where the system refuses to have so many on their way, the link tries again. */
      test_clock_pass (TEST_SECOND);
    }
  g_assert_cmpuint (sockets.n_refused, ==, 2 * more);
  g_assert_cmpuint (others.n_opened, ==, 100);
  g_assert_cmpuint (f->programs[0].n_sockets, ==, of_one + of_other + 100);
  g_assert_false (handoff_link_has_ended (f->programs[0].broker));

  /* What has arrived does not count any more. */
  handoff_signing_open_socket (f->signing, f->holders[0], HANDOFF_SIGNING_KEEPER, opened, &others);
  handoff_signing_remove_holder (f->signing, honest);
  handoff_signing_remove_holder (f->signing, g_steal_pointer (&f->holders[0]));
  test_clock_settle ();
  g_assert_cmpuint (others.n_opened, ==, 101);
}

/* Breaks if a holder that asks for too much is not ended, or another is; or if a program, such as a
 * module that was taken over, can have one ended that it does not serve. */
static void
test_violation (SigningTest *f, gconstpointer data)
{
  const guint64 token = 7;

  start_program (f, 1, token);
  give (f, 0, token, KEY, 1);
  give (f, 1, HANDOFF_SIGNING_KEEPER, KEY, 1);
  handoff_signing_violated (f->signing, token, 2, "no grant");
  handoff_signing_violated (f->signing, HANDOFF_SIGNING_KEEPER, 1, "no grant");
  handoff_signing_violated (f->signing, HANDOFF_SIGNING_KEEPER, 3, "no grant");
  handoff_signing_violated (f->signing, token + 1, 1, "no grant");
  assert_asked (f, "");
  handoff_signing_violated (f->signing, HANDOFF_SIGNING_KEEPER, 2, "no grant");
  assert_asked (f, "2 broke the rules: no grant; ");
  handoff_signing_violated (f->signing, token, 1, "no grant");
  assert_asked (f, "1 broke the rules: no grant; ");
  end_program (f, 1, token, TRUE);
  handoff_signing_violated (f->signing, token, 1, "no grant");
  assert_asked (f, "");
}

/* Breaks if a holder that never gives anything back fills the book, or if what is outdated counts.
 */
static void
test_limit (SigningTest *f, gconstpointer data)
{
  HandoffGrantGiven given;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < HANDOFF_GRANTS_PER_HOLDER; i++)
    {
      give (f, 0, HANDOFF_SIGNING_KEEPER, KEY, 1);
      test_clock_settle ();
    }
  g_assert_false (handoff_signing_give (f->signing, f->holders[0], HANDOFF_SIGNING_KEEPER, KEY,
                                        HANDOFF_SIGNATURE_SERVER, 1, 0, &given, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  give (f, 1, HANDOFF_SIGNING_KEEPER, KEY, 1);
  test_clock_pass ((60 + HANDOFF_SIGNING_SLACK_SECONDS + 1) * TEST_SECOND);
  give (f, 0, HANDOFF_SIGNING_KEEPER, KEY, 1);
  g_assert_cmpuint (handoff_signing_count (f->holders[0]), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/signing/" name, SigningTest, NULL, set_up, function, tear_down)
  ADD ("give", test_give);
  ADD ("take-back", test_take_back);
  ADD ("restart", test_restart);
  ADD ("token", test_token);
  ADD ("bind", test_bind);
  ADD ("socket", test_socket);
  ADD ("too-many-sockets", test_too_many_sockets);
  ADD ("violation", test_violation);
  ADD ("limit", test_limit);
#undef ADD
  return g_test_run ();
}
