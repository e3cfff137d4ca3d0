/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "key-state.h"

/* All readable memory of a process at one time, and what must not be in it. */

typedef struct
{
  GPtrArray *regions; /* (element-type GBytes) */
  gsize size;
} TestMemory;

TestMemory *test_memory_read (GPid pid);
void test_memory_free (TestMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestMemory, test_memory_free)

gboolean test_memory_contains (TestMemory *memory, const guint8 *what, gsize size);
/* what: for the message. secret: at least 12 bytes; what is shorter is there by chance */
void
test_memory_assert_absent (TestMemory *memory, const char *what, const guint8 *secret, gsize size);
/* Key, IV, MAC key and traffic secret. */
void test_memory_assert_direction_absent (TestMemory *memory,
                                          const char *name,
                                          const HandoffDirectionState *direction);
/* tls-exporter and, in TLS 1.2, tls-unique: both must be there. */
void test_memory_assert_bindings_absent (TestMemory *memory, const HandoffKeyState *keys);
/* The keys that the application reaches by its next key updates (RFC 8446 7.2). */
void test_memory_assert_next_generations_absent (TestMemory *memory, const HandoffKeyState *keys);

/* Of a key log in NSS's format (LABEL CLIENT-RANDOM SECRET): the first secret of that label. */
GBytes *test_key_log_find (const char *log, const char *label);
/* All that it has. Whether one of them is the secret of the direction: that the log is this
 * connection's. */
gboolean test_memory_assert_logged_absent (TestMemory *memory,
                                           const char *log,
                                           const HandoffDirectionState *direction);
