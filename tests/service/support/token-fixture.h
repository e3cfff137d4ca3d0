/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "token/tokens.h"

/* Two tokens of SoftHSM, as lib/make-token makes them, through the module that injects faults. */
#define TOKEN "Handoff test"
#define OTHER_TOKEN "Other token"
#define PIN "4321"
#define PIN_FILE_GROUP(token, pin) "[" token "]\nPin=" pin "\n"

typedef struct
{
  char *state; /* folder of the case: configuration, PIN file "pins", what the service writes */
  HandoffTokens *tokens; /* with the module */
} TokenFixture;

/* Instead of g_test_init(), before test_token_add(). */
void test_token_init (int *argc, char ***argv);
/* Loaded modules, and whether a token is open, belong to a process: each case has its own. modules:
 * (nullable): see test_token_start_again(); not copied */
void test_token_add (const char *path, const char *modules, void (*test) (TokenFixture *));
/* Instead of g_test_run(). */
int test_token_run (void);

char *test_token_state_path (const TokenFixture *fixture, const char *name);
void test_token_write_pins (const TokenFixture *fixture, const char *text, int mode);
/* The tokens as a restarted service has them. modules: as in the configuration; NULL: ours */
void test_token_start_again (TokenFixture *fixture, const char *modules);
char *test_token_make_uri (const char *token, const char *key);

/* The module's control files. */
char *test_token_control_path (const char *name);
void test_token_set_control (const char *name, const char *text);
void test_token_remove_control (const char *name);
/* expected: "ok wrong ": what became of each login */
void test_token_assert_logins (const char *expected);

/* Runs the main loop. */
void test_token_wait_until (const gboolean *done);
/* handoff_tokens_find_key_async(), and its result. */
HandoffTokenKey *test_token_find (TokenFixture *fixture,
                                  const char *uri,
                                  const char *pin,
                                  gboolean may_use_known,
                                  GError **error);
/* Finding the key must fail with that code, and with what in the message about the token. */
void test_token_assert_not_found (TokenFixture *fixture,
                                  const char *uri,
                                  const char *pin,
                                  gboolean may_use_known,
                                  int code,
                                  const char *what);

/* A key of a credential, without asking the token: its public key is in the certificate. */
HandoffPrivateKey *test_token_get_key (TokenFixture *fixture, const char *token, const char *name);
/* The same for a credential that has another key's certificate. */
HandoffPrivateKey *test_token_get_key_as (TokenFixture *fixture,
                                          const char *token,
                                          const char *name,
                                          const char *certificate_name);

/* A signature, made in the token's thread. */
typedef struct
{
  HandoffPrivateKey *key; /* (owned) */
  gnutls_sign_algorithm_t algorithm;
  gnutls_datum_t signature; /* (owned) */
  guint n_uses;
  GError *error; /* (owned) (nullable) */
  gboolean done;
} TokenSigning;

void test_token_begin_signing (TokenSigning *signing,
                               HandoffPrivateKey *key,
                               gnutls_sign_algorithm_t algorithm);
/* Waits for it, and verifies it. */
void test_token_end_signing (TokenSigning *signing);
void test_token_assert_signs (HandoffPrivateKey *key, gnutls_sign_algorithm_t algorithm);
void test_token_assert_cannot_sign (HandoffPrivateKey *key, int code, const char *what);
