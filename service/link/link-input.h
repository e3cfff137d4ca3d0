/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-object.h"

/* Takes in up to n messages that have come: checks each, and has the owner, or whoever waits for an
 * answer, see it. The caller holds a reference. */
void handoff_link_input_read (HandoffLink *self, guint n);
/* More than a socket holds. */
#define HANDOFF_LINK_MESSAGES_AT_ONCE 4096
