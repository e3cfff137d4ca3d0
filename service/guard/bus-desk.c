/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-desk.h"

#include <errno.h>
#include <sys/random.h>

#include "guard/bus-admission.h"
#include "guard/bus-calls.h"
#include "guard/bus-own-messages.h"
#include "guard/bus-replies.h"
#include "work/clock.h"
#include "work/descriptor-reaper.h"
#include "work/retry.h"
#include "keyblob/handoff-names.h"

/* Limits for the calls of a connection whose user the bus has not told yet, and for calls that
 * will be refused. */
#define EARLY_CALLS HANDOFF_BUS_CALLS_PER_SENDER
#define EARLY_REFUSALS (4 * EARLY_CALLS)
#define EARLY_BYTES HANDOFF_BUS_CALL_MAX_SIZE
/* The same for all such connections together. */
#define ALL_EARLY_BYTES (32 * 1024 * 1024)
#define ALL_EARLY_FDS 2048

/* How often the bus is asked whether a known sender is still there. */
#define LOOK_AFTER_SECONDS 60

/* Why a call is refused. */
#define LIMIT_REACHED HANDOFF_ERROR_PREFIX "LimitReached"
#define FAILED "org.freedesktop.DBus.Error.Failed"

/* A bus connection that called. */
typedef struct
{
  HandoffBusDesk *desk;     /* (unowned) */
  char *name;               /* (owned): unique */
  guint uid;                /* HANDOFF_UID_UNKNOWN until that is known */
  HandoffBusReader *reader; /* (owned) (nullable): NULL until the bus has told the user */
  GQueue early;             /* (element-type HandoffBusMessage): until then */
  gsize early_bytes;
  guint early_fds;
  guint32 who_serial;  /* of the question to the bus, and of its repeats: any answer counts */
  HandoffRetry *retry; /* (owned) (nullable): of that question; NULL once it is answered */
  guint32 ping_serial;
  GSource *presence; /* (owned) (nullable): looks after a known sender */
} Sender;

struct _HandoffBusDesk
{
  HandoffBusTickets *tickets; /* (unowned) */
  const HandoffBusDeskFuncs *funcs;
  gpointer user_data;
  gboolean open;
  char *stopped;          /* (owned) (nullable): calls are refused with that: the service ends */
  GHashTable *senders;    /* (owned) (element-type utf8 Sender) */
  GHashTable *questions;  /* (owned) (element-type serial Sender): to the bus, and Pings */
  HandoffBusCalls *calls; /* (owned) */
  HandoffBusReplies *replies; /* (owned) */
  gsize early_bytes;
  guint early_fds;
  HandoffBusAdmission *admission; /* (owned) */
  int n_calls;                    /* atomic: that wait */
};

/* Serials that nobody can guess: the right answer to a question shows that the question was read.
 * GDBus counts its own serials from 1. */
static guint32
new_serial (HandoffBusDesk *self)
{
  guint32 serial;

  do
    {
      if (getrandom (&serial, sizeof serial, 0) != sizeof serial)
        g_error ("No random numbers: %s", g_strerror (errno));
      serial |= 0x80000000;
    }
  while (g_hash_table_contains (self->questions, GUINT_TO_POINTER (serial)));
  return serial;
}

static void
update_n_calls (HandoffBusDesk *self, int change)
{
  g_atomic_int_add (&self->n_calls, change);
}

/* message: (transfer full) */
static void
pass_on (HandoffBusMessage *message, gpointer user_data)
{
  HandoffBusDesk *self = user_data;

  self->funcs->to_bus (message, self->user_data);
}

static void
refuse (Sender *sender, const HandoffBusMessage *call, const char *error_name, const char *reason)
{
  HandoffBusDesk *self = sender->desk;
  HandoffBusMessage *reply =
      handoff_bus_own_message_new_refusal (call, error_name, reason, new_serial (self));

  if (reply == NULL)
    return;
  if (sender->reader != NULL)
    handoff_bus_reader_send (sender->reader, reply);
  else
    pass_on (reply, self);
}

static gboolean
may_go_on (guint uid, gpointer user_data)
{
  HandoffBusDesk *self = user_data;

  return handoff_bus_tickets_has_room_for (self->tickets, uid) &&
         handoff_bus_replies_has_room (self->replies, uid);
}

