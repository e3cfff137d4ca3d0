/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/link-input.h"

#include "keyblob/secret-memory.h"
#include "link/link-call.h"

static gboolean
refuse (HandoffLink *self, const HandoffLinkRow *row, const char *why)
{
  g_autofree char *what = g_strdup_printf ("%s (%s)", why, row->name);

  handoff_link_object_end (self, handoff_link_object_make_breach_error (self, what));
  return FALSE;
}

/* Whether it may come now, as far as its packet does not tell. Otherwise, the link has ended. */
static gboolean
check_turn (HandoffLink *self, const HandoffLinkRow *row, const HandoffLinkHead *head)
{
  if (row->states != 0 && (row->states & self->state) == 0)
    return refuse (self, row, "a message out of turn");
  if (head->kind == HANDOFF_LINK_NOTICE)
    return TRUE;
  if (g_hash_table_contains (self->calls, GUINT_TO_POINTER (head->serial)))
    return refuse (self, row, "a serial number that another request has");
  return self->n_calls[head->number] < row->max_waiting || refuse (self, row, "too many requests");
}

static void
handle_message (HandoffLink *self, const HandoffLinkHead *head, HandoffLinkMessage *message)
{
  const HandoffLinkRow *row = handoff_link_table_find (self->table, head->number);

  if (!check_turn (self, row, head))
    return;
  handoff_link_object_take_turn (self, row);
  if (head->kind == HANDOFF_LINK_REQUEST)
    message->call = handoff_link_call_new (self, head);
  self->functions->received (self, message, self->user_data);
  g_clear_pointer (&message->call, handoff_link_call_refuse);
}

static void
handle_answer (HandoffLink *self, const HandoffLinkHead *head, HandoffLinkMessage *message)
{
  const HandoffLinkRow *row = handoff_link_table_find (self->table, head->number);
  g_autoptr (GError) error = NULL;

  if (!handoff_link_waiting_has (self->waiting, head->serial, head->number))
    {
      refuse (self, row, "an answer to what nobody has asked");
      return;
    }
  if (head->kind == HANDOFF_LINK_REPLY)
    {
      handoff_link_waiting_answer (self->waiting, head->serial, message, NULL);
      return;
    }
  error = handoff_link_error_from_body (message->body);
  if (error == NULL)
    refuse (self, row, "an error of an unknown name");
  else
    handoff_link_waiting_answer (self->waiting, head->serial, NULL, error);
}

static void
handle (HandoffLink *self, const guint8 *data, gsize size, HandoffPacketRights *rights)
{
  g_autoptr (GVariant) body = NULL;
  g_autoptr (GError) error = NULL;
  HandoffLinkMessage message = { 0 };
  HandoffLinkHead head;

  if (!handoff_link_message_parse (self->table, self->end, data, size, rights->n_fds, &head, &body,
                                   &error))
    {
      handoff_link_object_end (self, handoff_link_object_make_breach_error (self, error->message));
      return;
    }
  self->has_heard = TRUE;
  message = (HandoffLinkMessage){ head.number, body, rights->n_fds, rights->fds, NULL };
  if (head.kind == HANDOFF_LINK_NOTICE || head.kind == HANDOFF_LINK_REQUEST)
    handle_message (self, &head, &message);
  else
    handle_answer (self, &head, &message);
}

/* What nobody took. */
static void
reap (HandoffLink *self, HandoffPacketRights *rights)
{
  handoff_link_queue_drop (&self->queue, rights->fds, rights->n_fds);
  handoff_link_queue_drop (&self->queue, rights->surplus, rights->n_surplus);
  g_free (rights->surplus);
}

/* (transfer full): why nothing more can be received */
static GError *
make_failure (HandoffLink *self, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
    return handoff_link_object_make_breach_error (self, error->message);
  return handoff_link_object_make_system_error (self, "heard", error);
}

/* FALSE if there is nothing more to read now, or the link has ended. buffer:
 * HANDOFF_PACKET_MAX_SIZE bytes */
static gboolean
read_one (HandoffLink *self, guint8 *buffer)
{
  g_autoptr (GError) error = NULL;
  HandoffPacketRights rights;
  HandoffPacketStatus status;
  gsize size;

  status = handoff_packet_receive (self->socket, buffer, &size, &rights, &error);
  if (status == HANDOFF_PACKET_DONE)
    {
      self->is_reading = TRUE;
      handle (self, buffer, size, &rights);
      self->is_reading = FALSE;
    }
  else if (status == HANDOFF_PACKET_CLOSED)
    handoff_link_object_end (self, handoff_link_object_make_end_error (self));
  else if (status == HANDOFF_PACKET_FAILED)
    handoff_link_object_end (self, make_failure (self, error));
  if (self->table->has_secrets)
    handoff_wipe (buffer, size);
  reap (self, &rights);
  return status != HANDOFF_PACKET_WOULD_BLOCK && self->socket >= 0;
}

void
handoff_link_input_read (HandoffLink *self, guint n)
{
  /* On the thread's own stack, of which only what came is ever touched. */
  guint8 buffer[HANDOFF_PACKET_MAX_SIZE];
  guint i;

  for (i = 0; i < n && self->error == NULL; i++)
    {
      if (!read_one (self, self->buffer != NULL ? self->buffer : buffer))
        return;
    }
}
