/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "connection/connection-object.h"

gboolean handoff_connection_is_closed (HandoffConnection *self, GIOCondition direction);

/* directions: one or both. Closing the writing direction sends a close_notify; when both are
 * closed, so is the base stream.
 */
gboolean handoff_connection_close (HandoffConnection *self,
                                   GIOCondition directions,
                                   GCancellable *cancellable,
                                   GError **error);
/* source_object: whose task it is */
void handoff_connection_close_async (HandoffConnection *self,
                                     gpointer source_object,
                                     GIOCondition directions,
                                     int io_priority,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
