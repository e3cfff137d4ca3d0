/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "manager/methods.h"
#include "tls-handoff-manager.h"

/* Runs a method for the public functions _sync, or _async with _finish.
 *
 * self: the TlsHandoffManager or the TlsHandoffCredential that has the method. After the fixed
 * parameters come the arguments of the method, each of the type that its row says.
 *
 * A programmer's mistake is logged under the name of the public function, as g_return_if_fail()
 * does. Then there is no result, no error and no callback. */

/* (transfer full) (nullable): what the row makes of the reply */
gpointer handoff_method_call_sync (HandoffMethod method,
                                   gpointer self,
                                   TlsHandoffHandshakeFlags flags,
                                   GCancellable *cancellable,
                                   GError **error,
                                   ...);
void handoff_method_call_async (HandoffMethod method,
                                gpointer self,
                                TlsHandoffHandshakeFlags flags,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data,
                                ...);
/* (transfer full) (nullable): likewise */
gpointer handoff_method_call_finish (HandoffMethod method,
                                     gpointer self,
                                     GAsyncResult *result,
                                     GError **error);
