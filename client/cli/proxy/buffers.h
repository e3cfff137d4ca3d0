/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Eight of the largest records, and what they take beyond their data. */
#define CLI_BUFFER_DATA_SIZE (128 * 1024)
#define CLI_BUFFER_SIZE (CLI_BUFFER_DATA_SIZE + 4 * 1024)

/* Bytes from start to end. */
typedef struct
{
  gsize start;
  gsize end;
  gsize n_secret; /* how many, from the first on, may be data of a client or a backend */
  guint8 bytes[CLI_BUFFER_SIZE];
} CliBuffer;

/* Those that nobody uses. A connection has one only while it holds bytes; the one that was given
 * back last is the next to be used, and still in the processor's cache. In one thread. */
typedef GPtrArray CliBuffers;

CliBuffers *cli_buffers_new (void);
CliBuffer *cli_buffers_take (CliBuffers *self);
void cli_buffers_give (CliBuffers *self, CliBuffer *buffer);
void cli_buffers_wipe (CliBuffers *self);
