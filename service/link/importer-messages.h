/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-table.h"

/* What the broker and an importer tell each other. The broker is the upper end.
 *
 * An importer parses what its user's callers hand over, and what lies beside his keys; any of it
 * may have taken it over. All that it gets are descriptors to read, and for each import one to
 * write: of a socket whose other end the keeper has. Into that it puts the key, as one packet, and
 * nobody else sees it. What it answers is a description, which the broker checks; of which key it
 * is, the keeper says.
 *
 * Requests have a number (t) of the broker's, for HANDOFF_IMPORTER_CANCEL. Errors are for the
 * caller. */
typedef enum
{
  /* (u uid): whose things it will get. First of all, and once. */
  HANDOFF_IMPORTER_USER,

  /* (t number, b whether there is a passphrase); descriptors: what is imported, the socket for the
   * key, the passphrase. Answer: (description). */
  HANDOFF_IMPORTER_IMPORT,
  /* (t number); descriptors: what the option credential-pem has, the socket for the key. Answer:
   * (description, ay SHA-256 of what was read). */
  HANDOFF_IMPORTER_READ_PEM,
  /* (t number, ay public key, aay certificates): other certificates for a key. Answer:
   * (description). */
  HANDOFF_IMPORTER_CERTIFY,
  /* (t number, ay public key, aay certificates, ay OCSP response): one to staple. Answer:
   * (description). */
  HANDOFF_IMPORTER_STAPLE,
  /* (t number, ay public key, b whether there are certificates, b whether there is an OCSP
   * response); descriptors: files with them. Answer: (description). */
  HANDOFF_IMPORTER_DESCRIBE,

  /* (t number): nobody waits for that answer any more; it comes all the same, as soon as it can. */
  HANDOFF_IMPORTER_CANCEL,

  HANDOFF_IMPORTER_N_MESSAGES,
} HandoffImporterMessage;

/* Of each kind at a time. */
#define HANDOFF_IMPORTER_MAX_WAITING 16

extern const HandoffLinkTable handoff_importer_table;
