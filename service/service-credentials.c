/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "service-credentials.h"

#include "importers/importer-process.h"
#include "keeper-signing.h"

void
handoff_service_start_credentials (HandoffCallContext *context,
                                   HandoffBrokerSupport *support,
                                   HandoffTokenEvents *events,
                                   HandoffIdleTimer *idle_timer,
                                   const char *state_directory)
{
  g_autofree char *credentials_directory = g_build_filename (state_directory, "credentials", NULL);

  support->signing = handoff_signing_new ();
  context->keeper = handoff_keeper_new (credentials_directory);
  handoff_keeper_signing_begin (context->keeper, support->signing);
  context->tokens = handoff_tokens_new (state_directory, &handoff_token_events, events);
  support->giver = handoff_grant_giver_new (support->signing, &handoff_token_credentials_finder,
                                            context->tokens);
  events->signing = support->signing;
  events->handshakers = context->broker.handshakers;
  context->pin_hold = handoff_pin_hold_new (context->tokens, idle_timer);
  events->pin_hold = context->pin_hold;
  handoff_tokens_configure (context->tokens,
                            handoff_policy_source_get_configuration (context->policy_source));
  context->importers = handoff_importers_new (&handoff_importer_process, NULL);
  context->credential_store = handoff_credential_store_new (context->keeper, context->importers);
  context->expiry_warnings = handoff_expiry_warnings_new (context->credential_store);

  support->credentials = HANDOFF_CREDENTIALS (context->credential_store);
  support->importers = context->importers;
  support->keeper = context->keeper;
}

void
handoff_service_end_credentials (HandoffCallContext *context,
                                 HandoffBrokerSupport *support,
                                 HandoffTokenEvents *events)
{
  g_clear_pointer (&context->expiry_warnings, handoff_expiry_warnings_free);
  g_clear_object (&context->credential_store);
  g_clear_pointer (&context->importers, handoff_importers_free);
  if (context->keeper != NULL)
    handoff_keeper_signing_end (context->keeper, support->signing);
  g_clear_object (&context->keeper);
  g_clear_pointer (&support->giver, handoff_grant_giver_free);
  g_clear_pointer (&context->pin_hold, handoff_pin_hold_free);
  events->pin_hold = NULL;
  g_clear_pointer (&context->tokens, handoff_tokens_free);
  g_clear_pointer (&support->signing, handoff_signing_free);
}
