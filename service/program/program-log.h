/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

/* From now on, what the program logs goes to standard error, a line each, with the program's name:
 * where that is the journal's, with the priority as the journal takes it (sd-daemon(3)). GLib's own
 * writer would connect to the journal's socket, and a locked-up program cannot. */
void handoff_program_log_start (void);
