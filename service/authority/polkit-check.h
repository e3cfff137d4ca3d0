/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"

/* One question to polkitd, and its answer: the method CheckAuthorization of polkit's D-Bus
 * interface. Polkit's own library is not used: it forgets a question that it cancels, while the bus
 * still waits for the reply and polkitd may still show a prompt. */

typedef enum
{
  HANDOFF_POLKIT_FAILED,    /* there is no answer */
  HANDOFF_POLKIT_YES,       /* because somebody authenticated for it: a temporary authorization */
  HANDOFF_POLKIT_PLAIN_YES, /* by polkit's rules and defaults alone */
  HANDOFF_POLKIT_NO,
  HANDOFF_POLKIT_CHALLENGE, /* yes, if somebody authenticates; nobody was asked to */
} HandoffPolkitAnswer;

/* details: an a{ss}. cancellation_id: of this question alone; "" if the question is never
 * cancelled. The callback comes only when the bus no longer waits for the reply. */
void handoff_polkit_check_async (GDBusConnection *connection,
                                 const char *bus_name,
                                 const char *action,
                                 GVariant *details,
                                 gboolean interactive,
                                 const char *cancellation_id,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/* TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE says why there is no answer. A yes to a question that was
 * interactive is plain as well if somebody authenticated for this once: polkit does not tell these
 * apart. */
HandoffPolkitAnswer handoff_polkit_check_finish (GAsyncResult *result, GError **error);

/* Calls changed() when polkit's rules, the sessions that they look at, or polkitd itself are not
 * the same any more. The subscription is in force for every question that is asked later. ids:
 * (out): for handoff_polkit_unsubscribe(). Main thread. */
#define HANDOFF_POLKIT_SUBSCRIPTIONS 2
void handoff_polkit_subscribe (GDBusConnection *connection,
                               GDBusSignalCallback changed,
                               gpointer user_data,
                               guint ids[HANDOFF_POLKIT_SUBSCRIPTIONS]);
void handoff_polkit_unsubscribe (GDBusConnection *connection,
                                 const guint ids[HANDOFF_POLKIT_SUBSCRIPTIONS]);

/* Tells polkitd that nobody waits any more: polkitd takes the prompt away, and answers. */
void handoff_polkit_check_cancel (GDBusConnection *connection, const char *cancellation_id);
