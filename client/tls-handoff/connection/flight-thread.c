/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Without a lock: in a forked child, one that the parent held would stay locked for ever. */

#include "connection/flight-thread.h"

#include "call/process.h"

typedef struct
{
  pid_t process;         /* the one that made it */
  GMainContext *context; /* (owned) */
} FlightThread;

/* (owned) (nullable): atomic. That of a parent process is left alone. */
static FlightThread *current;

static gpointer
run (gpointer user_data)
{
  FlightThread *self = user_data;

  g_main_context_push_thread_default (self->context);
  for (;;)
    g_main_context_iteration (self->context, TRUE);
  return NULL;
}

GMainContext *
handoff_flight_thread_get_context (void)
{
  FlightThread *found = g_atomic_pointer_get (&current);
  FlightThread *made;

  if (found != NULL && !handoff_process_is_forked_from (found->process))
    return found->context;

  made = g_new0 (FlightThread, 1);
  made->process = getpid ();
  made->context = g_main_context_new ();
  if (g_atomic_pointer_compare_and_exchange (&current, found, made))
    {
      g_thread_unref (g_thread_new ("tls-handoff", run, made));
      return made->context;
    }

  /* Another thread was faster. */
  g_main_context_unref (made->context);
  g_free (made);
  return handoff_flight_thread_get_context ();
}

gboolean
handoff_flight_thread_is_current (void)
{
  FlightThread *found = g_atomic_pointer_get (&current);

  return found != NULL && g_main_context_is_owner (found->context);
}
