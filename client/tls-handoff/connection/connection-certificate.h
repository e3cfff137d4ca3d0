/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "connection/connection-object.h"
#include "handshake/handshake-request.h"

/* The property certificate. certificate: (nullable) */
void handoff_connection_set_certificate (HandoffConnection *self, GTlsCertificate *certificate);
/* (transfer full) (nullable) */
GTlsCertificate *handoff_connection_dup_certificate (HandoffConnection *self);

/* For the handshake: what our side authenticates with as far as that is known before it; in *named
 * credential or credential_pem, or neither. *ask: whether the application has to be asked when the
 * server wants a certificate. */
gboolean handoff_connection_resolve_certificate (HandoffConnection *self,
                                                 HandoffAnswer *named,
                                                 gboolean *ask,
                                                 GError **error);

/* The server wants a certificate. Whether the application has to be asked which; if not, the
 * answer. details: a{sv}, of the state “certificate-request”; answer: zeros */
gboolean
handoff_connection_must_request (HandoffConnection *self, GVariant *details, HandoffAnswer *answer);
/* Asks the application's GTlsInteraction. Blocks as that does. */
void handoff_connection_request_certificate (HandoffConnection *self, HandoffAnswer *answer);
/* The same without blocking; func is called in the thread-default main context when the answer is
 * there. */
typedef void (*HandoffRequestedFunc) (gpointer user_data);
void handoff_connection_request_certificate_async (HandoffConnection *self,
                                                   HandoffAnswer *answer,
                                                   HandoffRequestedFunc func,
                                                   gpointer user_data);

/* With the lock: what the details of a handshake that failed, or the result of one that did not,
 * say of the server's request. */
void handoff_connection_take_request_details (HandoffConnection *self, GVariant *details);
void handoff_connection_take_request_result (HandoffConnection *self,
                                             TlsHandoffHandshakeResult *result);
/* The property accepted-cas. (transfer full) (element-type GByteArray) */
GList *handoff_connection_get_accepted_cas (HandoffConnection *self);

/* If the server wanted a certificate, got none, and then ended the connection, that is the reason,
 * and if the application's interaction failed, the reason for that. Likewise of a server that
 * requires a certificate of its client. error: (transfer full). With
 * the lock. */
GError *handoff_connection_explain_end (HandoffConnection *self, GError *error);
/* The server has sent data: so it is content. */
void handoff_connection_note_data (HandoffConnection *self);
