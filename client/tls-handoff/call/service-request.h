/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"

/* One call of the service and what becomes of its reply, for public functions that come as _async
 * with _finish, and as _sync. */

typedef struct
{
  const char *reply_type;
  /* The reply's meaning: (transfer full), or NULL with an error. call: the one that it replies to
   */
  gpointer (*take) (HandoffServiceBus *bus,
                    GDBusMessage *call,
                    GDBusMessage *reply,
                    GError **error);
  GDestroyNotify free_result; /* (nullable) */
  /* (nullable): the reply is an object's path; its properties are asked for with this interface,
   * and take() gets the reply to that */
  const char *interface_of_result;
} HandoffServiceRequest;

/* call: (transfer full) (nullable): NULL if it could not be made: then *error says why already.
 * request: static */
gpointer handoff_service_request_sync (const HandoffServiceRequest *request,
                                       HandoffServiceBus *bus,
                                       GDBusMessage *call,
                                       GCancellable *cancellable,
                                       GError **error);
/* call_error: (transfer full) (nullable): why there is no call */
void handoff_service_request_async (const HandoffServiceRequest *request,
                                    gpointer source,
                                    HandoffServiceBus *bus,
                                    GDBusMessage *call,
                                    GError *call_error,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gpointer
handoff_service_request_finish (gpointer source, GAsyncResult *async_result, GError **error);
