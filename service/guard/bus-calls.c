/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-calls.h"

/* The line of a user. */
typedef struct
{
  guint uid;
  GQueue calls;          /* (element-type HandoffBusMessage) */
  GHashTable *by_sender; /* (owned) (element-type utf8 count) */
  gsize bytes;
  guint n_fds;
  GList turn; /* in the queue of lines that wait */
} Line;

struct _HandoffBusCalls
{
  GHashTable *lines; /* (owned) (element-type uid Line): of users who have calls here */
  GQueue turns;      /* (element-type Line): the head is next */
  guint n_calls;
  gsize bytes;
  guint n_fds;
};

static void
line_free (gpointer data)
{
  Line *line = data;

  g_queue_clear_full (&line->calls, (GDestroyNotify) handoff_bus_message_free);
  g_hash_table_unref (line->by_sender);
  g_free (line);
}

HandoffBusCalls *
handoff_bus_calls_new (void)
{
  HandoffBusCalls *self = g_new0 (HandoffBusCalls, 1);

  self->lines = g_hash_table_new_full (NULL, NULL, NULL, line_free);
  g_queue_init (&self->turns);
  return self;
}

void
handoff_bus_calls_free (HandoffBusCalls *self)
{
  g_hash_table_unref (self->lines);
  g_free (self);
}

static Line *
get_line (HandoffBusCalls *self, guint uid)
{
  Line *line = g_hash_table_lookup (self->lines, GUINT_TO_POINTER (uid));

  if (line != NULL)
    return line;
  line = g_new0 (Line, 1);
  line->uid = uid;
  line->turn.data = line;
  line->by_sender = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&line->calls);
  g_hash_table_insert (self->lines, GUINT_TO_POINTER (uid), line);
  g_queue_push_tail_link (&self->turns, &line->turn);
  return line;
}

static void
end_line_if_empty (HandoffBusCalls *self, Line *line)
{
  if (!g_queue_is_empty (&line->calls))
    return;
  g_queue_unlink (&self->turns, &line->turn);
  g_hash_table_remove (self->lines, GUINT_TO_POINTER (line->uid));
}

static guint
get_count (Line *line, const char *sender)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (line->by_sender, sender));
}

static const char *
find_limit (HandoffBusCalls *self, Line *line, const HandoffBusMessage *message)
{
  if (get_count (line, message->sender) >= HANDOFF_BUS_CALLS_PER_SENDER)
    return "Too many calls of this bus connection wait; there is no room for more";
  if (g_queue_get_length (&line->calls) >= HANDOFF_BUS_CALLS_PER_USER ||
      line->bytes + message->size > HANDOFF_BUS_CALL_BYTES_PER_USER ||
      line->n_fds + message->n_fds > HANDOFF_BUS_CALL_FDS_PER_USER)
    return "Too many calls of this user wait; there is no room for more";
  if (self->n_calls >= HANDOFF_BUS_CALLS || self->bytes + message->size > HANDOFF_BUS_CALL_BYTES ||
      self->n_fds + message->n_fds > HANDOFF_BUS_CALL_FDS)
    return "Too many calls of all users wait; there is no room for more";
  return NULL;
}

const char *
handoff_bus_calls_push (HandoffBusCalls *self, guint uid, HandoffBusMessage *message)
{
  Line *line = get_line (self, uid);
  const char *limit = find_limit (self, line, message);

  if (limit != NULL)
    {
      end_line_if_empty (self, line);
      return limit;
    }
  g_hash_table_insert (line->by_sender, g_strdup (message->sender),
                       GUINT_TO_POINTER (get_count (line, message->sender) + 1));
  line->bytes += message->size;
  self->bytes += message->size;
  line->n_fds += message->n_fds;
  self->n_fds += message->n_fds;
  self->n_calls++;
  g_queue_push_tail (&line->calls, message);
  return NULL;
}

/* link: in the calls of line. (transfer full) */
static HandoffBusMessage *
take (HandoffBusCalls *self, Line *line, GList *link)
{
  HandoffBusMessage *message = link->data;
  const guint count = get_count (line, message->sender);

  if (count > 1)
    g_hash_table_insert (line->by_sender, g_strdup (message->sender), GUINT_TO_POINTER (count - 1));
  else
    g_hash_table_remove (line->by_sender, message->sender);
  line->bytes -= message->size;
  self->bytes -= message->size;
  line->n_fds -= message->n_fds;
  self->n_fds -= message->n_fds;
  self->n_calls--;
  g_queue_delete_link (&line->calls, link);
  return message;
}

HandoffBusMessage *
handoff_bus_calls_pop (HandoffBusCalls *self, HandoffBusCallsFunc may_go_on, gpointer user_data)
{
  HandoffBusMessage *message;
  GList *turn;
  Line *line;

  for (turn = self->turns.head; turn != NULL; turn = turn->next)
    {
      line = turn->data;
      if (may_go_on == NULL || may_go_on (line->uid, user_data))
        break;
    }
  if (turn == NULL)
    return NULL;
  message = take (self, line, line->calls.head);
  g_queue_unlink (&self->turns, turn);
  g_queue_push_tail_link (&self->turns, turn);
  end_line_if_empty (self, line);
  return message;
}

HandoffBusMessage *
handoff_bus_calls_pop_any (HandoffBusCalls *self)
{
  return handoff_bus_calls_pop (self, NULL, NULL);
}

void
handoff_bus_calls_drop (HandoffBusCalls *self, guint uid, const char *sender)
{
  Line *line = g_hash_table_lookup (self->lines, GUINT_TO_POINTER (uid));
  GList *link, *next;

  if (line == NULL || get_count (line, sender) == 0)
    return;
  for (link = line->calls.head; link != NULL; link = next)
    {
      const HandoffBusMessage *message = link->data;

      next = link->next;
      if (g_str_equal (message->sender, sender))
        handoff_bus_message_free (take (self, line, link));
    }
  end_line_if_empty (self, line);
}

guint
handoff_bus_calls_get_size (HandoffBusCalls *self)
{
  return self->n_calls;
}
