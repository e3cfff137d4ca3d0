/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The stream to the peer, while a handshake in steps is under way: what is sent, what comes, and
 * how long either may take.
 *
 * All happens in the context of the handshake's task, with its priority, until its cancellable is
 * cancelled. Each operation holds the task until it ends. A read goes on over any number of sends:
 * one that is cancelled may lose what it got. */

/* Bytes to read at once: a record, and less than a Step takes or a record stream holds. */
#define HANDOFF_PEER_STREAM_READ_SIZE (17 * 1024)

typedef struct
{
  /* error: (nullable) (transfer full); TLS_HANDOFF_ERROR_TIMED_OUT if the peer did not take it */
  void (*sent) (GTask *task, GError *error);
  /* size: 0 at the end of the stream, and after an error. error: (nullable) (transfer full) */
  void (*received) (GTask *task, const guint8 *data, gsize size, GError *error);
  /* The peer has sent nothing for as long as was asked for. */
  void (*silent) (GTask *task);
} HandoffPeerStreamFuncs;

/* What stops an operation: the task's cancellable, and we. */
typedef struct
{
  GCancellable *cancellable; /* (owned) (nullable) */
  gulong chained;            /* the task's to it */
} HandoffPeerStreamStop;

typedef struct
{
  GIOStream *base; /* (owned) */
  GTask *task;     /* (unowned): has self in its data */
  const HandoffPeerStreamFuncs *funcs;
  gboolean reading; /* a read is under way */
  guint8 buffer[HANDOFF_PEER_STREAM_READ_SIZE];
  HandoffPeerStreamStop read_stop;
  GSource *silence; /* (owned) (nullable) */
  GBytes *output;   /* (owned) (nullable): being sent */
  HandoffPeerStreamStop send_stop;
  GSource *send_timer; /* (owned) (nullable) */
} HandoffPeerStream;

/* funcs: static */
void handoff_peer_stream_init (HandoffPeerStream *self,
                               GIOStream *base,
                               GTask *task,
                               const HandoffPeerStreamFuncs *funcs);
/* With no operation under way. */
void handoff_peer_stream_clear (HandoffPeerStream *self);

/* seconds: that the peer may take. output: not empty */
void handoff_peer_stream_send (HandoffPeerStream *self, GBytes *output, guint seconds);
/* Reads once, unless a read is under way. seconds: of silence, from now on, until silent() is
 * called
 */
void handoff_peer_stream_receive (HandoffPeerStream *self, guint seconds);
/* Ends the read that is under way: received() is called. */
void handoff_peer_stream_stop_reading (HandoffPeerStream *self);
