/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

GBytes *cli_rehearse (TlsHandoffManager *manager,
                      TlsHandoffHandshakeOptions *options,
                      TlsHandoffHandshakeFlags flags,
                      const char *server_name,
                      GError **error);
