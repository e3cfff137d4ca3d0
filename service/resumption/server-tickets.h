/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The keys of the session tickets that servers give (RFC 5077, RFC 8446 4.6.1). Tickets hold the
 * sessions themselves. So nothing is stored here but a random master key, in secret memory, which
 * changes. Each set of conditions has keys of its own, made from the master key: a ticket given
 * under one set means nothing under another, and so cannot carry trust, or a name, from one user's
 * server to another's. One thread at a time, where it does not say otherwise. */
#define HANDOFF_TICKET_SECRET_SIZE 32
#define HANDOFF_TICKET_KEY_SIZE 64 /* what gnutls_session_ticket_enable_server() takes */

typedef struct _HandoffServerTickets HandoffServerTickets;

HandoffServerTickets *handoff_server_tickets_new (void);
void handoff_server_tickets_free (HandoffServerTickets *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServerTickets, handoff_server_tickets_free)

/* Seconds that a master key is used, by boot time: a key ages also while the machine sleeps. A
 * ticket lives at most as long. */
void handoff_server_tickets_set_lifetime (HandoffServerTickets *self, guint lifetime);
/* No ticket that was given before is taken any more. */
void handoff_server_tickets_forget (HandoffServerTickets *self);

/* Makes a secret from what was decided before the handshake: who is the server, for whom, under
 * which conditions. conditions: (transfer floating): its type counts as its value does. Returns
 * secret memory of HANDOFF_TICKET_SECRET_SIZE bytes, or NULL. */
guint8 *handoff_server_tickets_derive_secret (HandoffServerTickets *self, GVariant *conditions);
/* Makes a key from the secret and from what the ClientHello decided. Any thread. */
gboolean handoff_ticket_key_derive (const guint8 secret[HANDOFF_TICKET_SECRET_SIZE],
                                    guint64 credential_serial,
                                    const char *server_name,
                                    guint8 key[HANDOFF_TICKET_KEY_SIZE]);
