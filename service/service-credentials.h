/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshakers.h"
#include "bus/bus-context.h"
#include "token-credentials.h"

/* The part of the service that has credentials and their keys: the keeper, the processes of tokens,
 * the importers, and who lets handshakers sign. Main thread. */

/* Makes them, in context and in support, where the handshakers and the policy source are already.
 * events: filled in; like idle_timer, it must outlive them. */
void handoff_service_start_credentials (HandoffCallContext *context,
                                        HandoffBrokerSupport *support,
                                        HandoffTokenEvents *events,
                                        HandoffIdleTimer *idle_timer,
                                        const char *state_directory);
/* Frees them, as far as they are there. The handshakers are gone. */
void handoff_service_end_credentials (HandoffCallContext *context,
                                      HandoffBrokerSupport *support,
                                      HandoffTokenEvents *events);
