/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshakers.h"
#include "broker/places.h"
#include "gate/call.h"

/* Handshakers as the broker sees them, with the test in the place of each process; and an authority
 * and credentials as the test wants them. The clock is the test's. */

/* A process that was started. */
typedef struct
{
  gpointer fixture;  /* (unowned): HandshakerFixture */
  HandoffLink *link; /* (owned) (nullable): its end; NULL once it has ended */
  guint pid;
  HandoffLink *upper; /* (owned) (nullable): the broker's end */
  gboolean hangs;     /* answers nothing */
  gboolean pongs;     /* answers pings, even if it hangs */
  gboolean stays;     /* does not leave when it is asked to */
  gboolean refuses;   /* any policy */
  int gift;           /* (owned): is sent on the next channel, which is refused; 0: none */
  guint uid;          /* 0 as long as it is a spare */
  guint slot;
  char *policy;        /* (owned) (nullable): the configuration that it has */
  HandoffLink *places; /* (owned) (nullable) */
  GQueue calls;        /* (element-type HandoffLinkCall): method calls that it has not answered */
  GQueue leaves;       /* (element-type HandoffLinkCall): likewise, while it hangs */
  GString *events;     /* (owned): what else it was told, with ", " between */
  guint n_credentials; /* of these, how many it was told of */
  guint64 last_call;   /* the number of the last one */
  guint64 last_caller;
  guint64 last_channel;
} TestHandshaker;

typedef struct
{
  HandoffBrokerSupport support;
  HandoffProgramKind program;
  HandoffHandshakers *handshakers;
  HandoffLink *keeper;  /* (owned): to it */
  int keeper_socket;    /* (owned): where it would read */
  GPtrArray *processes; /* (owned) (element-type TestHandshaker): all that were started */
  gboolean fails_to_start;
  guint n_to_die;          /* so many die as soon as they have a user */
  GHashTable *credentials; /* (owned) (element-type utf8 HandoffCredential): by id */
  GString *questions;      /* (owned): what the authority was asked, with ", " between */
  gboolean denies;
  GTask *pending; /* (owned) (nullable): if waits */
  gboolean waits;
  guint n_idle;    /* how often the idle time was over */
  GString *events; /* (owned): what came of things, with ", " between */
} HandshakerFixture;

void handshaker_set_up (HandshakerFixture *f, gconstpointer unused);
void handshaker_tear_down (HandshakerFixture *f, gconstpointer unused);

/* There is one more, of which nobody was told. (transfer full) */
void handshaker_add_credential (HandshakerFixture *f, HandoffCredential *credential);
/* Runs the main loop until nothing is left to do. */
void handshaker_settle (void);
/* Time passes, as test_clock_pass(), when the reaper has closed what it has: it goes by that clock,
 * and would say that it cannot. */
void handshaker_pass (gint64 span);
/* Warnings, with ", " between: none is left at the end. */
extern GString *handshaker_log;
void handshaker_note (GString *events, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Reads the events, and forgets them. */
void handshaker_expect (GString *events, const char *expected);

/* A configuration of that text. A handshaker refuses what has “bad” in it. Events: "policy: SUITES"
 * or "policy: ERROR". */
void handshaker_set_policy (HandshakerFixture *f, const char *text);
/* Of that user. Events: "got UID" or "got ERROR". */
void handshaker_get (HandshakerFixture *f, guint uid);
/* The process of that user. */
TestHandshaker *handshaker_of (HandshakerFixture *f, guint uid);
/* The process dies, and the broker has had no time to see it. */
void handshaker_vanish (TestHandshaker *self);
/* The process dies. */
void handshaker_die (TestHandshaker *self);

/* A call of that caller's, with event "NAME: REPLY" or "NAME: ERROR". */
HandoffCall *handshaker_call_new (HandshakerFixture *f,
                                  HandoffCaller *caller,
                                  const char *name,
                                  GVariant *parameters);
/* It answers the oldest call that it has. value: consumed */
void handshaker_answer (TestHandshaker *self, GVariant *value, gboolean is_large);
