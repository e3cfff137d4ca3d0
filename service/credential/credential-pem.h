/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credential.h"

/* A caller's own key, with its certificates, for one handshake. This credential is in no store, has
 * no label, and is freed with its last user. */

/* pem: secret memory. uid: the caller. Parses on a thread. */
void handoff_credential_pem_parse_async (GBytes *pem,
                                         guint uid,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
/* (transfer full). TLS_HANDOFF_ERROR_INVALID_ARGUMENT says what is wrong. */
HandoffCredential *handoff_credential_pem_parse_finish (GAsyncResult *result, GError **error);
