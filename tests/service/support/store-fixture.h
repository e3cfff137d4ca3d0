/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "credential/credential-store.h"

/* A store of credentials, with the keeper's program of this build. */

/* directory: of all credentials. The store has read all when it returns. keeper: (out) (transfer
 * full) */
HandoffCredentialStore *test_store_new (const char *directory, HandoffKeeper **keeper);
/* Hands the keeper the key NAME.key, under that id: for a credential that is added next. */
void test_store_hold_key (HandoffKeeper *keeper, const char *id, const char *name);
/* The same for a key. */
void test_store_hold (HandoffKeeper *keeper, const char *id, gnutls_x509_privkey_t key);
/* Removes all credentials, and the directory. */
void test_store_clean (const char *directory);
