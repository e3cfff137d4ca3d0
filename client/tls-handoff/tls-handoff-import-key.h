/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib-object.h>

#include "tls-handoff-version.h"

G_BEGIN_DECLS

/**
 * TlsHandoffImportKey:
 *
 * A one-time key pair (X25519, RFC 7748) that a key blob is sealed to.
 *
 * Make one for each handshake, give its public half to the service, and use it up with
 * [ctor@RecordLayer.new_from_key_blob], which wipes the private half whether the import succeeds
 * or not: so nobody can import the same connection twice, and no nonce is ever used twice.
 * The private half never leaves the object. After fork() the child's copy is useless.
 *
 * The object may be used from any thread.
 *
 * Since: 0.1
 */
#define TLS_HANDOFF_TYPE_IMPORT_KEY (tls_handoff_import_key_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TlsHandoffImportKey, tls_handoff_import_key, TLS_HANDOFF, IMPORT_KEY, GObject)

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffImportKey *tls_handoff_import_key_new (GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
GBytes *tls_handoff_import_key_dup_public_key (TlsHandoffImportKey *self);

G_END_DECLS
