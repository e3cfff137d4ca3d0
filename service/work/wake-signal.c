/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/wake-signal.h"

#include <stddef.h>

static void
do_nothing (int signal_number)
{
}

void
handoff_wake_signal_prepare (void)
{
  const struct sigaction action = { .sa_handler = do_nothing };

  sigaction (HANDOFF_WAKE_SIGNAL, &action, NULL);
}
