/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"
#include "credential/credentials.h"
#include "signing/grant-giver.h"

/* An authority that asks another one, and gives a grant with each yes to the use of a credential
 * whose key is in another process. Main thread. */
#define HANDOFF_TYPE_GRANTING_AUTHORITY (handoff_granting_authority_get_type ())
G_DECLARE_FINAL_TYPE (
    HandoffGrantingAuthority, handoff_granting_authority, HANDOFF, GRANTING_AUTHORITY, GObject)

/* credentials, giver, grants: (unowned), and holder: of this process; they outlive its use. */
HandoffAuthority *handoff_granting_authority_new (HandoffAuthority *authority,
                                                  HandoffCredentials *credentials,
                                                  HandoffGrantGiver *giver,
                                                  HandoffHolder *holder,
                                                  HandoffSigningGrants *grants);
