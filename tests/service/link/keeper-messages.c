/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The tables of who has keys. */

#include "config.h"

#include "link/keeper-messages.h"

#include "link/import-messages.h"

static void
test_tables (void)
{
  g_autoptr (GError) error = NULL;

  handoff_link_table_check (&handoff_keeper_messages, &error);
  g_assert_no_error (error);
  handoff_link_table_check (&handoff_import_messages, &error);
  g_assert_no_error (error);
}

/* A key comes on no other link, and no second one on this. */
static void
test_secrets (void)
{
  const HandoffLinkRow *row =
      handoff_link_table_find (&handoff_import_messages, HANDOFF_IMPORT_KEY);

  g_assert_true (handoff_import_messages.has_secrets);
  g_assert_cmpuint (row->states, ==, handoff_import_messages.first_state);
  g_assert_cmpuint (row->states & row->next_state, ==, 0);
  g_assert_cmpuint (row->max_fds, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/keeper-messages/tables", test_tables);
  g_test_add_func ("/service/keeper-messages/secrets", test_secrets);
  return g_test_run ();
}
