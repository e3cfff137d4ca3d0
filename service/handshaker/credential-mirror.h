/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "credential/credentials.h"

/* HandoffCredentials: those of which the broker has told: the user's own, the machine's, and those
 * of others that he was allowed to use. What is known of each is public. Main thread. */
#define HANDOFF_TYPE_CREDENTIAL_MIRROR (handoff_credential_mirror_get_type ())
G_DECLARE_FINAL_TYPE (
    HandoffCredentialMirror, handoff_credential_mirror, HANDOFF, CREDENTIAL_MIRROR, GObject)

HandoffCredentialMirror *handoff_credential_mirror_new (void);

/* Makes a credential of the broker's words: without a key, which signs elsewhere. label: "" for one
 * of a single handshake. FAILED if the description is not one. (transfer full) */
HandoffCredential *handoff_credential_mirror_make (const char *id,
                                                   const char *label,
                                                   guint owner,
                                                   HandoffCredentialRoles roles,
                                                   GVariant *description,
                                                   GError **error);

/* body: of HANDOFF_HANDSHAKER_CREDENTIAL: a credential that is new, or in place of the one with its
 * id. owner: (out): whose it is */
gboolean handoff_credential_mirror_put (HandoffCredentialMirror *self,
                                        GVariant *body,
                                        guint *owner,
                                        GError **error);
/* FALSE if there is none of that id. owner: (out): whose it was */
gboolean
handoff_credential_mirror_remove (HandoffCredentialMirror *self, const char *id, guint *owner);
