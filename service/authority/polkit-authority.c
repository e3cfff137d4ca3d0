/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Checks become questions to polkitd. polkitd gets a limited number of questions at once, because
 * the bus lets the service wait for few replies, and the service needs replies to other calls too.
 * Each user has a share of that number and a line to wait in, and the lines are served in turn. All
 * of this is on the main thread.
 *
 * A check joins a question that is the same (who, what, details) and was not asked yet. A
 * question that was asked already may have been decided under rules that are no longer in force. So
 * a later check begins the next question. That waits until the first is answered, and equal checks
 * join it meanwhile. However many checks are equal, they take one place.
 *
 * Every check is asked first without interaction, even if its caller allows interaction.
 * Only if polkit wants somebody to authenticate, the check becomes a prompt: a question of a second
 * kind, with places of its own. So a user who leaves prompts unanswered delays nobody, not even his
 * own checks that need no prompt. Checks join a prompt as long as it is shown: nobody wants two.
 *
 * A question without an answer after two seconds is asked again, without interaction, in
 * case polkitd has lost it; the first answer counts. No check waits for ever: without an answer,
 * the answer is no after a time. But the question keeps its place until the bus no longer waits for
 * its reply. */

#include "config.h"

#include "authority/polkit-authority.h"

#include "keyblob/tls-handoff-error.h"
#include "authority/polkit-check.h"
#include "caller/quota.h"
#include "work/turnstile.h"
#include "work/clock.h"

struct _HandoffPolkitAuthority
{
  GObject parent;

  GDBusConnection *connection;       /* (owned) */
  HandoffTurnstile *question_places; /* (owned) */
  HandoffTurnstile *prompt_places;   /* (owned) */
  HandoffQuota *waiting;             /* (owned) */
  /* (owned) (element-type GBytes Question): for each key, the first question without an answer */
  GHashTable *questions;
  guint subscriptions[HANDOFF_POLKIT_SUBSCRIPTIONS];
  guint n_repeats;   /* questions that are asked again now */
  guint64 n_prompts; /* so far: each has a name of its own */
};

static void handoff_polkit_authority_iface_init (HandoffAuthorityInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HandoffPolkitAuthority,
                               handoff_polkit_authority,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_AUTHORITY,
                                                      handoff_polkit_authority_iface_init))

/* What is asked. Questions with the same key are the same. */
typedef struct
{
  grefcount ref_count;
  char *bus_name; /* (owned) */
  guint uid;
  char *action;      /* (owned) */
  GVariant *details; /* (owned): a{ss}, in the order of its keys */
  gboolean is_prompt;
  GBytes *key; /* (owned) */
} Matter;

typedef struct _Question Question;

/* States: waiting in line (not asked), asked, settled (no check waits for it). Its place in the
 * line owns it until it is asked, then its calls own it. */
struct _Question
{
  HandoffPolkitAuthority *authority; /* (owned) */
  Matter *matter;                    /* (owned) */
  GQueue waiters;                    /* (element-type Waiter) */
  HandoffPlace *waiting;             /* (owned) (nullable): NULL once it is asked */
  HandoffPass *pass;                 /* (owned) (nullable): NULL before it may stand in line */
  gboolean asked;
  guint n_calls;         /* that the bus waits for */
  gboolean settled;      /* nobody waits for it any more */
  char *cancellation_id; /* (owned) (nullable): of a prompt that was asked */
  Question *next;        /* (nullable): the same question, to be asked after this one is answered */
  GSource *deadline;     /* (owned) */
  guint repeat_id;       /* asks again */
};

/* A check, for as long as it has no answer. */
typedef struct
{
  GTask *task;    /* (owned) */
  Matter *matter; /* (owned): of its question */
  gboolean interactive;
  Question *question; /* that it waits for */
  GSource *cancelled; /* (owned) (nullable) */
} Waiter;

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* details: (nullable). Returns: (transfer floating) */
static GVariant *
new_details (GHashTable *details)
{
  GVariantBuilder builder;
  g_autofree const char **keys = NULL;
  guint i, n_keys = 0;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  if (details != NULL)
    keys = (const char **) g_hash_table_get_keys_as_array (details, &n_keys);
  if (n_keys > 1)
    qsort (keys, n_keys, sizeof *keys, compare_keys);
  for (i = 0; i < n_keys; i++)
    g_variant_builder_add (&builder, "{ss}", keys[i], g_hash_table_lookup (details, keys[i]));
  return g_variant_builder_end (&builder);
}

