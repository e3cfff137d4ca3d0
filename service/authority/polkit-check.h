/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"

/* One question to polkitd, and its answer: the method CheckAuthorization of polkit's D-Bus
 * interface. Not by polkit's own library: that forgets a question that it cancels, which the bus
 * still counts as one that waits for its reply, and polkitd may still show a prompt for. */

typedef enum
{
  HANDOFF_POLKIT_FAILED, /* there is no answer */
  HANDOFF_POLKIT_YES,
  HANDOFF_POLKIT_NO,
  HANDOFF_POLKIT_CHALLENGE, /* yes, if somebody authenticates himself; nobody was asked to */
} HandoffPolkitAnswer;

/* Of a check all but its details, which polkit has as an a{ss}. cancellation_id: of this question
 * alone; "" if it is never cancelled. The callback comes when the bus waits no more, not before. */
void handoff_polkit_check_async (GDBusConnection *connection,
                                 const char *bus_name,
                                 const char *action,
                                 GVariant *details,
                                 gboolean interactive,
                                 const char *cancellation_id,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/* TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE if there is no answer, with what was found. */
HandoffPolkitAnswer handoff_polkit_check_finish (GAsyncResult *result, GError **error);

/* Tells polkitd that nobody waits any more: it takes a prompt away, and answers. */
void handoff_polkit_check_cancel (GDBusConnection *connection, const char *cancellation_id);
