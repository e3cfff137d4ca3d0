/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/watch.h"

#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"
#include "work/descriptor-reaper.h"

/* How long it may take to answer what others than its user wait for, too: a policy, which is a lot
 * to parse, of all handshakers at the same time; and what needs no work at all. */
#define POLICY_SECONDS 120
#define ANSWER_SECONDS 30

/* A request whose answer the process is watched for. */
typedef struct
{
  HandoffHandshaker *handshaker; /* (owned) */
  HandoffLinkReplyFunc function;
  gpointer user_data; /* (unowned) */
  gint64 deadline;    /* monotonic time; G_MAXINT64: as long as a handshake, or a user, may take */
  GList owed;         /* in the queue of all */
} Waiting;

static gint64
get_deadline (HandoffHandshakerMessage message)
{
  const gint64 now = handoff_clock_get_monotonic_time ();

  switch (message)
    {
    case HANDOFF_HANDSHAKER_CALL:
    case HANDOFF_HANDSHAKER_OPEN_CHANNEL:
    case HANDOFF_HANDSHAKER_TAKE_BACK: /* signing/signing.c has a time for that */
      return G_MAXINT64;
    case HANDOFF_HANDSHAKER_POLICY:
      return now + POLICY_SECONDS * G_TIME_SPAN_SECOND;
    default:
      return now + ANSWER_SECONDS * G_TIME_SPAN_SECOND;
    }
}

/* One that was taken over may answer pings, and nothing else. */
static gboolean
is_overdue (const HandoffHandshaker *self)
{
  const gint64 now = handoff_clock_get_monotonic_time ();
  const GList *link;

  for (link = self->owed.head; link != NULL; link = link->next)
    {
      if (((const Waiting *) link->data)->deadline <= now)
        return TRUE;
    }
  return FALSE;
}

static void
ponged (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autoptr (HandoffHandshaker) self = user_data;

  self->is_late = FALSE;
}

static gboolean
watch (gpointer user_data)
{
  g_autoptr (HandoffHandshaker) self = handoff_handshaker_ref (user_data);
  const gboolean has_hung = self->is_late;
  g_autoptr (GError) error = NULL;
  g_autofree char *fault = NULL;

  if (!has_hung && !is_overdue (self))
    {
      self->is_late = TRUE;
      handoff_link_request (self->link, HANDOFF_HANDSHAKER_PING, g_variant_new ("()"), NULL, 0,
                            ponged, handoff_handshaker_ref (self));
      return G_SOURCE_CONTINUE;
    }
  self->watch_id = 0;
  fault = has_hung ? g_strdup_printf ("did not answer for %d seconds, and was ended",
                                      HANDOFF_HANDSHAKER_WATCH_SECONDS)
                   : g_strdup ("answers pings, but not what else it was asked, and was ended");
  handoff_link_blame (self->link, fault);
  error =
      g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The service's program %s did not answer any more, and was ended: call again",
                   handoff_link_get_peer (self->link));
  self->lose (self, error);
  return G_SOURCE_REMOVE;
}

static void
begin_to_wait (HandoffHandshaker *self, Waiting *waiting)
{
  g_queue_push_tail_link (&self->owed, &waiting->owed);
  if (self->watch_id == 0)
    self->watch_id = handoff_clock_add_timeout (
        HANDOFF_HANDSHAKER_WATCH_SECONDS * G_TIME_SPAN_SECOND, watch, self);
}

static void
end_waiting (HandoffHandshaker *self, Waiting *waiting)
{
  g_queue_unlink (&self->owed, &waiting->owed);
  if (g_queue_is_empty (&self->owed))
    g_clear_handle_id (&self->watch_id, g_source_remove);
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Waiting *waiting = user_data;
  g_autoptr (HandoffHandshaker) self = waiting->handshaker;

  end_waiting (self, waiting);
  waiting->function (reply, error, waiting->user_data);
  g_free (waiting);
}

/* It has ended. */
static void
refuse (Waiting *waiting, GVariant *body, const int *fds, guint n_fds)
{
  G_GNUC_UNUSED g_autoptr (GVariant) sunk = g_variant_ref_sink (body);
  g_autoptr (GError) error =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                           "The service's program tls-handoff-handshaker has ended: call again");
  guint i;

  for (i = 0; i < n_fds; i++)
    handoff_descriptor_reap (fds[i], waiting->handshaker->uid);
  answered (NULL, error, waiting);
}

void
handoff_handshaker_request (HandoffHandshaker *self,
                            HandoffHandshakerMessage message,
                            GVariant *body,
                            const int *fds,
                            guint n_fds,
                            HandoffLinkReplyFunc function,
                            gpointer user_data)
{
  Waiting *waiting = g_new0 (Waiting, 1);

  waiting->handshaker = handoff_handshaker_ref (self);
  waiting->function = function;
  waiting->user_data = user_data;
  waiting->deadline = get_deadline (message);
  waiting->owed.data = waiting;
  if (message == HANDOFF_HANDSHAKER_CALL || message == HANDOFF_HANDSHAKER_OPEN_CHANNEL)
    self->use_time = handoff_clock_get_monotonic_time ();
  begin_to_wait (self, waiting);
  if (self->link != NULL)
    handoff_link_request (self->link, message, body, fds, n_fds, answered, waiting);
  else
    refuse (waiting, body, fds, n_fds);
}
