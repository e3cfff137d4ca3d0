/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "hpke.h"
#include "key-state.h"

/* HandshakeAsClient and HandshakeAsServer in plain D-Bus, or on a channel (test-way.h), without the
 * client library.
 */

typedef struct
{
  char *state;
  char *session;         /* object path */
  GVariant *details;     /* a{sv} */
  int key_blob;          /* descriptor, or -1 */
  HandoffKeyState *keys; /* what was in the blob; NULL if it waits for a review */
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
} TestHandshake;

void test_handshake_free (TestHandshake *handshake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestHandshake, test_handshake_free)

/* options: (nullable): consumed if floating. NULL and error if the service says no. */
TestHandshake *test_handshake (GDBusConnection *connection,
                               int socket,
                               const char *identity,
                               GVariant *options,
                               GError **error);
/* The same with the flag that allows polkit to ask the user. */
TestHandshake *test_handshake_interactive (GDBusConnection *connection,
                                           int socket,
                                           const char *identity,
                                           GVariant *options,
                                           GError **error);
/* As a server. pem: a descriptor for the option credential-pem, or -1. */
TestHandshake *test_handshake_as_server (
    GDBusConnection *connection, int socket, int pem, GVariant *options, GError **error);
/* As a client, likewise. */
TestHandshake *test_handshake_with_pem (GDBusConnection *connection,
                                        int socket,
                                        const char *identity,
                                        int pem,
                                        GVariant *options,
                                        GError **error);
/* Started and not waited for; finish with the result. identity: NULL: as a server. */
void test_handshake_async (GDBusConnection *connection,
                           int socket,
                           const char *identity,
                           GVariant *options,
                           GDBusCallFlags flags,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
TestHandshake *
test_handshake_finish (GDBusConnection *connection, GAsyncResult *result, GError **error);

/* A string detail, or NULL. (transfer none) */
const char *test_handshake_get_detail (TestHandshake *handshake, const char *key);
/* The details (second argument) of the last error that a handshake on this connection ended in.
 * (transfer none) (nullable) */
GVariant *test_handshake_get_error_details (GDBusConnection *connection);

/* a{sv} with trust-anchors set to ca.pem, plus what text (GVariant text of an a{sv}, NULL: nothing)
 * says. (transfer floating) */
GVariant *test_options (const char *text);
