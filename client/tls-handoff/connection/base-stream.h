/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What a connection asks of the stream that it was given. A direction is G_IO_IN or G_IO_OUT. */

/* The socket below; NULL if the stream is something else than a socket's own. base: (nullable)
 * Returns: (transfer none) (nullable) */
GSocket *handoff_base_stream_get_socket (GIOStream *base);

/* The timeout of its socket; in seconds, 0 for none. */
guint handoff_base_stream_get_timeout (GIOStream *base);

/* Whether it can be polled. If not, it can only be read or written by blocking. */
gboolean handoff_base_stream_can_poll (GIOStream *base, GIOCondition direction);

/* For what can be polled: whether a read or write would not block now; and a source that is ready
 * then. */
gboolean handoff_base_stream_is_ready (GIOStream *base, GIOCondition direction);
GSource *handoff_base_stream_create_source (GIOStream *base,
                                            GIOCondition direction,
                                            GCancellable *cancellable);
