/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The tables of what the broker and a handshaker say to each other. */

#include "config.h"

#include "link/handshaker-messages.h"

static void
assert_whole (const HandoffLinkTable *table)
{
  g_autoptr (GError) error = NULL;
  guint i;

  g_assert_true (handoff_link_table_check (table, &error));
  g_assert_no_error (error);
  for (i = 0; i < table->n_rows; i++)
    g_assert_nonnull (table->rows[i].name);
}

static void
test_tables (void)
{
  assert_whole (&handoff_handshaker_table);
  assert_whole (&handoff_places_table);
}

/* A spare says nothing but answers. */
static void
test_spare (void)
{
  guint i;

  for (i = 0; i < handoff_handshaker_table.n_rows; i++)
    {
      const HandoffLinkRow *row = &handoff_handshaker_table.rows[i];

      if (row->direction == HANDOFF_LINK_UP && i != HANDOFF_HANDSHAKER_DRAINED)
        g_assert_cmpuint (row->states, ==, HANDOFF_HANDSHAKER_HAS_USER);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/handshaker-messages/tables", test_tables);
  g_test_add_func ("/handshaker-messages/spare", test_spare);
  return g_test_run ();
}
