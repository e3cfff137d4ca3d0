/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "keeper/key-ring.h"
#include "link/link.h"

/* Does to the folders what the broker asks for, one change after the other, on a thread of its own;
 * then to the keys; then it answers. So whoever gets the answer finds the key, and the broker hears
 * of everything in the order in which it happened. Main thread. */
typedef struct _HandoffFolderChanges HandoffFolderChanges;

/* path: of the directory of all credentials, which is made if it is missing, and opened anew each
 * time that all is read. parent: (transfer full): the folder that it is in, open; -1: that cannot
 * be opened, and every change fails. link, ring: (unowned) */
HandoffFolderChanges *
handoff_folder_changes_new (HandoffLink *link, HandoffKeyRing *ring, int parent, const char *path);
/* Whether all is being read, or will be: keys that are not there may be, soon. */
gboolean handoff_folder_changes_are_loading (HandoffFolderChanges *self);
/* loaded: when all that was asked for has been read, however that went. user_data: (unowned) */
void handoff_folder_changes_set_loaded (HandoffFolderChanges *self,
                                        void (*loaded) (gpointer user_data),
                                        gpointer user_data);
/* Waits for the change that was begun. */
void handoff_folder_changes_free (HandoffFolderChanges *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffFolderChanges, handoff_folder_changes_free)

/* FALSE: it is no request for a change. */
gboolean handoff_folder_changes_receive (HandoffFolderChanges *self, HandoffLinkMessage *message);
