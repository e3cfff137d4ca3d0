/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "link/link-table.h"

/* How a handshaker asks for signatures. Each of its workers has such a link to each program that
 * has keys it uses: the keeper, or the helper of a PKCS#11 module, which is the lower end. */

typedef enum
{
  /* (t grant, u role: HandoffSignatureRole, q scheme: SignatureScheme of RFC 8446 4.2.3, ay data):
   * sign data, which is all that is to be signed, never a hash of it. If it is larger than
   * HANDOFF_SIGNING_MAX_INLINE, it is in a sealed memory file, the one descriptor, and ay is empty.
   * Answer: (ay): the signature, as TLS has it; or an error for the handshake's caller, of the
   * domain TLS_HANDOFF_ERROR: CREDENTIAL_LOCKED or CREDENTIAL_NOT_FOUND if the token is locked or
   * away, or the key gone; NOT_AUTHORIZED if the grant is not good for this, or this is nothing
   * that TLS signs: that no honest handshaker asks for, and the broker ends the one that did. */
  HANDOFF_SIGNING_SIGN,
} HandoffSigningMessage;

/* Bytes. */
#define HANDOFF_SIGNING_MAX_INLINE (64 * 1024)
/* How many requests of one worker may wait for their answers: as many as it can have handshakes. A
 * token may be slow. */
#define HANDOFF_SIGNING_MAX_WAITING 16384

extern const HandoffLinkTable handoff_signing_table;

/* A request's body. data: (transfer none). *fd: (out): the descriptor that belongs to it, which is
 * the caller's; -1 if there is none. (transfer floating) (nullable): NULL if there is no
 * descriptor to be had. */
GVariant *handoff_signing_message_new (
    guint64 grant, guint role, guint scheme, GBytes *data, int *fd, GError **error);
/* What a request says. fd: that came with it; -1: none; not taken. max_size: of the data.
 * (transfer full) (nullable): the data; NULL if they are not there, or too large. */
GBytes *handoff_signing_message_read (GVariant *body,
                                      int fd,
                                      gsize max_size,
                                      guint64 *grant,
                                      guint *role,
                                      guint *scheme,
                                      GError **error);
