/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-object.h"

/* Takes in up to n messages that have come: checks each, and has the owner, or whoever waits for an
 * answer, see it. The caller holds a reference. */
void handoff_link_input_read (HandoffLink *self, guint n);
/* More than a socket holds. */
#define HANDOFF_LINK_MESSAGES_AT_ONCE 4096

/* The other end is gone: ends the link after what has come until now. The caller holds a reference.
 */
void handoff_link_input_end (HandoffLink *self);
/* The same, not before the caller has returned to the home's loop. */
void handoff_link_input_end_soon (HandoffLink *self);
