/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "connection/connection-object.h"

/* Whether a read (G_IO_IN) or write (G_IO_OUT) is worth trying, whatever the base stream has. */
gboolean handoff_connection_is_ready (HandoffConnection *self, GIOCondition direction);

/* Ready when a read or write on pollable_stream is worth trying: a GSource of type
 * GPollableSourceFunc. */
GSource *handoff_connection_create_source (HandoffConnection *self,
                                           GObject *pollable_stream,
                                           GIOCondition direction,
                                           GCancellable *cancellable);
