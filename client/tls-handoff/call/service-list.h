/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-request.h"

/* A list that the service gives by pages: the method's only parameter is its options, its reply an
 * array, and the option “after” asks for what follows an entry. */
typedef struct
{
  /* Where entry is in the list, as “after” wants it; (transfer full). NULL if entry does not say
   * that: then the list ends here. */
  GVariant *(*dup_place) (GVariant *entry);
  /* (nullable): whether all of entry is there; what did not fit on a page is whole as the first of
   * the next. */
  gboolean (*is_whole) (GVariant *entry);
} HandoffServiceList;

/* For a HandoffServiceReplyFunc: adds the entries of the page in reply to those of the pages
 * before. (transfer none) (nullable) (element-type GVariant): all of them; NULL if request goes on
 * with the next page */
GPtrArray *handoff_service_list_take_page (const HandoffServiceList *self,
                                           HandoffServiceRequest *request,
                                           GDBusMessage *reply);
