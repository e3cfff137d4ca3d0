/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/handshakers.h"

#include "broker/policy-news.h"
#include "broker/waiting-line.h"
#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

/* If there are too many users, so many are asked at a time whether they can go. */
#define ASKED_TO_LEAVE 8
/* Another spare is started when the user who got the last one has had some time for himself. */
#define SPARE_SECONDS 1
/* How often in a row one may fail to start until those who wait for one are told. */
#define MAX_FAILURES 2

struct _HandoffHandshakers
{
  const HandoffBrokerSupport *support;
  guint users;                  /* how many may have one */
  guint maximum_age;            /* seconds */
  GHashTable *by_uid;           /* (owned) (element-type uid HandoffHandshaker): owns references */
  HandoffHandshaker *spare;     /* (owned) (nullable): perhaps it is still starting */
  HandoffPolicyPackage *policy; /* (owned) (nullable): in force; NULL before the first */
  GQueue waiting;               /* see waiting-line.h */
  gboolean slots[HANDOFF_HANDSHAKER_SLOTS];
  guint round;              /* of questions who can make room: in one, each is asked once */
  gboolean is_spare_wanted; /* somebody who waits could have it */
  guint spare_id;           /* a timeout: another spare is started */
  guint n_failures;
  gboolean is_ending;
};

static void serve_waiting (HandoffHandshakers *self);
static void start_spare (HandoffHandshakers *self);

static void
unref_handshaker (gpointer data)
{
  handoff_handshaker_unref (data);
}

HandoffHandshakers *
handoff_handshakers_new (const HandoffBrokerSupport *support)
{
  HandoffHandshakers *self = g_new0 (HandoffHandshakers, 1);

  self->support = support;
  self->users = HANDOFF_HANDSHAKER_SLOTS;
  self->round = 1;
  self->by_uid = g_hash_table_new_full (NULL, NULL, NULL, unref_handshaker);
  g_queue_init (&self->waiting);
  return self;
}

static GError *
new_ending_error (void)
{
  return g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                              "The service is ending");
}

void
handoff_handshakers_free (HandoffHandshakers *self)
{
  g_autoptr (GError) error = new_ending_error ();
  g_autoptr (GPtrArray) list = handoff_handshakers_list (self);
  guint i;

  self->is_ending = TRUE;
  g_clear_handle_id (&self->spare_id, g_source_remove);
  handoff_waiting_line_fail_all (&self->waiting, error);
  for (i = 0; i < list->len; i++)
    handoff_handshaker_end (g_ptr_array_index (list, i), error);
  if (self->spare != NULL)
    handoff_handshaker_end (self->spare, error);
  g_clear_pointer (&self->spare, handoff_handshaker_unref);
  g_hash_table_unref (self->by_uid);
  g_clear_pointer (&self->policy, handoff_policy_package_unref);
  g_free (self);
}

void
handoff_handshakers_configure (HandoffHandshakers *self, guint users, guint maximum_age)
{
  self->users = MIN (users, HANDOFF_HANDSHAKER_SLOTS);
  self->maximum_age = maximum_age;
}

HandoffHandshaker *
handoff_handshakers_find (HandoffHandshakers *self, guint uid)
{
  return g_hash_table_lookup (self->by_uid, GUINT_TO_POINTER (uid));
}

GPtrArray *
handoff_handshakers_list (HandoffHandshakers *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (unref_handshaker);
  GHashTableIter iter;
  gpointer handshaker;

  g_hash_table_iter_init (&iter, self->by_uid);
  while (g_hash_table_iter_next (&iter, NULL, &handshaker))
    g_ptr_array_add (list, handoff_handshaker_ref (handshaker));
  return list;
}

HandoffHandshaker *
handoff_handshakers_get_spare (HandoffHandshakers *self)
{
  return self->spare;
}

/* It has ended, one way or another. */
static void
remove_handshaker (HandoffHandshakers *self, HandoffHandshaker *handshaker)
{
  if (handoff_handshakers_find (self, handshaker->uid) != handshaker)
    return;
  self->slots[handshaker->slot] = FALSE;
  handoff_handshaker_ref (handshaker);
  g_hash_table_remove (self->by_uid, GUINT_TO_POINTER (handshaker->uid));
  handoff_handshaker_sessions_changed (handshaker);
  handoff_handshaker_unref (handshaker);
}

