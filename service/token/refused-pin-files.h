/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Which PIN file each token refused last: a file of the service's own, so that a service that is
 * started again and again does not run a token into its lock. Any thread. */
typedef struct _HandoffRefusedPinFiles HandoffRefusedPinFiles;

/* path: of the file; there may be none yet. One that is damaged is a warning, and an empty one. */
HandoffRefusedPinFiles *handoff_refused_pin_files_new (const char *path);
void handoff_refused_pin_files_free (HandoffRefusedPinFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffRefusedPinFiles, handoff_refused_pin_files_free)

/* identity: as handoff_pin_file_read() gives it. */
gboolean handoff_refused_pin_files_contains (HandoffRefusedPinFiles *self,
                                             const char *token,
                                             const char *identity);
/* On the disk when it returns; a failure there is a warning, and it is remembered in memory. Waits
 * for the disk: threads of tokens only. */
void handoff_refused_pin_files_add (HandoffRefusedPinFiles *self,
                                    const char *token,
                                    const char *identity);
