/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

gboolean cli_text_agent_is_wanted (void);
TlsHandoffHandshakeFlags cli_text_agent_start (gboolean interactive);
