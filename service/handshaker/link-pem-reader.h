/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/pem-reader.h"
#include "handshaker/link-authority.h"

/* Reads credential-pem by way of the broker, who has an importer read it, and the keeper keep its
 * key. */
typedef struct
{
  HandoffLink *link;               /* (unowned) */
  HandoffLinkAuthority *authority; /* (unowned): who gives questions their numbers */
  HandoffGrantDesk *desk;          /* (unowned) */
} HandoffLinkPemReader;

/* The reader is a HandoffLinkPemReader. */
extern const HandoffPemReaderFuncs handoff_link_pem_reader_funcs;
