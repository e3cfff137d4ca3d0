/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-table.h"

/* The way of an imported key from the importer to the keeper: a link for each import, which the
 * broker makes, and on which one message is sent. The upper end is the importer. */
enum
{
  /* PKCS #8, DER, canonical (key/pkcs8.h). (ay) */
  HANDOFF_IMPORT_KEY,
};

extern const HandoffLinkTable handoff_import_messages;
