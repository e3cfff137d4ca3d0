/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/recipient-key.h"

GVariant *
handoff_recipient_key_new (TlsHandoffImportKey **import_key, GError **error)
{
  g_autoptr (GBytes) public_key = NULL;

  if (import_key == NULL)
    return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, NULL, 0, 1);

  if (*import_key == NULL)
    *import_key = tls_handoff_import_key_new (error);
  if (*import_key == NULL)
    return NULL;
  public_key = tls_handoff_import_key_dup_public_key (*import_key);
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, public_key, TRUE);
}
