/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-request.h"

/* A list that the service gives in pages. The method's only parameter is its options, and its reply
 * is an array. The option “after” asks for what follows an entry. */
typedef struct
{
  /* The place of entry in the list, as “after” wants it. (transfer full) (nullable): NULL if entry
   * does not say its place: then the list ends here. */
  GVariant *(*dup_place) (GVariant *entry);
  /* (nullable): whether entry is complete. An entry that did not fit on a page is complete as the
   * first of the next page. */
  gboolean (*is_complete) (GVariant *entry);
} HandoffServiceList;

/* For a HandoffServiceReplyFunc: adds the page in reply to the pages before. (transfer none)
 * (nullable) (element-type GVariant): all of them; NULL if request goes on with the next page */
GPtrArray *handoff_service_list_take_page (const HandoffServiceList *self,
                                           HandoffServiceRequest *request,
                                           GDBusMessage *reply);
