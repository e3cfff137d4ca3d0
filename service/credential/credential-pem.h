/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credential.h"

/* A key of a caller's own, with its certificates, for one handshake: a credential that is in no
 * store, has no label, and is gone when nobody needs it any more. */

/* pem: secret memory. uid: the caller. Parses on a thread. */
void handoff_credential_pem_parse_async (GBytes *pem,
                                         guint uid,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
/* (transfer full). TLS_HANDOFF_ERROR_INVALID_ARGUMENT says what is wrong. */
HandoffCredential *handoff_credential_pem_parse_finish (GAsyncResult *result, GError **error);
