/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/grant-messages.h"
#include "link/link-table.h"

/* What the broker and the helper of a PKCS#11 module say to each other. The upper end is the
 * broker. The module was loaded before: what it is, and what it may do, are the helper's arguments.
 * Messages have PINs in them. */
enum
{
  /* The salt of the digests of PINs (token-text/pin-fate.h). The first message, once. */
  HANDOFF_TOKEN_CONFIGURE,

  /* Request: URI. Answer: whether a token of this module fits it, wherever the key is. */
  HANDOFF_TOKEN_HAS,
  /* Request: find the key and prove that it can be used. URI; SHA-256 of the wanted key's
   * SubjectPublicKeyInfo (empty: any key will do); the PIN that somebody gave (nothing: none), and
   * whether any known one may be used. Answer: SubjectPublicKeyInfo (DER) and the certificates that
   * belong to it, the key's own first, perhaps none. CREDENTIAL_NOT_FOUND or CREDENTIAL_LOCKED name
   * the token. */
  HANDOFF_TOKEN_FIND,

  /* A credential's key, for grants: id of the credential, URI, SHA-256 as above. Its token stays
   * open until REMOVE_KEY once it was opened. The same id again: that key is another one now. */
  HANDOFF_TOKEN_ADD_KEY,
  /* id */
  HANDOFF_TOKEN_REMOVE_KEY,
  /* Request: HANDOFF_CERTIFICATE_REQUEST_TYPE, for a key that was added */
  HANDOFF_TOKEN_REQUEST_CERTIFICATE,

  /* See link/grant-messages.h. */
  HANDOFF_TOKEN_HOLDER,
  HANDOFF_TOKEN_HOLDER_SOCKET,
  HANDOFF_TOKEN_HOLDER_GONE,
  HANDOFF_TOKEN_GRANT,
  HANDOFF_TOKEN_GRANT_OVER,
  HANDOFF_TOKEN_VIOLATION,

  /* Request to the broker: what the PIN file has for a token. Its label. Answer: the PIN (nothing:
   * none), and the file's identity. INVALID_ARGUMENT if the file must not be used. */
  HANDOFF_TOKEN_FIND_PIN,
  /* Request to the broker, before a token is told a PIN: label of the token, digest of the PIN,
   * identity of the PIN file ("": somebody gave it). Answer: whether it may be told. */
  HANDOFF_TOKEN_TRY_PIN,
  /* To the broker: what became of that. Label, HandoffPinFate, whether the helper can open the
   * token now without asking anybody, and whether that is by a PIN that somebody gave. */
  HANDOFF_TOKEN_SETTLE_PIN,
  /* To the broker: a token that this module had is not there. Label */
  HANDOFF_TOKEN_LOST,
};

#define HANDOFF_TOKEN_FIND_TYPE "(saymayb)"
#define HANDOFF_TOKEN_FIND_REPLY_TYPE "(ayaay)"
#define HANDOFF_TOKEN_ADD_KEY_TYPE "(ssay)"
#define HANDOFF_TOKEN_FIND_PIN_REPLY_TYPE "(mays)"
#define HANDOFF_TOKEN_TRY_PIN_TYPE "(says)"
#define HANDOFF_TOKEN_SETTLE_PIN_TYPE "(subb)"

extern const HandoffLinkTable handoff_token_messages;
