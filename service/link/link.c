/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/link.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "keyblob/tls-handoff-error.h"
#include "link/link-input.h"
#include "link/link-object.h"
#include "link/link-output.h"

#define MESSAGES_PER_TURN 16

gboolean
handoff_link_make_sockets (int sockets[2], GError **error)
{
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) == 0)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
               "Cannot make a socket pair for a program of the service: %s", g_strerror (errno));
  return FALSE;
}

void
handoff_link_read_on (HandoffLink *self)
{
  handoff_link_object_ref (self);
  handoff_link_input_read (self, HANDOFF_LINK_MESSAGES_AT_ONCE);
  handoff_link_object_unref (self);
}

static void
ready (gpointer data, gpointer user_data)
{
  HandoffLink *self = handoff_link_object_ref (user_data);

  if (self->error == NULL && !handoff_link_queue_is_empty (&self->queue))
    handoff_link_output_flush (self);
  handoff_link_input_read (self, MESSAGES_PER_TURN);
  handoff_link_object_unref (self);
}

static void
end_after_input (HandoffLink *self)
{
  if (self->error == NULL)
    handoff_link_input_read (self, HANDOFF_LINK_MESSAGES_AT_ONCE);
  if (self->socket >= 0)
    handoff_link_object_end (self, self->error != NULL ? g_steal_pointer (&self->error)
                                                       : handoff_link_object_make_end_error (self));
}

static gboolean
hang_up (gpointer data)
{
  end_after_input (data);
  return G_SOURCE_REMOVE;
}

HandoffLink *
handoff_link_new (int socket,
                  const HandoffLinkTable *table,
                  HandoffLinkEnd end,
                  HandoffWorker *home,
                  const char *peer,
                  const HandoffLinkFunctions *functions,
                  gpointer user_data)
{
  HandoffLink *self =
      handoff_link_object_new (socket, table, end, home, peer, functions, user_data);

  self->hang_up = hang_up;
  self->watch = handoff_home_watch_new (home, socket, ready, self);
  handoff_home_watch_set_direction (self->watch, HANDOFF_WATCH_READABLE);
  return self;
}

void
handoff_link_close (HandoffLink *self, const GError *error)
{
  handoff_link_object_close (
      self, error != NULL ? g_error_copy (error)
                          : g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                                         "The service has let its program %s go", self->peer));
}

void
handoff_link_breach (HandoffLink *self, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list arguments;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  handoff_link_object_end_soon (self, handoff_link_object_make_breach_error (self, what));
}

gboolean
handoff_link_notice_end (HandoffLink *self)
{
  struct pollfd end = { .fd = self->socket };

  if (self->socket < 0)
    return TRUE;
  /* In the middle of a message, what follows it is not to be read yet. */
  if (self->is_reading || poll (&end, 1, 0) != 1 || (end.revents & POLLHUP) == 0)
    return FALSE;
  handoff_link_object_ref (self);
  end_after_input (self);
  handoff_link_object_unref (self);
  return TRUE;
}

void
handoff_link_hang_up (HandoffLink *self)
{
  handoff_link_object_hang_up (self);
}

/* The row of what this end may send now. (nullable): NULL is a mistake of the caller's */
static const HandoffLinkRow *
find_row_to_send (HandoffLink *self, guint number, gboolean is_request, GVariant *body, guint n_fds)
{
  const HandoffLinkRow *row = handoff_link_table_find (self->table, number);

  g_return_val_if_fail (row != NULL, NULL);
  g_return_val_if_fail ((row->direction == HANDOFF_LINK_DOWN) == (self->end == HANDOFF_LINK_UPPER),
                        NULL);
  g_return_val_if_fail ((row->reply_type != NULL) == is_request, NULL);
  g_return_val_if_fail (g_variant_is_of_type (body, G_VARIANT_TYPE (row->type)), NULL);
  g_return_val_if_fail (n_fds >= row->min_fds && n_fds <= row->max_fds, NULL);
  g_return_val_if_fail (row->states == 0 || (row->states & self->state) != 0, NULL);
  return row;
}

