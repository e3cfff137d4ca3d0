/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "record/fork-guard.h"
#include "record/record-protection.h"

/* The writing direction of a record layer: turns data, and the messages of the layer itself, into
 * records.
 *
 * A message of the layer itself is owed until the next protect() or take_output(), whichever comes
 * first, puts it in front. So records leave in the order of their sequence numbers, if the caller
 * sends what both return in the order of the calls. No message is queued twice, so a peer cannot
 * make the queue grow.
 *
 * Once closed or aborted, the last records are kept ready-made and the keys are gone. */

/* More than everything that can be owed at once: two KeyUpdates or a warning, and an alert. */
#define HANDOFF_RECORD_SENDER_OWED_SIZE (4 * (TLS_RECORD_MAX_OVERHEAD + 5))

typedef struct
{
  GMutex lock;
  HandoffRecordProtection protection;
  HandoffForkGuard guard;         /* claimed for each record, and for handing on */
  gboolean key_update_owed;       /* TLS 1.3; an answer, or our own */
  gboolean key_update_requested;  /* TLS 1.3; one that asks for the peer's */
  gboolean no_renegotiation_owed; /* TLS 1.2 */
  gboolean closed;                /* nothing can be sent any more */
  gboolean handed_on;             /* closed because another process goes on */
  guint8 last_records[HANDOFF_RECORD_SENDER_OWED_SIZE]; /* after closing: not yet taken */
  gsize last_records_size;
} HandoffRecordSender;

gboolean handoff_record_sender_init (HandoffRecordSender *self,
                                     HandoffKeyState *state,
                                     const HandoffCipherSuite *suite,
                                     GError **error);
void handoff_record_sender_clear (HandoffRecordSender *self);

/* All of them lock. */
gsize handoff_record_sender_get_protected_size (HandoffRecordSender *self, gsize size);
gboolean handoff_record_sender_protect (HandoffRecordSender *self,
                                        const guint8 *data,
                                        gsize size,
                                        gsize *consumed,
                                        guint8 *records,
                                        gsize records_size,
                                        gsize *protected_size,
                                        GError **error);
GBytes *handoff_record_sender_take_output (HandoffRecordSender *self);

/* A KeyUpdate before the next data. */
void handoff_record_sender_owe_key_update (HandoffRecordSender *self);
/* A KeyUpdate of our own, which may ask for the peer's. */
gboolean handoff_record_sender_update_keys (HandoffRecordSender *self,
                                            gboolean request_peer,
                                            GError **error);
/* A no_renegotiation warning before the next data. */
void handoff_record_sender_owe_no_renegotiation (HandoffRecordSender *self);
/* Ends this direction with close_notify. Closing what is closed is fine. */
gboolean handoff_record_sender_close (HandoffRecordSender *self, GError **error);
/* Ends this direction with a fatal alert. */
void handoff_record_sender_abort (HandoffRecordSender *self, TlsAlert alert);
/* Ends this direction without a word: the peer is gone. */
void handoff_record_sender_discard (HandoffRecordSender *self);

/* For handing on, with the lock held by the caller. The first fails unless there is something to
 * hand on, or if a forked process went on; the second tells what is owed; the third ends this
 * direction without a word. */
gboolean handoff_record_sender_claim_locked (HandoffRecordSender *self, GError **error);
void handoff_record_sender_get_state_locked (HandoffRecordSender *self, HandoffKeyState *state);
void handoff_record_sender_hand_on_locked (HandoffRecordSender *self);
