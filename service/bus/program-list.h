/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/bus-context.h"

/* All of the service's programs that run, and what they hold, as GetStatistics() has them: an
 * aa{sv}, this one first. (floating) */
GVariant *handoff_program_list_new (const HandoffCallContext *context);
