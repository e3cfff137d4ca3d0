/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-message.h"

/* A larger call is refused. The limit is twice the largest call that makes sense (trust-anchors of
 * 1 MiB, and a chain). */
#define HANDOFF_BUS_CALL_MAX_SIZE (2 * 1024 * 1024)
/* A call with more values is refused: trust-anchors has 256. */
#define HANDOFF_BUS_CALL_MAX_VALUES 4096
/* A call with more descriptors is refused: no method takes more than two. */
#define HANDOFF_BUS_CALL_MAX_FDS 4

/* Why a call is too much, whoever sent it. (transfer none) (nullable): NULL if it is not */
const char *handoff_bus_limits_find_excess (const HandoffBusMessage *call);