static void
spare_failed (HandoffHandshakers *self, const GError *error)
{
  g_clear_pointer (&self->spare, handoff_handshaker_unref);
  self->n_failures++;
  if (self->n_failures >= MAX_FAILURES)
    {
      g_autoptr (GError) told = g_error_new (
          TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
          "The service cannot start the process that does handshakes: %s", error->message);

      self->n_failures = 0;
      handoff_waiting_line_fail_all (&self->waiting, told);
    }
  else if (!g_queue_is_empty (&self->waiting) && self->policy != NULL)
    start_spare (self);
}

static void
handshaker_ended (HandoffHandshaker *handshaker, gpointer user_data)
{
  HandoffHandshakers *self = user_data;

  if (handshaker == self->spare)
    {
      g_autoptr (GError) error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                                                      "it ended before it had a user");

      spare_failed (self, error);
      return;
    }
  remove_handshaker (self, handshaker);
  /* Nothing was asked of it: another can do that. */
  if (!handshaker->has_served)
    handoff_waiting_line_lose (&self->waiting, handshaker->uid);
  serve_waiting (self);
}

static void
handshaker_ready (HandoffHandshaker *handshaker, gpointer user_data)
{
  serve_waiting (user_data);
}

static void
left_alone (HandoffHandshaker *handshaker, gboolean has_left, gpointer user_data)
{
  HandoffHandshakers *self = user_data;

  if (has_left)
    remove_handshaker (self, handshaker);
  else
    handshaker->round = self->round;
  serve_waiting (self);
}

/* It is asked once in IdleExit seconds: it says so each time. */
static void
handshaker_idle (HandoffHandshaker *handshaker, gpointer user_data)
{
  HandoffHandshakers *self = user_data;
  const gint64 rest = handoff_clock_get_monotonic_time () - handshaker->use_time;

  if (handshaker->report.resumable == 0 || rest >= self->maximum_age * G_TIME_SPAN_SECOND)
    handoff_handshaker_ask_to_leave (handshaker, left_alone, self);
}

static const HandoffHandshakerFuncs funcs = { handshaker_ready, handshaker_ended, handshaker_idle };

/* ---- The spare, and its policy. ---- */

static void
spare_judged (const char *const *suites, const GError *error, gpointer user_data)
{
  HandoffHandshakers *self = user_data;

  if (self->is_ending)
    return;
  if (error != NULL)
    {
      handoff_handshaker_end (self->spare, error);
      spare_failed (self, error);
      return;
    }
  self->n_failures = 0;
  serve_waiting (self);
}

/* There is a policy, and no spare. */
static void
start_spare (HandoffHandshakers *self)
{
  g_autoptr (GError) error = NULL;

  g_clear_handle_id (&self->spare_id, g_source_remove);
  if (self->is_ending)
    return;
  self->spare = handoff_handshaker_start (self->support, &funcs, self, &error);
  if (self->spare == NULL)
    {
      g_warning ("Cannot start a handshaker: %s", error->message);
      spare_failed (self, error);
      return;
    }
  handoff_handshaker_set_policy (self->spare, self->policy, spare_judged, self);
}

/* A policy on its way to all. */
typedef struct
{
  HandoffHandshakers *handshakers; /* (unowned) */
  HandoffHandshaker *judge;        /* (owned): the one that was the spare */
  HandoffPolicyPackage *policy;    /* (owned) */
  HandoffPolicyVerdictFunc verdict;
  gpointer user_data; /* (unowned) */
  char **suites;      /* (owned) (nullable): NULL as long as it is not judged */
} Spreading;

static void
spreading_free (Spreading *self)
{
  handoff_handshaker_unref (self->judge);
  handoff_policy_package_unref (self->policy);
  g_strfreev (self->suites);
  g_free (self);
}

static void
spreading_end (gpointer user_data)
{
  Spreading *self = user_data;

  self->verdict ((const char *const *) self->suites, NULL, self->user_data);
  spreading_free (self);
}

static void
spread (Spreading *self)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (self->handshakers);
  HandoffBarrier *barrier = handoff_barrier_new (spreading_end, self);
  HandoffHandshaker *spare = self->handshakers->spare;
  guint i;

  if (spare != NULL && spare != self->judge)
    g_ptr_array_add (list, handoff_handshaker_ref (spare));
  for (i = 0; i < list->len; i++)
    {
      if (g_ptr_array_index (list, i) != self->judge)
        handoff_handshaker_tell_policy (g_ptr_array_index (list, i), self->policy, barrier);
    }
  handoff_barrier_release (barrier);
}

