/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gunixfdlist.h>

#include "call/service-session.h"
#include "handshake/handshake-details.h"
#include "keyblob/key-state.h"
#include "tls-handoff-handshake-result.h"

/* Takes a reply of HandshakeAsClient() apart and imports its key blob. import_key is used up.
 * details: a{sv}; fds: (nullable): the descriptors that came with it. A mistake of the service is
 * TLS_HANDOFF_ERROR_FAILED; a bad blob, an error of tls_handoff_record_layer_new_from_key_blob().
 */
TlsHandoffHandshakeResult *handoff_handshake_result_new (GVariant *details,
                                                         GUnixFDList *fds,
                                                         TlsHandoffImportKey *import_key,
                                                         GError **error);

/* The same, where the blob was opened before, by the channel that it came on. state: (transfer
 * full), also on failure. */
TlsHandoffHandshakeResult *handoff_handshake_result_new_from_state (GVariant *details,
                                                                    GUnixFDList *fds,
                                                                    HandoffKeyState *state,
                                                                    GError **error);

/* Either of them: of a reply that came on the bus, or on a channel. import_key: (nullable): NULL
 * for the latter */
TlsHandoffHandshakeResult *handoff_handshake_result_new_from_reply (HandoffReply *reply,
                                                                    GVariant *details,
                                                                    TlsHandoffImportKey *import_key,
                                                                    GError **error);

/* Sets where session tickets go; without a session they go nowhere. To be called before anybody
 * else has self. */
void handoff_handshake_result_set_session (TlsHandoffHandshakeResult *self,
                                           HandoffServiceSession *session);

/* What the service said of it. */
const HandoffHandshakeDetails *
handoff_handshake_result_get_details (TlsHandoffHandshakeResult *self);
