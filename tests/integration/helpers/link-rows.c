/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What may be said on the service's links, for a test that says all the rest: a line for each
 * message, with the link, number, name, direction, type, type of the answer ("-": it wants none),
 * and the fewest and most descriptors. */

#include "config.h"

#include <stdio.h>

#include "link/handshaker-messages.h"
#include "link/importer-messages.h"
#include "link/signing-messages.h"
#include "link/token-messages.h"

static void
print_rows (const char *link, const HandoffLinkTable *table)
{
  for (guint i = 0; i < table->n_rows; i++)
    {
      const HandoffLinkRow *row = handoff_link_table_find (table, i);

      if (row != NULL)
        printf ("%s %u %s %s %s %s %u %u\n", link, i, row->name,
                row->direction == HANDOFF_LINK_UP ? "up" : "down", row->type,
                row->reply_type != NULL ? row->reply_type : "-", row->min_fds, row->max_fds);
    }
}

int
main (void)
{
  print_rows ("handshaker", &handoff_handshaker_table);
  print_rows ("importer", &handoff_importer_table);
  print_rows ("places", &handoff_places_table);
  print_rows ("signing", &handoff_signing_table);
  print_rows ("token", &handoff_token_messages);
  return 0;
}