gboolean
handoff_link_send (
    HandoffLink *self, guint number, GVariant *body, const int *fds, guint n_fds, GError **error)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (body);
  const HandoffLinkHead head = { HANDOFF_LINK_NOTICE, number, 0 };
  const HandoffLinkRow *row;

  if (!handoff_link_output_is_open (self))
    {
      handoff_link_queue_drop (&self->queue, fds, n_fds);
      return TRUE;
    }
  row = find_row_to_send (self, number, FALSE, owned, n_fds);
  if (row == NULL || !handoff_link_output_send (self, &head, owned, fds, n_fds, error))
    return FALSE;
  handoff_link_object_take_turn (self, row);
  return TRUE;
}

/* A request that could not be sent. */
typedef struct
{
  HandoffLink *link; /* (owned) */
  guint32 serial;
  GError *error; /* (owned) */
} Unsent;

static gboolean
fail_unsent (gpointer data)
{
  const Unsent *unsent = data;

  handoff_link_waiting_answer (unsent->link->waiting, unsent->serial, NULL, unsent->error);
  return G_SOURCE_REMOVE;
}

static void
unsent_free (gpointer data)
{
  Unsent *unsent = data;

  g_error_free (unsent->error);
  handoff_link_object_unref (unsent->link);
  g_free (unsent);
}

/* error: (transfer full) */
static void
fail_soon (HandoffLink *self, guint32 serial, GError *error)
{
  Unsent *unsent = g_new0 (Unsent, 1);

  *unsent = (Unsent){ handoff_link_object_ref (self), serial, error };
  handoff_home_invoke (self->home, fail_unsent, unsent, unsent_free);
}

/* fds: (transfer full) */
static gboolean
try_request (HandoffLink *self,
             const HandoffLinkRow *row,
             const HandoffLinkHead *head,
             GVariant *body,
             const int *fds,
             guint n_fds,
             GError **error)
{
  if (handoff_link_output_is_open (self) &&
      handoff_link_waiting_count (self->waiting, head->number) <= row->max_waiting)
    return handoff_link_output_send (self, head, body, fds, n_fds, error);
  handoff_link_queue_drop (&self->queue, fds, n_fds);
  if (self->error != NULL)
    g_propagate_error (error, g_error_copy (self->error));
  else if (self->is_deaf)
    g_propagate_error (error, handoff_link_object_make_end_error (self));
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                 "Too many requests wait for an answer of the service's program %s", self->peer);
  return FALSE;
}

void
handoff_link_request (HandoffLink *self,
                      guint number,
                      GVariant *body,
                      const int *fds,
                      guint n_fds,
                      HandoffLinkReplyFunc function,
                      gpointer user_data)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (body);
  const HandoffLinkRow *row = find_row_to_send (self, number, TRUE, owned, n_fds);
  HandoffLinkHead head = { HANDOFF_LINK_REQUEST, number, 0 };
  GError *error = NULL;

  g_return_if_fail (row != NULL);
  head.serial = handoff_link_waiting_add (self->waiting, number, function, user_data);
  if (try_request (self, row, &head, owned, fds, n_fds, &error))
    handoff_link_object_take_turn (self, row);
  else
    fail_soon (self, head.serial, error);
}

void
handoff_link_free (HandoffLink *self)
{
  handoff_link_close (self, NULL);
  handoff_link_object_unref (self);
}

void
handoff_link_set_user (HandoffLink *self, guint uid)
{
  self->queue.uid = uid;
}

guint
handoff_link_get_user (HandoffLink *self)
{
  return self->queue.uid;
}

void
handoff_link_blame (HandoffLink *self, const char *fault)
{
  if (self->fault == NULL)
    self->fault = g_strdup (fault);
}

const char *
handoff_link_get_fault (HandoffLink *self, gboolean *is_breach)
{
  *is_breach = self->is_breach;
  return self->fault;
}

const char *
handoff_link_get_peer (HandoffLink *self)
{
  return self->peer;
}

guint32
handoff_link_get_state (HandoffLink *self)
{
  return self->state;
}

gboolean
handoff_link_has_ended (HandoffLink *self)
{
  return self->socket < 0;
}

gboolean
handoff_link_has_heard (HandoffLink *self)
{
  return self->has_heard;
}