static Matter *
matter_new (
    const char *bus_name, guint uid, const char *action, GVariant *details, gboolean is_prompt)
{
  Matter *self = g_new0 (Matter, 1);
  g_autoptr (GVariant) all = NULL;

  g_ref_count_init (&self->ref_count);
  self->bus_name = g_strdup (bus_name);
  self->uid = uid;
  self->action = g_strdup (action);
  self->details = g_variant_ref_sink (details);
  self->is_prompt = is_prompt;
  all = g_variant_ref_sink (
      g_variant_new ("(ss@a{ss}b)", bus_name, action, self->details, is_prompt));
  self->key = g_variant_get_data_as_bytes (all);
  return self;
}

static Matter *
matter_ref (Matter *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

static void
matter_unref (Matter *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_free (self->bus_name);
  g_free (self->action);
  g_variant_unref (self->details);
  g_bytes_unref (self->key);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Matter, matter_unref)

static void
waiter_free (Waiter *self)
{
  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
  g_clear_pointer (&self->matter, matter_unref);
  g_clear_object (&self->task);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Waiter, waiter_free)

static void
question_free (Question *self)
{
  g_assert (g_queue_is_empty (&self->waiters) && self->next == NULL);
  g_source_destroy (self->deadline);
  g_source_unref (self->deadline);
  g_assert (self->repeat_id == 0 && self->n_calls == 0);
  g_clear_pointer (&self->waiting, handoff_place_free);
  g_clear_pointer (&self->pass, handoff_pass_free);
  g_free (self->cancellation_id);
  matter_unref (self->matter);
  g_object_unref (self->authority);
  g_free (self);
}

static void join (HandoffPolkitAuthority *self, Waiter *waiter);

/* waiter: (transfer full). error: (nullable) */
static void
tell (HandoffPolkitAuthority *self, Waiter *waiter, HandoffPolkitAnswer answer, const GError *error)
{
  g_autoptr (Waiter) owned = waiter;
  const char *action = waiter->matter->action;
  Matter *matter;

  switch (answer)
    {
    case HANDOFF_POLKIT_YES:
    case HANDOFF_POLKIT_PLAIN_YES:
      /* Behind the yes to a prompt is a password, even if polkit does not keep it. */
      g_task_return_int (waiter->task,
                         answer == HANDOFF_POLKIT_PLAIN_YES && !waiter->matter->is_prompt);
      return;
    case HANDOFF_POLKIT_NO:
      g_task_return_new_error (waiter->task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED,
                               "polkit denies the action %s to this user", action);
      return;
    case HANDOFF_POLKIT_CHALLENGE:
      if (!waiter->interactive || waiter->matter->is_prompt)
        {
          g_task_return_new_error (
              waiter->task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED,
              "The polkit action %s needs authentication: its rules ask for a password, and %s",
              action,
              waiter->matter->is_prompt ? "there is no authentication agent that could ask for it"
                                        : "the program did not allow anybody to be asked for it");
          return;
        }
      matter = matter_new (waiter->matter->bus_name, waiter->matter->uid, action,
                           waiter->matter->details, TRUE);
      matter_unref (waiter->matter);
      waiter->matter = matter;
      join (self, g_steal_pointer (&owned));
      return;
    case HANDOFF_POLKIT_FAILED:
    default:
      /* Deny by default: without polkit nobody may do anything. */
      g_task_return_error (waiter->task, g_error_copy (error));
      return;
    }
}

static void stand_in_line (Question *self);

/* No check waits for this question any more: if it was the first of its key, the next one may be
 * asked. */
static void
retire (Question *self)
{
  GHashTable *questions = self->authority->questions;
  GBytes *key = self->matter->key;
  Question *first = g_hash_table_lookup (questions, key);
  Question *next = g_steal_pointer (&self->next);

  self->settled = TRUE;
  g_source_destroy (self->deadline);
  g_clear_handle_id (&self->repeat_id, g_source_remove);
  if (first != self)
    {
      first->next = NULL;
    }
  else if (next != NULL)
    {
      g_hash_table_replace (questions, next->matter->key, next);
      stand_in_line (next);
    }
  else
    {
      g_hash_table_remove (questions, key);
    }
}

static void
settle (Question *self, HandoffPolkitAnswer answer, const GError *error)
{
  GQueue waiters = self->waiters;
  Waiter *waiter;

  g_queue_init (&self->waiters);
  retire (self);
  while ((waiter = g_queue_pop_head (&waiters)) != NULL)
    tell (self->authority, waiter, answer, error);
}

/* The question is settled without an answer. Its calls still wait for polkitd's replies. */
static void
give_up (Question *self)
{
  if (!self->asked)
    question_free (self);
  else if (self->cancellation_id != NULL)
    handoff_polkit_check_cancel (self->authority->connection, self->cancellation_id);
}

static void
call_ended (Question *self)
{
  if (--self->n_calls == 0)
    question_free (self);
}

static void
answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *self = user_data;
  g_autoptr (GError) error = NULL;
  HandoffPolkitAnswer answer = handoff_polkit_check_finish (result, &error);

  if (!self->settled)
    settle (self, answer, error);
  call_ended (self);
}

