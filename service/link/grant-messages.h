/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What the broker says about grants to each program that has private keys: in the tables of the
 * keeper and of the token helpers alike. A holder is a handshaker, by a number that is never given
 * again. The order of the messages counts: a grant is for a holder that was named before. */

/* number of the grant, its holder, id of the credential, role (HandoffSignatureRole), uses (0: any
 * number), until (boot time, microseconds): grant/grant-table.h */
#define HANDOFF_GRANT_TYPE "(ttsuux)"
/* number of the grant */
#define HANDOFF_GRANT_OVER_TYPE "(t)"
/* number of the holder, uid */
#define HANDOFF_HOLDER_TYPE "(tu)"
/* Request, with a socket: of a link (link/signing-messages.h) on which that holder asks for
 * signatures. Number of the holder. The answer comes when it is read, and before that the holder
 * does not have its end: so whoever asks for sockets without end asks no faster than they are read.
 * LIMIT_REACHED if it has too many. */
#define HANDOFF_HOLDER_SOCKET_TYPE "(t)"
#define HANDOFF_HOLDER_SOCKET_REPLY_TYPE "()"
/* How many may be unread, of one holder half of what the others leave (signing/signing.c): fewer
 * than the descriptors that may wait on a link (link-queue.h). */
#define HANDOFF_MAX_UNREAD_SOCKETS 2048
/* number of the holder: with its grants and sockets */
#define HANDOFF_HOLDER_GONE_TYPE "(t)"
/* To the broker: the holder asked for what it may not have. Holder, number of the grant, why */
#define HANDOFF_VIOLATION_TYPE "(tts)"

/* What a certificate request (RFC 2986) asks for, or what a certificate says that the key signs for
 * itself: id of the credential, uid of who wants it; the subject's attributes: type, an OID, and
 * value, DER; its names: GnuTLS's type of a name, and its bytes. Then, of a certificate: whether it
 * is for clients, and for servers; from and until when it is valid (seconds since 1970); of a
 * request: FALSE, FALSE, 0, 0. The answer: DER */
#define HANDOFF_CERTIFICATE_REQUEST_TYPE "(sua(say)a(uay)bbxx)"
#define HANDOFF_CERTIFICATE_REQUEST_REPLY_TYPE "(ay)"
