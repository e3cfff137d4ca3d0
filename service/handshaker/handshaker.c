/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker/handshaker.h"

#include "call/handshake-line.h"
#include "channel/channels.h"
#include "gate/dispatcher.h"
#include "handshaker/handshaker-inbox.h"
#include "handshaker/policy-feed.h"
#include "link/handshaker-messages.h"
#include "work/clock.h"
#include "work/descriptor-reaper.h"

/* Threads that read descriptors at the same time. */
#define THREADS 2
/* Calls at once that wait for something, beside those for handshakes. */
#define OTHER_CALLS 64
/* What is still under way then, when the process is to end, hangs in a stranger's socket. */
#define DRAIN_SECONDS 8

/* ---- Policy. ---- */

static void
limit_calls (HandoffHandshaker *self, const HandoffConfiguration *configuration)
{
  if (self->context.gate.dispatcher != NULL)
    handoff_dispatcher_set_limits (self->context.gate.dispatcher,
                                   configuration->handshakes_per_user + OTHER_CALLS, G_MAXUINT);
}

static void
policy_changed (HandoffHandshaker *self, HandoffTlsPolicy *policy)
{
  const HandoffConfiguration *configuration = handoff_tls_policy_get_configuration (policy);

  handoff_idle_timer_set_seconds (self->sessions.idle_timer, configuration->idle_exit);
  handoff_resumption_store_configure (self->sessions.kept, handoff_tls_policy_get_serial (policy),
                                      configuration->resumption_maximum_age);
  handoff_resumption_close_outdated (self->sessions.resumption);
  handoff_session_homes_close_outdated (self->context.homes);
  handoff_grant_book_configure (self->context.grants, configuration->authorization_memory);
  limit_calls (self, configuration);
}

/* Workers have to be there before the first handshake. */
static gboolean
take_policy (HandoffHandshaker *self, HandoffTlsPolicy *policy, GError **error)
{
  const HandoffConfiguration *configuration = handoff_tls_policy_get_configuration (policy);

  if (self->sessions.worker_pool == NULL)
    self->sessions.worker_pool = handoff_worker_pool_new (configuration->workers, error);
  if (self->sessions.worker_pool == NULL)
    return FALSE;
  if (self->context.policy_source == NULL)
    self->context.policy_source =
        handoff_tls_policy_source_new_for_policy (handoff_tls_policy_ref (policy));
  else
    handoff_tls_policy_source_set_policy (self->context.policy_source,
                                          handoff_tls_policy_ref (policy));
  policy_changed (self, policy);
  return TRUE;
}

/* A policy that the broker sent. */
typedef struct
{
  HandoffPolicyFeed *feed;  /* (owned) (nullable): NULL: it is being read */
  HandoffLinkCall *request; /* (owned) */
} Reading;

static void policy_read (GObject *source, GAsyncResult *result, gpointer user_data);

/* One after the other, as they came: the one that came last is in force at the end, however long an
 * earlier one takes. */
static void
read_next (HandoffHandshaker *self)
{
  Reading *reading = g_queue_peek_head (&self->readings);
  /* Without one it serves nobody. */
  const gboolean has_policy = self->context.policy_source != NULL;

  if (reading != NULL)
    handoff_policy_feed_read_async (g_steal_pointer (&reading->feed), has_policy, policy_read,
                                    self);
}

static void
policy_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HandoffHandshaker *self = user_data; /* held by its idle timer */
  g_autofree Reading *reading = g_queue_pop_head (&self->readings);
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffTlsPolicy) policy = handoff_policy_feed_read_finish (result, &error);

  handoff_idle_timer_release (self->sessions.idle_timer);
  if (policy != NULL && take_policy (self, policy, &error))
    handoff_link_call_return (reading->request,
                              g_variant_new ("(@as)", handoff_policy_feed_list_suites (policy)),
                              NULL, 0);
  else
    handoff_link_call_fail (reading->request, error);
  read_next (self);
}

