/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What is known of an input that is not read any more. */
typedef enum
{
  CLI_INPUT_ENDED, /* there is nothing more */
  CLI_INPUT_LEFT,  /* there is more */
  CLI_INPUT_OPEN,  /* whoever writes it may have more */
} CliInputRest;

CliInputRest cli_input_wait_for_end (int fd, guint timeout);
