/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "keeper/kept-folder.h"

/* Reads all credentials. A damaged one is reported in the log, and left aside; so is the second of
 * two that nobody could tell apart. Blocks. */

typedef struct
{
  GPtrArray *folders; /* (owned) (element-type HandoffKeptFolder) */
  guint n_damaged;
} HandoffFolderReading;

/* Removes, too, what a crash left. path: of the directory, for the log. FAILED if the directory
 * cannot be read. */
HandoffFolderReading *handoff_folder_reading_new (int directory, const char *path, GError **error);
void handoff_folder_reading_free (HandoffFolderReading *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffFolderReading, handoff_folder_reading_free)