void
handoff_bus_desk_let_in (HandoffBusDesk *self)
{
  HandoffBusMessage *call;

  while (self->open && handoff_bus_tickets_has_room (self->tickets) &&
         (call = handoff_bus_calls_pop (self->calls, may_go_on, self)) != NULL)
    {
      const Sender *sender = g_hash_table_lookup (self->senders, call->sender);

      handoff_bus_tickets_issue (self->tickets, sender->uid, call->size);
      self->funcs->to_client (call, self->user_data);
      /* Counted down only after the message was sent: whoever looks finds the call in one place or
       * the other. */
      update_n_calls (self, -1);
    }
}

/* message: (transfer full): its sender is known */
static void
queue (Sender *sender, HandoffBusMessage *message)
{
  HandoffBusDesk *self = sender->desk;
  const char *reason = self->stopped != NULL ? self->stopped : message->refusal;

  message->uid = sender->uid;
  if (reason == NULL)
    reason = handoff_bus_calls_push (self->calls, sender->uid, message);
  if (reason == NULL)
    return;
  refuse (sender, message, self->stopped != NULL ? HANDOFF_ERROR_ENDING : LIMIT_REACHED, reason);
  handoff_bus_message_free (message);
  update_n_calls (self, -1);
}

static void
forget_early (Sender *sender)
{
  HandoffBusDesk *self = sender->desk;

  update_n_calls (self, -(int) g_queue_get_length (&sender->early));
  g_queue_clear_full (&sender->early, (GDestroyNotify) handoff_bus_message_free);
  self->early_bytes -= sender->early_bytes;
  sender->early_bytes = 0;
  self->early_fds -= sender->early_fds;
  sender->early_fds = 0;
}

static void
sender_free (gpointer data)
{
  Sender *sender = data;
  HandoffBusDesk *self = sender->desk;
  guint n_before = handoff_bus_calls_get_size (self->calls);

  forget_early (sender);
  g_clear_pointer (&sender->retry, handoff_retry_free);
  if (sender->presence != NULL)
    g_source_destroy (sender->presence);
  g_clear_pointer (&sender->presence, g_source_unref);
  if (sender->reader != NULL)
    {
      handoff_bus_calls_drop (self->calls, sender->uid, sender->name);
      update_n_calls (self, (int) handoff_bus_calls_get_size (self->calls) - (int) n_before);
      handoff_bus_reader_free (sender->reader);
    }
  g_hash_table_remove (self->questions, GUINT_TO_POINTER (sender->who_serial));
  g_hash_table_remove (self->questions, GUINT_TO_POINTER (sender->ping_serial));
  g_free (sender->name);
  g_free (sender);
}

static void
ask_who (gpointer user_data)
{
  Sender *sender = user_data;

  pass_on (handoff_bus_own_message_new_who (sender->name, sender->who_serial), sender->desk);
}

static void
begin_who (Sender *sender)
{
  HandoffBusDesk *self = sender->desk;

  sender->who_serial = new_serial (self);
  g_hash_table_insert (self->questions, GUINT_TO_POINTER (sender->who_serial), sender);
  ask_who (sender);
}

/* Nobody will learn who the sender is. sender: (transfer full) */
static void
refuse_unknown (Sender *sender, const char *reason)
{
  HandoffBusDesk *self = sender->desk;
  HandoffBusMessage *call;

  g_warning ("%s", reason);
  while ((call = g_queue_pop_head (&sender->early)) != NULL)
    {
      refuse (sender, call, FAILED, reason);
      handoff_bus_message_free (call);
      update_n_calls (self, -1);
    }
  g_hash_table_remove (self->senders, sender->name);
}

static void
give_up_who (gpointer user_data)
{
  Sender *sender = user_data;
  g_autofree char *reason =
      g_strdup_printf ("The bus has not told for %u seconds whose connection %s is; try again",
                       (guint) (HANDOFF_RETRY_TOTAL / G_TIME_SPAN_SECOND), sender->name);

  refuse_unknown (sender, reason);
}

