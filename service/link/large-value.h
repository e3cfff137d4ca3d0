/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Arguments and replies of method calls, which may be larger than a message of a link: those travel
 * in a sealed memory file beside it. Any thread. */

/* Larger ones are large: bytes. */
#define HANDOFF_LARGE_VALUE_MIN_SIZE (96 * 1024)
/* A call has at most 2 MiB on the bus (guard/bus-limits.h), where numbers have other alignments. */
#define HANDOFF_LARGE_VALUE_MAX_SIZE (4 * 1024 * 1024)

/* What is sent in place of value. fd: (out): the file; -1 if value is not large, and is sent
 * itself. value: (transfer none), of any type but a variant. Returns: (transfer full), to be the
 * content of a variant; NULL with the error. */
GVariant *handoff_large_value_pack (GVariant *value, int *fd, GError **error);
/* The value, which is a tuple. sent: (transfer none): the content of the variant that came. fd:
 * (unowned): the file; -1 if sent is the value. INVALID_DATA, from G_IO_ERROR, if what came is not
 * what pack() makes. (transfer full) */
GVariant *handoff_large_value_unpack (GVariant *sent, int fd, GError **error);
