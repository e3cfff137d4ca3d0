/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/waiting-line.h"

#include "keyblob/tls-handoff-error.h"

/* The first may have died for a reason of its own; a reason that all have is not waited for. */
#define MAX_LOST 3

void
handoff_waiting_line_add (GQueue *line, guint uid, HandoffHandshakerFunc func, gpointer user_data)
{
  HandoffWaiting *waiting = g_new (HandoffWaiting, 1);

  *waiting = (HandoffWaiting){ uid, 0, func, user_data };
  g_queue_push_tail (line, waiting);
}

void
handoff_waiting_line_serve (GQueue *line,
                            GList *link,
                            HandoffHandshaker *handshaker,
                            const GError *error)
{
  g_autofree HandoffWaiting *waiting = link->data;

  g_queue_delete_link (line, link);
  waiting->func (handshaker, error, waiting->user_data);
}

void
handoff_waiting_line_fail_all (GQueue *line, const GError *error)
{
  while (!g_queue_is_empty (line))
    handoff_waiting_line_serve (line, line->head, NULL, error);
}

void
handoff_waiting_line_lose (GQueue *line, guint uid)
{
  g_autoptr (GError) error =
      g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The service's program tls-handoff-handshaker ended %d times before it could "
                   "begin; the service's log says why",
                   MAX_LOST);
  GQueue given_up = G_QUEUE_INIT;
  GList *link, *next;

  for (link = line->head; link != NULL; link = next)
    {
      HandoffWaiting *waiting = link->data;

      next = link->next;
      if (waiting->uid != uid || ++waiting->n_lost < MAX_LOST)
        continue;
      g_queue_unlink (line, link);
      g_queue_push_tail_link (&given_up, link);
    }
  /* Whoever is told may ask again. */
  handoff_waiting_line_fail_all (&given_up, error);
}
