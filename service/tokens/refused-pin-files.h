/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Which PIN file each token refused last. Stored in a file of the service's own: a service that is
 * started again and again must not lock a token by wrong PINs. Main thread. */
typedef struct _HandoffRefusedPinFiles HandoffRefusedPinFiles;

/* path: of the file, which need not exist yet. A damaged file causes a warning, and counts as
 * empty. */
HandoffRefusedPinFiles *handoff_refused_pin_files_new (const char *path);
/* Waits until all is written. */
void handoff_refused_pin_files_free (HandoffRefusedPinFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffRefusedPinFiles, handoff_refused_pin_files_free)

/* identity: as handoff_pin_file_find() gives it. */
gboolean handoff_refused_pin_files_contains (HandoffRefusedPinFiles *self,
                                             const char *token,
                                             const char *identity);
/* Another thread writes it to the disk; if that fails, there is a warning, and the entry stays in
 * memory. */
void handoff_refused_pin_files_add (HandoffRefusedPinFiles *self,
                                    const char *token,
                                    const char *identity);
