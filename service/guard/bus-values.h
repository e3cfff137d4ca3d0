/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Whether the body of a D-Bus message has at most maximum values. GDBus spends some hundred bytes
 * and a microsecond on each value, so that a megabyte of the smallest values would hold GDBus's
 * thread, which all users share, for a second. An array of numbers counts as one value, as it does
 * for GDBus; an array of booleans does not. The walk stops after maximum values. body: aligned to
 * 8 bytes. FALSE also if the body does not fit the signature. signature: (nullable): NULL without
 * a body */
gboolean handoff_bus_values_are_few (
    const guint8 *body, gsize size, const char *signature, gboolean big_endian, guint maximum);
