/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "keyblob/key-state.h"
#include "record/tls-alert.h"

/* Handshake messages after the handshake: puts them together from records, checks and sorts them.
 * TLS 1.3 (RFC 8446 4.6): NewSessionTicket (from a server), KeyUpdate. A CertificateRequest is
 * refused: our handshakes do not offer authentication after the handshake.
 * TLS 1.2: HelloRequest (from a server) and ClientHello (from a client), which ask for a
 * renegotiation. */

typedef struct
{
  gboolean tls13;
  gboolean peer_is_server;
  GByteArray *partial; /* (nullable) (owned) the start of a message that later records complete */
  /* NewSessionTicket messages that nobody has taken, with their headers, joined */
  HandoffSecretBytes tickets;
} HandoffPostHandshake;

/* What one record's messages ask for. */
typedef struct
{
  gboolean key_update;       /* the next record comes under new keys */
  gboolean update_requested; /* and the peer wants ours to be new too */
  gboolean renegotiation;    /* the peer asked for one */
  gboolean ticket;           /* or more */
} HandoffPostHandshakeEvents;

/* All but the tickets. */
void handoff_post_handshake_clear (HandoffPostHandshake *self);
/* (transfer full) (nullable) wiped when freed */
GBytes *handoff_post_handshake_take_tickets (HandoffPostHandshake *self);

/* The start of a message that later records complete: to a key state, and from it. */
void handoff_post_handshake_get_state (const HandoffPostHandshake *self, HandoffKeyState *state);
void handoff_post_handshake_set_state (HandoffPostHandshake *self, const HandoffKeyState *state);

/* Whether the rest of a message must come next. */
gboolean handoff_post_handshake_is_partial (const HandoffPostHandshake *self);

/* Takes one record's content. On failure *alert is the one that fits, and *reason says why. */
gboolean handoff_post_handshake_take (HandoffPostHandshake *self,
                                      const guint8 *content,
                                      gsize size,
                                      HandoffPostHandshakeEvents *events,
                                      TlsAlert *alert,
                                      const char **reason);
