/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Whether the body of a D-Bus message has no more values than maximum: what GDBus makes of each
 * costs some hundred bytes and a microsecond, so that a megabyte of the smallest holds its thread,
 * which is everybody's, for a second. Arrays of numbers are one value, as they are one to GDBus;
 * arrays of booleans are not. Looks at so many at the most. body: aligned to 8 bytes. FALSE also if
 * it is not what signature says. signature: (nullable): without a body */
gboolean handoff_bus_values_are_few (
    const guint8 *body, gsize size, const char *signature, gboolean big_endian, guint maximum);
