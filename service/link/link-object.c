/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/link-object.h"

#include <sys/socket.h>

#include "keyblob/packet.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "work/descriptor-reaper.h"

HandoffLink *
handoff_link_object_new (int socket,
                         const HandoffLinkTable *table,
                         HandoffLinkEnd end,
                         HandoffWorker *home,
                         const char *peer,
                         const HandoffLinkFunctions *functions,
                         gpointer user_data)
{
  HandoffLink *self = g_new0 (HandoffLink, 1);

  self->refs = 1;
  self->table = table;
  self->end = end;
  self->home = home;
  self->peer = g_strdup (peer);
  self->functions = functions;
  self->user_data = user_data;
  if (table->has_secrets)
    self->buffer = handoff_secret_new (HANDOFF_PACKET_MAX_SIZE, HANDOFF_SECRET_DEFAULT);
  self->socket = socket;
  self->state = table->first_state;
  handoff_link_queue_init (&self->queue);
  self->waiting = handoff_link_waiting_new (table);
  self->calls = g_hash_table_new (NULL, NULL);
  self->n_calls = g_new0 (guint, table->n_rows);
  return self;
}

HandoffLink *
handoff_link_object_ref (HandoffLink *self)
{
  self->refs++;
  return self;
}

void
handoff_link_object_unref (HandoffLink *self)
{
  if (--self->refs > 0)
    return;
  handoff_link_waiting_free (self->waiting);
  g_hash_table_unref (self->calls);
  g_free (self->n_calls);
  g_clear_pointer (&self->buffer, handoff_secret_free);
  g_clear_error (&self->error);
  g_free (self->fault);
  g_free (self->peer);
  g_free (self);
}

void
handoff_link_object_take_turn (HandoffLink *self, const HandoffLinkRow *row)
{
  if (row->next_state != 0)
    self->state = row->next_state;
}

GError *
handoff_link_object_make_end_error (HandoffLink *self)
{
  return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                      "The service's program %s has ended: call again", self->peer);
}

GError *
handoff_link_object_make_breach_error (HandoffLink *self, const char *what)
{
  if (self->fault == NULL)
    {
      self->fault = g_strdup_printf ("broke the rules of its link, and was ended: %s", what);
      self->is_breach = TRUE;
    }
  return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                      "The service's program %s broke the rules of its link, and was ended; call "
                      "again: %s",
                      self->peer, what);
}

GError *
handoff_link_object_make_deaf_error (HandoffLink *self)
{
  if (self->fault == NULL)
    self->fault = g_strdup ("does not read its link, and was ended");
  return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                      "The service's program %s does not read its link, and was ended; call again",
                      self->peer);
}

GError *
handoff_link_object_make_system_error (HandoffLink *self, const char *done, const GError *error)
{
  if (self->fault == NULL)
    self->fault = g_strdup_printf ("cannot be %s, and was ended: %s", done, error->message);
  return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                      "The service's program %s cannot be %s, and was ended; call again: %s",
                      self->peer, done, error->message);
}

void
handoff_link_object_end (HandoffLink *self, GError *error)
{
  if (self->socket < 0)
    {
      g_error_free (error);
      return;
    }
  g_clear_error (&self->error);
  self->error = error;
  g_clear_pointer (&self->watch, handoff_home_watch_free);
  g_clear_pointer (&self->retry, handoff_home_timer_free);
  /* Descriptors that nobody has read are closed with it. */
  shutdown (self->socket, SHUT_RDWR);
  handoff_descriptor_reap (g_steal_fd (&self->socket), self->queue.uid);
  handoff_link_queue_clear (&self->queue);
  handoff_link_waiting_fail_all (self->waiting, self->error);
  if (!self->is_closed)
    self->functions->ended (self, self->error, self->user_data);
}

static void
let_go (gpointer data)
{
  handoff_link_object_unref (data);
}

static gboolean
end_now (gpointer data)
{
  HandoffLink *self = data;

  if (self->socket >= 0)
    handoff_link_object_end (self, g_steal_pointer (&self->error));
  return G_SOURCE_REMOVE;
}

void
handoff_link_object_end_soon (HandoffLink *self, GError *error)
{
  if (self->error != NULL)
    {
      g_error_free (error);
      return;
    }
  self->error = error;
  handoff_home_invoke (self->home, end_now, handoff_link_object_ref (self), let_go);
}

void
handoff_link_object_hang_up (HandoffLink *self)
{
  handoff_home_invoke (self->home, self->hang_up, handoff_link_object_ref (self), let_go);
}

void
handoff_link_object_close (HandoffLink *self, GError *error)
{
  handoff_link_object_ref (self);
  self->is_closed = TRUE;
  handoff_link_object_end (self, error);
  /* Those who asked after it had ended. */
  handoff_link_waiting_fail_all (self->waiting, self->error);
  handoff_link_object_unref (self);
}
