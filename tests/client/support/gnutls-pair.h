/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "keyblob/key-state.h"

/* A real handshake between a GnuTLS client and a GnuTLS server in this process, over memory; either
 * side can then be crossed: its state taken over by a record layer, as the service would export it.
 */

/* Bytes on their way to one side. */
typedef struct
{
  GByteArray *bytes;
  gsize taken;
} GnutlsPipe;

typedef struct
{
  gnutls_session_t session;
  GnutlsPipe in;
  GnutlsPipe *out; /* the other side's in */
  HandoffRole role;
  guint8 read_secret[HANDOFF_MAX_TRAFFIC_SECRET_SIZE];
  guint8 write_secret[HANDOFF_MAX_TRAFFIC_SECRET_SIZE];
  gsize secret_size;
} GnutlsSide;

typedef struct
{
  GnutlsSide client;
  GnutlsSide server;
  gnutls_certificate_credentials_t client_credentials;
  gnutls_certificate_credentials_t server_credentials;
  gnutls_datum_t ticket_key;
} GnutlsPair;

/* Handshakes with exactly that suite; the server sends tickets. */
GnutlsPair *gnutls_pair_new (const HandoffCipherSuite *suite);
/* Likewise; modifiers: what a priority string has behind its lists, ":%NO_ETM". AES-CBC has
 * encrypt-then-MAC without. */
GnutlsPair *gnutls_pair_new_with (const HandoffCipherSuite *suite, const char *modifiers);
void gnutls_pair_free (GnutlsPair *pair);

/* One side alone, for a peer of another kind: what it sends goes to out, and pair-like handshakes
 * are made by calling gnutls_side_step() until it returns TRUE. A server has credentials. */
void gnutls_side_init (GnutlsSide *side,
                       GnutlsPipe *out,
                       HandoffRole role,
                       const HandoffCipherSuite *suite,
                       const char *modifiers,
                       gnutls_certificate_credentials_t credentials);
gboolean gnutls_side_step (GnutlsSide *side);
void gnutls_side_clear (GnutlsSide *side);
/* ECDSA and RSA, self-signed. */
void gnutls_add_certificates (gnutls_certificate_credentials_t credentials);

/* The state of one side as it is now. That session must not be used any more. */
HandoffKeyState *gnutls_side_get_state (GnutlsSide *side, const HandoffCipherSuite *suite);

void gnutls_pipe_write (GnutlsPipe *pipe, const guint8 *bytes, gsize size);
/* What has not been taken, all of it. */
GByteArray *gnutls_pipe_take (GnutlsPipe *pipe);

void gnutls_side_send (GnutlsSide *side, const guint8 *data, gsize size);
/* As gnutls_record_recv(), which wants to be called again after tickets and key updates. */
ssize_t gnutls_side_receive_some (GnutlsSide *side, guint8 *data, gsize size);
/* Until size bytes are there. */
GBytes *gnutls_side_receive (GnutlsSide *side, gsize size);
