/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The pages of secret-memory.h. To map, lock and unmap pages takes four system calls, and stops the
 * process's other threads for a moment; a handshake needs some ten. So pages that are given back
 * are kept for the next secret, locked and empty: at most this many, and in all so many bytes. */
#define HANDOFF_SECRET_PAGES_MAX_KEPT 64
#define HANDOFF_SECRET_PAGES_MAX_KEPT_BYTES (256 * 1024)

/* A mapping: whole pages. */
typedef struct
{
  guint8 *start;
  gsize size;         /* bytes */
  gsize private_from; /* where begins what a child process finds zeroed; 0: nowhere */
  gboolean is_locked;
  guint process; /* the number of the process that mapped it: see secret-pages.c */
} HandoffSecretPages;

/* Zeros, left out of core dumps, locked if the limit allows it. size, private_from: multiples of a
 * page's size. Aborts when out of memory. Any thread. */
HandoffSecretPages handoff_secret_pages_take (gsize size, gsize private_from);
/* All bytes must be zero again. Afterwards nobody may read or write them: AddressSanitizer and
 * valgrind say so. The next to take them aborts if they are not zero. Any thread. */
void handoff_secret_pages_give (const HandoffSecretPages *pages);
