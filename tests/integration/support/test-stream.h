/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Streams around others that move chunk bytes at once at the most, and can be polled or not. base
 * can be polled. */

GInputStream *test_input_stream_new (GInputStream *base, gsize chunk, gboolean pollable);
GOutputStream *test_output_stream_new (GOutputStream *base, gsize chunk, gboolean pollable);
