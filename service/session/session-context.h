/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"
#include "caller/statistics.h"
#include "credential/credential-store.h"
#include "session/resumption.h"
#include "session/session.h"
#include "work/idle-timer.h"
#include "work/worker-pool.h"

/* What sessions need of the rest of the service. All (unowned): the service owns them, and they
 * outlive the sessions. */
typedef struct
{
  HandoffAuthority *authority;
  HandoffWorkerPool *worker_pool;
  HandoffIdleTimer *idle_timer;
  HandoffSessionStore *sessions;
  HandoffResumption *resumption;
  HandoffStatistics *statistics;
  HandoffCredentialStore *credentials;
} HandoffSessionContext;
