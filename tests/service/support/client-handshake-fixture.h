/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshake/handshake.h"
#include "keyblob/key-blob.h"
#include "support/memory-transport.h"

/* The handshake object as a client, stepwise, and a GnuTLS server in this process. set_up and
 * tear_down may be those of a GTest case. */

typedef struct
{
  HandoffWorker *worker;
  HandoffTlsPolicy *policy;
  gboolean keeps_sessions;       /* what a test does not change is TRUE */
  guint keeps_sessions_of_min;   /* 0x0303 unless a test changes it */
  guint uid;                     /* whose handshakes they are */
  HandoffCredential *credential; /* (unowned) (nullable): what the client authenticates with */
  HandoffSigningGrant *grant;    /* (nullable): for the next handshake, which takes it */
  HandoffCredentialAskFunc ask;  /* (nullable): who is asked for a credential; gets the fixture */
  gboolean may_not_ask;
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t server;   /* (nullable): NULL where a test writes the peer by hand */
  MemoryTransport transport; /* the server's */
  GByteArray *to_server;
  GByteArray *to_client;

  HandoffHandshake *handshake;
  HandoffHandshakeProgress *progress;
  guint n_ended;
} ClientTest;

void client_test_set_up_server (ClientTest *f, const char *certificate, const char *priority);
/* Replaces the server's certificate: credentials: (transfer full). */
void client_test_set_up_server_with (ClientTest *f,
                                     gnutls_certificate_credentials_t credentials,
                                     const char *priority);
/* data: the server's priority string */
void client_test_set_up (ClientTest *f, gconstpointer data);
/* identity: the server proves to be "other.handoff.test". session_data: (transfer full) (nullable)
 */
void client_test_begin_with (ClientTest *f,
                             const char *identity,
                             const char *options,
                             guint8 *session_data);
void client_test_begin (ClientTest *f, const char *identity, const char *options);
void client_test_begin_resuming (ClientTest *f, const char *identity, guint8 *session_data);
/* For operations that a test starts itself. */
void client_test_progressed (HandoffHandshakeProgress *progress, gpointer user_data);
/* Runs an operation that was started to its end. Its output goes to the server. */
HandoffHandshakeState client_test_finish_operation (ClientTest *f);
void client_test_forget_progress (ClientTest *f);
/* One step with everything that the server sent. */
HandoffHandshakeState client_test_step (ClientTest *f);
/* Gives another body to the handshake message of that type that waits for the client, and begins a
 * record. Not encrypted; at most a record. */
void client_test_replace_message (ClientTest *f, guint8 type, const guint8 *body, gsize size);
/* After a complete handshake. (transfer full) */
HandoffKeyState *client_test_export_keys (ClientTest *f);
void client_test_wait_for_end (ClientTest *f);
/* For another connection in the same test. */
void client_test_end_connection (ClientTest *f);
void client_test_tear_down (ClientTest *f, gconstpointer data);
