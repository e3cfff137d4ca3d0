/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Files and folders below a directory that is open: nothing here names a path from the root, so
 * that who has only this directory can be locked up. Each step is on the disk when its function
 * returns. All functions block. Errors are FAILED, and name what could not be done. */

/* An open folder, closed by g_close(); -1 with the error. name: of one element */
int handoff_folder_open (int directory, const char *name, GError **error);
gboolean handoff_folder_make (int directory, const char *name, GError **error);
/* What was done in the folder is on the disk. name: for the error */
gboolean handoff_folder_sync (int folder, const char *name, GError **error);
/* With the files in it. Warns if it cannot be done, and does nothing if there is none. */
void handoff_folder_clean (int directory, const char *name);
/* The names of all that is in it, as they come. (transfer full): NULL with the error */
GStrv handoff_folder_list (int directory, GError **error);

/* Writes a new file, mode 0600. */
gboolean handoff_file_write (int folder, const char *name, GBytes *content, GError **error);
/* In place of one that is there, or new: whoever reads it meanwhile has all of the old one or all
 * of this. */
gboolean handoff_file_replace (int folder, const char *name, GBytes *content, GError **error);
/* TRUE also if there is none. */
gboolean handoff_file_remove (int folder, const char *name, GError **error);
/* In secret memory: 1 byte to 1 MiB. is_optional: NULL without error if there is none. (transfer
 * full) */
GBytes *handoff_file_read (int folder, const char *name, gboolean is_optional, GError **error);

/* What is being made, or replaces another, or is half removed: left by a crash, perhaps. */
#define HANDOFF_NEW_PREFIX ".new-"
#define HANDOFF_REMOVED_PREFIX ".removed-"
