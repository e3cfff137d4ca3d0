/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/key-digest.h"

GBytes *
handoff_key_digest_dup (GBytes *public_key)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize size;
  gconstpointer data = g_bytes_get_data (public_key, &size);
  gsize digest_size = sizeof digest;

  g_checksum_update (checksum, data, (gssize) size);
  g_checksum_get_digest (checksum, digest, &digest_size);
  return g_bytes_new (digest, digest_size);
}

GVariant *
handoff_key_digest_to_variant (GBytes *bytes)
{
  return bytes != NULL ? g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE)
                       : g_variant_new ("ay", NULL);
}
