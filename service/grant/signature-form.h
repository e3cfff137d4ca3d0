/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What a holder of a private key signs: the signatures of a TLS handshake, and nothing else. Who
 * asks for a signature is not trusted, so the key's holder is given all bytes that are to be
 * signed, never only their hash, and looks at them here. A handshaker that somebody took over gets
 * no signature that a client or server of that role would not give to anybody who connects.
 *
 * Pure functions; any thread. */

/* In which role one signs. */
typedef enum
{
  HANDOFF_SIGNATURE_CLIENT = 1,
  HANDOFF_SIGNATURE_SERVER = 2,
} HandoffSignatureRole;

/* What it is that is signed. */
typedef enum
{
  HANDOFF_SIGNATURE_FORM_NONE,  /* nothing that TLS would have signed in that role */
  HANDOFF_SIGNATURE_FORM_TLS12, /* ServerKeyExchange, or CertificateVerify of a client (RFC 5246) */
  HANDOFF_SIGNATURE_FORM_TLS13, /* CertificateVerify (RFC 8446) */
} HandoffSignatureForm;

/* More is never signed: with TLS 1.2, a client signs its handshake with the chains of both sides.
 * Bytes. */
#define HANDOFF_SIGNATURE_MAX_DATA (512 * 1024)

/* scheme: a SignatureScheme (RFC 8446 4.2.3). data: all that is to be signed. One scheme means two
 * things: in TLS 1.3 the curve of an ECDSA key belongs to it, in TLS 1.2 not. */
HandoffSignatureForm handoff_signature_form_find (HandoffSignatureRole role,
                                                  guint scheme,
                                                  gconstpointer data,
                                                  gsize size);
