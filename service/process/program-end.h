/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What the journal says of a program of the service that has ended otherwise than asked: one entry,
 * with the fields HANDOFF_PROGRAM, HANDOFF_UID (of the user it worked for, if of one),
 * HANDOFF_OUTCOME ("ended") and HANDOFF_REASON. MESSAGE_ID tells ends that are a matter of security
 * from all others: an honest program never does such a thing, so it may have been taken over. */
#define HANDOFF_PROGRAM_ENDED_ID "8ad2ebb41fbd4c4a9f8f7b5bd0a9a4d3"
#define HANDOFF_PROGRAM_BROKE_RULES_ID "be81be087c2146668e314a23d116cbef"

typedef struct
{
  const char *name; /* "tls-handoff-token" */
  const char *task; /* (nullable): what it was there for, if there may be several: a path */
  gint64 pid;
  guint uid; /* HANDOFF_UID_UNKNOWN: of no user */
  gboolean broke_rules;
  const char *why; /* "was killed by signal 11 (Segmentation fault)" */
} HandoffProgramEnd;

/* Any thread. */
void handoff_program_end_log (const HandoffProgramEnd *end);
