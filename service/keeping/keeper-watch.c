/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeping/keeper-watch.h"

#include "keyblob/tls-handoff-error.h"
#include "link/keeper-messages.h"
#include "work/clock.h"

struct _HandoffKeeperWatch
{
  HandoffLink *link; /* (unowned) */
  const HandoffKeeperWatchFunctions *functions;
  gpointer user_data; /* (unowned) */
  guint source_id;
  gboolean is_late; /* it was asked, and has not answered */
};

/* Requests of a link that ends are answered, too: perhaps after the watch is freed. */
static void
ponged (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  HandoffKeeperWatch *self = user_data;

  self->is_late = FALSE;
  g_rc_box_release (self);
}

static gboolean
look (gpointer user_data)
{
  HandoffKeeperWatch *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *fault = NULL;

  if (!self->is_late)
    {
      if (!self->functions->is_needed (self->user_data))
        return G_SOURCE_CONTINUE;
      self->is_late = TRUE;
      handoff_link_request (self->link, HANDOFF_KEEPER_PING, g_variant_new ("()"), NULL, 0, ponged,
                            g_rc_box_acquire (self));
      return G_SOURCE_CONTINUE;
    }
  self->source_id = 0;
  fault = g_strdup_printf ("did not answer for %d seconds, and was ended",
                           HANDOFF_KEEPER_WATCH_SECONDS);
  handoff_link_blame (self->link, fault);
  error =
      g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The service's program %s did not answer any more, and was ended: call again",
                   handoff_link_get_peer (self->link));
  self->functions->hangs (error, self->user_data);
  return G_SOURCE_REMOVE;
}

HandoffKeeperWatch *
handoff_keeper_watch_new (HandoffLink *link,
                          const HandoffKeeperWatchFunctions *functions,
                          gpointer user_data)
{
  HandoffKeeperWatch *self = g_rc_box_new0 (HandoffKeeperWatch);

  self->link = link;
  self->functions = functions;
  self->user_data = user_data;
  self->source_id =
      handoff_clock_add_timeout (HANDOFF_KEEPER_WATCH_SECONDS * G_TIME_SPAN_SECOND, look, self);
  return self;
}

void
handoff_keeper_watch_free (HandoffKeeperWatch *self)
{
  g_clear_handle_id (&self->source_id, g_source_remove);
  g_rc_box_release (self);
}
