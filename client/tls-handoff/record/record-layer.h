/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "record/record-receiver.h"
#include "record/record-sender.h"
#include "tls-handoff-record-layer.h"

/* A façade over the two directions. Each has its mutex, so that one thread may read while another
 * writes. Lock order: receiver, then sender (reading may have something to answer); never the
 * reverse. What is not in a direction never changes after the import, but for what nobody has read
 * yet, which the receiver's lock guards.
 *
 * The key state is the blob's, in secret memory; the directions keep keys and numbers in it up to
 * date in place, and what else it had belongs to them. */
struct _TlsHandoffRecordLayer
{
  GObject parent_instance;

  HandoffKeyState *state; /* (owned) */
  const HandoffCipherSuite *suite;
  HandoffRecordReceiver receiver;
  HandoffRecordSender sender;
};
