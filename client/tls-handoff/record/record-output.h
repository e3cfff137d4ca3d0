/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Records on their way out: made in a large buffer, sent, and kept only as far as the byte stream
 * did not take them, in memory of their own. Who has nothing under way has no memory for it: large
 * buffers are the process's, and some wait for the next who sends.
 *
 * Not thread-safe: its owner has a lock. */

/* How much data one batch carries, bytes: of those whose last batch was not taken at once, and at
 * most. With less, the cost of system calls counts; more would leave the processor's cache before
 * it is sent. */
#define HANDOFF_MIN_BATCH_SIZE (64 * 1024)
#define HANDOFF_MAX_BATCH_SIZE (256 * 1024)
/* Its records, if each is as large as can be, and what the record layer puts in front of them. */
#define HANDOFF_BATCH_BUFFER_SIZE (HANDOFF_MAX_BATCH_SIZE + 4 * 1024)

typedef struct
{
  guint8 *bytes; /* (owned) (nullable) */
  gsize start;   /* of what has to be sent */
  gsize end;
  gboolean is_large; /* bytes is one of the process's buffers */
} HandoffRecordOutput;

/* Wants no more initialization than zeros. */
void handoff_record_output_clear (HandoffRecordOutput *self);

gboolean handoff_record_output_is_empty (const HandoffRecordOutput *self);

/* Only if it is empty: HANDOFF_BATCH_BUFFER_SIZE bytes to write records to; then, in any case, how
 * many were written. */
guint8 *handoff_record_output_begin (HandoffRecordOutput *self);
void handoff_record_output_end (HandoffRecordOutput *self, gsize size);

/* Sends all. On an error of the stream, which is returned, the rest stays. */
gboolean handoff_record_output_send (HandoffRecordOutput *self,
                                     GOutputStream *stream,
                                     gboolean blocking,
                                     GCancellable *cancellable,
                                     GError **error);
