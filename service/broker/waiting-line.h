/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker.h"

/* Those who wait for a handshaker, in the order in which they asked. Main thread. */

/* Somebody who waits for his user's. */
typedef struct
{
  guint uid;
  guint n_lost; /* how many that user was given that ended before they were ready */
  HandoffHandshakerFunc func;
  gpointer user_data; /* (unowned) */
} HandoffWaiting;

/* line: (element-type HandoffWaiting) */
void
handoff_waiting_line_add (GQueue *line, guint uid, HandoffHandshakerFunc func, gpointer user_data);
/* handshaker: (nullable): NULL with the error */
void handoff_waiting_line_serve (GQueue *line,
                                 GList *link,
                                 HandoffHandshaker *handshaker,
                                 const GError *error);
void handoff_waiting_line_fail_all (GQueue *line, const GError *error);
/* That user's has ended before it was ready. If that goes on so, those who wait for it are told. */
void handoff_waiting_line_lose (GQueue *line, guint uid);
