/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* How many of the peer's first bytes are looked at. GnuTLS reads no more before it knows that they
 * begin no record (RFC 8446 5.1). */
#define HANDOFF_FIRST_BYTES 5

/* The protocol of a peer whose first bytes begin no TLS record: HANDOFF_PEER_PROTOCOL_…. NULL if
 * they may begin one, or are too few to tell. */
const char *handoff_foreign_protocol_detect (const guint8 *bytes, gsize size);

/* Whether these bytes may begin a record. There may be fewer than HANDOFF_FIRST_BYTES. */
gboolean handoff_foreign_protocol_may_be_tls (const guint8 *bytes, gsize size);

/* For people: "HTTP", "a text protocol", …; NULL if the protocol is not known. */
const char *handoff_foreign_protocol_get_title (const char *protocol);
