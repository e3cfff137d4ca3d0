/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link.h"
#include "process/restarts.h"

/* A program of the service that the broker has started, and the link to it. The program gets
 * standard error and its end of the link, and nothing else of what the broker has: its standard
 * input and output are /dev/null, and of the environment it has what the log, the language and
 * GnuTLS's own configuration need.
 *
 * Program and link end together: whichever ends first, the other is ended, too. The journal is told
 * of a program that ended otherwise than asked (program-end.h): whose it was is what the link knows
 * (handoff_link_set_user()).
 *
 * Threads: the main thread. */
typedef struct _HandoffProcess HandoffProcess;

/* Which program, and how. All else: (unowned): for the call alone. */
typedef struct
{
  const char *name;             /* "tls-handoff-keeper" */
  const char *const *arguments; /* (nullable): after its name; NULL: none */
  gboolean keeps_environment;   /* the broker's, all of it */
  /* (nullable): of those that pay for each other: of one user, of one module. As long as the
   * process. */
  HandoffRestarts *restarts;
  const char *task; /* (nullable): for the journal, if several may run: the path of a module */
} HandoffProgram;

/* Where the service's programs are, instead of where they are installed. Before the first is
 * started. path: (unowned) */
void handoff_process_set_folder (const char *path);

/* Starts it. table, functions, user_data: as for handoff_link_new(); the broker's end is the upper
 * one. TLS_HANDOFF_ERROR_FAILED if it cannot be started, or if it has ended at once too often. */
HandoffProcess *handoff_process_start (const HandoffProgram *program,
                                       const HandoffLinkTable *table,
                                       const HandoffLinkFunctions *functions,
                                       gpointer user_data,
                                       GError **error);
/* Ends the program at once, if it still runs. May be called by the link's functions. */
void handoff_process_free (HandoffProcess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffProcess, handoff_process_free)

/* (transfer none) */
HandoffLink *handoff_process_get_link (HandoffProcess *self);
pid_t handoff_process_get_pid (HandoffProcess *self);
/* Adds "program" (s), "pid" (u), "age" (t, microseconds) and, if its link has a user, "uid" (u). */
void handoff_process_describe (HandoffProcess *self, GVariantDict *dict);
