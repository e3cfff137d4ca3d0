/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What systemd is told of the service; nothing where something else started it. Main thread. */
void handoff_systemd_notify_ready (void);
void handoff_systemd_notify_stopping (void);
/* What `systemctl status` shows. error: (nullable): NULL: nothing of note */
void handoff_systemd_notify_error (const GError *error);
/* Tells from now on, from the main loop, that the loop turns. Returns a source's id, or 0 if
 * systemd does not want to know. */
guint handoff_systemd_feed_watchdog (void);
