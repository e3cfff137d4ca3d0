/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* A reader of TLS handshake messages that knows nothing of GnuTLS and of the service, after RFC
 * 8446 4, RFC 5246 7.4 and RFC 8422 5. What cannot be read ends the program. */

typedef struct
{
  const guint8 *data; /* (unowned) */
  gsize size;
} TlsBytes;

/* Big-endian; takes the bytes away from the front. */
guint tls_bytes_number (TlsBytes *self, gsize size);
/* Bytes with their length before them, a number of length_size bytes. */
TlsBytes tls_bytes_vector (TlsBytes *self, gsize length_size);

enum
{
  TLS_CLIENT_HELLO = 1,
  TLS_SERVER_HELLO = 2,
  TLS_NEW_SESSION_TICKET = 4,
  TLS_ENCRYPTED_EXTENSIONS = 8,
  TLS_CERTIFICATE = 11,
  TLS_SERVER_KEY_EXCHANGE = 12,
  TLS_CERTIFICATE_REQUEST = 13,
  TLS_CERTIFICATE_VERIFY = 15,
  TLS_CERTIFICATE_STATUS = 22,
};

/* What the reader needs to know of messages before. */
typedef struct
{
  guint version; /* 0x0303, 0x0304: of the last ServerHello */
  guint suite;   /* of the last ServerHello */
  guint group;   /* of the last ServerHello or ServerKeyExchange; 0 if it says none */
  guint scheme;  /* of the last ServerKeyExchange or CertificateVerify */
} TlsReader;

/* Appends to text what the message says, in lines, without what differs from one handshake to the
 * next: random numbers, keys, tickets, GREASE (RFC 8701), and the order of the extensions, which
 * newer versions of GnuTLS shuffle. message: without the handshake header. */
void tls_reader_print (TlsReader *self, guint type, TlsBytes message, GString *text);

/* One plaintext record from the front of bytes. Returns its content type. */
guint tls_bytes_record (TlsBytes *bytes, TlsBytes *content);
/* One handshake message from the front of bytes. Returns its type. */
guint tls_bytes_message (TlsBytes *bytes, TlsBytes *message);
