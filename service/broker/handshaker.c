/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/handshaker.h"

#include "broker/audit-feed.h"
#include "broker/channel-relay.h"
#include "broker/credential-feed.h"
#include "broker/known-callers.h"
#include "broker/known-sessions.h"
#include "broker/pem-desk.h"
#include "broker/places.h"
#include "broker/question-table.h"
#include "broker/questions.h"
#include "broker/relayed-calls.h"
#include "broker/signing-desk.h"
#include "broker/watch.h"
#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

/* How long the broker waits for numbers that somebody wants to see. */
#define REPORT_SECONDS 2

void
handoff_handshaker_end (HandoffHandshaker *self, const GError *error)
{
  if (self->state == HANDOFF_HANDSHAKER_ENDED)
    return;
  self->state = HANDOFF_HANDSHAKER_ENDED;
  g_clear_handle_id (&self->watch_id, g_source_remove);
  handoff_questions_cancel_all (self->questions);
  handoff_link_close (self->link, error);
  self->link = NULL;
  handoff_handshaker_leave_holders (self);
  g_clear_pointer (&self->places, handoff_places_desk_free);
  g_hash_table_remove_all (self->channels);
  g_clear_pointer (&self->program, self->support->program->free);
}

static void
lose (HandoffHandshaker *self, const GError *error)
{
  G_GNUC_UNUSED g_autoptr (HandoffHandshaker) held = handoff_handshaker_ref (self);

  if (self->state == HANDOFF_HANDSHAKER_ENDED)
    return;
  handoff_handshaker_end (self, error);
  self->funcs->ended (self, self->funcs_data);
}

static void
free_parts (HandoffHandshaker *self)
{
  g_clear_pointer (&self->feed, handoff_credential_feed_free);
  handoff_known_callers_free (self->callers);
  handoff_known_sessions_free (self->sessions);
  handoff_questions_free (self->questions);
  g_hash_table_unref (self->calls);
  g_hash_table_unref (self->channels);
}

static void
link_ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  lose (user_data, error);
}

static void
take_idle (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  g_variant_get (message->body, "(u)", &self->report.resumable);
  if (self->state == HANDOFF_HANDSHAKER_SERVING)
    self->funcs->idle (self, self->funcs_data);
}

static void
take_drained (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  if (self->state == HANDOFF_HANDSHAKER_DRAINING)
    lose (self, NULL);
  else
    handoff_handshaker_breach (self, "that it ends, and nobody told it to");
}

typedef void (*Take) (HandoffHandshaker *self, HandoffLinkMessage *message);

static const Take takes[HANDOFF_HANDSHAKER_N_MESSAGES] = {
  [HANDOFF_HANDSHAKER_ASK] = handoff_handshaker_take_ask,
  [HANDOFF_HANDSHAKER_READ_PEM] = handoff_handshaker_take_read_pem,
  [HANDOFF_HANDSHAKER_CANCEL] = handoff_handshaker_take_cancel,
  [HANDOFF_HANDSHAKER_OPEN_SIGNING] = handoff_handshaker_take_open_signing,
  [HANDOFF_HANDSHAKER_GRANT_OVER] = handoff_handshaker_take_grant_over,
  [HANDOFF_HANDSHAKER_CALL_WAITS] = handoff_handshaker_take_call_waits,
  [HANDOFF_HANDSHAKER_NOTE_READ] = handoff_handshaker_take_note_read,
  [HANDOFF_HANDSHAKER_SESSION_MADE] = handoff_handshaker_take_session_made,
  [HANDOFF_HANDSHAKER_SESSION_EXPIRED] = handoff_handshaker_take_session_expired,
  [HANDOFF_HANDSHAKER_SESSION_GONE] = handoff_handshaker_take_session_gone,
  [HANDOFF_HANDSHAKER_CHANNEL_OVER] = handoff_handshaker_take_channel_over,
  [HANDOFF_HANDSHAKER_AUDIT] = handoff_handshaker_take_audit,
  [HANDOFF_HANDSHAKER_IDLE] = take_idle,
  [HANDOFF_HANDSHAKER_DRAINED] = take_drained,
};

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  HandoffHandshaker *self = user_data;

  if (message->number != HANDOFF_HANDSHAKER_IDLE)
    self->use_time = handoff_clock_get_monotonic_time ();
  takes[message->number](self, message);
}

static const HandoffLinkFunctions link_functions = { received, link_ended };

