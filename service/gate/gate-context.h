/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/grants.h"
#include "work/home.h"
#include "work/idle-timer.h"
#include "work/turnstile.h"

typedef struct _HandoffDispatcher HandoffDispatcher;

/* What the gate needs of the rest of the program, for calls whose object is at home on one thread.
 * All (unowned): it outlives all calls. */
typedef struct
{
  HandoffDispatcher *dispatcher;
  HandoffIdleTimer *idle_timer;
  HandoffTurnstile *turnstile; /* to the threads that read descriptors and make keys */
  HandoffWorker *home;         /* (nullable): the worker; NULL for the main thread */
  HandoffGrants *memory;       /* (nullable): what a channel remembers of polkit's answers */
} HandoffGateContext;

/* What methods need of the program that has them. Each program has a type of its own, which begins
 * with a HandoffGateContext; the gate hands it on. */
typedef struct _HandoffCallContext HandoffCallContext;

static inline const HandoffGateContext *
handoff_call_context_get_gate (const HandoffCallContext *context)
{
  return (const HandoffGateContext *) context;
}
