/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"
#include "gate/call.h"
#include "gate/gate-context.h"
#include "caller/caller.h"
#include "work/idle-timer.h"

/* The error for a call that comes too late. */
#define HANDOFF_DISPATCHER_ENDING                                                                  \
  "The service is ending; call its well-known name, and the bus starts it again"

/* Takes every method call through the same gate: is the method in the access table, who calls, may
 * the caller do this? Only then does the method run. A method that the table lacks is refused.
 *
 * A call that came on a channel goes through the gate on its worker. If that knows already what
 * polkit says to it, and the main thread has nothing to do for it, the main thread never hears of
 * it; otherwise the call travels there, and the method runs there too. */
typedef struct
{
  const char *interface_name;
  const char *method_name;
  const char *arguments; /* the type of the tuple, as the interface has it */
  /* (nullable): checks the arguments before the service asks polkit, and chooses the action if
   * there are two; an error ends the call. Takes the descriptors that it wants: the reaper closes
   * the others afterwards. */
  gboolean (*prepare) (HandoffCall *call, const HandoffCallContext *context, GError **error);
  /* (nullable): on the main thread, after prepare(): looks up what only that knows, for the
   * question to polkit and for run(). Left out if all of it is remembered. */
  gboolean (*consult) (HandoffCall *call, const HandoffCallContext *context, GError **error);
  /* call: (transfer full): ends it, sooner or later */
  void (*run) (HandoffCall *call, const HandoffCallContext *context);
  /* (nullable): called in place of run(), before the call fails with error. */
  void (*denied) (HandoffCall *call, const GError *error);
  /* Another program does the call: it gets the descriptors, and it asks polkit, when it knows what
   * there is to ask. */
  gboolean is_done_elsewhere;
} HandoffMethod;

/* finder, finder_object: (nullable): NULL if all messages know their callers */
HandoffDispatcher *handoff_dispatcher_new (const HandoffCallerFinder *finder,
                                           GObject *finder_object,
                                           HandoffAuthority *authority,
                                           HandoffIdleTimer *idle_timer);
void handoff_dispatcher_free (HandoffDispatcher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffDispatcher, handoff_dispatcher_free)

/* How many calls a user, and all users together, may have under way at once. Main thread. */
void handoff_dispatcher_set_limits (HandoffDispatcher *self, guint per_user, guint total);
/* From now on the dispatcher refuses all calls; those under way go on. Main thread. */
void handoff_dispatcher_close (HandoffDispatcher *self);

/* For a method's run(): what was remembered for the call is not valid any more. Consults the method
 * once more, asks polkit, and lets the method run again. Main thread. call: (transfer full): with
 * its data. methods: the table with its method */
void handoff_dispatcher_ask_again (HandoffDispatcher *self,
                                   HandoffCall *call,
                                   const HandoffMethod *methods,
                                   const HandoffCallContext *context);

/* On the thread where its object has its home. object: as the access table has it. methods: tables
 * that each end with a zeroed row; ends with NULL. context and self must outlive all calls.
 * message: (transfer full) */
void handoff_dispatcher_dispatch (HandoffDispatcher *self,
                                  HandoffCallMessage *message,
                                  const char *object,
                                  const char *interface_name,
                                  const char *method_name,
                                  const HandoffMethod *const *methods,
                                  const HandoffCallContext *context);
