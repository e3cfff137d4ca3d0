/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "credential/credential.h"
#include "keyblob/handoff-names.h"
#include "keyblob/key-state.h"
#include "policy/handshake-options.h"
#include "policy/tls-policy.h"
#include "keyblob/server-identity.h"
#include "signature/signing-grant.h"

/* To whom the keys are sealed. */
typedef struct
{
  /* To the caller's channel, which does it when it replies: until then they are in the progress. */
  gboolean by_channel;
  guint8 key[HANDOFF_RECIPIENT_KEY_SIZE]; /* else: to that key */
} HandoffRecipient;

/* What to do a handshake on, and how. */
typedef struct
{
  HandoffRole role;
  gboolean stepwise; /* the caller carries the bytes: no socket, and the keys wait for ExportKeys */
  int fd;            /* (owned): the caller's socket, checked; -1 once taken, and for stepwise */
  guint uid;         /* whose handshake it is, and whose the socket */
  HandoffServerIdentity *identity;  /* (owned) (nullable): NULL for a server */
  HandoffHandshakeOptions *options; /* (owned): a reference */
  HandoffTlsPolicy *policy;         /* (owned) */
  HandoffRecipient recipient;       /* not for stepwise */

  HandoffCredential *credential; /* (owned) (nullable): what the caller named, and may use */
  HandoffSigningGrant *grant;    /* (owned) (nullable): for that */
  /* Whether one of the user's is looked for in the middle of the handshake; a client that asks its
   * caller first does so only if the caller wants it. */
  gboolean may_ask;
  guint64 choice[4]; /* a client that may ask: the state of what there is to choose from: see
                        handoff_credential_choice_get_state() */

  /* Resumption, as far as the option and the configuration allow it. */
  guint8 *session_data; /* (owned) (nullable): secret memory, of gnutls_session_get_data2() */
  gsize session_data_size;
  gboolean keeps_sessions;     /* whether tickets are wanted at all */
  guint keeps_sessions_of_min; /* 0x0303, 0x0304: the first protocol whose sessions are kept */
  /* A server's: (owned) (nullable): secret memory: its tickets' key is made of it */
  guint8 *ticket_secret;
  guint ticket_lifetime; /* seconds */
} HandoffHandshakeRequest;

/* server_identity: checked in the same way for every kind of handshake; must be empty for a server.
 * (transfer full) */
HandoffHandshakeRequest *handoff_handshake_request_new (HandoffRole role,
                                                        const char *server_identity,
                                                        GVariant *options,
                                                        HandoffTlsPolicy *policy,
                                                        GError **error);
/* The same with options that have been parsed under that policy. options: (transfer full) */
HandoffHandshakeRequest *
handoff_handshake_request_new_with_options (HandoffRole role,
                                            const char *server_identity,
                                            HandoffHandshakeOptions *options,
                                            HandoffTlsPolicy *policy,
                                            GError **error);
/* What a client sends (RFC 6066 3). (nullable) (transfer none): NULL for nothing */
const char *handoff_handshake_request_get_server_name (const HandoffHandshakeRequest *self);
/* Lets go of the socket, wipes the session to resume, and lets go of all that only a running
 * handshake needs: a session object may stay much longer. */
void handoff_handshake_request_end (HandoffHandshakeRequest *self);
void handoff_handshake_request_free (HandoffHandshakeRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeRequest, handoff_handshake_request_free)

/* Reads the argument recipient_key, an ay. on_channel: whether it came on one, which can seal: then
 * it may be empty. TLS_HANDOFF_ERROR_INVALID_ARGUMENT says what the key must be. */
gboolean handoff_recipient_parse (GVariant *value,
                                  gboolean on_channel,
                                  HandoffRecipient *recipient,
                                  GError **error);
