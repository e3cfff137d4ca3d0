/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "record/record-stream.h"
#include "support/record-test-utils.h"

/* A stream of records over a byte stream that takes and gives only as much as each test says, and
 * its peer. */

/* The byte stream: `incoming` is what can be read now, `room` how much can be written now. */
typedef struct
{
  GByteArray *incoming;
  GByteArray *outgoing;
  gsize room;
  gsize largest_read;
  gboolean ended;
  gboolean blocks; /* it cannot be polled for writing */
} StreamWire;

/* What a case's data may say. */
#define STREAM_FIXTURE_BLOCKS 2
#define STREAM_FIXTURE_LIMITED                                                                     \
  3 /* to records of STREAM_FIXTURE_MAX_PLAINTEXT bytes, which the peer wants */
#define STREAM_FIXTURE_MAX_PLAINTEXT 1000

typedef struct
{
  StreamWire wire;
  GIOStream *base;
  TlsHandoffRecordLayer *layer; /* (unowned): the stream's */
  HandoffRecordStream *stream;
  TlsHandoffRecordLayer *peer; /* the other end of the connection */
  RecordPeer raw_peer;         /* the same, for records that no layer makes */
} StreamFixture;

/* For g_test_add(); data says one of the above, or nothing. */
void stream_fixture_set_up (StreamFixture *f, gconstpointer data);
void stream_fixture_tear_down (StreamFixture *f, gconstpointer data);

/* Without blocking. */
gssize stream_fixture_read (StreamFixture *f, guint8 *buffer, gsize size, GError **error);
gssize stream_fixture_write (StreamFixture *f, const guint8 *data, gsize size, GError **error);

/* What the peer makes of all that was sent. */
void stream_fixture_assert_peer_reads (StreamFixture *f, GBytes *expected);
/* The first record of sent, which moves on, by raw_peer. */
void stream_fixture_assert_next_record (StreamFixture *f,
                                        const guint8 **sent,
                                        gsize *sent_size,
                                        guint8 type,
                                        const void *content,
                                        gsize size);
