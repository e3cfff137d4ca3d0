/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <unistd.h>

/* Whether this process is not the one with that id: then it was forked from that one. */
static inline gboolean
handoff_process_is_forked_from (pid_t process)
{
  return getpid () != process;
}
