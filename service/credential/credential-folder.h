/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credential.h"
#include "tokens/tokens.h"

/* A credential on disk: DIRECTORY/ID/, a folder that only the service's user can enter, with
 *   metadata           key file: label, owner, roles; for a key in a token its URI
 *   key.pem            PKCS #8, mode 0600; or, for a key in a token, public-key.pem
 *   certificates.pem   its own first; absent until there is one
 *   ocsp.der           optional: put there by an administrator, to staple
 *
 * If a crash interrupts a writer, later readers find the old state or the new one: a folder whose
 * name begins with a dot is not finished or half removed, and each step is on the disk before the
 * next begins. All functions block. */

/* key_pem: (nullable): NULL for a key in a token. */
gboolean handoff_credential_folder_write (const char *directory,
                                          const HandoffCredential *credential,
                                          GBytes *key_pem,
                                          GError **error);
/* The folder must be there. */
gboolean handoff_credential_folder_replace_certificates (const char *directory,
                                                         const HandoffCredential *credential,
                                                         GError **error);
/* TRUE even if there was no such folder. */
gboolean handoff_credential_folder_remove (const char *directory, const char *id, GError **error);
/* The error says which file is damaged, and how. */
HandoffCredential *handoff_credential_folder_read (const char *directory,
                                                   const char *id,
                                                   HandoffTokens *tokens,
                                                   GError **error);
/* Removes what a crash left: a folder whose name begins with a dot. */
void handoff_credential_folder_clean (const char *directory, const char *name);
