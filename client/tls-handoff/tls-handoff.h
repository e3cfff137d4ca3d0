/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The one header that applications include. */

#pragma once

#include "tls-handoff-client-connection.h"
#include "tls-handoff-connection.h"
#include "tls-handoff-credential.h"
#include "tls-handoff-enum-types.h"
#include "tls-handoff-error.h"
#include "tls-handoff-handshake-options.h"
#include "tls-handoff-handshake-result.h"
#include "tls-handoff-import-key.h"
#include "tls-handoff-manager.h"
#include "tls-handoff-record-layer.h"
#include "tls-handoff-server-connection.h"
#include "tls-handoff-version.h"