static void
received_policy (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  Reading *reading = g_new (Reading, 1);
  const char *configuration_path, *trust_path;

  g_variant_get (message->body, "(&s&s)", &configuration_path, &trust_path);
  reading->feed = handoff_policy_feed_new (configuration_path, trust_path,
                                           handoff_link_message_steal_fd (message, 0),
                                           handoff_link_message_steal_fd (message, 1));
  reading->request = g_steal_pointer (&message->call);
  handoff_idle_timer_hold (self->sessions.idle_timer);
  g_queue_push_tail (&self->readings, reading);
  if (g_queue_get_length (&self->readings) == 1)
    read_next (self);
}

/* ---- What it is asked about itself. ---- */

static void
received_report (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  guint64 totals[HANDOFF_N_STATISTICS];

  handoff_audit_feed_flush (self->audit);
  handoff_statistics_get_totals (self->sessions.statistics, totals);
  handoff_link_call_return (
      g_steal_pointer (&message->call),
      g_variant_new ("((tttt)uuuu)", totals[HANDOFF_STATISTIC_COMPLETED],
                     totals[HANDOFF_STATISTIC_FAILED], totals[HANDOFF_STATISTIC_DENIED],
                     totals[HANDOFF_STATISTIC_RESUMED],
                     handoff_quota_get_total (self->context.handshake_quota),
                     handoff_session_book_get_size (self->sessions.book),
                     handoff_resumption_store_get_size (self->sessions.kept),
                     self->sessions.worker_pool != NULL
                         ? handoff_worker_pool_get_size (self->sessions.worker_pool)
                         : 0),
      NULL, 0);
}

static void
received_sessions (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  g_autoptr (GPtrArray) page = NULL;
  GVariantBuilder builder;
  HandoffCaller *caller;
  guint64 after, number;
  guint i, maximum;

  g_variant_get (message->body, "(tut)", &after, &maximum, &number);
  maximum = MIN (maximum, HANDOFF_HANDSHAKER_PAGE);
  caller = number != 0 ? handoff_caller_table_find (self->callers, number) : NULL;
  if (number == 0)
    page = handoff_session_book_dup_page (self->sessions.book, after, maximum);
  else if (caller != NULL)
    page = handoff_session_store_dup_page_of (self->sessions.sessions, caller, after, maximum);
  else
    page = g_ptr_array_new ();
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(tssssssuxs)"));
  for (i = 0; i < page->len; i++)
    {
      const HandoffSessionEntry *entry = g_ptr_array_index (page, i);

      g_variant_builder_add (&builder, "(tssssssuxs)", entry->number,
                             handoff_session_role_get_name (entry->role), entry->state,
                             entry->server_identity, entry->protocol, entry->cipher_suite,
                             entry->credential_label, entry->pid, entry->start_time, entry->id);
    }
  handoff_link_call_return (g_steal_pointer (&message->call),
                            g_variant_new ("(a(tssssssuxs))", &builder), NULL, 0);
}

static void
session_added (const HandoffSession *session, gpointer user_data)
{
  HandoffHandshaker *self = user_data;

  handoff_link_send (self->link, HANDOFF_HANDSHAKER_SESSION_MADE,
                     g_variant_new ("(tsb)", handoff_caller_get_number (session->caller),
                                    session->id, session->outlives_caller),
                     NULL, 0, NULL);
}

static void
session_expired (const HandoffSession *session, gpointer user_data)
{
  HandoffHandshaker *self = user_data;

  handoff_link_send (self->link, HANDOFF_HANDSHAKER_SESSION_EXPIRED,
                     g_variant_new ("(s)", session->id), NULL, 0, NULL);
}

static void
session_removed (const HandoffSession *session, gpointer user_data)
{
  HandoffHandshaker *self = user_data;

  handoff_link_send (self->link, HANDOFF_HANDSHAKER_SESSION_GONE,
                     g_variant_new ("(s)", session->id), NULL, 0, NULL);
}

static const HandoffSessionObserver observer = { session_added, session_expired, session_removed };

/* ---- Its end. ---- */

static gboolean
idle (gpointer user_data)
{
  HandoffHandshaker *self = user_data;

  /* Again and again: it may be kept for sessions that can be resumed until they are too old. */
  handoff_idle_timer_restart (self->sessions.idle_timer);
  /* What the kernel cannot close keeps the process from ending. */
  if (!handoff_descriptor_reaper_is_busy () && self->callers != NULL)
    handoff_link_send (
        self->link, HANDOFF_HANDSHAKER_IDLE,
        g_variant_new ("(u)", handoff_resumption_store_get_size (self->sessions.kept)), NULL, 0,
        NULL);
  return G_SOURCE_REMOVE;
}

