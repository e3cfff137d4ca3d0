/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/barrier.h"
#include "broker/handshaker.h"

/* A policy that the spare took. One that does not take it is lost. Holds the barrier until it has
 * answered. */
void handoff_handshaker_tell_policy (HandoffHandshaker *handshaker,
                                     HandoffPolicyPackage *policy,
                                     HandoffBarrier *barrier);
