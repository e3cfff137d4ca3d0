/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The importer: does for the broker what link/importer-messages.h says, several things at a time.
 * It knows nobody but the user whose things it gets, and keeps nothing. Main thread. */
typedef struct _HandoffImporter HandoffImporter;

/* socket: (transfer full): its end of the link to the broker. ended: called once: the broker is
 * gone, or wants no more: nothing is worth finishing then. */
HandoffImporter *
handoff_importer_new (int socket, void (*ended) (gpointer user_data), gpointer user_data);
void handoff_importer_free (HandoffImporter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffImporter, handoff_importer_free)
