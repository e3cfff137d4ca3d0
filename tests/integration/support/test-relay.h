/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Something between a client and a server that carries their bytes, in two threads, and knows what
 * the client sent. Its client's end is a socket or a pair of pipes. */

typedef struct _TestRelay TestRelay;

/* server: a connected socket (taken over). *client: the client's end, a TCP socket. */
TestRelay *test_relay_new (int server, int *client);
/* *client: a stream over two pipes. chunk: bytes that it reads and writes at once at the most.
 * pollable: whether it can be polled. */
TestRelay *test_relay_new_pipes (int server, gsize chunk, gboolean pollable, GIOStream **client);
/* Waits until both sides are at their end. */
void test_relay_free (TestRelay *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestRelay, test_relay_free)

/* All that the client sent up to now, also what is still on its way to the relay. */
GBytes *test_relay_dup_sent (TestRelay *self);