static const HandoffRetryFuncs who_funcs = { ask_who, give_up_who };

static Sender *
get_sender (HandoffBusDesk *self, const char *name)
{
  Sender *sender = g_hash_table_lookup (self->senders, name);

  if (sender != NULL)
    return sender;
  sender = g_new0 (Sender, 1);
  sender->desk = self;
  sender->name = g_strdup (name);
  sender->uid = handoff_bus_admission_get_uid (self->admission, name);
  g_queue_init (&sender->early);
  g_hash_table_insert (self->senders, sender->name, sender);
  sender->retry = handoff_retry_new (&who_funcs, sender);
  begin_who (sender);
  return sender;
}

/* message: (transfer full): waits until the bus has told who the sender is. A message that is too
 * much waits too, without its body: its refusal is a reply, and only a reader gets replies. */
static void
keep_early (Sender *sender, HandoffBusMessage *message)
{
  HandoffBusDesk *self = sender->desk;
  const guint n_calls = g_queue_get_length (&sender->early);

  if (n_calls >= EARLY_REFUSALS)
    {
      handoff_bus_message_free (message);
      update_n_calls (self, -1);
      return;
    }
  if (n_calls >= EARLY_CALLS || sender->early_bytes + message->size > EARLY_BYTES ||
      self->early_bytes + message->size > ALL_EARLY_BYTES ||
      self->early_fds + message->n_fds > ALL_EARLY_FDS)
    {
      message->refusal = "Too many calls came at once; there is no room for more";
      handoff_bus_message_drop_content (message);
    }
  sender->early_bytes += message->size;
  self->early_bytes += message->size;
  sender->early_fds += message->n_fds;
  self->early_fds += message->n_fds;
  g_queue_push_tail (&sender->early, message);
}

/* message: (transfer full) */
static void
received_call (HandoffBusDesk *self, HandoffBusMessage *message)
{
  Sender *sender;

  if (message->sender == NULL)
    {
      handoff_bus_message_free (message);
      return;
    }
  sender = get_sender (self, message->sender);
  message->uid = sender->uid;
  message->refusal = handoff_bus_limits_find_excess (message);
  if (message->refusal != NULL)
    handoff_bus_message_drop_content (message);
  update_n_calls (self, 1);
  if (sender->reader != NULL)
    queue (sender, message);
  else
    keep_early (sender, message);
}

/* The bus knows the sender no more. */
static void
sender_left (Sender *sender)
{
  HandoffBusDesk *self = sender->desk;

  if (sender->reader != NULL)
    self->funcs->to_client (handoff_bus_own_message_new_left (sender->name, new_serial (self)),
                            self->user_data);
  g_hash_table_remove (self->senders, sender->name);
}

static gboolean
look_after (gpointer user_data)
{
  Sender *sender = user_data;

  g_hash_table_remove (sender->desk->questions, GUINT_TO_POINTER (sender->who_serial));
  begin_who (sender);
  return G_SOURCE_CONTINUE;
}

/* The bus has told which user the sender is, or does not know it any more; or it was asked again,
 * in case its signal that the sender has left was lost. */
static void
told_who (HandoffBusDesk *self, Sender *sender, const HandoffBusMessage *message)
{
  g_autofree char *error = NULL;
  guint uid;
  GQueue early;
  HandoffBusMessage *call;

  g_clear_pointer (&sender->retry, handoff_retry_free);
  if (handoff_bus_own_message_is_error (message, "NameHasNoOwner"))
    {
      sender_left (sender);
      return;
    }
  if (sender->reader != NULL)
    return;
  if (!handoff_bus_own_message_read_who (message, &uid, &error))
    {
      g_autofree char *reason =
          g_strdup_printf ("The bus does not tell whose connection %s is: %s", sender->name, error);

      refuse_unknown (sender, reason);
      return;
    }

  sender->uid = uid;
  sender->presence = handoff_clock_timeout_source_new (LOOK_AFTER_SECONDS * G_TIME_SPAN_SECOND);
  g_source_set_callback (sender->presence, look_after, sender, NULL);
  g_source_attach (sender->presence, g_main_context_get_thread_default ());
  sender->reader = handoff_bus_reader_new (self->replies, sender->uid, sender);
  early = sender->early;
  g_queue_init (&sender->early);
  self->early_bytes -= sender->early_bytes;
  sender->early_bytes = 0;
  self->early_fds -= sender->early_fds;
  sender->early_fds = 0;
  while ((call = g_queue_pop_head (&early)) != NULL)
    queue (sender, call);
}

