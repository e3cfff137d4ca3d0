/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

#include "peer/own-credential.h"

void cli_credential_advise (TlsHandoffManager *manager,
                            const CliOwnCredential *own,
                            GPtrArray *authorities,
                            gboolean interactive);
