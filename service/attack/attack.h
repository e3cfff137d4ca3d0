/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* For the attack tests alone (meson option attack; tests/README.md): a program of the service that
 * is taken over by the bytes that it reads. Where a stranger's bytes are parsed, bytes that begin
 * with HANDOFF_ATTACK_MAGIC are no TLS and no PEM, but lines of deeds (attack/deed.h) to be done
 * there and then, with all that the program has. Other builds have none of this: nothing is ever
 * meant.
 *
 * Threads: any; who serves an attacker does nothing else until that one has left. */

/* As long as the head of a TLS record, which is what is read first. */
#define HANDOFF_ATTACK_MAGIC "DEED\n"

#ifdef HANDOFF_ATTACK

gboolean handoff_attack_is_meant (gconstpointer data, gsize size);

/* Does what comes on the socket after the magic, line by line, and sends a line for each, until the
 * other end has closed. */
void handoff_attack_serve (int socket);

/* Does all lines of data, which begins with the magic. Returns: (transfer full): a line for each */
char *handoff_attack_run (gconstpointer data, gsize size);

#else

static inline gboolean
handoff_attack_is_meant (gconstpointer data G_GNUC_UNUSED, gsize size G_GNUC_UNUSED)
{
  return FALSE;
}

static inline void
handoff_attack_serve (int socket G_GNUC_UNUSED)
{
}

static inline char *
handoff_attack_run (gconstpointer data G_GNUC_UNUSED, gsize size G_GNUC_UNUSED)
{
  return NULL;
}

#endif
