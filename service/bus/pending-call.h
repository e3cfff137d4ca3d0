/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/facade-context.h"

/* A call whose work goes on elsewhere: on a thread, in a token, at the caller's pipe. It keeps the
 * service running. When its caller leaves, the call ends at once, and nobody waits any more, though
 * the work may go on in the dark. Main thread.
 *
 * The callback of the work owns it: it asks first whether the call is still there, and goes on, or
 * ends it, or lets it go. */
typedef struct
{
  const HandoffFacadeContext *context; /* (unowned): only while the call is there */
  HandoffCall *call;                   /* (owned) (nullable): NULL when the caller has left */
  gpointer data;                       /* (owned) (nullable): goes with the call */
  GDestroyNotify destroy_data;
  HandoffPass *pass;  /* (owned) (nullable): held until the work has ended, call or not */
  GSource *cancelled; /* (owned) (nullable) */
} HandoffPendingCall;

/* call, data: (transfer full) */
HandoffPendingCall *handoff_pending_call_new (const HandoffFacadeContext *context,
                                              HandoffCall *call,
                                              gpointer data,
                                              GDestroyNotify destroy_data);
/* Ends the call without a reply, if there is one. */
void handoff_pending_call_free (HandoffPendingCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPendingCall, handoff_pending_call_free)

/* Whether somebody waits for it. */
gboolean handoff_pending_call_is_alive (HandoffPendingCall *self);
guint handoff_pending_call_get_uid (HandoffPendingCall *self);
/* Waits in line; entered gets self, and owns it. */
void handoff_pending_call_queue (HandoffPendingCall *self, HandoffTurnstileFunc entered);
/* Reads a descriptor of the caller's (descriptor-reader.h): fd: (transfer full). callback gets
 * self, and owns it. */
void handoff_pending_call_read (HandoffPendingCall *self,
                                int fd,
                                const char *what,
                                gsize maximum_size,
                                GAsyncReadyCallback callback);
/* Ends the wait, and gives the call back: (transfer full). self: (transfer full), alive */
HandoffCall *handoff_pending_call_steal_call (HandoffPendingCall *self);
/* Each ends it: (transfer full). It must be alive. value: a tuple, consumed if floating. error:
 * (transfer none) */
void handoff_pending_call_return (HandoffPendingCall *self, GVariant *value);
void handoff_pending_call_fail (HandoffPendingCall *self, const GError *error);
void handoff_pending_call_fail_unknown_object (HandoffPendingCall *self);
