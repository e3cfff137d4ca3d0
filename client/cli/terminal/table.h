/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Lines with columns, as wide as what is in them. */
typedef struct _CliTable CliTable;

CliTable *cli_table_new (const char *alignment);
void cli_table_free (CliTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliTable, cli_table_free)

void cli_table_add (CliTable *self, const char *const *cells);
char *cli_table_to_text (CliTable *self, const char *indent);
void cli_table_print (CliTable *self, const char *indent);
