/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/pem-reader.h"

/* Reads the credentials for one handshake of callers of this process's handshakes. */
extern const HandoffPemReaderFuncs handoff_local_pem_reader_funcs;
