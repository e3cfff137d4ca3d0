/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"

/* A request to the service: one call, or several calls, each of which follows from the reply to the
 * call before. The steps are the same whether the caller blocks or not. */

typedef struct _HandoffServiceRequest HandoffServiceRequest;

/* What a reply means: (transfer full): the result; or NULL with an error; or NULL after
 * handoff_service_request_go_on(). */
typedef gpointer (*HandoffServiceReplyFunc) (HandoffServiceRequest *request,
                                             GDBusMessage *reply,
                                             GError **error);

/* How the reply to the first call is read. */
typedef struct
{
  const char *type; /* of its body: a tuple */
  HandoffServiceReplyFunc take;
  GDestroyNotify free_result; /* (nullable) */
} HandoffServiceReply;

/* For a HandoffServiceReplyFunc. */
struct _HandoffServiceRequest
{
  /* (owned): what the calls are sent with: bus, and from the first reply on the connection that it
   * came from. A name on one bus means nothing on another. */
  HandoffServiceBus *route;
  HandoffServiceBus *bus;     /* (owned) */
  GDBusMessage *call;         /* (owned) (nullable): under way, or just replied to */
  HandoffServiceReply reply;  /* what is expected */
  GDBusMessage *next;         /* (owned) (nullable): to be sent after it */
  gpointer so_far;            /* (owned) (nullable): what the replies before this one said */
  GDestroyNotify free_so_far; /* (nullable) */
};

/* Lets another call follow. call: (transfer full). type, take: how its reply is read */
void handoff_service_request_go_on (HandoffServiceRequest *self,
                                    GDBusMessage *call,
                                    const char *type,
                                    HandoffServiceReplyFunc take);

/* call: (transfer full) */
gpointer handoff_service_request_sync (const HandoffServiceReply *reply,
                                       HandoffServiceBus *bus,
                                       GDBusMessage *call,
                                       GCancellable *cancellable,
                                       GError **error);
/* reply: static. name: static: of the task, for debuggers. call_error: (transfer full) (nullable):
 * why there is no call */
void handoff_service_request_async (const HandoffServiceReply *reply,
                                    const char *name,
                                    gpointer source,
                                    HandoffServiceBus *bus,
                                    GDBusMessage *call,
                                    GError *call_error,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/* Whether a callback got that result from a request of source with this very reply, and not from
 * another one, whose result is of another type. */
gboolean handoff_service_request_is_of (const HandoffServiceReply *reply,
                                        gpointer source,
                                        GAsyncResult *async_result);
gpointer handoff_service_request_finish (GAsyncResult *async_result, GError **error);
