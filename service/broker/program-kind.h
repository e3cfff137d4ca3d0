/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link.h"

/* How programs of one kind are started and ended. Main thread. */
typedef struct
{
  const char *name; /* "tls-handoff-handshaker" */
  /* Starts one. functions, functions_data: as for handoff_link_new(). link: (out) (transfer none):
   * to it, as long as it is not freed. (transfer full) (nullable): NULL with the error */
  gpointer (*start) (const HandoffLinkFunctions *functions,
                     gpointer functions_data,
                     HandoffLink **link,
                     gpointer user_data,
                     GError **error);
  guint (*get_pid) (gpointer program);
  /* Ends it at once, if it still runs. May be called by the link's functions. */
  void (*free) (gpointer program);
  gpointer user_data; /* (unowned) */
} HandoffProgramKind;
