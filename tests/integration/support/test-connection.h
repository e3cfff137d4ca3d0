/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tls-handoff/tls-handoff.h"

/* TlsHandoffClientConnections of user alice. */

/* The service as alice sees it; one for the whole program. (transfer none) */
TlsHandoffManager *test_manager_get (void);

/* A connection over fd (taken over) that trusts ca.pem and offers the application protocol "echo".
 * identity: NULL for "localhost" */
GTlsConnection *test_connection_new (int fd, const char *identity);
/* Likewise over any stream. */
GTlsConnection *test_connection_new_for_stream (GIOStream *base, const char *identity);

/* An asynchronous call's callback: stores a reference to the result at user_data, a GAsyncResult *,
 * which must be NULL before. */
void test_store_result_cb (GObject *source, GAsyncResult *result, gpointer user_data);
/* Runs the default main context until *place is set. */
GAsyncResult *test_wait_for_result (GAsyncResult **place);

/* What gets sent: size bytes that no shift leaves the same. */
guint8 *test_data_new (gsize size);

/* Sends size bytes to an echo, and reads them, both at a time and asynchronously. */
void test_exchange_async (GTlsConnection *connection, gsize size);
/* Sends text to an echo, and hears it. */
void test_exchange_text (GTlsConnection *connection, const char *text);
void test_close_connection (GTlsConnection *connection);
/* Handshake, then closes the output stream, and hears what test_tls_server_speak_last() says. */
void test_half_close_connection (GTlsConnection *connection);
