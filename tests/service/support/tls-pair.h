/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

/* Real handshakes between a GnuTLS client and a GnuTLS server in this process, through memory. The
 * server recognises its own tickets from one connection to the next. */

#define CHECK(call) g_assert_cmpint (call, >=, 0)

#define SHA256_SUITE "NONE:+VERS-TLS1.3:+AES-128-GCM:+AEAD:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL"
#define SHA384_SUITE "NONE:+VERS-TLS1.3:+AES-256-GCM:+AEAD:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL"
#define CHACHA20_SUITE "NONE:+VERS-TLS1.3:+CHACHA20-POLY1305:+AEAD:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL"
#define TLS1_2_SUITE                                                                               \
  "NONE:+VERS-TLS1.2:+AES-128-GCM:+AEAD:+ECDHE-ECDSA:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL"

#define TLS_PAIR_MAX_SECRETS 8

typedef struct
{
  gnutls_certificate_credentials_t client_credentials;
  gnutls_certificate_credentials_t server_credentials;
  gnutls_datum_t ticket_key;
} TlsPairFixture;

void tls_pair_set_up (TlsPairFixture *fixture, gconstpointer data);
void tls_pair_tear_down (TlsPairFixture *fixture, gconstpointer data);

typedef struct _TlsSide TlsSide;
struct _TlsSide
{
  gnutls_session_t session; /* (owned) (nullable) */
  GByteArray *in;           /* (owned) */
  gsize taken;
  TlsSide *other; /* (unowned) */
  /* The traffic secrets of the handshake and of the application, in both directions. */
  guint8 secrets[TLS_PAIR_MAX_SECRETS][64];
  gsize secret_size;
  guint n_secrets;
};

/* One connection. */
typedef struct
{
  TlsSide client;
  TlsSide server;
  gboolean is_complete; /* or failed */
} TlsPair;

/* session_data: (transfer full) (nullable): secret memory: what the client resumes. */
TlsPair *tls_pair_new (TlsPairFixture *fixture, const char *priority, gpointer session_data);
/* Leaves no secret in memory. */
void tls_pair_free (TlsPair *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsPair, tls_pair_free)

/* What a record layer needs to read on. */
typedef struct
{
  gnutls_cipher_algorithm_t cipher;
  guint8 key[32];
  guint8 iv[12];
  gsize key_size;
} TlsReadState;

void tls_read_state_init (TlsReadState *self, gnutls_session_t session);
/* (transfer full): the handshake messages in all records that nobody has read yet: the tickets. */
GByteArray *tls_read_state_decrypt (TlsReadState *self, TlsSide *side);
