/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-engine.h"

#include <string.h>

static void
operation_free (HandoffOperation *operation)
{
  handoff_handshake_unref (operation->handshake);
  g_clear_object (&operation->task);
  g_clear_pointer (&operation->input, g_bytes_unref);
  g_free (operation);
}

static gboolean
run_operation (gpointer data)
{
  HandoffOperation *operation = data;

  handoff_handshake_operate (operation->handshake, operation, g_steal_pointer (&operation->task));
  return G_SOURCE_REMOVE;
}

static HandoffOperation *
operation_new (HandoffHandshake *self,
               HandoffOperationKind kind,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  HandoffOperation *operation = g_new0 (HandoffOperation, 1);

  operation->handshake = handoff_handshake_ref (self);
  operation->kind = kind;
  operation->task = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_source_tag (operation->task, operation_new);
  return operation;
}

/* operation: (transfer full) */
static void
operation_start (HandoffOperation *operation)
{
  handoff_worker_invoke (handoff_handshake_get_worker (operation->handshake), run_operation,
                         operation, (GDestroyNotify) operation_free);
}

void
handoff_handshake_step_async (HandoffHandshake *self,
                              GBytes *input,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  HandoffOperation *operation = operation_new (self, HANDOFF_OPERATION_STEP, callback, user_data);

  if (input != NULL)
    operation->input = g_bytes_ref (input);
  operation_start (operation);
}

void
handoff_handshake_review_async (HandoffHandshake *self,
                                gboolean accept,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  HandoffOperation *operation = operation_new (self, HANDOFF_OPERATION_REVIEW, callback, user_data);

  operation->accept = accept;
  operation_start (operation);
}

void
handoff_handshake_export_async (HandoffHandshake *self,
                                const guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE],
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  HandoffOperation *operation = operation_new (self, HANDOFF_OPERATION_EXPORT, callback, user_data);

  memcpy (operation->recipient_key, recipient_key, sizeof operation->recipient_key);
  operation_start (operation);
}

HandoffHandshakeProgress *
handoff_handshake_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

static gboolean
cancel (gpointer data)
{
  handoff_handshake_abort (data);
  return G_SOURCE_REMOVE;
}

void
handoff_handshake_cancel (HandoffHandshake *self)
{
  handoff_worker_invoke (handoff_handshake_get_worker (self), cancel, handoff_handshake_ref (self),
                         (GDestroyNotify) handoff_handshake_unref);
}
