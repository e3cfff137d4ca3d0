/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshakers.h"
#include "gate/gate-context.h"

/* What calls that go on to handshakers need: the broker's HandoffCallContext begins with it. */
typedef struct
{
  HandoffGateContext gate;
  HandoffHandshakers *handshakers; /* (unowned) */
} HandoffBrokerContext;

static inline HandoffHandshakers *
handoff_call_context_get_handshakers (const HandoffCallContext *context)
{
  return ((const HandoffBrokerContext *) context)->handshakers;
}
