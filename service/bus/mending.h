/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/bus-context.h"

/* What becomes of calls while nothing is in force, because the configuration, or the trust store,
 * has had an error since the service began. A service that ended for that would be started again,
 * and the bus would let each caller wait for half a minute. So it stays, reads both files again for
 * each call, and tells who called what is wrong with them. Main thread. */

/* Whether that is so. */
gboolean handoff_mending_is_needed (const HandoffCallContext *context);

/* error: what is wrong still; NULL: a policy is in force, and the call can go on */
typedef void (*HandoffMendedFunc) (const GError *error, gpointer user_data);

/* Reads the files again. func: called later; the service stays until then. */
void
handoff_mending_try (const HandoffCallContext *context, HandoffMendedFunc func, gpointer user_data);
