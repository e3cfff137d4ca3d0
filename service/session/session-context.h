/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"
#include "authority/grants.h"
#include "caller/statistics.h"
#include "credential/credentials.h"
#include "session/resumption.h"
#include "session/session.h"
#include "work/idle-timer.h"
#include "work/worker-pool.h"

/* Who hears of the main thread's sessions when they come and go, and when one that was complete
 * fails, since nobody fetched its keys in time: no reply tells of that, nor does the audit log. */
typedef struct
{
  void (*added) (const HandoffSession *session, gpointer user_data);
  void (*expired) (const HandoffSession *session, gpointer user_data);
  void (*removed) (const HandoffSession *session, gpointer user_data);
} HandoffSessionObserver;

/* A home of sessions, and what they need there of the rest of the service. The main thread is the
 * home of those that are made on the bus; a worker can be the home of others, whose handshakes run
 * on it without a hop to another thread. A session stays at its home: no other thread ever touches
 * it. Made by session-home.h. */
typedef struct
{
  gatomicrefcount ref_count; /* of a worker's; see handoff_session_home_ref() */

  /* Of this home alone: on its thread. */
  HandoffWorker *home;           /* (unowned) (nullable): the worker; NULL for the main thread */
  HandoffSeat *seat;             /* (owned) (nullable): on that worker */
  HandoffSessionStore *sessions; /* (owned) */
  HandoffResumption *resumption; /* (owned) */
  /* (owned) (nullable): what the channel whose home it is remembers of polkit's answers */
  HandoffGrants *grants;

  /* Of the main thread's home alone: (unowned) (nullable) */
  const HandoffSessionObserver *observer;
  gpointer observer_data;

  /* Of all homes: any thread. (unowned): the service owns them, and they outlive the sessions. */
  HandoffSessionBook *book;
  HandoffResumptionStore *kept;
  HandoffStatistics *statistics;
  HandoffIdleTimer *idle_timer;

  /* Of all homes, but for the main thread alone: the others send questions there. (unowned) */
  HandoffAuthority *authority;
  HandoffWorkerPool *worker_pool;
  HandoffCredentials *credentials;
} HandoffSessionContext;