static void
policy_judged (const char *const *suites, const GError *error, gpointer user_data)
{
  Spreading *self = user_data;
  HandoffHandshakers *handshakers = self->handshakers;

  if (error != NULL)
    {
      self->verdict (NULL, error, self->user_data);
      spreading_free (self);
      return;
    }
  g_clear_pointer (&handshakers->policy, handoff_policy_package_unref);
  handshakers->policy = handoff_policy_package_ref (self->policy);
  self->suites = g_strdupv ((char **) suites);
  spread (self);
  serve_waiting (handshakers);
}

void
handoff_handshakers_set_policy (HandoffHandshakers *self,
                                HandoffPolicyPackage *policy,
                                HandoffPolicyVerdictFunc verdict,
                                gpointer user_data)
{
  Spreading *spreading;
  g_autoptr (GError) error = NULL;

  if (self->spare == NULL && self->policy != NULL)
    start_spare (self);
  else if (self->spare == NULL)
    self->spare = handoff_handshaker_start (self->support, &funcs, self, &error);
  if (self->spare == NULL)
    {
      if (error == NULL)
        g_set_error_literal (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                             "Cannot start the process that does handshakes");
      verdict (NULL, error, user_data);
      return;
    }
  spreading = g_new0 (Spreading, 1);
  spreading->handshakers = self;
  spreading->judge = handoff_handshaker_ref (self->spare);
  spreading->policy = handoff_policy_package_ref (policy);
  spreading->verdict = verdict;
  spreading->user_data = user_data;
  handoff_handshaker_set_policy (self->spare, policy, policy_judged, spreading);
}

/* ---- Users. ---- */

static gboolean
spare_timeout (gpointer user_data)
{
  HandoffHandshakers *self = user_data;

  self->spare_id = 0;
  if (self->spare == NULL)
    start_spare (self);
  return G_SOURCE_REMOVE;
}

static guint
take_slot (HandoffHandshakers *self)
{
  guint slot = 0;

  while (self->slots[slot])
    slot++;
  self->slots[slot] = TRUE;
  return slot;
}

/* The spare becomes that user's. FALSE if it could not: then there is none any more. */
static gboolean
give_spare (HandoffHandshakers *self, guint uid, GError **error)
{
  g_autoptr (HandoffHandshaker) handshaker = g_steal_pointer (&self->spare);
  const guint slot = take_slot (self);
  g_autoptr (GError) local_error = NULL;

  self->spare_id =
      handoff_clock_add_timeout (SPARE_SECONDS * G_TIME_SPAN_SECOND, spare_timeout, self);
  if (!handoff_handshaker_set_user (handshaker, uid, slot, &local_error))
    {
      g_warning ("Cannot give a handshaker to user %u: %s", uid, local_error->message);
      self->slots[slot] = FALSE;
      handoff_handshaker_end (handshaker, local_error);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  g_hash_table_insert (self->by_uid, GUINT_TO_POINTER (uid), g_steal_pointer (&handshaker));
  return TRUE;
}

static int
compare_use_times (gconstpointer a, gconstpointer b)
{
  const HandoffHandshaker *one = *(const HandoffHandshaker *const *) a;
  const HandoffHandshaker *other = *(const HandoffHandshaker *const *) b;

  return (one->use_time > other->use_time) - (one->use_time < other->use_time);
}

/* Whether one of them was asked to go, and has not answered, or has ended and makes room next. */
static gboolean
is_anybody_going (HandoffHandshakers *self)
{
  GHashTableIter iter;
  const HandoffHandshaker *handshaker;

  g_hash_table_iter_init (&iter, self->by_uid);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &handshaker))
    {
      if (handshaker->state == HANDOFF_HANDSHAKER_LEAVING ||
          handshaker->state == HANDOFF_HANDSHAKER_ENDED)
        return TRUE;
    }
  return FALSE;
}

/* Asks those that were used least recently. FALSE: all were asked in this round. */
static gboolean
make_room (HandoffHandshakers *self)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (self);
  guint i, n_asked = 0;

  if (is_anybody_going (self))
    return TRUE;
  g_ptr_array_sort (list, compare_use_times);
  for (i = 0; i < list->len && n_asked < ASKED_TO_LEAVE; i++)
    {
      HandoffHandshaker *handshaker = g_ptr_array_index (list, i);

      if (handshaker->state != HANDOFF_HANDSHAKER_SERVING || handshaker->round == self->round ||
          g_hash_table_size (handshaker->calls) > 0)
        continue;
      n_asked++;
      handoff_handshaker_ask_to_leave (handshaker, left_alone, self);
    }
  return n_asked > 0;
}

/* What comes of somebody who waits, now. FALSE: he has to wait on. handshaker, error: (out): one of
 * them. */
