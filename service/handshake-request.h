/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshake-options.h"
#include "keyblob/handoff-names.h"
#include "server-identity.h"
#include "tls-policy.h"

/* What to do a handshake on, and how. */
typedef struct
{
  gboolean stepwise; /* the caller carries the bytes: no socket, and the keys wait for ExportKeys */
  int fd;            /* (owned): the caller's socket, checked; -1 once taken, and for stepwise */
  HandoffServerIdentity *identity;                  /* (owned) */
  HandoffHandshakeOptions *options;                 /* (owned) */
  HandoffTlsPolicy *policy;                         /* (owned) */
  guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE]; /* not for stepwise */

  /* Resumption, as far as option and configuration have it on. */
  guint8 *session_data; /* (owned) (nullable): secret memory, of gnutls_session_get_data2() */
  gsize session_data_size;
  gboolean keeps_sessions;     /* whether tickets are wanted at all */
  guint keeps_sessions_of_min; /* 0x0303, 0x0304: of which protocols */
} HandoffHandshakeRequest;

/* identity: checked in the same way for every form of handshake. (transfer full) */
HandoffHandshakeRequest *handoff_handshake_request_new (const char *server_identity,
                                                        GVariant *options,
                                                        HandoffTlsPolicy *policy,
                                                        GError **error);
/* Closes the socket, wipes the session to resume, and lets go of all that only a handshake that
 * goes on needs: a session object may stay much longer. */
void handoff_handshake_request_end (HandoffHandshakeRequest *self);
void handoff_handshake_request_free (HandoffHandshakeRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeRequest, handoff_handshake_request_free)

/* A recipient key, an ay, to its 32 bytes; TLS_HANDOFF_ERROR_INVALID_ARGUMENT says what it must be.
 */
gboolean handoff_recipient_key_parse (GVariant *value,
                                      guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE],
                                      GError **error);
