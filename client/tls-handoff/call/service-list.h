/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"

/* A list that the service gives by pages, asked for to its end. */
typedef enum
{
  HANDOFF_SERVICE_LIST_CREDENTIALS, /* entries: (oa{sv}) */
  HANDOFF_SERVICE_LIST_SESSIONS,    /* entries: a{sv} */
} HandoffServiceListKind;

/* (transfer full) (element-type GVariant): the entries. */
GPtrArray *handoff_service_list_sync (HandoffServiceListKind kind,
                                      HandoffServiceBus *bus,
                                      gboolean all,
                                      gboolean interactive,
                                      GCancellable *cancellable,
                                      GError **error);
void handoff_service_list_async (HandoffServiceListKind kind,
                                 gpointer source,
                                 HandoffServiceBus *bus,
                                 gboolean all,
                                 gboolean interactive,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
GPtrArray *handoff_service_list_finish (gpointer source, GAsyncResult *result, GError **error);
