/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"
#include "call/service-channel.h"

/* Calls of the Manager's methods that a channel has as well as the bus: over the channel where
 * there is one, which is opened if need be; else over the bus. A call that the channel's service
 * has not begun is sent again on another, once; what may have been begun is not sent again. */

typedef struct
{
  const char *method; /* static */
  /* Makes the arguments, a tuple; called for each way that is tried. on_channel: whether key blobs
   * are opened as they arrive, so that a recipient key is not needed. (transfer floating)
   * (nullable): NULL with an error */
  GVariant *(*make_arguments) (gboolean on_channel, gpointer user_data, GError **error);
  gpointer user_data;
  GUnixFDList *fds; /* (nullable): what their handles mean */
  gboolean interactive;
} HandoffManagerCall;

/* Errors: what the service replies, explained to people; what the way there has; a cancellation.
 * (transfer full) */
HandoffReply *handoff_manager_call_sync (HandoffServiceBus *bus,
                                         const HandoffManagerCall *call,
                                         const char *reply_type,
                                         GCancellable *cancellable,
                                         GError **error);
/* func is called in the thread-default main context, later; at once only if there are no arguments.
 * call: its user_data has to live until
 * then. reply_type: static */
void handoff_manager_call_async (HandoffServiceBus *bus,
                                 const HandoffManagerCall *call,
                                 const char *reply_type,
                                 GCancellable *cancellable,
                                 HandoffReplyFunc func,
                                 gpointer user_data);
