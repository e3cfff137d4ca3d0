/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "manager/methods.h"
#include "tls-handoff-manager.h"

/* Runs a method for a public function, which comes as _sync, or as _async with _finish.
 *
 * self: the TlsHandoffManager or the TlsHandoffCredential that the method is one of. After the
 * fixed parameters come the method's own, each of the type that its row says.
 *
 * What a programmer got wrong is logged, as g_return_if_fail() does, in the name of the public
 * function. Then there is no result, no error and no callback. */

/* (transfer full) (nullable): what the row's reply is taken for */
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
gpointer handoff_method_call_finish (gpointer self, GAsyncResult *result, GError **error);
