/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* A ClientHello that offers exactly what it is told to: GnuTLS's clients leave out what they do not
 * have themselves. */
typedef struct
{
  guint version;           /* 0x0303, 0x0304: the one that is offered */
  GArray *suites;          /* (owned) (element-type guint16) */
  GArray *groups;          /* (owned) (element-type guint16) */
  GArray *schemes;         /* (owned) (element-type guint16) */
  gboolean with_key_share; /* TLS 1.3: of x25519; without one, the server has to ask for a group */
  gboolean with_encrypt_then_mac;
} TlsHello;

/* Offers every suite, group and scheme that there is. (transfer full) */
TlsHello *tls_hello_new (guint version);
void tls_hello_free (TlsHello *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsHello, tls_hello_free)
/* Appends the record with the message. */
void tls_hello_write (const TlsHello *self, GByteArray *bytes);
