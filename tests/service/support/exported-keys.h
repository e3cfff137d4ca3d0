/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshake/handshake.h"
#include "keyblob/key-blob.h"

/* Exports the keys of a complete handshake, and opens them. progress: (inout): replaced by the
 * export's. (transfer full) */
HandoffKeyState *test_export_keys (HandoffHandshake *handshake,
                                   HandoffHandshakeProgress **progress);
