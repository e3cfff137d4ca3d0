/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Whose TLS an application uses. */
typedef enum
{
  SIDE_OURS,
  SIDE_FLOOR, /* GnuTLS in the application, with all that can be loaded once loaded */
  SIDE_STOCK, /* GIO's own backend */
  N_SIDES
} Side;

typedef struct _Connector Connector;

Side side_parse (const char *name);
Connector *connector_new (Side side, guint16 port);
void connector_free (Connector *self);
void connector_connect (Connector *self);
