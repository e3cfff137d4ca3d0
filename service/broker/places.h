/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"

/* The places in the limits of handshakes and sessions of all users together. Handshakers take them
 * in blocks, so that who does a handshake need not ask, and give back what they do not need. */

/* Nothing is taken; every limit is 0. */
HandoffPlacesBook *handoff_places_book_new (void);
/* All desks are gone. */
void handoff_places_book_free (HandoffPlacesBook *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPlacesBook, handoff_places_book_free)
void handoff_places_book_configure (HandoffPlacesBook *self,
                                    HandoffPlaces kind,
                                    guint per_user,
                                    guint total);
guint handoff_places_book_get_taken (HandoffPlacesBook *self, HandoffPlaces kind);
/* For a call that waits in a handshaker for a place among the handshakes, or has got one there, and
 * is of that size in bytes: counted here in place of among the calls. (transfer full) (nullable):
 * NULL: no handshaker has such a call wait, or so many */
HandoffPlace *handoff_places_book_take_waiting (HandoffPlacesBook *self, guint uid, gsize size);

/* Where one handshaker takes them. fd: (out) (transfer full): the other end, which is its. NULL if
 * there are no descriptors left */
HandoffPlacesDesk *handoff_places_desk_new (HandoffHandshaker *handshaker, int *fd, GError **error);
/* The most that it ever had at the same time. */
guint handoff_places_desk_get_most (HandoffPlacesDesk *self, HandoffPlaces kind);
/* All that it took is free. */
void handoff_places_desk_free (HandoffPlacesDesk *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPlacesDesk, handoff_places_desk_free)
