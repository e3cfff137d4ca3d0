/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "work/idle-timer.h"
#include "caller/quota.h"
#include "work/worker-pool.h"

/* RFC 8446 6.2 */
#define HANDOFF_ALERT_NONE (-1)
#define HANDOFF_ALERT_ACCESS_DENIED 49

/* Says farewell to the peer of a handshake that was refused, or that failed, on a socket. The
 * caller has its reply already. When a TCP socket is closed with unread bytes in it, the kernel
 * resets the connection, and a peer that is busy writing may never see the alert. Therefore our
 * direction is shut down, and everything that comes is read and dropped: until the peer closes,
 * for at most a second and 64 MiB. The caller may close its socket meanwhile. Any thread.
 * seat: (transfer full): on a worker of that user's. fd: (transfer full): of that user; goes to the
 * reaper. place: (transfer full) (nullable): is kept until the end. alert: sent first, in the
 * clear, if nothing was sent before; or HANDOFF_ALERT_NONE. */
void handoff_farewell_say (HandoffSeat *seat,
                           HandoffIdleTimer *idle_timer,
                           HandoffPlace *place,
                           guint uid,
                           int fd,
                           int alert);