static void
answered (HandoffBusDesk *self, Sender *sender, const HandoffBusMessage *message)
{
  /* A sender who has left is forgotten when the bus says so. */
  if (g_strcmp0 (message->sender, sender->name) == 0)
    {
      handoff_bus_reader_answered (sender->reader);
    }
  else if (handoff_bus_own_message_is_error (message, "AccessDenied"))
    {
      g_warning (
          "The bus does not let the service ask whether replies were read "
          "(org.freedesktop.DBus.Peer.Ping): its policy does not belong to this version of the "
          "service. A program that does not read its replies can keep others waiting");
      handoff_bus_replies_give_up (self->replies);
    }
}

/* Takes a reply to one of the guard's own questions; FALSE if the message is none. */
static gboolean
take_answer (HandoffBusDesk *self, HandoffBusMessage *message)
{
  gpointer key = GUINT_TO_POINTER (message->reply_serial);
  Sender *sender = g_hash_table_lookup (self->questions, key);

  if (sender == NULL)
    return FALSE;
  if (!handoff_bus_message_is_of_the_bus (message) &&
      (message->reply_serial != sender->ping_serial ||
       g_strcmp0 (message->sender, sender->name) != 0))
    return TRUE; /* from a sender who was not asked */
  g_hash_table_remove (self->questions, key);
  message->uid = sender->uid;
  if (message->reply_serial == sender->who_serial)
    told_who (self, sender, message);
  else
    answered (self, sender, message);
  return TRUE;
}

static void
note_owner (HandoffBusDesk *self, const HandoffBusMessage *message)
{
  g_autofree char *name = handoff_bus_own_message_read_left (message);

  if (name != NULL)
    g_hash_table_remove (self->senders, name);
}

void
handoff_bus_desk_learn (HandoffBusDesk *self, const char *name, guint uid)
{
  handoff_bus_admission_learn (self->admission, name, uid);
}

HandoffBusRights
handoff_bus_desk_judge_rights (HandoffBusDesk *self, const HandoffBusMessage *message)
{
  const Sender *sender =
      message->sender != NULL ? g_hash_table_lookup (self->senders, message->sender) : NULL;
  const HandoffBusRights rights = handoff_bus_admission_judge (
      self->admission, message, sender != NULL ? sender->uid : HANDOFF_UID_UNKNOWN,
      self->early_fds);

  if (rights == HANDOFF_BUS_RIGHTS_WAIT)
    self->funcs->ask (message->sender, self->user_data);
  return rights;
}

/* The service asks the bus and polkit, and the guard asks whether replies were read. Replies from
 * others are dropped. */
gboolean
handoff_bus_desk_wants_body (HandoffBusDesk *self, const HandoffBusMessage *message)
{
  switch (message->type)
    {
    case G_DBUS_MESSAGE_TYPE_METHOD_CALL:
      return message->full_size <= HANDOFF_BUS_CALL_MAX_SIZE;
    case G_DBUS_MESSAGE_TYPE_METHOD_RETURN:
    case G_DBUS_MESSAGE_TYPE_ERROR:
      return handoff_bus_message_is_of_the_bus (message) ||
             (message->sender != NULL && !g_hash_table_contains (self->senders, message->sender));
    case G_DBUS_MESSAGE_TYPE_SIGNAL:
      return message->destination == NULL || handoff_bus_message_is_of_the_bus (message);
    default:
      return FALSE;
    }
}

