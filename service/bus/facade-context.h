/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-guard.h"
#include "caller/caller-registry.h"
#include "credential/credential-store.h"
#include "bus/dispatcher.h"
#include "credential/expiry-warnings.h"
#include "work/idle-timer.h"
#include "token/pin-hold.h"
#include "caller/quota.h"
#include "session/resumption.h"
#include "session/session.h"
#include "caller/statistics.h"
#include "policy/tls-policy-source.h"
#include "token/tokens.h"
#include "work/turnstile.h"
#include "work/worker-pool.h"

/* What the façades need of the rest of the service. All (unowned): the service owns them, and frees
 * the façades first. */
typedef struct
{
  GDBusConnection *connection;
  HandoffBusGuard *guard; /* (nullable) */
  HandoffAuthority *authority;
  HandoffCallerRegistry *callers;
  HandoffDispatcher *dispatcher;
  HandoffTlsPolicySource *policy_source;
  HandoffWorkerPool *worker_pool;
  HandoffIdleTimer *idle_timer;
  HandoffSessionStore *sessions;
  HandoffQuota *handshake_quota;
  HandoffQuota *session_quota;
  HandoffQuota *outliving_quota;  /* of sessions that outlive their callers */
  HandoffQuota *management_quota; /* of calls that make or change credentials */
  HandoffTurnstile *turnstile;    /* to the threads that read descriptors and make keys */
  HandoffResumption *resumption;
  HandoffStatistics *statistics;
  HandoffTokens *tokens;
  HandoffCredentialStore *credentials;
  HandoffExpiryWarnings *expiry_warnings;
  HandoffPinHold *pin_hold;
} HandoffFacadeContext;
