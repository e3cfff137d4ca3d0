/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The numbers that sessions have. */

#include "config.h"

#include "session/session-book.h"

#include "support/test-clock.h"

static guint64
add (HandoffSessionBook *book, GPtrArray *entries)
{
  const HandoffSessionEntry description = {
    .state = "",
    .protocol = "",
    .cipher_suite = "",
    .server_identity = (char *) "",
    .credential_label = (char *) "",
  };
  HandoffSessionEntry *entry = handoff_session_book_add (book, &description);

  g_ptr_array_add (entries, entry);
  return entry->number;
}

static void
clear (HandoffSessionBook *book, GPtrArray *entries)
{
  guint i;

  for (i = 0; i < entries->len; i++)
    handoff_session_book_remove (book, g_ptr_array_index (entries, i));
  g_ptr_array_set_size (entries, 0);
}

/* Breaks if two processes give the same number at the same time, or if a list over both is not in
 * the order of time. */
static void
test_slots (void)
{
  g_autoptr (HandoffSessionBook) one = handoff_session_book_new ();
  g_autoptr (HandoffSessionBook) other = handoff_session_book_new ();
  g_autoptr (GPtrArray) of_one = g_ptr_array_new ();
  g_autoptr (GPtrArray) of_other = g_ptr_array_new ();
  g_autoptr (GPtrArray) page = NULL;
  guint64 first, second, third;

  test_clock_install ();
  handoff_session_book_set_slot (one, 3, 1024);
  handoff_session_book_set_slot (other, 1023, 1024);
  first = add (one, of_one);
  g_assert_cmpuint (first % 1024, ==, 3);
  second = add (other, of_other);
  g_assert_cmpuint (second, ==, first + 1020);
  /* The same time once more. */
  third = add (one, of_one);
  g_assert_cmpuint (third, ==, first + 1024);

  page = handoff_session_book_dup_page (one, second, 10);
  g_assert_cmpuint (page->len, ==, 1);
  g_assert_cmpuint (((HandoffSessionEntry *) page->pdata[0])->number, ==, third);
  clear (one, of_one);
  clear (other, of_other);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session-book/slots", test_slots);
  return g_test_run ();
}
