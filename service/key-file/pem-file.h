/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A block of a PEM file (RFC 7468, and RFC 1421 where OpenSSL still writes that). */
typedef struct
{
  char *label;    /* (owned): "PRIVATE KEY" */
  char *dek_info; /* (owned) (nullable): how the contents are encrypted, as DEK-Info says it */
  GBytes *der; /* (owned) (nullable): the contents, in secret memory if they may be a key; NULL if
                * they are no base64 and the block is neither a key nor a certificate */
} HandoffPemBlock;

/* Whether the data are a text with such blocks, and not DER in which one occurs. */
gboolean handoff_pem_is_pem (const guint8 *data, gsize size);

/* All blocks, in their order. Text between them is ignored. (transfer full) (element-type
 * HandoffPemBlock). INVALID_ARGUMENT: one is damaged, or there are more than
 * HANDOFF_MAX_FILE_PARTS. */
GPtrArray *handoff_pem_parse (const guint8 *data, gsize size, GError **error);
