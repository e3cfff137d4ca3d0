/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "grant/signature-form.h"
#include "tokens/modules.h"

/* A token of SoftHSM in the module that injects faults (../../README.md), and one in another module
 * of its own; each in its process, tls-handoff-token. */
#define TOKEN "Handoff test"
#define OTHER_TOKEN "Other token"
#define PIN "4321"

/* The number of the one handshaker. */
#define MODULES_TEST_HOLDER 7

typedef struct
{
  char *state;  /* folder of the case: configuration, PIN file "pins", what the service writes */
  char *module; /* path */
  char *other_module;
  HandoffModules *modules;
  HandoffSignatureRole role; /* what is asked for; what is granted is always SERVER */
  guint64 last_grant;

  GHashTable *links; /* of processes that run: number to HandoffLink */
  guint n_started;
  guint n_ended;
  guint n_violations;
  GError *error; /* of the last call that may fail */
} ModulesTest;

/* Instead of g_test_init() and g_test_run(). */
void modules_test_init (int *argc, char ***argv);
int modules_test_run (void);
void modules_test_set_up (ModulesTest *f, gconstpointer data);
void modules_test_tear_down (ModulesTest *f, gconstpointer data);

/* The service as after a new start. */
void modules_test_start_again (ModulesTest *f);
/* text: of the configuration file; the PIN file is added */
void modules_test_configure (ModulesTest *f, const char *text);
/* The first module, with what it needs; both. */
void modules_test_configure_default (ModulesTest *f);
void modules_test_configure_both (ModulesTest *f);
/* The PIN file, with that PIN for both tokens. */
void modules_test_write_pins (ModulesTest *f, const char *pin);

/* The control files of the first module. */
void modules_test_set_control (ModulesTest *f, const char *name, const char *text);
void modules_test_remove_control (ModulesTest *f, const char *name);
void modules_test_wait_for_control (ModulesTest *f, const char *name);
void modules_test_wait_until (const gboolean *done);
void modules_test_assert_error (const GError *error, int code, const char *what);
/* Until that is count: the two links of a process bring news at their own times. */
void modules_test_wait_for_count (const guint *n, guint count);
/* expected: "ok wrong ": what became of each login */
void modules_test_assert_logins (ModulesTest *f, const char *expected);

/* SubjectPublicKeyInfo, out of the key's certificate. (transfer full) */
GBytes *modules_test_read_public_key (ModulesTest *f, const char *token, const char *key);
gboolean modules_test_is_locked (ModulesTest *f, const char *token);
/* NULL, and f->error is set. pin: (nullable) */
HandoffModuleKey *
modules_test_find (ModulesTest *f, const char *token, const char *key, const char *pin);
void modules_test_assert_not_found (ModulesTest *f,
                                    const char *token,
                                    const char *key,
                                    const char *pin,
                                    int code,
                                    const char *what);

/* A credential whose id is the key's name. */
void modules_test_add_key (ModulesTest *f, const char *token, const char *key);
/* The same with another id, and with another key's public key. */
void modules_test_add_key_as (
    ModulesTest *f, const char *id, const char *token, const char *key, const char *public_key_of);
/* (transfer full) (nullable): NULL, and f->error is set. */
GBytes *modules_test_request_certificate (ModulesTest *f,
                                          const char *key,
                                          const char *common_name,
                                          const char *dns_name);
