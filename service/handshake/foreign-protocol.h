/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* How much of what a peer sent first is looked at: GnuTLS reads no more before it knows that this
 * begins no record (RFC 8446 5.1). */
#define HANDOFF_FIRST_BYTES 5

/* What a peer speaks whose first bytes begin no TLS record: HANDOFF_PEER_PROTOCOL_…; NULL if they
 * may begin one, or are too few to tell. */
const char *handoff_foreign_protocol_detect (const guint8 *bytes, gsize size);

/* Whether a record may begin with what is there so far, fewer bytes included. */
gboolean handoff_foreign_protocol_may_be_tls (const guint8 *bytes, gsize size);

/* For people: "HTTP", "a text protocol", …; NULL if it is like nothing that is known. */
const char *handoff_foreign_protocol_get_title (const char *protocol);
