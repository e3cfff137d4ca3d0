/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/quota.h"

/* The broker's places for the handshakes and sessions of all users, on a socket of their own: any
 * thread asks for some, and waits for the answer. */
typedef struct _HandoffPlacesSocket HandoffPlacesSocket;

/* socket: (transfer full): the lower end of handoff_places_table */
HandoffPlacesSocket *handoff_places_socket_new (int socket);
/* No quota uses it any more. */
void handoff_places_socket_free (HandoffPlacesSocket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPlacesSocket, handoff_places_socket_free)

/* From now on quota borrows its places there. which: HandoffPlaces. self outlives its use. */
void handoff_places_socket_serve (HandoffPlacesSocket *self, guint which, HandoffQuota *quota);
