/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "importers/importers.h"
#include "keeping/keeper.h"

/* An import whose key the keeper holds: an importer has parsed and described it, the keeper has the
 * key, and both mean the same one. Main thread. */
typedef struct
{
  HandoffKeeper *keeper;           /* (owned) */
  char *id;                        /* (owned): under which the keeper holds the key */
  HandoffDescription *description; /* (owned) */
  GBytes *digest; /* (owned) (nullable): of a credential for one call: SHA-256 of what was read */
} HandoffHeldImport;

/* Releases the key. One that has got a folder meanwhile stays. */
void handoff_held_import_free (HandoffHeldImport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHeldImport, handoff_held_import_free)

/* id: of the new credential. uid: the caller's. Descriptors are (transfer full), passphrase_fd: -1
 * without. See handoff_importers_import_async(). */
void handoff_held_import_async (HandoffImporters *importers,
                                HandoffKeeper *keeper,
                                const char *id,
                                guint uid,
                                int data_fd,
                                int passphrase_fd,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/* A credential for one call: see handoff_importers_read_pem_async(). */
void handoff_held_import_read_pem_async (HandoffImporters *importers,
                                         HandoffKeeper *keeper,
                                         const char *id,
                                         guint uid,
                                         int pem_fd,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
/* Of both. (transfer full). The importer's error, or else the keeper's; then no key is held. */
HandoffHeldImport *handoff_held_import_finish (GAsyncResult *result, GError **error);
