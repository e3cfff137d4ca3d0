/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "gate/call.h"
#include "gate/gate-context.h"

/* A call whose work goes on elsewhere: on a thread, in a token, at the caller's pipe. It keeps the
 * service running. When the caller leaves, the call ends at once; the work may go on, but nobody
 * takes its result. Main thread.
 *
 * The work is a list of steps: begin() starts one, and when it is done, finish() takes its
 * result; then the next one begins. The first step that fails ends the call, and no step begins or
 * finishes for a caller who has left. */
typedef struct _HandoffPendingCall HandoffPendingCall;

typedef enum
{
  HANDOFF_STEP_BEGUN,   /* `done` is called later */
  HANDOFF_STEP_SKIPPED, /* this call does not need the step */
  HANDOFF_STEP_ENDED,   /* the call was ended, and self with it */
} HandoffStepState;

typedef struct
{
  /* done: with self as user data, as soon as there is a result */
  HandoffStepState (*begin) (HandoffPendingCall *self, GAsyncReadyCallback done);
  /* Takes the result. */
  gboolean (*finish) (HandoffPendingCall *self, GAsyncResult *result, GError **error);
} HandoffStep;

typedef struct
{
  const HandoffStep *steps; /* ends with a zeroed one */
  /* (nullable): ends the call after the last step. self: (transfer full). NULL: returns the reply
   */
  void (*end) (HandoffPendingCall *self);
  /* (nullable): ends the call when a step has failed. self: (transfer full). NULL: with that error
   */
  void (*fail) (HandoffPendingCall *self, const GError *error);
} HandoffPlan;

struct _HandoffPendingCall
{
  const HandoffCallContext *context; /* (unowned): only while the call is there */
  HandoffCall *call;                 /* (owned) (nullable): NULL when the caller has left */
  gpointer data;                     /* (owned) (nullable): goes with the call */
  GDestroyNotify destroy_data;
  const HandoffPlan *plan;
  const HandoffStep *next; /* the step that begins when the one under way is done */
  GVariant *reply;         /* (owned) (nullable): a tuple, from a step */
  HandoffPass *pass;       /* (owned) (nullable): held until the work has ended, call or not */
  GSource *cancelled;      /* (owned) (nullable) */
};

/* Begins the first step. call, data: (transfer full) */
void handoff_pending_call_start (const HandoffCallContext *context,
                                 HandoffCall *call,
                                 gpointer data,
                                 GDestroyNotify destroy_data,
                                 const HandoffPlan *plan);

/* For steps, while the call is there. */
guint handoff_pending_call_get_uid (HandoffPendingCall *self);
/* Reads a descriptor of the caller's (descriptor-reader.h): fd: (transfer full). */
void handoff_pending_call_read (HandoffPendingCall *self,
                                int fd,
                                const char *what,
                                gsize maximum_size,
                                GAsyncReadyCallback done);
/* begin() of a step that waits until the user may have one more thread. */
HandoffStepState handoff_pending_call_enter (HandoffPendingCall *self, GAsyncReadyCallback done);
/* begin() of a step that gives the thread back: the next call's turn. */
HandoffStepState handoff_pending_call_leave (HandoffPendingCall *self, GAsyncReadyCallback done);

/* Each ends it: self: (transfer full). */
/* Gives the call back: (transfer full). */
HandoffCall *handoff_pending_call_steal_call (HandoffPendingCall *self);
/* error: (transfer none) */
void handoff_pending_call_fail (HandoffPendingCall *self, const GError *error);
void handoff_pending_call_fail_unknown_object (HandoffPendingCall *self);
