/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshakers.h"
#include "bus/bus-context.h"

/* Another configuration is in force: whoever keeps something of it is told, and grants that stood
 * on the old one are taken back. Main thread. */
void handoff_service_configure (HandoffCallContext *context,
                                HandoffBrokerSupport *support,
                                HandoffIdleTimer *idle_timer);
/* How many channels all users may have: 16384, or a quarter of the descriptors that a process may
 * have open (RLIMIT_NOFILE), if that is less. */
guint handoff_service_get_channels_total (void);
