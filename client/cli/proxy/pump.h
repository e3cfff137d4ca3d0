/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

typedef enum
{
  CLI_PUMP_SOURCE_ENDED,  /* the end was read, and all is written */
  CLI_PUMP_SOURCE_FAILED, /* or it was cancelled */
  CLI_PUMP_SINK_FAILED,
} CliPumpEnd;

typedef void (*CliPumpDone) (CliPumpEnd end, const GError *error, gpointer user_data);

void cli_pump (GInputStream *source,
               GOutputStream *sink,
               GCancellable *cancellable,
               CliPumpDone done,
               gpointer user_data);
void cli_pump_discard (GInputStream *source,
                       GCancellable *cancellable,
                       CliPumpDone done,
                       gpointer user_data);