HandoffHandshaker *
handoff_handshaker_start (const HandoffBrokerSupport *support,
                          const HandoffHandshakerFuncs *funcs,
                          gpointer user_data,
                          GError **error)
{
  HandoffHandshaker *self = g_new0 (HandoffHandshaker, 1);

  g_ref_count_init (&self->ref_count);
  self->support = support;
  self->free_parts = free_parts;
  self->lose = lose;
  self->funcs = funcs;
  self->funcs_data = user_data;
  self->program = support->program->start (&link_functions, self, &self->link,
                                           support->program->user_data, error);
  if (self->program == NULL)
    {
      g_free (self);
      return NULL;
    }
  self->start_time = handoff_clock_get_monotonic_time ();
  self->use_time = self->start_time;
  self->callers = handoff_known_callers_new ();
  self->sessions = handoff_known_sessions_new ();
  self->questions = handoff_questions_new ();
  self->calls = handoff_relayed_calls_new ();
  self->channels = handoff_relayed_channels_new ();
  return self;
}

/* A policy that is being judged. */
typedef struct
{
  HandoffHandshaker *handshaker; /* (owned) */
  HandoffPolicyVerdictFunc verdict;
  gpointer user_data; /* (unowned) */
} Judgement;

static void
judged (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autofree Judgement *judgement = user_data;
  g_autoptr (HandoffHandshaker) self = judgement->handshaker;
  g_autofree const char **suites = NULL;

  if (reply != NULL)
    {
      g_variant_get (reply->body, "(^a&s)", &suites);
      if (self->state == HANDOFF_HANDSHAKER_STARTING)
        self->state = HANDOFF_HANDSHAKER_SPARE;
    }
  judgement->verdict (suites, error, judgement->user_data);
}

void
handoff_handshaker_set_policy (HandoffHandshaker *self,
                               HandoffPolicyPackage *policy,
                               HandoffPolicyVerdictFunc verdict,
                               gpointer user_data)
{
  Judgement *judgement = g_new (Judgement, 1);
  g_autoptr (GError) error = NULL;
  int fds[2];

  judgement->handshaker = handoff_handshaker_ref (self);
  judgement->verdict = verdict;
  judgement->user_data = user_data;
  if (handoff_policy_package_dup_fds (policy, fds, &error))
    handoff_handshaker_request (self, HANDOFF_HANDSHAKER_POLICY,
                                handoff_policy_package_get_body (policy), fds, 2, judged,
                                judgement);
  else
    judged (NULL, error, judgement);
}

/* One that is told of its user. */
typedef struct
{
  HandoffHandshaker *handshaker; /* (owned) */
  HandoffBarrier *barrier;       /* (owned) */
  gboolean has_answered;
} Greeting;

static void
greeted (gpointer user_data)
{
  g_autofree Greeting *greeting = user_data;
  g_autoptr (HandoffHandshaker) self = greeting->handshaker;

  /* If it has ended, that is told next. */
  if (self->state != HANDOFF_HANDSHAKER_BEGINNING || !greeting->has_answered ||
      handoff_link_has_ended (self->link))
    return;
  self->state = HANDOFF_HANDSHAKER_SERVING;
  self->has_served = TRUE;
  self->funcs->ready (self, self->funcs_data);
}

static void
has_answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Greeting *greeting = user_data;

  greeting->has_answered = reply != NULL;
  handoff_barrier_release (greeting->barrier);
}

static void
greet (HandoffHandshaker *self)
{
  Greeting *greeting = g_new0 (Greeting, 1);

  self->state = HANDOFF_HANDSHAKER_BEGINNING;
  greeting->handshaker = handoff_handshaker_ref (self);
  greeting->barrier = handoff_barrier_new (greeted, greeting);
  handoff_credential_feed_new (self, greeting->barrier);
  handoff_handshaker_request (self, HANDOFF_HANDSHAKER_PING, g_variant_new ("()"), NULL, 0,
                              has_answered, greeting);
}

gboolean
handoff_handshaker_set_user (HandoffHandshaker *self, guint uid, guint slot, GError **error)
{
  int fd;

  self->uid = uid;
  self->slot = slot;
  handoff_link_set_user (self->link, uid);
  handoff_handshaker_become_holder (self);
  self->places = handoff_places_desk_new (self, &fd, error);
  if (self->places == NULL ||
      !handoff_link_send (
          self->link, HANDOFF_HANDSHAKER_USER,
          g_variant_new ("(uut)", uid, slot, handoff_holder_get_number (self->holder)), &fd, 1,
          error))
    return FALSE;
  greet (self);
  return TRUE;
}

