/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "configuration-check.h"

#include "broker/policy-source.h"
#include "handshaker-program.h"

static void
judged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **verdict = user_data;

  *verdict = g_object_ref (result);
}

gboolean
handoff_configuration_check (const char *configuration_file, GError **error)
{
  const HandoffBrokerSupport support = { .program = &handoff_handshaker_program };
  g_autoptr (HandoffPolicySource) source = handoff_policy_source_new (configuration_file);
  HandoffHandshakers *handshakers = handoff_handshakers_new (&support);
  g_autoptr (GAsyncResult) verdict = NULL;

  handoff_policy_source_begin_async (source, handshakers, judged, &verdict);
  while (verdict == NULL)
    g_main_context_iteration (NULL, TRUE);
  handoff_handshakers_free (handshakers);
  return handoff_policy_source_reload_finish (source, verdict, error);
}
