/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "key-state.h"

/* All readable memory of processes at one time, which of them has what, and what none must have. */

/* The service's programs, as the tests say which of them has something. */
#define TEST_NOBODY ""
#define TEST_HANDSHAKER "tls-handoff-handshaker"
#define TEST_BROKER "tls-handoffd"
#define TEST_KEEPER "tls-handoff-keeper"

typedef struct
{
  GPtrArray *programs; /* (owned) (element-type Program): of test-memory.c; in the order in which
                          they were read */
  gsize size;
} TestMemory;

/* One process. */
TestMemory *test_memory_read (GPid pid);
/* All of the service's programs: the broker, and what it has started. Handshakers are read first:
 * their memory is the one that something else may write to soonest. A program that ends meanwhile
 * is gone with what it had. */
TestMemory *test_memory_read_service (void);
void test_memory_free (TestMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestMemory, test_memory_free)

/* The names of the programs that have it, each once, sorted, with spaces between them: so a test
 * says with one comparison who has it and that nobody else does. (transfer full) */
char *test_memory_who_has (TestMemory *memory, const guint8 *what, gsize size);
/* programs: as test_memory_who_has() names them. what: for the message. secret: at least 12 bytes;
 * what is shorter is there by chance */
void test_memory_assert_only (
    TestMemory *memory, const char *programs, const char *what, const guint8 *secret, gsize size);
/* The same of nobody. */
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