void
handoff_handshaker_notice_end (HandoffHandshaker *self)
{
  if (self != NULL && self->link != NULL)
    handoff_link_notice_end (self->link);
}

static void
ignore (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
}

void
handoff_handshaker_forget_answers (HandoffHandshaker *self)
{
  handoff_handshaker_request (self, HANDOFF_HANDSHAKER_FORGET, g_variant_new ("()"), NULL, 0,
                              ignore, NULL);
}

void
handoff_handshaker_caller_left (HandoffHandshaker *self, HandoffCaller *caller)
{
  handoff_questions_cancel_all_of (self->questions, caller);
  handoff_known_sessions_forget (self->sessions, caller);
  handoff_handshaker_forget_caller (self, caller);
}

/* Numbers that somebody wants to see. */
typedef struct
{
  HandoffHandshaker *handshaker; /* (owned) */
  HandoffBarrier *barrier;       /* (owned) (nullable): NULL once nobody waits */
  guint timeout_id;
} Asking;

static void
stop_waiting (Asking *self)
{
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_clear_pointer (&self->barrier, handoff_barrier_release);
}

static gboolean
give_up (gpointer user_data)
{
  Asking *self = user_data;

  self->timeout_id = 0;
  stop_waiting (self);
  return G_SOURCE_REMOVE;
}

static void
reported (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autofree Asking *asking = user_data;
  g_autoptr (HandoffHandshaker) self = asking->handshaker;
  g_autoptr (GVariant) counts = NULL;

  if (reply != NULL)
    {
      g_variant_get (reply->body, "(@(tttt)uuuu)", &counts, &self->report.in_flight,
                     &self->report.sessions, &self->report.resumable, &self->report.workers);
      if (!handoff_handshaker_take_counts (self, counts))
        handoff_handshaker_breach (self, "a report that makes no sense");
    }
  stop_waiting (asking);
}

void
handoff_handshaker_ask_report (HandoffHandshaker *self, HandoffBarrier *barrier)
{
  Asking *asking = g_new (Asking, 1);

  asking->handshaker = handoff_handshaker_ref (self);
  asking->barrier = handoff_barrier_hold (barrier);
  asking->timeout_id =
      handoff_clock_add_timeout (REPORT_SECONDS * G_TIME_SPAN_SECOND, give_up, asking);
  handoff_handshaker_request (self, HANDOFF_HANDSHAKER_REPORT, g_variant_new ("()"), NULL, 0,
                              reported, asking);
}

/* One that was asked to go. */
typedef struct
{
  HandoffHandshaker *handshaker; /* (owned) */
  HandoffLeftFunc left;
  gpointer user_data; /* (unowned) */
} Leave;

static void
left (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autofree Leave *leave = user_data;
  g_autoptr (HandoffHandshaker) self = leave->handshaker;
  gboolean has_left;

  /* One that cannot say whether it can go is of no use. If it has ended, that is told next. */
  if (reply != NULL)
    g_variant_get (reply->body, "(b)", &has_left);
  else
    has_left = self->link != NULL && !handoff_link_has_ended (self->link);
  if (has_left)
    handoff_handshaker_end (self, error);
  else if (reply != NULL && self->state == HANDOFF_HANDSHAKER_LEAVING)
    self->state = HANDOFF_HANDSHAKER_SERVING;
  leave->left (self, has_left, leave->user_data);
}

void
handoff_handshaker_ask_to_leave (HandoffHandshaker *self, HandoffLeftFunc func, gpointer data)
{
  Leave *leave = g_new (Leave, 1);

  leave->handshaker = handoff_handshaker_ref (self);
  leave->left = func;
  leave->user_data = data;
  self->state = HANDOFF_HANDSHAKER_LEAVING;
  handoff_handshaker_request (self, HANDOFF_HANDSHAKER_LEAVE, g_variant_new ("()"), NULL, 0, left,
                              leave);
}

void
handoff_handshaker_drain (HandoffHandshaker *self)
{
  self->state = HANDOFF_HANDSHAKER_DRAINING;
  handoff_handshaker_send (self, HANDOFF_HANDSHAKER_DRAIN, g_variant_new ("()"));
}

guint
handoff_handshaker_get_pid (HandoffHandshaker *self)
{
  return self->program != NULL ? self->support->program->get_pid (self->program) : 0;
}

guint
handoff_handshaker_count_callers (HandoffHandshaker *self)
{
  return handoff_known_callers_get_size (self->callers);
}
