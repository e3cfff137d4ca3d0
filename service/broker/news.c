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
handoff_news_credentials_changed (HandoffHandshakers *self, guint owner, HandoffBarrier *barrier)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (self);
  guint i;

  for (i = 0; i < list->len; i++)
    handoff_credential_feed_update (g_ptr_array_index (list, i), owner, barrier);
}
