/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "key-state.h"
#include "call/service-bus.h"
#include "tls-handoff-manager.h"

/* (transfer none) */
HandoffServiceBus *handoff_manager_get_bus (TlsHandoffManager *self);

/* Asks whether to go on with a peer whose certificate did not verify: answer is to be called, at
 * once or later, in the context of the handshake. details: a{sv}, with peer-certificates and
 * verification-errors */
typedef void (*HandoffReviewAnswer) (GTask *handshake, gboolean accept);
typedef void (*HandoffReviewFunc) (GVariant *details,
                                   GTask *handshake,
                                   HandoffReviewAnswer answer,
                                   gpointer user_data);

/* What a handshake is told, whatever carries its bytes. Read when it starts. */
typedef struct
{
  HandoffRole role;
  const char *server_identity;              /* (nullable): of a client only */
  TlsHandoffHandshakeOptions *options;      /* (nullable) */
  const char *const *application_protocols; /* (nullable): win over those of options */
  GBytes *credential_pem;                   /* (nullable): wins over that of options */
  GPtrArray *trust_anchors; /* (nullable) (element-type GBytes): likewise; empty for nobody */
  GTlsAuthenticationMode client_certificate; /* of a server; NONE: that of options */
  gboolean interactive;     /* whether the service may ask the user for a password */
  HandoffReviewFunc review; /* (nullable): in the context of the handshake; NULL: refuse */
  gpointer review_data;
} HandoffHandshakeRequest;

/* On a socket that the service gets (socket-handshake.c). sync: nobody is asked for a review. */
TlsHandoffHandshakeResult *handoff_manager_handshake_sync (TlsHandoffManager *self,
                                                           GSocket *socket,
                                                           const HandoffHandshakeRequest *request,
                                                           GCancellable *cancellable,
                                                           GError **error);
void handoff_manager_handshake_async (TlsHandoffManager *self,
                                      GSocket *socket,
                                      const HandoffHandshakeRequest *request,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
TlsHandoffHandshakeResult *
handoff_manager_handshake_finish (TlsHandoffManager *self, GAsyncResult *result, GError **error);

/* On any stream, whose bytes are carried to and from the service (stepwise-handshake.c). No threads
 * are used if the stream can be polled. */
void handoff_manager_handshake_in_steps_async (TlsHandoffManager *self,
                                               GIOStream *base_io_stream,
                                               const HandoffHandshakeRequest *request,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
/* received: (out) (transfer full): what was read from the stream beyond the handshake: records */
TlsHandoffHandshakeResult *handoff_manager_handshake_in_steps_finish (TlsHandoffManager *self,
                                                                      GAsyncResult *result,
                                                                      GBytes **received,
                                                                      GError **error);
