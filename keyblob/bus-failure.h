/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Why a call on the bus came to nothing, if it is the bus that says so: of the service, to the
 * library; of polkit, to the service. */
typedef enum
{
  HANDOFF_BUS_FAILURE_OTHER,       /* or no error of the bus */
  HANDOFF_BUS_FAILURE_NOBODY,      /* nobody has the name, and nobody can be started for it */
  HANDOFF_BUS_FAILURE_NOT_STARTED, /* who should have it was to be started, and was not */
  HANDOFF_BUS_FAILURE_WENT_AWAY,   /* who has it, or the bus: what was asked may have been done */
  HANDOFF_BUS_FAILURE_DENIED,      /* by the bus's policy */
  HANDOFF_BUS_FAILURE_CROWDED,     /* too many calls wait for a reply */
} HandoffBusFailure;

HandoffBusFailure handoff_bus_failure_from_error (const GError *error);
