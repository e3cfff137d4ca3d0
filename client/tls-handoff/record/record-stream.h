/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tls-handoff-record-layer.h"

/* A record layer joined to the byte stream that its records travel on.
 *
 * One thread may read while another writes. The reading side belongs to one reader at a time (a
 * second one gets G_IO_ERROR_PENDING). All records that leave go through one buffer under one lock.
 * So they are sent in the order of their sequence numbers, whoever made them: a writer, or a reader
 * that has to answer the peer.
 *
 * Errors are those of the base stream and of the record layer, and TLS_HANDOFF_ERROR_PEER_CLOSED
 * for an end of the byte stream without close_notify. */
typedef struct _HandoffRecordStream HandoffRecordStream;

/* base_io_stream: calls that do not block need its streams to be pollable */
HandoffRecordStream *handoff_record_stream_new (GIOStream *base_io_stream,
                                                TlsHandoffRecordLayer *record_layer);
void handoff_record_stream_free (HandoffRecordStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffRecordStream, handoff_record_stream_free)

/* What is called after records were opened, in the thread that reads: the layer may have found
 * session tickets in them. Before the first of them. */
typedef void (*HandoffRecordsOpenedFunc) (gpointer user_data);
void handoff_record_stream_set_opened_func (HandoffRecordStream *self,
                                            HandoffRecordsOpenedFunc opened,
                                            gpointer user_data);

/* Records that were read from the base stream before: at most a largest record and a half; before
 * the first read. */
void handoff_record_stream_give_input (HandoffRecordStream *self, GBytes *records);

/* 0 after the peer's close_notify; -1 on error. */
gssize handoff_record_stream_read (HandoffRecordStream *self,
                                   guint8 *buffer,
                                   gsize size,
                                   gboolean blocking,
                                   GCancellable *cancellable,
                                   GError **error);
/* Whether a read would return without asking the base stream. */
gboolean handoff_record_stream_can_read (HandoffRecordStream *self);
/* Whether the peer said, or the base stream showed, that nothing more will come. */
gboolean handoff_record_stream_is_at_end (HandoffRecordStream *self);

/* Whether the peer sent what had to be answered with a fatal alert. */
gboolean handoff_record_stream_has_refused (HandoffRecordStream *self);

/* Takes up to a batch: 64 KiB, and up to 256 KiB while the base stream takes all at once. After an
 * error that is not final (WOULD_BLOCK, CANCELLED, TIMED_OUT) part of it may be under way: the next
 * write must be given the same data again, as GLib has it for TLS, and then reports as written what
 * this one took. */
gssize handoff_record_stream_write (HandoffRecordStream *self,
                                    const guint8 *data,
                                    gsize size,
                                    gboolean blocking,
                                    GCancellable *cancellable,
                                    GError **error);
/* Sends what is under way, and a close_notify. May be called again after WOULD_BLOCK, or, if not
 * blocking, PENDING: another thread is writing, for as long as the peer lets it wait. */
gboolean handoff_record_stream_close (HandoffRecordStream *self,
                                      gboolean blocking,
                                      GCancellable *cancellable,
                                      GError **error);

/* Waits until nobody uses the base stream any more, which must not let anybody wait by then, such
 * as a socket that was shut down. From then on, what would use it fails with
 * TLS_HANDOFF_ERROR_CLOSED.
 */
void handoff_record_stream_end (HandoffRecordStream *self);
