/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tls-handoff-manager.h"

/* As the public functions, with the application protocols given apart.
 * application_protocols: (nullable): win over those of options */
TlsHandoffHandshakeResult *handoff_manager_handshake_sync (TlsHandoffManager *self,
                                                           GSocket *socket,
                                                           const char *server_identity,
                                                           TlsHandoffHandshakeOptions *options,
                                                           const char *const *application_protocols,
                                                           TlsHandoffHandshakeFlags flags,
                                                           GCancellable *cancellable,
                                                           GError **error);
void handoff_manager_handshake_async (TlsHandoffManager *self,
                                      GSocket *socket,
                                      const char *server_identity,
                                      TlsHandoffHandshakeOptions *options,
                                      const char *const *application_protocols,
                                      TlsHandoffHandshakeFlags flags,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
