/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "credential/credential.h"
#include "keyblob/key-state.h"
#include "link/link.h"
#include "signature/signing-grant.h"

/* A program with a private key, at the other end of the sockets of this process's workers: the
 * test's main thread. It signs what a handshake signs in the role of the grant, and nothing else.
 */

typedef struct
{
  gnutls_privkey_t key;
  HandoffSigningGrants *grants;
  HandoffCredential *credential; /* with that key, which is elsewhere */
  GPtrArray *links;              /* (element-type HandoffLink) */
  GError *refusal;               /* (owned) (nullable): the answer to each request */
  gboolean is_slow;              /* requests are kept */
  HandoffLinkCall *kept;         /* (owned) (nullable) */
  guint n_signatures;
  gsize size; /* of what was signed last */
} TestSigner;

/* name: of key and certificate: "ecdsa" */
void test_signer_init (TestSigner *self, const char *name);
/* Of what came later is nothing left. */
void test_signer_clear (TestSigner *self);
/* For a minute. uses: 0: any number. (transfer full) */
HandoffSigningGrant *test_signer_grant (TestSigner *self, HandoffRole role, guint uses);
/* It dies. */
void test_signer_end (TestSigner *self);