static void
answered_again (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *self = user_data;
  HandoffPolkitAnswer answer = handoff_polkit_check_finish (result, NULL);
  /* For a prompt, a challenge says nothing new: somebody has to answer the prompt. */
  gboolean tells = answer != HANDOFF_POLKIT_FAILED &&
                   !(answer == HANDOFF_POLKIT_CHALLENGE && self->matter->is_prompt);

  self->authority->n_repeats--;
  if (tells && !self->settled)
    {
      settle (self, answer, NULL);
      give_up (self);
    }
  call_ended (self);
}

static gboolean
ask_again (gpointer user_data)
{
  Question *self = user_data;
  const Matter *matter = self->matter;

  if (self->authority->n_repeats == HANDOFF_POLKIT_REPEATS)
    return G_SOURCE_CONTINUE;
  self->authority->n_repeats++;
  self->n_calls++;
  self->repeat_id = 0;
  handoff_polkit_check_async (self->authority->connection, matter->bus_name, matter->action,
                              matter->details, FALSE, "", answered_again, self);
  return G_SOURCE_REMOVE;
}

/* It is the question's turn. */
static void
ask (gpointer user_data)
{
  Question *self = user_data;
  const Matter *matter = self->matter;

  self->asked = TRUE;
  self->n_calls++;
  g_clear_pointer (&self->waiting, handoff_place_free);
  if (matter->is_prompt)
    self->cancellation_id = g_strdup_printf ("%" G_GUINT64_FORMAT, ++self->authority->n_prompts);
  self->repeat_id = handoff_clock_add_timeout (HANDOFF_POLKIT_REPEAT_SECONDS * G_TIME_SPAN_SECOND,
                                               ask_again, self);
  handoff_polkit_check_async (self->authority->connection, matter->bus_name, matter->action,
                              matter->details, matter->is_prompt,
                              matter->is_prompt ? self->cancellation_id : "", answered, self);
}

static void
stand_in_line (Question *self)
{
  HandoffPolkitAuthority *authority = self->authority;

  self->pass = handoff_turnstile_queue (self->matter->is_prompt ? authority->prompt_places
                                                                : authority->question_places,
                                        self->matter->uid, ask, self);
}

static gboolean
deadline_passed (gpointer user_data)
{
  Question *self = user_data;
  g_autoptr (GError) error = NULL;

  if (self->matter->is_prompt)
    g_set_error (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE,
                 "Whether this is allowed could not be found out: nobody has answered polkit's "
                 "prompt for %u minutes",
                 HANDOFF_POLKIT_PROMPT_SECONDS / 60);
  else
    g_set_error (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE,
                 "Whether this is allowed could not be found out: polkit has not answered for %u "
                 "seconds; the system journal may say why (journalctl -u polkit)",
                 HANDOFF_POLKIT_SECONDS);
  settle (self, HANDOFF_POLKIT_FAILED, error);
  give_up (self);
  return G_SOURCE_REMOVE;
}

/* Of several equal questions, checks join only the last. */
static gboolean
can_be_joined (const Question *self)
{
  return self->next == NULL && (!self->asked || self->matter->is_prompt);
}

/* (transfer none) (nullable): NULL if too many wait already */
static Question *
question_new (HandoffPolkitAuthority *authority, Matter *matter, GError **error)
{
  Question *previous = g_hash_table_lookup (authority->questions, matter->key);
  HandoffPlace *place =
      handoff_quota_take (authority->waiting, matter->uid, HANDOFF_POLKIT_WAITING_PER_USER,
                          HANDOFF_POLKIT_WAITING, error);
  Question *self;

  if (place == NULL)
    return NULL;
  self = g_new0 (Question, 1);
  self->authority = g_object_ref (authority);
  self->matter = matter_ref (matter);
  self->waiting = place;
  g_queue_init (&self->waiters);
  self->deadline = handoff_clock_timeout_source_new (
      (matter->is_prompt ? HANDOFF_POLKIT_PROMPT_SECONDS : HANDOFF_POLKIT_SECONDS) *
      G_TIME_SPAN_SECOND);
  g_source_set_callback (self->deadline, deadline_passed, self, NULL);
  g_source_attach (self->deadline, NULL);
  if (previous != NULL)
    {
      previous->next = self;
    }
  else
    {
      g_hash_table_insert (authority->questions, self->matter->key, self);
      stand_in_line (self);
    }
  return self;
}

