/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "systemd-notices.h"

#include <systemd/sd-daemon.h>

#include "work/clock.h"

void
handoff_systemd_notify_ready (void)
{
  sd_notify (0, "READY=1");
}

void
handoff_systemd_notify_stopping (void)
{
  sd_notify (0, "STOPPING=1");
}

void
handoff_systemd_report_configuration (const GError *error)
{
  if (error != NULL)
    g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID",
                      HANDOFF_CONFIGURATION_WRONG_ID, "MESSAGE",
                      "%s. All calls are refused until that is mended", error->message);
  sd_notifyf (0, "STATUS=%s", error != NULL ? error->message : "");
}

static gboolean
feed_watchdog (gpointer user_data)
{
  sd_notify (0, "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

guint
handoff_systemd_feed_watchdog (void)
{
  guint64 microseconds;

  return sd_watchdog_enabled (0, &microseconds) > 0
             ? handoff_clock_add_timeout ((gint64) (microseconds / 2), feed_watchdog, NULL)
             : 0;
}
