/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What systemd is told of the service; nothing where something else started it. Main thread. */
void handoff_systemd_notify_ready (void);
void handoff_systemd_notify_stopping (void);
/* Of the entry of the journal that says that the configuration is wrong. */
#define HANDOFF_CONFIGURATION_WRONG_ID "517ffdf1bec2417f9a48cb8589e76dd1"
/* What is wrong with the configuration that the service started with, in the journal and where
 * `systemctl status` shows it. error: (nullable): NULL: it is right now */
void handoff_systemd_report_configuration (const GError *error);
/* Tells from now on, from the main loop, that the loop turns. Returns a source's id, or 0 if
 * systemd does not want to know. */
guint handoff_systemd_feed_watchdog (void);
