/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "tokens/pin-book.h"

#define TOKEN "Card"
#define FIRST 1 /* processes of modules */
#define SECOND 2

typedef struct
{
  char *directory; /* (owned) */
  char *file;      /* (owned): the PIN file */
  HandoffPinBook *book;
} Fixture;

static void
start_again (Fixture *fixture)
{
  g_clear_pointer (&fixture->book, handoff_pin_book_free);
  fixture->book = handoff_pin_book_new (fixture->directory);
  handoff_pin_book_set_file (fixture->book, fixture->file);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("pin-book-XXXXXX", NULL);
  fixture->file = g_build_filename (fixture->directory, "pins", NULL);
  start_again (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *refused = g_build_filename (fixture->directory, "refused-pins", NULL);

  handoff_pin_book_free (fixture->book);
  g_unlink (refused);
  g_unlink (fixture->file);
  g_assert_no_errno (g_rmdir (fixture->directory));
  g_free (fixture->file);
  g_free (fixture->directory);
}

/* A PIN's digest, of which only the first byte differs. file: (nullable): the PIN file's identity
 */
static gboolean
may_try (Fixture *fixture, guint64 helper, guint8 pin, const char *file)
{
  guint8 digest[HANDOFF_PIN_DIGEST_SIZE] = { pin };

  return handoff_pin_book_may_try (fixture->book, helper, TOKEN, digest, file != NULL ? file : "");
}

static char *
write_file (Fixture *fixture, const char *text)
{
  g_autoptr (GBytes) pin = NULL;
  char *identity = NULL;

  g_assert_true (g_file_set_contents (fixture->file, text, -1, NULL));
  g_assert_no_errno (g_chmod (fixture->file, 0600));
  pin = handoff_pin_book_find_in_file (fixture->book, TOKEN, &identity, NULL);
  g_assert_nonnull (pin);
  return identity;
}

/* Breaks if a PIN that a token refused may be tried again, or another one may not. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_assert_true (may_try (fixture, FIRST, 'a', NULL));
  handoff_pin_book_settle (fixture->book, FIRST, TOKEN, HANDOFF_PIN_REFUSED, FALSE, FALSE);
  g_assert_false (may_try (fixture, FIRST, 'a', NULL));
  g_assert_false (may_try (fixture, SECOND, 'a', NULL));
  g_assert_true (may_try (fixture, FIRST, 'b', NULL));
  handoff_pin_book_settle (fixture->book, FIRST, TOKEN, HANDOFF_PIN_TAKEN, TRUE, TRUE);
  g_assert_true (may_try (fixture, FIRST, 'b', NULL));
  /* Of the PIN file, too. */
  g_assert_false (may_try (fixture, FIRST, 'a', "1:1"));
}

static guint n_warnings;

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  gsize i;

  if ((level & G_LOG_LEVEL_WARNING) == 0)
    return g_log_writer_default (level, fields, n_fields, user_data);
  n_warnings++;
  for (i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, "MESSAGE"))
        g_assert_nonnull (strstr (fields[i].value, "“" TOKEN "”"));
    }
  return G_LOG_WRITER_HANDLED;
}

/* Breaks if a PIN that a token was told when the process of its module died is tried again; or one
 * that the token had taken, or was not told, is not. */
static void
test_died (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = write_file (fixture, "[" TOKEN "]\nPin=1\n");

  g_assert_true (may_try (fixture, FIRST, 'a', NULL));
  handoff_pin_book_settle (fixture->book, FIRST, TOKEN, HANDOFF_PIN_TAKEN, TRUE, TRUE);
  handoff_pin_book_remove_helper (fixture->book, FIRST);
  g_assert_true (may_try (fixture, SECOND, 'a', NULL));
  handoff_pin_book_settle (fixture->book, SECOND, TOKEN, HANDOFF_PIN_UNUSED, FALSE, FALSE);
  handoff_pin_book_remove_helper (fixture->book, SECOND);

  g_assert_true (may_try (fixture, 3, 'a', NULL));
  /* Another process has nothing to do with it. */
  handoff_pin_book_remove_helper (fixture->book, SECOND);
  handoff_pin_book_settle (fixture->book, SECOND, "Other", HANDOFF_PIN_REFUSED, FALSE, FALSE);
  handoff_pin_book_remove_helper (fixture->book, 3);
  g_assert_cmpuint (n_warnings, ==, 1);
  g_assert_false (may_try (fixture, 4, 'a', NULL));

  g_assert_true (handoff_pin_book_can_open (fixture->book, TOKEN));
  g_assert_true (may_try (fixture, 4, 'f', file));
  handoff_pin_book_remove_helper (fixture->book, 4);
  g_assert_cmpuint (n_warnings, ==, 2);
  g_assert_false (handoff_pin_book_can_open (fixture->book, TOKEN));
  /* After a new start of the service only the PIN file is known. */
  start_again (fixture);
  g_assert_false (may_try (fixture, FIRST, 'f', file));
  g_assert_false (handoff_pin_book_can_open (fixture->book, TOKEN));
}

