/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-object.h"

/* What a link's end sends. */

/* Whether it makes sense: what is sent otherwise vanishes. */
gboolean handoff_link_output_is_open (HandoffLink *self);
/* At once, if the socket takes it and nothing waits. body: (unowned). fds: n_fds of them, (transfer
 * full), whatever comes of it. FALSE with TLS_HANDOFF_ERROR_LIMIT_REACHED if the message is too
 * large. */
gboolean handoff_link_output_send (HandoffLink *self,
                                   const HandoffLinkHead *head,
                                   GVariant *body,
                                   const int *fds,
                                   guint n_fds,
                                   GError **error);
/* Sends what waits, as far as the socket takes it. */
void handoff_link_output_flush (HandoffLink *self);
