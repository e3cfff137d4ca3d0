/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "starttls/wire.h"

gboolean cli_starttls_xmpp (CliWire *wire, GError **error);
