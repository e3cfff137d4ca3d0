/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-message.h"

/* A Unix socket on which D-Bus messages come and go, after the authentication. Never blocks.
 * Belongs to the thread of its main context. */
typedef struct _HandoffBusStream HandoffBusStream;

/* What becomes of the descriptors of the message that comes next. */
typedef enum
{
  HANDOFF_BUS_RIGHTS_TAKE,
  HANDOFF_BUS_RIGHTS_DROP, /* the kernel puts them away: they are never open here */
  HANDOFF_BUS_RIGHTS_WAIT, /* nothing is read now: the callee has stopped the reading */
} HandoffBusRights;

typedef struct
{
  /* message: a header, without descriptors. Asked while the reaper is strained, before the message
   * is received. NULL: all descriptors are taken. */
  HandoffBusRights (*judge_rights) (const HandoffBusMessage *message, gpointer user_data);
  /* message: a header. Whether its body is wanted: what is not is read and forgotten. */
  gboolean (*wants_body) (const HandoffBusMessage *message, gpointer user_data);
  /* message: (transfer full) */
  void (*received) (HandoffBusMessage *message, gpointer user_data);
  /* Less than a high mark waits to be sent, after there was more. */
  void (*relieved) (gpointer user_data);
  /* Nothing comes any more, and nothing goes. */
  void (*closed) (gpointer user_data);
} HandoffBusStreamFuncs;

/* fd: (transfer full) */
HandoffBusStream *handoff_bus_stream_new (int fd,
                                          GMainContext *context,
                                          const HandoffBusStreamFuncs *funcs,
                                          gpointer user_data);
/* Without sending what waits. */
void handoff_bus_stream_free (HandoffBusStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusStream, handoff_bus_stream_free)

/* The other side finds an end. */
void handoff_bus_stream_shut_down (HandoffBusStream *self);

/* message: (transfer full) */
void handoff_bus_stream_send (HandoffBusStream *self, HandoffBusMessage *message);
/* Whether so much waits to be sent that whoever sends should wait too. */
gboolean handoff_bus_stream_is_full (HandoffBusStream *self);
gboolean handoff_bus_stream_is_empty (HandoffBusStream *self);
/* Whether messages are read. */
void handoff_bus_stream_set_reading (HandoffBusStream *self, gboolean reading);
