/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* A line on the terminal that says how much crossed, and how fast. */
typedef struct
{
  gboolean wanted;
  gboolean shown;    /* the line is on the screen */
  guint width;       /* its, in columns */
  gint64 began;      /* monotonic time, microseconds */
  gint64 moment;     /* when it was last written */
  guint64 n_by_then; /* bytes that had crossed then */
} CliProgress;

void cli_progress_begin (CliProgress *self);
void cli_progress_update (CliProgress *self, guint64 n_sent, guint64 n_received);
void cli_progress_end (CliProgress *self, guint64 n_sent, guint64 n_received);
