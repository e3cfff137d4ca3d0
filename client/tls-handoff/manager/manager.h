/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"
#include "tls-handoff-manager.h"

/* (transfer none) */
HandoffServiceBus *handoff_manager_get_bus (TlsHandoffManager *self);