static void
received_leave (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  const gboolean may_leave = !handoff_idle_timer_is_held (self->sessions.idle_timer) &&
                             !handoff_descriptor_reaper_is_busy ();

  if (may_leave)
    handoff_audit_feed_flush (self->audit);
  handoff_link_call_return (g_steal_pointer (&message->call), g_variant_new ("(b)", may_leave),
                            NULL, 0);
  self->is_leaving |= may_leave;
}

static gboolean
be_stuck (gpointer user_data)
{
  HandoffHandshaker *self = user_data;

  self->is_stuck = TRUE;
  return G_SOURCE_REMOVE;
}

/* All that is under way ends by cancellation. */
static void
drain (HandoffHandshaker *self)
{
  guint guard_id;

  handoff_idle_timer_set_seconds (self->sessions.idle_timer, 0);
  handoff_dispatcher_close (self->context.gate.dispatcher);
  handoff_channels_close_all (self->context.channels);
  if (self->callers != NULL)
    handoff_caller_table_remove_all (self->callers, handoff_handshaker_caller_left, self);
  handoff_session_home_close (&self->sessions);
  handoff_session_homes_close (self->context.homes);
  guard_id = handoff_clock_add_timeout (DRAIN_SECONDS * G_TIME_SPAN_SECOND, be_stuck, self);
  while (!self->is_stuck && self->end != HANDOFF_HANDSHAKER_END_LOST &&
         handoff_idle_timer_is_held (self->sessions.idle_timer))
    g_main_context_iteration (NULL, TRUE);
  if (!self->is_stuck)
    g_source_remove (guard_id);
  handoff_audit_feed_flush (self->audit);
  handoff_link_send (self->link, HANDOFF_HANDSHAKER_DRAINED, g_variant_new ("()"), NULL, 0, NULL);
}

/* ---- The link. ---- */

typedef void (*Receiver) (HandoffHandshaker *self, HandoffLinkMessage *message);

static void
received_ping (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  handoff_handshaker_return_nothing (message);
}

static void
received_drain (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  self->is_leaving = TRUE;
}

static const Receiver receivers[HANDOFF_HANDSHAKER_N_MESSAGES] = {
  [HANDOFF_HANDSHAKER_POLICY] = received_policy,
  [HANDOFF_HANDSHAKER_USER] = handoff_handshaker_received_user,
  [HANDOFF_HANDSHAKER_PLACES_FREE] = handoff_handshaker_received_places_free,
  [HANDOFF_HANDSHAKER_PING] = received_ping,
  [HANDOFF_HANDSHAKER_CALLER] = handoff_handshaker_received_caller,
  [HANDOFF_HANDSHAKER_CALLER_GONE] = handoff_handshaker_received_caller_gone,
  [HANDOFF_HANDSHAKER_CALL] = handoff_handshaker_received_call,
  [HANDOFF_HANDSHAKER_OPEN_CHANNEL] = handoff_handshaker_received_open_channel,
  [HANDOFF_HANDSHAKER_CREDENTIAL] = handoff_handshaker_received_credential,
  [HANDOFF_HANDSHAKER_CREDENTIAL_GONE] = handoff_handshaker_received_credential_gone,
  [HANDOFF_HANDSHAKER_FORGET] = handoff_handshaker_received_forget,
  [HANDOFF_HANDSHAKER_TAKE_BACK] = handoff_handshaker_received_take_back,
  [HANDOFF_HANDSHAKER_REPORT] = received_report,
  [HANDOFF_HANDSHAKER_SESSIONS] = received_sessions,
  [HANDOFF_HANDSHAKER_LEAVE] = received_leave,
  [HANDOFF_HANDSHAKER_DRAIN] = received_drain,
};

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  receivers[message->number](user_data, message);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  HandoffHandshaker *self = user_data;

  self->end = HANDOFF_HANDSHAKER_END_LOST;
}

static const HandoffLinkFunctions functions = { received, ended };

