/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "connection/connection-object.h"

/* Of the signal accept-certificate. */
gboolean handoff_connection_has_handler (HandoffConnection *self);
/* Whether the service has to ask about a certificate that it does not trust. */
gboolean handoff_connection_wants_review (HandoffConnection *self);
/* Whether the connection goes on all the same. details: a{sv}, of the state “certificate-review”.
 * Blocks as the application's database does. */
gboolean handoff_connection_review (HandoffConnection *self, GVariant *details);
/* The same without blocking; func is called in the thread-default main context. */
typedef void (*HandoffReviewedFunc) (gboolean accept, gpointer user_data);
void handoff_connection_review_async (HandoffConnection *self,
                                      GVariant *details,
                                      HandoffReviewedFunc func,
                                      gpointer user_data);
