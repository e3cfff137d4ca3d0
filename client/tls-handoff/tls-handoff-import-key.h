/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib-object.h>

#include "tls-handoff-version.h"

G_BEGIN_DECLS

#define TLS_HANDOFF_TYPE_IMPORT_KEY (tls_handoff_import_key_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TlsHandoffImportKey, tls_handoff_import_key, TLS_HANDOFF, IMPORT_KEY, GObject)

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffImportKey *tls_handoff_import_key_new (GError **error);
/* (transfer full): 32 bytes */
TLS_HANDOFF_AVAILABLE_IN_0_1
GBytes *tls_handoff_import_key_dup_public_key (TlsHandoffImportKey *self);

G_END_DECLS
