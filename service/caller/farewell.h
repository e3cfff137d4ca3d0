/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "work/idle-timer.h"
#include "caller/quota.h"
#include "work/worker-pool.h"

/* RFC 8446 6.2 */
#define HANDOFF_ALERT_NONE (-1)
#define HANDOFF_ALERT_ACCESS_DENIED 49

/* Says farewell to the peer of a handshake that was refused, or failed, on a socket; the caller has
 * its reply already. Whoever closes a TCP socket with something unread in it makes the kernel reset
 * the connection, and then the peer, busy writing, may never see the alert. So our direction is
 * shut down, and what comes is read and forgotten: until the peer closes, for a second and
 * 64 MiB at the most. The caller may close its socket meanwhile. Main thread.
 *
 * fd: (transfer full): of that user's; goes to the reaper. place: (transfer full) (nullable): is
 * kept meanwhile. alert: to be sent first, in the clear: nothing was sent before; or
 * HANDOFF_ALERT_NONE. */
void handoff_farewell_say (HandoffWorkerPool *pool,
                           HandoffIdleTimer *idle_timer,
                           HandoffPlace *place,
                           guint uid,
                           int fd,
                           int alert);
