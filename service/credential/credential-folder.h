/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credential.h"
#include "token/tokens.h"

/* A credential on disk: DIRECTORY/ID/, a folder that only the service's user can enter, with
 *   metadata           key file: label, owner, roles; for a key in a token its URI
 *   key.pem            PKCS #8, mode 0600; or, for a key in a token, public-key.pem
 *   certificates.pem   its own first; absent until there is one
 *   ocsp.der           optional: put there by an administrator, to staple
 *
 * Whatever happens while a folder is written, later readers find the old state or the new one:
 * names that begin with a dot are on their way to or from nothing, and each step is on disk before
 * the next begins. All functions block. */

/* key_pem: (nullable): for a key that is in no token. */
gboolean handoff_credential_folder_write (const char *directory,
                                          const HandoffCredential *credential,
                                          GBytes *key_pem,
                                          GError **error);
/* Of a folder that is there. */
gboolean handoff_credential_folder_replace_certificates (const char *directory,
                                                         const HandoffCredential *credential,
                                                         GError **error);
/* TRUE also if it was not there. */
gboolean handoff_credential_folder_remove (const char *directory, const char *id, GError **error);
/* The error says which file is damaged, and how. */
HandoffCredential *handoff_credential_folder_read (const char *directory,
                                                   const char *id,
                                                   HandoffTokens *tokens,
                                                   GError **error);
/* Removes a folder whose name begins with a dot: what a crash left. */
void handoff_credential_folder_clean (const char *directory, const char *name);
