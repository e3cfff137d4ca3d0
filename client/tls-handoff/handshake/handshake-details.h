/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

/* What has to be in the details of a completed handshake (an a{sv}). */

/* The value of a detail: (transfer full); NULL with an error if it is missing, or of another type.
 */
GVariant *handoff_details_lookup_required (GVariant *details,
                                           const char *key,
                                           const char *type,
                                           GError **error);
/* The descriptor, which stays in fds (nullable), or -1. */
int handoff_details_lookup_key_blob (GVariant *details, GUnixFDList *fds, GError **error);
