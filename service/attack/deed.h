/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What somebody may try who has taken over a program: for the attack tests alone. A deed is a line
 * of words, and so is what comes of it:
 *
 *   call NAME ARGUMENT…       a system call; an argument is a number, "text", or ? for some zeros
 * to write into. returned NUMBER | failed NAME-OF-ERROR descriptors               those open from 0
 * to 1023, as NUMBER:KIND; KIND is seqpacket, stream, datagram, socket or other send FD SIZE COPIES
 * HEX   a packet of those bytes, and zeros up to SIZE, with COPIES of FD itself as descriptors.
 * returned NUMBER | failed … receive FD                what waits there: received HEX
 * COUNT-OF-DESCRIPTORS | failed … crash                     SIGSEGV
 *
 * Without GLib's help where the C library could make calls of its own, so that what is forbidden is
 * what was asked for. Threads: any. Returns: (transfer full) */
char *handoff_deed_do (const char *line);
