/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The tables of who has keys. */

#include "config.h"

#include "link/keeper-messages.h"

#include "link/import-messages.h"
#include "link/token-messages.h"

static void
test_tables (void)
{
  g_autoptr (GError) error = NULL;

  handoff_link_table_check (&handoff_keeper_messages, &error);
  g_assert_no_error (error);
  handoff_link_table_check (&handoff_import_messages, &error);
  g_assert_no_error (error);
  handoff_link_table_check (&handoff_token_messages, &error);
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

/* PINs stay in memory; or a helper is asked before it has what it judges PINs with. */
static void
test_token (void)
{
  const HandoffLinkTable *table = &handoff_token_messages;
  const guint32 later = table->rows[HANDOFF_TOKEN_CONFIGURE].next_state;
  guint i;

  g_assert_true (table->has_secrets);
  g_assert_cmpuint (later, !=, table->first_state);
  for (i = 0; i < table->n_rows; i++)
    g_assert_cmpuint (table->rows[i].states, ==,
                      i == HANDOFF_TOKEN_CONFIGURE ? table->first_state : later);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/keeper-messages/tables", test_tables);
  g_test_add_func ("/service/keeper-messages/secrets", test_secrets);
  g_test_add_func ("/service/keeper-messages/token", test_token);
  return g_test_run ();
}
