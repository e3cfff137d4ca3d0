/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "support/credential-fixture.h"
#include "key/gnutls-support.h"
#include "handshake/handshake.h"
#include "keyblob/key-blob.h"
#include "support/memory-transport.h"

/* The handshake object as a server, stepwise, and a GnuTLS client in this process. The functions
 * may be set_up and tear_down of a GTest case. */

typedef struct
{
  HandoffWorker *worker;
  HandoffTlsPolicy *policy;
  guint keeps_sessions_of_min; /* 0x0303 unless a test changes it */
  HandoffSigningGrant *grant;  /* (nullable): for the next handshake, which takes it */
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t client;
  MemoryTransport transport; /* the client's */
  gboolean client_done;
  GByteArray *to_server;
  GByteArray *to_client;

  HandoffHandshake *handshake;
  HandoffHandshakeProgress *progress;
  guint n_ended;
  HandoffCredentialQuestion *question; /* (owned) (nullable) */
} ServerTest;

/* certificate: (nullable): the client's */
void server_test_set_up_client (ServerTest *f, const char *priority, const char *certificate);
/* data: the client's priority string */
void server_test_set_up (ServerTest *f, gconstpointer data);
/* key: (nullable): signs instead of the key in the file */
HandoffCredential *server_test_credential_new (const char *name, HandoffPrivateKey *key);
/* credential: (nullable): NULL: the handshake asks. ticket_secret: (transfer full) (nullable) */
void server_test_begin (ServerTest *f,
                        HandoffCredential *credential,
                        const char *options,
                        guint8 *ticket_secret);
void server_test_start_step (ServerTest *f);
HandoffHandshakeState server_test_finish_operation (ServerTest *f);
/* In a handshake that is done, GnuTLS would make a key update. */
int server_test_run_client (ServerTest *f);
/* One step with everything that the client sent. */
HandoffHandshakeState server_test_step (ServerTest *f);
HandoffHandshakeState server_test_run (ServerTest *f);
void server_test_wait_for_end (ServerTest *f);
/* (transfer full) */
HandoffKeyState *server_test_export_keys (ServerTest *f);
/* For another connection in the same test. */
void server_test_end_connection (ServerTest *f);
void server_test_tear_down (ServerTest *f, gconstpointer data);
