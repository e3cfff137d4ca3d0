/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-table.h"
#include "link/handshaker-messages.h"
#include "link/import-messages.h"
#include "link/importer-messages.h"
#include "link/keeper-messages.h"
#include "link/signing-messages.h"
#include "link/token-messages.h"

/* All kinds of links; the first byte of an input says which, and, by its highest bit, which end
 * receives. */
static const HandoffLinkTable *const link_tables[] = {
  &handoff_handshaker_table, &handoff_places_table,    &handoff_import_messages,
  &handoff_importer_table,   &handoff_keeper_messages, &handoff_signing_table,
  &handoff_token_messages,
};

#define LINK_END_BIT 0x80
/* A packet of an input: the number of descriptors, its length (two bytes, the higher first),
 * itself.
 */
#define LINK_PACKET_HEAD 3
