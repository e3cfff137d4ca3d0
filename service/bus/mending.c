/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/mending.h"

#include "keyblob/tls-handoff-error.h"

typedef struct
{
  const HandoffCallContext *context; /* (unowned) */
  HandoffMendedFunc func;
  gpointer user_data; /* (unowned) */
} Mending;

gboolean
handoff_mending_is_needed (const HandoffCallContext *context)
{
  return handoff_policy_source_get_error (context->policy_source) != NULL;
}

static void
reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Mending *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) told = NULL;

  /* The caller's arguments are not to blame: the code says so. */
  if (!handoff_policy_source_reload_finish (HANDOFF_POLICY_SOURCE (source), result, &error))
    told = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                        "The service does nothing until an administrator mends its configuration: "
                        "%s",
                        error->message);
  self->func (told, self->user_data);
  handoff_idle_timer_release (self->context->broker.gate.idle_timer);
}

void
handoff_mending_try (const HandoffCallContext *context, HandoffMendedFunc func, gpointer user_data)
{
  Mending *self = g_new (Mending, 1);

  *self = (Mending){ context, func, user_data };
  handoff_idle_timer_hold (context->broker.gate.idle_timer);
  handoff_policy_source_reload_async (context->policy_source, context->broker.handshakers, reloaded,
                                      self);
}