/* waiter: (transfer full): becomes one of those who wait for this question */
static void
join (HandoffPolkitAuthority *self, Waiter *waiter)
{
  Question *question = g_hash_table_lookup (self->questions, waiter->matter->key);
  g_autoptr (GError) error = NULL;

  if (question != NULL && question->next != NULL)
    question = question->next;
  if (question == NULL || !can_be_joined (question))
    question = question_new (self, waiter->matter, &error);
  if (question == NULL)
    {
      tell (self, waiter, HANDOFF_POLKIT_FAILED, error);
      return;
    }
  waiter->question = question;
  g_queue_push_tail (&question->waiters, waiter);
}

static gboolean
waiter_left (GCancellable *cancellable, gpointer user_data)
{
  Waiter *waiter = user_data;
  Question *question = waiter->question;

  g_queue_remove (&question->waiters, waiter);
  g_task_return_new_error (waiter->task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                           "The caller is gone");
  waiter_free (waiter);
  if (g_queue_is_empty (&question->waiters))
    {
      retire (question);
      give_up (question);
    }
  return G_SOURCE_REMOVE;
}

static void
handoff_polkit_authority_check_async (HandoffAuthority *authority,
                                      const HandoffAuthorityCheck *check,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  Waiter *waiter = g_new0 (Waiter, 1);

  /* Not with the cancellable: GTask would report a cancellation even if the answer came first. */
  waiter->task = g_task_new (authority, NULL, callback, user_data);
  g_task_set_source_tag (waiter->task, handoff_polkit_authority_check_async);
  waiter->interactive = check->interactive;
  waiter->matter =
      matter_new (check->bus_name, check->uid, check->action, new_details (check->details), FALSE);
  if (cancellable != NULL)
    {
      waiter->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (waiter_left), waiter, NULL);
      g_source_attach (waiter->cancelled, g_task_get_context (waiter->task));
    }
  join (HANDOFF_POLKIT_AUTHORITY (authority), waiter);
}

static gboolean
handoff_polkit_authority_check_finish (HandoffAuthority *authority,
                                       GAsyncResult *result,
                                       gboolean *is_plain,
                                       GError **error)
{
  const gssize answer = g_task_propagate_int (G_TASK (result), error);

  *is_plain = answer > 0;
  return answer >= 0;
}

static void
handoff_polkit_authority_iface_init (HandoffAuthorityInterface *iface)
{
  iface->check_async = handoff_polkit_authority_check_async;
  iface->check_finish = handoff_polkit_authority_check_finish;
}

static void
handoff_polkit_authority_finalize (GObject *object)
{
  HandoffPolkitAuthority *self = HANDOFF_POLKIT_AUTHORITY (object);

  handoff_polkit_unsubscribe (self->connection, self->subscriptions);
  g_hash_table_unref (self->questions);
  handoff_quota_free (self->waiting);
  handoff_turnstile_unref (self->question_places);
  handoff_turnstile_unref (self->prompt_places);
  g_object_unref (self->connection);
  G_OBJECT_CLASS (handoff_polkit_authority_parent_class)->finalize (object);
}

static void
handoff_polkit_authority_class_init (HandoffPolkitAuthorityClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = handoff_polkit_authority_finalize;
}

static void
handoff_polkit_authority_init (HandoffPolkitAuthority *self)
{
  self->question_places =
      handoff_turnstile_new (HANDOFF_POLKIT_QUESTIONS_PER_USER, HANDOFF_POLKIT_QUESTIONS);
  self->prompt_places =
      handoff_turnstile_new (HANDOFF_POLKIT_PROMPTS_PER_USER, HANDOFF_POLKIT_PROMPTS);
  self->waiting = handoff_quota_new ("questions that wait for polkit");
  self->questions = g_hash_table_new (g_bytes_hash, g_bytes_equal);
}

static void
changed (GDBusConnection *connection,
         const char *sender_name,
         const char *object_path,
         const char *interface_name,
         const char *signal_name,
         GVariant *parameters,
         gpointer user_data)
{
  handoff_authority_emit_changed (user_data);
}

HandoffAuthority *
handoff_polkit_authority_new (GDBusConnection *connection)
{
  HandoffPolkitAuthority *self = g_object_new (HANDOFF_TYPE_POLKIT_AUTHORITY, NULL);

  self->connection = g_object_ref (connection);
  handoff_polkit_subscribe (connection, changed, self, self->subscriptions);
  return HANDOFF_AUTHORITY (self);
}
