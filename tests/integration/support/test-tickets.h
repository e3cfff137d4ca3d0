/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "key-state.h"

/* Session tickets in plain D-Bus. */

/* The first n NewSessionTicket messages that the server sends after the handshake, read with the
 * record layer of the tests. */
GByteArray *test_receive_tickets (int socket, const HandoffKeyState *keys, guint n);
/* Session.PostHandshake(). */
void test_post_handshake (GDBusConnection *connection,
                          const char *session,
                          const void *messages,
                          gsize size,
                          GError **error);
