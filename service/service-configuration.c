/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "service-configuration.h"

#include <sys/resource.h>

#include "broker/places.h"
#include "gate/dispatcher.h"

/* Calls at once that wait for something: beside those for handshakes, whose limits the
 * configuration has. */
#define OTHER_CALLS_PER_USER 64
#define OTHER_CALLS 4096

/* See service-configuration.h. */
#define CHANNELS 16384

static void
configure_places (HandoffPlacesBook *places, const HandoffConfiguration *configuration)
{
  handoff_places_book_configure (places, HANDOFF_PLACES_HANDSHAKES,
                                 configuration->handshakes_per_user,
                                 configuration->handshakes_total);
  handoff_places_book_configure (places, HANDOFF_PLACES_SESSIONS, configuration->sessions_per_user,
                                 configuration->sessions_total);
  handoff_places_book_configure (places, HANDOFF_PLACES_OUTLIVING,
                                 configuration->outliving_sessions_per_user,
                                 configuration->sessions_total);
}

void
handoff_service_configure (HandoffCallContext *context,
                           HandoffBrokerSupport *support,
                           HandoffIdleTimer *idle_timer)
{
  const HandoffConfiguration *configuration =
      handoff_policy_source_get_configuration (context->policy_source);

  handoff_idle_timer_set_seconds (idle_timer, configuration->idle_exit);
  configure_places (support->places, configuration);
  handoff_handshakers_configure (context->broker.handshakers, configuration->users_total,
                                 configuration->resumption_maximum_age);
  handoff_tokens_configure (context->tokens, configuration);
  handoff_pin_hold_update (context->pin_hold);
  handoff_expiry_warnings_configure (context->expiry_warnings, configuration->expiry_warning);
  handoff_signing_take_back (support->signing);
  /* In REVIEW and in REQUEST its caller decides. */
  handoff_grant_giver_set_times (
      support->giver, configuration->maximum_timeout + 2 * configuration->decision_timeout,
      configuration->authorization_memory);
  handoff_dispatcher_set_limits (context->broker.gate.dispatcher,
                                 configuration->handshakes_per_user + OTHER_CALLS_PER_USER,
                                 configuration->handshakes_total + OTHER_CALLS);
}

guint
handoff_service_get_channels_total (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return CHANNELS;
  return (guint) MIN (limit.rlim_cur / 4, CHANNELS);
}
