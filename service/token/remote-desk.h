/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link.h"
#include "token/token-pins.h"

/* What the broker knows of PINs (link/token-messages.h), for threads of tokens: they wait until the
 * main thread has its answer. */

/* The data of the desk is the link. */
extern const HandoffPinDesk handoff_remote_desk;

/* A PIN, "ay", as the broker says it: in secret memory. (transfer full) */
GBytes *handoff_remote_desk_dup_pin (GVariant *value);
/* Calls function once, in the main thread, later. Any thread. */
void handoff_run_in_main_thread (GSourceFunc function, gpointer user_data);
