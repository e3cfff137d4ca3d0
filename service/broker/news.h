/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshakers.h"

/* What handshakers are told of the world, as far as it concerns them. */

/* See handoff_handshaker_caller_left(). */
void handoff_news_caller_left (HandoffHandshakers *self, HandoffCaller *caller);
/* See handoff_handshaker_forget_answers(). */
void handoff_news_forget_answers (HandoffHandshakers *self);
/* See handoff_credential_feed_update(). */
void handoff_news_credentials_changed (HandoffHandshakers *self, guint owner);
/* Until those whom the changes of credentials until now concern have heard of them: so that nobody
 * uses what was before, when whoever made a change has been answered. Does not fail: who does not
 * hear is ended. */
void handoff_news_wait_async (HandoffHandshakers *self,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
void handoff_news_wait_finish (GAsyncResult *result);
