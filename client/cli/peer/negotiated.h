/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <json-glib/json-glib.h>

#include "peer/peer.h"

const char *cli_negotiated_get_protocol (TlsHandoffHandshakeResult *result);
char *cli_negotiated_to_line (TlsHandoffHandshakeResult *result);
gboolean cli_negotiated_is_known (CliPeer *peer);
char *cli_negotiated_to_text (CliPeer *peer);
void cli_negotiated_add_to_json (CliPeer *peer, JsonBuilder *builder);
