/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller-registry.h"
#include "dispatcher.h"
#include "idle-timer.h"
#include "quota.h"
#include "resumption.h"
#include "session.h"
#include "tls-policy-source.h"
#include "worker-pool.h"

typedef struct _HandoffHandshakeCounters HandoffHandshakeCounters;

/* What the façades need of the rest of the service. All (unowned): the service owns them, and frees
 * the façades first. */
typedef struct
{
  GDBusConnection *connection;
  HandoffCallerRegistry *callers;
  HandoffDispatcher *dispatcher;
  HandoffTlsPolicySource *policy_source;
  HandoffWorkerPool *worker_pool;
  HandoffIdleTimer *idle_timer;
  HandoffSessionStore *sessions;
  HandoffQuota *handshake_quota;
  HandoffQuota *session_quota;
  HandoffQuota *outliving_quota; /* of sessions that outlive their callers */
  HandoffResumption *resumption;
  HandoffHandshakeCounters *counters;
} HandoffFacadeContext;
