/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "grant/signature-scheme.h"
#include "link/link.h"
#include "signatory/signatory.h"
#include "token/token-table.h"

/* The keys of credentials that are in tokens of this module, and what is done with them: signatures
 * of handshakes and certificate requests. Main thread; the tokens' threads work, and the answers go
 * out when they have. */
typedef struct _HandoffTokenKeys HandoffTokenKeys;

/* broker: (unowned): outlives it. */
HandoffTokenKeys *handoff_token_keys_new (HandoffTokenTable *table, HandoffLink *broker);

/* id: of the credential. uri: of its key; a bad one is told to who wants to use it. key_id:
 * (transfer none). The same id again replaces it. */
void
handoff_token_keys_add (HandoffTokenKeys *self, const char *id, const char *uri, GBytes *key_id);
/* What is under way goes on; and a grant holds its key until it is over. */
void handoff_token_keys_remove (HandoffTokenKeys *self, const char *id);

/* What a grant holds: see HandoffSignatoryHold. (transfer full) (nullable): NULL: there is no such
 * key */
gpointer handoff_token_keys_hold (HandoffTokenKeys *self, const char *id);
gpointer handoff_token_keys_copy_held (gpointer held);
void handoff_token_keys_drop_held (gpointer held);

/* Both answer request or call, (transfer full), in time. held: (nullable): NULL: there was no such
 * key when the grant was given */
void handoff_token_keys_sign (HandoffTokenKeys *self,
                              HandoffSignatoryRequest *request,
                              gpointer held,
                              const HandoffSignatureScheme *scheme,
                              GBytes *data);
/* body: HANDOFF_CERTIFICATE_REQUEST_TYPE */
void handoff_token_keys_request_certificate (HandoffTokenKeys *self,
                                             HandoffLinkCall *call,
                                             GVariant *body);
