/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

/* What is kept of a TLS 1.3 session for the tickets that its server sends later, when the keys have
 * left and the session is gone: the resumption master secret (RFC 8446 7.1), and the beginning of
 * GnuTLS's session data (the peer's certificates and OCSP responses, the hash). No key of this
 * connection can be made from it. The keys of a connection that resumes it can be made from it only
 * together with that connection's own key exchange. GnuTLS lets servers leave that out (psk_ke)
 * unless the priorities forbid it: whoever resumes has to see to that.
 *
 * Opened on a worker's thread, then used by one thread at a time. */
typedef struct _HandoffTicketWindow HandoffTicketWindow;

/* How many tickets one session is given; later ones are ignored. */
#define HANDOFF_TICKET_WINDOW_MAX_TICKETS 4
/* RFC 8446 4.6.1: seconds */
#define HANDOFF_TICKET_MAX_LIFETIME 604800

/* session: its handshake is complete. Afterwards the session is cut off from its transport, and
 * good for nothing but gnutls_deinit().
 * Returns: (nullable): NULL if it is not TLS 1.3, or if this version of GnuTLS packs session data
 * in a way that we do not know (a warning, once). */
HandoffTicketWindow *handoff_ticket_window_open (gnutls_session_t session);
/* Wipes. */
void handoff_ticket_window_free (HandoffTicketWindow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTicketWindow, handoff_ticket_window_free)

/* data: (transfer full): secret memory: what gnutls_session_set_data() takes. lifetime: seconds. */
typedef void (*HandoffTicketFunc) (gpointer data, guint lifetime, gpointer user_data);

/* messages: one or more complete NewSessionTicket messages, each with its handshake header. Calls
 * func for each ticket that can be used. TLS_HANDOFF_ERROR_INVALID_ARGUMENT, and no call, if any of
 * the messages is malformed, or is of another type. */
gboolean handoff_ticket_window_take_message (HandoffTicketWindow *self,
                                             const guint8 *messages,
                                             gsize size,
                                             HandoffTicketFunc func,
                                             gpointer user_data,
                                             GError **error);

/* A ticket, as NewSessionTicket has it. */
typedef struct
{
  guint32 lifetime; /* seconds */
  guint32 age_add;
  const guint8 *nonce; /* (unowned) */
  gsize nonce_size;
  const guint8 *ticket; /* (unowned) */
  gsize ticket_size;
} HandoffTicket;

/* For open(), and its tests: data: what gnutls_session_get_data2() gave for that ticket. NULL if
 * the data are not exactly as they should be. */
HandoffTicketWindow *handoff_ticket_window_new_from_data (const guint8 *data,
                                                          gsize size,
                                                          const HandoffTicket *ticket,
                                                          gsize secret_size);
