/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What a credential is called, whose it is and what it is for: the file “metadata” of its folder, a
 * key file. */
typedef struct
{
  char *label;     /* (owned) */
  guint owner;     /* uid */
  guint roles;     /* bits: 1 client, 2 server */
  char *token_uri; /* (owned) (nullable): of a key in a token */
} HandoffFolderMetadata;

HandoffFolderMetadata *
handoff_folder_metadata_new (const char *label, guint owner, guint roles, const char *token_uri);
void handoff_folder_metadata_free (HandoffFolderMetadata *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffFolderMetadata, handoff_folder_metadata_free)

/* The content of the file. (transfer full) */
GBytes *handoff_folder_metadata_write (const HandoffFolderMetadata *self);
/* FAILED says what is wrong with it, with the file's name before. */
HandoffFolderMetadata *handoff_folder_metadata_read (GBytes *content, GError **error);
