/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "keeper/folder-metadata.h"
#include "keeper/kept-key.h"

/* A credential on disk: DIRECTORY/ID/, a folder that only the service's user can enter, with
 *   metadata           key file: label, owner, roles; for a key in a token its URI
 *   key.pem            PKCS #8, mode 0600; or, for a key in a token, public-key.pem
 *   certificates.pem   its own first; absent until there is one
 *   ocsp.der           optional: to staple; a caller sent it, or an administrator put it there
 *   description        optional: what an importer said of certificates and response, with a digest
 *                      of what it is about: if that differs, because somebody changed a file, it is
 *                      as if there were no description
 *
 * Certificates and descriptions are never parsed here. If a crash interrupts a writer, later
 * readers find the old state or the new one: a folder whose name begins with a dot is not finished
 * or half removed, and each step is on the disk before the next begins. All functions block. */

#define HANDOFF_DESCRIPTION_DIGEST_SIZE 32 /* bytes: SHA-256 */

typedef struct
{
  char *id;                        /* (owned) */
  HandoffFolderMetadata *metadata; /* (owned) */
  HandoffKeptKey *key;             /* (owned) (nullable): NULL for a key in a token */
  GBytes *public_key;              /* (owned): SubjectPublicKeyInfo, DER */
  GBytes *certificates;            /* (owned) (nullable): the file */
  GBytes *ocsp_response;           /* (owned) (nullable): the file */
  GVariant *description;           /* (owned) (nullable): HANDOFF_DESCRIPTION_TYPE */
  guint8 digest[HANDOFF_DESCRIPTION_DIGEST_SIZE];
} HandoffKeptFolder;

void handoff_kept_folder_free (HandoffKeptFolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKeptFolder, handoff_kept_folder_free)

/* The error says which file is damaged, and how. */
HandoffKeptFolder *handoff_kept_folder_read (int directory, const char *id, GError **error);

/* A new one. key: (nullable): NULL for a key in a token. description: HANDOFF_DESCRIPTION_TYPE. */
gboolean handoff_kept_folder_write (int directory,
                                    const char *id,
                                    const HandoffFolderMetadata *metadata,
                                    HandoffKeptKey *key,
                                    GVariant *description,
                                    GError **error);
/* The certificates of description in place of those that are there. A response goes: it is about
 * the old one. CREDENTIAL_NOT_FOUND if there is no such folder. */
gboolean
handoff_kept_folder_certify (int directory, const char *id, GVariant *description, GError **error);
/* The OCSP response of description, or none, in place of the one that is there.
 * CREDENTIAL_NOT_FOUND if there is no such folder, FAILED if the certificates are not those of
 * description. */
gboolean
handoff_kept_folder_staple (int directory, const char *id, GVariant *description, GError **error);
/* What an importer said of the files with that digest. CREDENTIAL_NOT_FOUND if there is no such
 * folder, FAILED if its files are others now. */
gboolean handoff_kept_folder_describe (int directory,
                                       const char *id,
                                       const guint8 digest[HANDOFF_DESCRIPTION_DIGEST_SIZE],
                                       GVariant *description,
                                       GError **error);
/* TRUE even if there was no such folder. */
gboolean handoff_kept_folder_remove (int directory, const char *id, GError **error);

/* Whether a description is about that key. */
gboolean handoff_description_is_of_key (GVariant *description, GBytes *public_key, GError **error);