void
handoff_bus_desk_take_from_bus (HandoffBusDesk *self, HandoffBusMessage *message)
{
  if (message->type == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    {
      received_call (self, message);
    }
  else if ((message->reply_serial != 0 && take_answer (self, message)) || message->rights_dropped ||
           message->size < message->full_size || !handoff_bus_desk_wants_body (self, message))
    {
      handoff_bus_message_free (message);
    }
  else
    {
      if (message->type == G_DBUS_MESSAGE_TYPE_SIGNAL &&
          handoff_bus_message_is_of_the_bus (message) &&
          g_strcmp0 (message->member, "NameOwnerChanged") == 0)
        note_owner (self, message);
      self->funcs->to_client (message, self->user_data);
    }
  handoff_bus_desk_let_in (self);
}

void
handoff_bus_desk_take_from_client (HandoffBusDesk *self, HandoffBusMessage *message)
{
  const gboolean is_reply = message->type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN ||
                            message->type == G_DBUS_MESSAGE_TYPE_ERROR;
  Sender *sender = message->destination != NULL
                       ? g_hash_table_lookup (self->senders, message->destination)
                       : NULL;

  message->own = TRUE;
  if (sender != NULL && sender->reader != NULL)
    handoff_bus_reader_send (sender->reader, message);
  else if (is_reply)
    handoff_bus_message_free (message); /* its receiver has left */
  else
    self->funcs->to_bus (message, self->user_data);
}

static void
ask_reader (gpointer reader_data, gpointer user_data)
{
  HandoffBusDesk *self = user_data;
  Sender *sender = reader_data;

  /* An answer can carry descriptors: no more for a user whose descriptors cannot be closed. */
  if (!handoff_descriptor_reaper_accepts (sender->uid, NULL))
    return;
  sender->ping_serial = new_serial (self);
  g_hash_table_insert (self->questions, GUINT_TO_POINTER (sender->ping_serial), sender);
  pass_on (handoff_bus_own_message_new_ping (sender->name, sender->ping_serial), self);
}

static const HandoffBusRepliesFuncs replies_funcs = { pass_on, ask_reader };

HandoffBusDesk *
handoff_bus_desk_new (HandoffBusTickets *tickets,
                      const HandoffBusDeskFuncs *funcs,
                      gpointer user_data)
{
  HandoffBusDesk *self = g_new0 (HandoffBusDesk, 1);

  self->tickets = tickets;
  self->funcs = funcs;
  self->user_data = user_data;
  self->admission = handoff_bus_admission_new ();
  self->questions = g_hash_table_new (NULL, NULL);
  self->calls = handoff_bus_calls_new ();
  self->replies = handoff_bus_replies_new (&replies_funcs, self);
  self->senders = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, sender_free);
  return self;
}

void
handoff_bus_desk_free (HandoffBusDesk *self)
{
  /* The senders go before what they use. Nothing that they held back is sent any more. */
  g_hash_table_unref (self->senders);
  handoff_bus_calls_free (self->calls);
  handoff_bus_replies_free (self->replies);
  g_hash_table_unref (self->questions);
  g_free (self->stopped);
  handoff_bus_admission_free (self->admission);
  g_free (self);
}

void
handoff_bus_desk_open (HandoffBusDesk *self)
{
  pass_on (handoff_bus_own_message_new_match (new_serial (self)), self);
  self->open = TRUE;
  handoff_bus_desk_let_in (self);
}

void
handoff_bus_desk_hold (HandoffBusDesk *self)
{
  self->open = FALSE;
}

void
handoff_bus_desk_close (HandoffBusDesk *self, const char *reason)
{
  HandoffBusMessage *call;

  if (self->stopped != NULL)
    return;
  self->stopped = g_strdup (reason);
  while ((call = handoff_bus_calls_pop_any (self->calls)) != NULL)
    {
      refuse (g_hash_table_lookup (self->senders, call->sender), call, HANDOFF_ERROR_ENDING,
              self->stopped);
      handoff_bus_message_free (call);
      update_n_calls (self, -1);
    }
}

void
handoff_bus_desk_note_read (HandoffBusDesk *self, const char *bus_name, guint32 reply_serial)
{
  Sender *sender = g_hash_table_lookup (self->senders, bus_name);

  if (sender != NULL && sender->reader != NULL)
    handoff_bus_reader_has_read (sender->reader, reply_serial);
  handoff_bus_desk_let_in (self);
}

gboolean
handoff_bus_desk_has_calls (HandoffBusDesk *self)
{
  return g_atomic_int_get (&self->n_calls) > 0;
}
