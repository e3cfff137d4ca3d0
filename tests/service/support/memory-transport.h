/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

/* Connects a GnuTLS session with a peer in the same process. It never blocks. */
typedef struct
{
  gnutls_session_t session; /* (unowned) */
  GByteArray *in;           /* (unowned): what the peer sent; reading removes it */
  GByteArray *out;          /* (unowned) */
} MemoryTransport;

/* self must outlive the session. */
void memory_transport_attach (MemoryTransport *self,
                              gnutls_session_t session,
                              GByteArray *in,
                              GByteArray *out);