static gboolean
try_to_serve (HandoffHandshakers *self, guint uid, HandoffHandshaker **handshaker, GError **error)
{
  *handshaker = handoff_handshakers_find (self, uid);
  if (*handshaker != NULL)
    return (*handshaker)->state == HANDOFF_HANDSHAKER_SERVING;
  if (g_hash_table_size (self->by_uid) >= self->users)
    {
      if (make_room (self))
        return FALSE;
      g_set_error (
          error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
          "The service does handshakes for as many users as the configuration allows (%u); "
          "try again when some of them have nothing to do any more",
          self->users);
      return TRUE;
    }
  if (self->spare == NULL || self->spare->state != HANDOFF_HANDSHAKER_SPARE)
    {
      self->is_spare_wanted = TRUE;
      return FALSE;
    }
  return !give_spare (self, uid, error);
}

/* Serves the first one who can be served. */
static gboolean
serve_one (HandoffHandshakers *self)
{
  GList *link;

  self->is_spare_wanted = FALSE;
  for (link = self->waiting.head; link != NULL; link = link->next)
    {
      const HandoffWaiting *waiting = link->data;
      HandoffHandshaker *handshaker = NULL;
      g_autoptr (GError) error = NULL;

      if (!try_to_serve (self, waiting->uid, &handshaker, &error))
        continue;
      handoff_waiting_line_serve (&self->waiting, link, handshaker, error);
      return TRUE;
    }
  return FALSE;
}

static void
serve_waiting (HandoffHandshakers *self)
{
  while (!self->is_ending && serve_one (self))
    ;
  /* Whoever comes later may have more luck. */
  if (!is_anybody_going (self))
    self->round++;
  if (self->is_spare_wanted && self->spare == NULL && self->policy != NULL)
    start_spare (self);
}

void
handoff_handshakers_get (HandoffHandshakers *self,
                         guint uid,
                         HandoffHandshakerFunc func,
                         gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  HandoffHandshaker *handshaker;

  if (self->is_ending)
    {
      error = new_ending_error ();
      func (NULL, error, user_data);
      return;
    }
  handshaker = handoff_handshakers_find (self, uid);
  handoff_handshaker_notice_end (handshaker != NULL ? handshaker : self->spare);
  handoff_waiting_line_add (&self->waiting, uid, func, user_data);
  serve_waiting (self);
}

/* ---- The end. ---- */

typedef struct
{
  HandoffHandshakers *handshakers; /* (unowned) */
  HandoffBarrier *barrier;
  gboolean has_anybody_stayed;
  HandoffAllLeftFunc left;
  gpointer user_data; /* (unowned) */
} Leaving;

static void
all_answered (gpointer user_data)
{
  g_autofree Leaving *self = user_data;

  self->left (!self->has_anybody_stayed, self->user_data);
}

static void
left_with_all (HandoffHandshaker *handshaker, gboolean has_left, gpointer user_data)
{
  Leaving *self = user_data;

  if (!has_left)
    self->has_anybody_stayed = TRUE;
  left_alone (handshaker, has_left, self->handshakers);
  handoff_barrier_release (self->barrier);
}

void
handoff_handshakers_ask_to_leave (HandoffHandshakers *self,
                                  HandoffAllLeftFunc left,
                                  gpointer user_data)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (self);
  Leaving *leaving = g_new0 (Leaving, 1);
  guint i;

  *leaving = (Leaving){ self, handoff_barrier_new (all_answered, leaving), FALSE, left, user_data };
  for (i = 0; i < list->len; i++)
    {
      HandoffHandshaker *handshaker = g_ptr_array_index (list, i);

      if (handshaker->state != HANDOFF_HANDSHAKER_SERVING)
        {
          leaving->has_anybody_stayed = TRUE;
          continue;
        }
      handoff_barrier_hold (leaving->barrier);
      handoff_handshaker_ask_to_leave (handshaker, left_with_all, leaving);
    }
  handoff_barrier_release (leaving->barrier);
}

void
handoff_handshakers_drain (HandoffHandshakers *self)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (self);
  g_autoptr (GError) error = new_ending_error ();
  guint i;

  self->is_ending = TRUE;
  g_clear_handle_id (&self->spare_id, g_source_remove);
  handoff_waiting_line_fail_all (&self->waiting, error);
  for (i = 0; i < list->len; i++)
    handoff_handshaker_drain (g_ptr_array_index (list, i));
  if (self->spare != NULL)
    handoff_handshaker_end (self->spare, NULL);
  g_clear_pointer (&self->spare, handoff_handshaker_unref);
}

gboolean
handoff_handshakers_are_there (HandoffHandshakers *self)
{
  return g_hash_table_size (self->by_uid) > 0;
}
