/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/news.h"

#include "broker/credential-feed.h"

void
handoff_news_caller_left (HandoffHandshakers *self, HandoffCaller *caller)
{
  HandoffHandshaker *handshaker = handoff_handshakers_find (self, handoff_caller_get_uid (caller));

  if (handshaker != NULL)
    handoff_handshaker_caller_left (handshaker, caller);
}

void
handoff_news_forget_answers (HandoffHandshakers *self)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (self);
  guint i;

  for (i = 0; i < list->len; i++)
    handoff_handshaker_forget_answers (g_ptr_array_index (list, i));
}

void
handoff_news_credentials_changed (HandoffHandshakers *self, guint owner)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (self);
  guint i;

  for (i = 0; i < list->len; i++)
    handoff_credential_feed_update (g_ptr_array_index (list, i), owner);
}

static void
all_heard (gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  g_task_return_boolean (task, TRUE);
}

void
handoff_news_wait_async (HandoffHandshakers *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (self);
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  HandoffBarrier *barrier = handoff_barrier_new (all_heard, task);
  guint i;

  g_task_set_source_tag (task, handoff_news_wait_async);
  for (i = 0; i < list->len; i++)
    handoff_credential_feed_wait (g_ptr_array_index (list, i), barrier);
  handoff_barrier_release (barrier);
}

void
handoff_news_wait_finish (GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}
