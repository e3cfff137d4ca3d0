/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/policy-news.h"

/* One that is told of a policy. */
typedef struct
{
  HandoffHandshaker *handshaker; /* (owned) */
  HandoffBarrier *barrier;       /* (owned) */
} Taking;

/* One that cannot take what the spare took would go on under the earlier one: it is ended. If it
 * has ended, that is told next. */
static void
took (const char *const *suites, const GError *error, gpointer user_data)
{
  g_autofree Taking *taking = user_data;
  g_autoptr (HandoffHandshaker) handshaker = taking->handshaker;

  if (error != NULL)
    {
      g_info ("A handshaker did not take the new configuration: %s", error->message);
      if (handshaker->link != NULL && !handoff_link_has_ended (handshaker->link))
        handshaker->lose (handshaker, error);
    }
  handoff_barrier_release (taking->barrier);
}

void
handoff_handshaker_tell_policy (HandoffHandshaker *handshaker,
                                HandoffPolicyPackage *policy,
                                HandoffBarrier *barrier)
{
  Taking *taking = g_new (Taking, 1);

  *taking = (Taking){ handoff_handshaker_ref (handshaker), handoff_barrier_hold (barrier) };
  handoff_handshaker_set_policy (handshaker, policy, took, taking);
}
