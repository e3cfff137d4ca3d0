/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "record/record-receiver.h"
#include "record/record-sender.h"
#include "tls-handoff-record-layer.h"

/* A façade over the two directions. Each has its mutex, so that one thread may read while another
 * writes. Lock order: receiver, then sender (reading may have something to answer); never the
 * reverse. What belongs to no direction never changes after the import, except the unread data and
 * records and the channel bindings, which the receiver's lock guards.
 *
 * The key state is that of the blob, in secret memory. The directions keep their keys and sequence
 * numbers in it up to date. What it said of owed messages was handed to the directions. */
struct _TlsHandoffRecordLayer
{
  GObject parent_instance;

  HandoffKeyState *state; /* (owned) */
  const HandoffCipherSuite *suite;
  HandoffRecordReceiver receiver;
  HandoffRecordSender sender;
  gboolean handed_on; /* guarded by the receiver's lock */
};

/* What tls_handoff_record_layer_new_from_key_blob() does with the state when it has opened a blob.
 * state: (transfer full), also on failure: one that was parsed from a blob. Two record layers of
 * one state would use nonces twice: so there must be no copy. (transfer full) (nullable) */
TlsHandoffRecordLayer *handoff_record_layer_new_from_state (HandoffKeyState *state, GError **error);

/* For g_return_if_fail(): whether it is a record layer that goes on with a connection. One that a
 * language binding made without a key blob (in Python: TlsHandoff.RecordLayer()) has neither keys
 * nor a cipher suite. */
gboolean handoff_record_layer_is_imported (gpointer object);
