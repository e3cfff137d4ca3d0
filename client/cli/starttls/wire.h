/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* All that a server may say before TLS begins. The longest that servers do say are lists of
 * capabilities, of some kilobytes. */
#define CLI_WIRE_MAX_SIZE (64 * 1024)

/* A connection on which TLS has not begun. Nothing is read ahead: what is not asked for stays in
 * the socket, for TLS. What a server sends here was not protected, so it decides nothing but
 * whether TLS begins. */
typedef struct
{
  int fd;
  const char *title;  /* the protocol's, for messages: "SMTP" */
  const char *domain; /* whom the server shall be, for protocols that say so */
  guint timeout;      /* milliseconds, for the whole dialogue */

  gint64 deadline; /* of g_get_monotonic_time() */
  gsize n_read;    /* so far */
} CliWire;

gboolean cli_wire_write (CliWire *self, const void *data, gsize size, GError **error);
gboolean cli_wire_read (CliWire *self, void *data, gsize size, GError **error);
char *cli_wire_read_line (CliWire *self, GError **error);
gboolean cli_wire_check_quiet (CliWire *self, GError **error);

void cli_wire_set_foreign (CliWire *self, const char *answer, GError **error);
void cli_wire_set_foreign_bytes (CliWire *self, const guint8 *bytes, gsize size, GError **error);
void cli_wire_set_refused (CliWire *self, const char *answer, GError **error);
void cli_wire_set_not_offered (CliWire *self, GError **error);
