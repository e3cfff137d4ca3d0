/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-message.h"

/* A Unix socket that carries D-Bus messages in both directions, after the authentication. Never
 * blocks. Belongs to the thread of its main context. */
typedef struct _HandoffBusStream HandoffBusStream;

/* What happens to the descriptors of the next message. */
typedef enum
{
  HANDOFF_BUS_RIGHTS_TAKE,
  HANDOFF_BUS_RIGHTS_DROP, /* the kernel drops them: they are never open here */
  HANDOFF_BUS_RIGHTS_WAIT, /* nothing is read now: the callee has stopped the reading */
} HandoffBusRights;

typedef struct
{
  /* message: a header, without descriptors. Called before the message is received, while the
   * reaper is strained. NULL: all descriptors are taken. */
  HandoffBusRights (*judge_rights) (const HandoffBusMessage *message, gpointer user_data);
  /* message: a header. Whether its body is wanted. A body that is not wanted is read and dropped.
   */
  gboolean (*wants_body) (const HandoffBusMessage *message, gpointer user_data);
  /* message: (transfer full) */
  void (*received) (HandoffBusMessage *message, gpointer user_data);
  /* Less than the high mark waits to be sent; more did before. */
  void (*relieved) (gpointer user_data);
  /* Nothing can be read or sent any more. */
  void (*closed) (gpointer user_data);
} HandoffBusStreamFuncs;

/* fd: (transfer full) */
HandoffBusStream *handoff_bus_stream_new (int fd,
                                          GMainContext *context,
                                          const HandoffBusStreamFuncs *funcs,
                                          gpointer user_data);
/* Does not send what still waits. */
void handoff_bus_stream_free (HandoffBusStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusStream, handoff_bus_stream_free)

/* Closes our direction: the other side finds the end. */
void handoff_bus_stream_shut_down (HandoffBusStream *self);

/* message: (transfer full) */
void handoff_bus_stream_send (HandoffBusStream *self, HandoffBusMessage *message);
/* Whether so much waits to be sent that the sender should wait too. */
gboolean handoff_bus_stream_is_full (HandoffBusStream *self);
gboolean handoff_bus_stream_is_empty (HandoffBusStream *self);
/* Sets whether messages are read. */
void handoff_bus_stream_set_reading (HandoffBusStream *self, gboolean reading);
