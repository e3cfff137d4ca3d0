/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/pem-reader.h"
#include "importers/importers.h"
#include "local-holder.h"

/* Has what callers of this process's handshakes send as credential-pem read by an importer, and its
 * key held by the keeper until the handshake has ended. */
typedef struct
{
  HandoffImporters *importers; /* (unowned) */
  HandoffKeeper *keeper;       /* (unowned) */
  HandoffLocalHolder *holder;  /* (unowned) */
} HandoffLocalPemReader;

extern const HandoffPemReaderFuncs handoff_local_pem_reader_funcs;