HandoffHandshaker *
handoff_handshaker_new (int socket)
{
  HandoffHandshaker *self = g_new0 (HandoffHandshaker, 1);
  HandoffCallContext *context = &self->context;
  HandoffSessionContext *sessions = &self->sessions;

  self->link = handoff_link_new (socket, &handoff_handshaker_table, HANDOFF_LINK_LOWER, NULL,
                                 "tls-handoffd", &functions, self);

  sessions->idle_timer = handoff_idle_timer_new (idle, self);
  sessions->statistics = handoff_statistics_new ();
  sessions->book = handoff_session_book_new ();
  sessions->kept = handoff_resumption_store_new ();
  sessions->observer = &observer;
  sessions->observer_data = self;
  self->desk = handoff_grant_desk_new (self->link);
  self->mirror = handoff_credential_mirror_new ();
  sessions->credentials = HANDOFF_CREDENTIALS (self->mirror);
  sessions->authority = HANDOFF_AUTHORITY (handoff_link_authority_new (self->link, self->desk));
  handoff_session_home_init (sessions);
  self->audit = handoff_audit_feed_new (self->link, sessions->statistics);

  self->pem_reader =
      (HandoffLinkPemReader){ self->link, HANDOFF_LINK_AUTHORITY (sessions->authority),
                              self->desk };
  context->pem_reader = &handoff_link_pem_reader_funcs;
  context->pem_reader_data = &self->pem_reader;

  context->shared = sessions;
  context->homes = handoff_session_homes_new ();
  context->grants = handoff_grant_book_new ();
  context->handshake_quota = handoff_quota_new ("handshakes at once");
  context->handshake_line = handoff_handshake_line_new (context->handshake_quota);
  context->session_quota = handoff_quota_new ("sessions");
  context->outliving_quota = handoff_quota_new ("sessions that outlive their callers");
  context->gate.idle_timer = sessions->idle_timer;
  context->gate.turnstile = handoff_turnstile_new (THREADS, G_MAXUINT);
  context->gate.dispatcher =
      handoff_dispatcher_new (NULL, NULL, sessions->authority, sessions->idle_timer);
  context->channels = handoff_channels_new (context);
  return self;
}

void
handoff_handshaker_free (HandoffHandshaker *self)
{
  HandoffCallContext *context = &self->context;
  HandoffSessionContext *sessions = &self->sessions;

  handoff_link_close (self->link, NULL);
  g_clear_pointer (&context->handshake_line, handoff_handshake_line_free);
  g_clear_pointer (&context->channels, handoff_channels_free);
  g_clear_pointer (&context->gate.dispatcher, handoff_dispatcher_free);
  g_clear_pointer (&sessions->worker_pool, handoff_worker_pool_free);
  handoff_audit_feed_free (self->audit);
  g_clear_pointer (&self->callers, handoff_caller_table_free);
  g_clear_object (&self->mirror);
  g_clear_object (&sessions->authority);
  handoff_grant_desk_free (self->desk);
  g_clear_object (&context->policy_source);
  handoff_session_homes_free (context->homes);
  handoff_session_home_clear (sessions);
  handoff_resumption_store_free (sessions->kept);
  handoff_session_book_free (sessions->book);
  handoff_grant_book_free (context->grants);
  handoff_quota_free (context->handshake_quota);
  handoff_quota_free (context->session_quota);
  handoff_quota_free (context->outliving_quota);
  g_clear_pointer (&self->places, handoff_places_socket_free);
  handoff_turnstile_unref (context->gate.turnstile);
  handoff_statistics_free (sessions->statistics);
  handoff_idle_timer_free (sessions->idle_timer);
  handoff_link_free (self->link);
  g_free (self);
}

HandoffHandshakerEnd
handoff_handshaker_run (HandoffHandshaker *self)
{
  while (!self->is_leaving && self->end != HANDOFF_HANDSHAKER_END_LOST)
    g_main_context_iteration (NULL, TRUE);
  if (self->end == HANDOFF_HANDSHAKER_END_LOST)
    return self->end;
  drain (self);
  if (self->is_stuck && self->end == HANDOFF_HANDSHAKER_END_DONE)
    self->end = HANDOFF_HANDSHAKER_END_STUCK;
  return self->end;
}
