/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-replies.h"

/* The readers of a user with this much unread are asked. */
#define ASK_ABOVE_BYTES (256 * 1024)
#define ASK_ABOVE_FDS 4

/* The cost of the smallest message, for a bus and for us. */
#define LEAST_SIZE 512

typedef struct
{
  gsize bytes;
  guint n_fds;
} Amount;

/* A user who has readers. */
typedef struct
{
  guint uid;
  GPtrArray *readers; /* (owned) (element-type HandoffBusReader) */
  Amount unread;
  guint n_questions;
  GQueue held; /* (element-type Held): in order */
  gsize held_bytes;
} User;

struct _HandoffBusReplies
{
  const HandoffBusRepliesFuncs *funcs;
  gpointer user_data;
  GHashTable *users; /* (owned) (element-type uid User) */
  Amount unread;
  guint n_questions;
  gboolean given_up;
};

/* A message that was sent. */
typedef struct
{
  Amount amount;
  guint32 reply_serial;
} Sent;

typedef struct
{
  HandoffBusReader *reader;   /* (unowned) */
  HandoffBusMessage *message; /* (owned) */
} Held;

struct _HandoffBusReader
{
  HandoffBusReplies *replies; /* (unowned) */
  User *user;                 /* (unowned) */
  gpointer data;
  GQueue unread; /* (element-type Sent): in order */
  gboolean asked;
  guint n_before; /* of the unread messages: those that were sent before the question */
};

static void
user_free (gpointer data)
{
  User *user = data;

  g_ptr_array_unref (user->readers);
  g_free (user);
}

HandoffBusReplies *
handoff_bus_replies_new (const HandoffBusRepliesFuncs *funcs, gpointer user_data)
{
  HandoffBusReplies *self = g_new0 (HandoffBusReplies, 1);

  self->funcs = funcs;
  self->user_data = user_data;
  self->users = g_hash_table_new_full (NULL, NULL, NULL, user_free);
  return self;
}

void
handoff_bus_replies_free (HandoffBusReplies *self)
{
  g_hash_table_unref (self->users);
  g_free (self);
}

static User *
get_user (HandoffBusReplies *self, guint uid)
{
  User *user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  if (user != NULL)
    return user;
  user = g_new0 (User, 1);
  user->uid = uid;
  user->readers = g_ptr_array_new ();
  g_queue_init (&user->held);
  g_hash_table_insert (self->users, GUINT_TO_POINTER (uid), user);
  return user;
}

static gsize
get_cost (const HandoffBusMessage *message)
{
  return MAX (message->size, LEAST_SIZE);
}

static gboolean
fits_bytes (HandoffBusReplies *self, const User *user, gsize size)
{
  const gsize used = MIN (self->unread.bytes, HANDOFF_BUS_UNREAD_BYTES);

  return user->unread.bytes + size <= (HANDOFF_BUS_UNREAD_BYTES - used) / 2;
}

static gboolean
fits_fds (HandoffBusReplies *self, const User *user, guint n_fds)
{
  const guint used = MIN (self->unread.n_fds, HANDOFF_BUS_UNREAD_FDS);

  if (user->unread.n_fds + n_fds <= (HANDOFF_BUS_UNREAD_FDS - used) / 2)
    return TRUE;
  /* Half of very little is nothing: a user without unread descriptors gets the first ones from a
   * reserve. */
  return user->unread.n_fds == 0 &&
         self->unread.n_fds + n_fds <= HANDOFF_BUS_UNREAD_FDS + HANDOFF_BUS_RESERVED_FDS;
}

/* A user may have half of what is free. So something is always free, however many users do not
 * read. */
static gboolean
fits (HandoffBusReplies *self, const User *user, const HandoffBusMessage *message)
{
  return self->given_up || (fits_bytes (self, user, get_cost (message)) &&
                            (message->n_fds == 0 || fits_fds (self, user, message->n_fds)));
}

/* A program that never reads, because it was stopped, say, called once for many signals: half of
 * what its user may have is for replies alone. */
static gboolean
is_signal_too_much (HandoffBusReplies *self, const User *user, const HandoffBusMessage *message)
{
  return message->type == G_DBUS_MESSAGE_TYPE_SIGNAL && !self->given_up &&
         !fits_bytes (self, user, user->unread.bytes + get_cost (message));
}

/* maximum: of questions to the user's programs */
static void
ask (HandoffBusReader *reader, guint maximum)
{
  HandoffBusReplies *self = reader->replies;
  User *user = reader->user;

  if (self->given_up || reader->asked || g_queue_is_empty (&reader->unread) ||
      user->n_questions >= maximum ||
      user->n_questions >= (HANDOFF_BUS_QUESTIONS - self->n_questions + 1) / 2)
    return;
  reader->asked = TRUE;
  reader->n_before = g_queue_get_length (&reader->unread);
  user->n_questions++;
  self->n_questions++;
  self->funcs->ask (reader->data, self->user_data);
}

static void
ask_all (User *user)
{
  guint i;

  for (i = 0; i < user->readers->len; i++)
    ask (g_ptr_array_index (user->readers, i), HANDOFF_BUS_QUESTIONS_PER_USER);
}