/* Breaks if a PIN file with another PIN is not tried after the service was started again, or it is
 * not said that one with a refused PIN is of no use. */
static void
test_file (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = write_file (fixture, "[" TOKEN "]\nPin=1\n");
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;

  g_assert_true (may_try (fixture, FIRST, 'a', first));
  handoff_pin_book_settle (fixture->book, FIRST, TOKEN, HANDOFF_PIN_REFUSED, FALSE, FALSE);
  second = write_file (fixture, "[" TOKEN "]\nPin=1\n# \n");
  g_assert_true (handoff_pin_book_can_open (fixture->book, TOKEN));
  g_assert_false (may_try (fixture, FIRST, 'a', second));
  g_assert_false (handoff_pin_book_can_open (fixture->book, TOKEN));

  start_again (fixture);
  g_assert_false (handoff_pin_book_can_open (fixture->book, TOKEN));
  third = write_file (fixture, "[" TOKEN "]\nPin=2\n");
  g_assert_true (handoff_pin_book_can_open (fixture->book, TOKEN));
  g_assert_true (may_try (fixture, FIRST, 'b', third));
}

/* Breaks if it is not known who can open a token, or that is not forgotten with its process. */
static void
test_known (Fixture *fixture, gconstpointer data)
{
  g_assert_false (handoff_pin_book_can_open (fixture->book, TOKEN));
  g_assert_true (may_try (fixture, FIRST, 'a', NULL));
  g_assert_false (handoff_pin_book_can_open (fixture->book, TOKEN));
  handoff_pin_book_settle (fixture->book, FIRST, TOKEN, HANDOFF_PIN_TAKEN, TRUE, TRUE);
  g_assert_true (handoff_pin_book_can_open (fixture->book, TOKEN));
  g_assert_true (handoff_pin_book_has_given (fixture->book));
  g_assert_false (handoff_pin_book_can_open (fixture->book, "Other"));

  /* A wrong one after that, of somebody who had to prove something: the right one is still there.
   */
  g_assert_true (may_try (fixture, FIRST, 'b', NULL));
  handoff_pin_book_settle (fixture->book, FIRST, TOKEN, HANDOFF_PIN_REFUSED, TRUE, TRUE);
  g_assert_true (handoff_pin_book_can_open (fixture->book, TOKEN));

  handoff_pin_book_remove_helper (fixture->book, FIRST);
  g_assert_false (handoff_pin_book_can_open (fixture->book, TOKEN));
  g_assert_false (handoff_pin_book_has_given (fixture->book));

  /* One that wants no PIN. */
  handoff_pin_book_settle (fixture->book, SECOND, TOKEN, HANDOFF_PIN_UNUSED, TRUE, FALSE);
  g_assert_true (handoff_pin_book_can_open (fixture->book, TOKEN));
  g_assert_false (handoff_pin_book_has_given (fixture->book));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (count_warnings, NULL, NULL);
  g_test_add ("/service/pin-book/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/service/pin-book/died", Fixture, NULL, set_up, test_died, tear_down);
  g_test_add ("/service/pin-book/file", Fixture, NULL, set_up, test_file, tear_down);
  g_test_add ("/service/pin-book/known", Fixture, NULL, set_up, test_known, tear_down);
  return g_test_run ();
}
