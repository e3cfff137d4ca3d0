/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

typedef struct _CliReactor CliReactor;
typedef struct _CliWatch CliWatch;

/* events: of epoll_wait(2); 0: it had asked to go on */
typedef void (*CliWatchReady) (guint32 events, gpointer user_data);

/* A descriptor that is watched; part of what uses it, which sets the first two fields. */
struct _CliWatch
{
  CliWatchReady ready;
  gpointer user_data;

  /* reactor.c's own */
  int fd;         /* if watched */
  gboolean added; /* it is watched */
  GList again;    /* data: the watch, if it asked to go on; else NULL */
};

CliReactor *cli_reactor_new (void);
void cli_reactor_free (CliReactor *self);
gboolean
cli_reactor_add (CliReactor *self, CliWatch *watch, int fd, guint32 events, GError **error);
void cli_reactor_remove (CliReactor *self, CliWatch *watch);
void cli_reactor_go_on (CliReactor *self, CliWatch *watch);
