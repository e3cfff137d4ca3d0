/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/link-table.h"

#include "keyblob/packet.h"
#include "keyblob/tls-handoff-error.h"

const HandoffLinkRow *
handoff_link_table_find (const HandoffLinkTable *table, guint number)
{
  return number < table->n_rows && table->rows[number].name != NULL ? &table->rows[number] : NULL;
}

static gboolean
is_tuple (const char *type)
{
  return g_variant_type_string_is_valid (type) && g_variant_type_is_tuple (G_VARIANT_TYPE (type)) &&
         g_variant_type_is_definite (G_VARIANT_TYPE (type));
}

/* (nullable): what is wrong with it */
static const char *
find_fault (const HandoffLinkRow *row)
{
  if (!is_tuple (row->type))
    return "its body is no tuple";
  if (row->min_fds > row->max_fds || row->max_fds > HANDOFF_PACKET_MAX_DESCRIPTORS)
    return "no such number of descriptors is possible";
  if (row->reply_type == NULL)
    return row->max_waiting > 0 || row->reply_max_fds > 0 ? "it has no answer" : NULL;
  if (!is_tuple (row->reply_type))
    return "its answer is no tuple";
  if (row->reply_min_fds > row->reply_max_fds ||
      row->reply_max_fds > HANDOFF_PACKET_MAX_DESCRIPTORS)
    return "no such number of descriptors is possible with the answer";
  return row->max_waiting == 0 ? "none may wait for its answer" : NULL;
}

gboolean
handoff_link_table_check (const HandoffLinkTable *table, GError **error)
{
  const char *fault;
  guint i;

  for (i = 0; i < table->n_rows; i++)
    {
      if (table->rows[i].name == NULL || (fault = find_fault (&table->rows[i])) == NULL)
        continue;
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "%s, row %u, %s: %s",
                   table->name, i, table->rows[i].name, fault);
      return FALSE;
    }
  return TRUE;
}