/* message: (transfer full) */
static void
send_now (HandoffBusReader *reader, HandoffBusMessage *message)
{
  HandoffBusReplies *self = reader->replies;
  User *user = reader->user;
  const guint n_questions = message->type == G_DBUS_MESSAGE_TYPE_SIGNAL
                                ? HANDOFF_BUS_QUESTIONS_FOR_SIGNALS
                                : HANDOFF_BUS_QUESTIONS_PER_USER;
  Sent *sent;

  if (!self->given_up)
    {
      sent = g_new (Sent, 1);
      sent->amount.bytes = get_cost (message);
      sent->amount.n_fds = message->n_fds;
      sent->reply_serial = message->reply_serial;
      g_queue_push_tail (&reader->unread, sent);
      user->unread.bytes += sent->amount.bytes;
      user->unread.n_fds += sent->amount.n_fds;
      self->unread.bytes += sent->amount.bytes;
      self->unread.n_fds += sent->amount.n_fds;
    }
  self->funcs->send (message, self->user_data);
  if (user->unread.bytes > ASK_ABOVE_BYTES || user->unread.n_fds > ASK_ABOVE_FDS)
    ask (reader, n_questions);
}

/* Sends held messages that fit now. */
static void
send_held (HandoffBusReplies *self, User *user)
{
  Held *held;

  while ((held = g_queue_peek_head (&user->held)) != NULL && fits (self, user, held->message))
    {
      g_queue_pop_head (&user->held);
      user->held_bytes -= get_cost (held->message);
      send_now (held->reader, held->message);
      g_free (held);
    }
  if (!g_queue_is_empty (&user->held))
    ask_all (user);
}

/* All users have more room than before. */
static void
send_all_held (HandoffBusReplies *self)
{
  GHashTableIter iter;
  User *user;

  g_hash_table_iter_init (&iter, self->users);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &user))
    {
      if (!g_queue_is_empty (&user->held))
        send_held (self, user);
    }
}

void
handoff_bus_replies_give_up (HandoffBusReplies *self)
{
  self->given_up = TRUE;
  send_all_held (self);
}

gboolean
handoff_bus_replies_has_room (HandoffBusReplies *self, guint uid)
{
  User *user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  return user == NULL || g_queue_is_empty (&user->held);
}

HandoffBusReader *
handoff_bus_reader_new (HandoffBusReplies *replies, guint uid, gpointer reader_data)
{
  HandoffBusReader *self = g_new0 (HandoffBusReader, 1);

  self->replies = replies;
  self->user = get_user (replies, uid);
  self->data = reader_data;
  g_queue_init (&self->unread);
  g_ptr_array_add (self->user->readers, self);
  return self;
}

/* The receiver has read the first n unread messages. */
static void
forget_unread (HandoffBusReader *self, guint n)
{
  HandoffBusReplies *replies = self->replies;
  User *user = self->user;
  Sent *sent;

  while (n-- > 0 && (sent = g_queue_pop_head (&self->unread)) != NULL)
    {
      user->unread.bytes -= sent->amount.bytes;
      user->unread.n_fds -= sent->amount.n_fds;
      replies->unread.bytes -= sent->amount.bytes;
      replies->unread.n_fds -= sent->amount.n_fds;
      self->n_before -= MIN (self->n_before, 1);
      g_free (sent);
    }
}

static void
end_question (HandoffBusReader *self)
{
  if (!self->asked)
    return;
  self->asked = FALSE;
  self->n_before = 0;
  self->user->n_questions--;
  self->replies->n_questions--;
}

static void
forget_held (HandoffBusReader *self)
{
  User *user = self->user;
  GList *link, *next;

  for (link = user->held.head; link != NULL; link = next)
    {
      Held *held = link->data;

      next = link->next;
      if (held->reader != self)
        continue;
      user->held_bytes -= get_cost (held->message);
      handoff_bus_message_free (held->message);
      g_free (held);
      g_queue_delete_link (&user->held, link);
    }
}

void
handoff_bus_reader_free (HandoffBusReader *self)
{
  HandoffBusReplies *replies = self->replies;
  User *user = self->user;

  forget_held (self);
  forget_unread (self, g_queue_get_length (&self->unread));
  end_question (self);
  g_ptr_array_remove_fast (user->readers, self);
  if (user->readers->len == 0)
    g_hash_table_remove (replies->users, GUINT_TO_POINTER (user->uid));
  g_free (self);
  send_all_held (replies);
}

void
handoff_bus_reader_send (HandoffBusReader *self, HandoffBusMessage *message)
{
  User *user = self->user;
  Held *held;

  if (is_signal_too_much (self->replies, user, message))
    {
      g_info ("Dropped a signal: the programs of user %u do not read theirs", user->uid);
      handoff_bus_message_free (message);
      ask (self, HANDOFF_BUS_QUESTIONS_FOR_SIGNALS);
      return;
    }
  if (g_queue_is_empty (&user->held) && fits (self->replies, user, message))
    {
      send_now (self, message);
      return;
    }
  if (user->held_bytes + get_cost (message) > HANDOFF_BUS_HELD_BYTES_PER_USER)
    {
      g_info ("Dropped a reply: the programs of user %u do not read their replies", user->uid);
      handoff_bus_message_free (message);
      return;
    }
  held = g_new (Held, 1);
  held->reader = self;
  held->message = message;
  user->held_bytes += get_cost (message);
  g_queue_push_tail (&user->held, held);
  ask_all (user);
}

void
handoff_bus_reader_answered (HandoffBusReader *self)
{
  if (!self->asked)
    return;
  forget_unread (self, self->n_before);
  end_question (self);
  send_all_held (self->replies);
}

void
handoff_bus_reader_has_read (HandoffBusReader *self, guint32 reply_serial)
{
  GList *link;
  guint n = 0;

  for (link = self->unread.head; link != NULL; link = link->next)
    {
      const Sent *sent = link->data;

      n++;
      if (sent->reply_serial == reply_serial)
        {
          forget_unread (self, n);
          send_all_held (self->replies);
          return;
        }
    }
}
