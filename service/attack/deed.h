/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What somebody may try who has taken over a program: for the attack tests alone. A deed is a line
 * of words, and so is what comes of it:
 *
 * - call NAME ARGUMENT…: a system call; an argument is a number, "text", or ? for zeros to write
 *   into. Answer: returned NUMBER, or failed NAME-OF-ERROR.
 * - descriptors: those open from 0 to 1023. Answer: descriptors, and NUMBER:KIND for each; KIND is
 *   socket, file, pipe, device or other.
 * - send FD SIZE COPIES HEX: a packet of those bytes, and zeros up to SIZE, with COPIES of FD
 *   itself as descriptors. Answer as of a call.
 * - receive FD: what waits there. Answer: received HEX NUMBER-OF-DESCRIPTORS, or failed….
 * - crash: SIGSEGV.
 *
 * The system calls that a deed needs beside its own are those that every program of the service
 * may make. Threads: any. Returns: (transfer full) */
char *handoff_deed_do (const char *line);
