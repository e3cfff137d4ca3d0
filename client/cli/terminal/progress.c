/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/progress.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "terminal/text-width.h"

/* What is over sooner needs no line. */
#define DELAY G_TIME_SPAN_SECOND
/* How often the line changes. */
#define INTERVAL (G_TIME_SPAN_SECOND / 2)

/**
 * cli_progress_begin:
 *
 * A transfer begins. There will be a line if the standard error is a terminal.
 */
void
cli_progress_begin (CliProgress *self)
{
  *self = (CliProgress){ .wanted = isatty (STDERR_FILENO), .began = g_get_monotonic_time () };
  self->moment = self->began;
}

/* since, n_before: the rate is that of the time after */
static void
show (CliProgress *self, guint64 n_sent, guint64 n_received, gint64 since, guint64 n_before)
{
  const gint64 now = g_get_monotonic_time ();
  const guint64 n = n_sent + n_received;
  const double seconds = (double) MAX (now - since, 1) / G_USEC_PER_SEC;
  g_autofree char *sent = g_format_size (n_sent);
  g_autofree char *received = g_format_size (n_received);
  g_autofree char *rate = g_format_size ((guint64) ((double) (n - n_before) / seconds));
  g_autofree char *line = g_strdup_printf (_ ("sent %s, received %s, %s/s"), sent, received, rate);
  const guint width = cli_text_width (line);

  g_printerr ("\r%s%*s", line, (int) (self->width > width ? self->width - width : 0), "");
  self->width = width;
  self->shown = TRUE;
  self->moment = now;
  self->n_by_then = n;
}

static void
clear (CliProgress *self)
{
  if (self->shown)
    g_printerr ("\r%*s\r", (int) self->width, "");
  self->shown = FALSE;
  self->width = 0;
}

/**
 * cli_progress_update:
 *
 * Shows the line, if it is time for it. To be called before something is written to the standard
 * output: if that is the terminal, the line makes way for it, for good.
 */
void
cli_progress_update (CliProgress *self, guint64 n_sent, guint64 n_received)
{
  const gint64 now = g_get_monotonic_time ();

  if (!self->wanted)
    return;
  if (n_received > 0 && isatty (STDOUT_FILENO))
    {
      clear (self);
      self->wanted = FALSE;
    }
  else if (now - self->began >= DELAY && now - self->moment >= INTERVAL &&
           n_sent + n_received > self->n_by_then)
    show (self, n_sent, n_received, self->moment, self->n_by_then);
}

/**
 * cli_progress_end:
 *
 * Leaves the line there, if it was, with the amount of all, and the rate of the whole transfer.
 */
void
cli_progress_end (CliProgress *self, guint64 n_sent, guint64 n_received)
{
  if (!self->shown)
    return;
  show (self, n_sent, n_received, self->began, 0);
  g_printerr ("\n");
}
