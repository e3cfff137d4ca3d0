/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The last moments of a socket on which a fatal alert was sent.
 *
 * To close a socket while the peer's data is unread, or on its way, resets the connection (RFC 9293
 * 3.10.4, RFC 2525 2.17), and a peer that is busy sending then learns of the reset and not of the
 * alert. So we end our direction, and go on reading (and drop what we read) until the peer has
 * ended its own, or has been quiet for HANDOFF_LINGER_QUIET_TIME since its TCP has all that was
 * sent; but not for ever: HANDOFF_LINGER_TIME and HANDOFF_LINGER_SIZE. */

#define HANDOFF_LINGER_TIME (2 * G_TIME_SPAN_SECOND)
#define HANDOFF_LINGER_QUIET_TIME (200 * G_TIME_SPAN_MILLISECOND)
#define HANDOFF_LINGER_SIZE (64 * 1024 * 1024)

typedef struct
{
  gint64 end;       /* monotonic, µs */
  gint64 quiet_end; /* likewise */
  gsize budget;     /* bytes */
} HandoffLinger;

/* Ends our direction. */
void handoff_linger_begin (HandoffLinger *self, GSocket *socket);
/* Reads what is there, without waiting. To be called when there is something to read, and after
 * each HANDOFF_LINGER_QUIET_TIME. TRUE: it is over. */
gboolean handoff_linger_step (HandoffLinger *self, GSocket *socket);

/* From the beginning to the end, or until it is cancelled. */
void handoff_linger_wait (GSocket *socket, GCancellable *cancellable);

/* The same for callers that must not wait: on a duplicate of the socket, in a thread; socket itself
 * can be closed at once. */
void handoff_linger_detached (GSocket *socket);
