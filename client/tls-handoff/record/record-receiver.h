/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "record/post-handshake.h"
#include "record/record-sender.h"

/* The reading direction of a record layer: opens records, hands out data, and deals with everything
 * else that a peer may send. Its answers go through the sender.
 *
 * States: reading → closed (close_notify was read) or → failed (error is set, and stays the same;
 * also after the connection was handed on). */

typedef struct
{
  GMutex lock;
  HandoffRecordProtection protection;
  HandoffPostHandshake post_handshake;
  HandoffRecordSender *sender; /* (unowned) */
  guint idle_records;          /* in a row, that carried nothing */
  guint warnings;              /* among them */
  gboolean alert_begun;        /* the second half of an alert is to come */
  guint8 alert_level;          /* its first half */
  guint key_updates;           /* in this second */
  gint64 key_updates_since;    /* µs, monotonic */
  gboolean closed;
  GError *error; /* (nullable) (owned) */
} HandoffRecordReceiver;

gboolean handoff_record_receiver_init (HandoffRecordReceiver *self,
                                       HandoffKeyState *state,
                                       const HandoffCipherSuite *suite,
                                       HandoffRecordSender *sender,
                                       GError **error);
void handoff_record_receiver_clear (HandoffRecordReceiver *self);

/* Locks. (transfer full) (nullable) */
GBytes *handoff_record_receiver_take_session_tickets (HandoffRecordReceiver *self);

/* For handing on, with the lock held by the caller: as those of the sender. */
gboolean handoff_record_receiver_check_open_locked (HandoffRecordReceiver *self, GError **error);
void handoff_record_receiver_get_state_locked (HandoffRecordReceiver *self, HandoffKeyState *state);
void handoff_record_receiver_hand_on_locked (HandoffRecordReceiver *self);

/* Locks; see tls_handoff_record_layer_unprotect(). What comes first of the data, as much as fits,
 * goes to room, if there is one, which does not overlap buffer: that is *room_used bytes. What
 * follows it is in buffer, as there: *plaintext_size bytes. Behind the data, room stays as it was;
 * but a large record that was refused, or padded, or no data leaves zeros there. closed: whether
 * the peer's close_notify was read. */
gboolean handoff_record_receiver_unprotect (HandoffRecordReceiver *self,
                                            guint8 *buffer,
                                            gsize size,
                                            guint8 *room,
                                            gsize room_size,
                                            gsize *consumed,
                                            gsize *room_used,
                                            gsize *plaintext_size,
                                            gboolean *closed,
                                            GError **error);
