/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/remote-desk.h"

#include "keyblob/secret-memory.h"
#include "link/token-messages.h"

GBytes *
handoff_remote_desk_dup_pin (GVariant *value)
{
  HandoffSecretBytes pin = { NULL, 0 };

  handoff_secret_bytes_set (&pin, g_variant_get_data (value), g_variant_get_size (value));
  return handoff_secret_bytes_take (&pin);
}

/* A question to the broker, on the stack of the thread that waits for the answer. */
typedef struct
{
  HandoffLink *link; /* (unowned) */
  guint number;
  GVariant *body; /* (owned) */

  GMutex mutex;
  GCond answered_cond;
  gboolean answered;
  GVariant *answer; /* (owned) (nullable) */
  GError *error;    /* (owned) (nullable) */
} Question;

void
handoff_run_in_main_thread (GSourceFunc function, gpointer user_data)
{
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, function, user_data, NULL);
  g_source_attach (source, NULL);
  g_source_unref (source);
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Question *question = user_data;

  g_mutex_lock (&question->mutex);
  if (reply != NULL)
    question->answer = g_variant_ref (reply->body);
  else
    question->error = g_error_copy (error);
  question->answered = TRUE;
  g_cond_signal (&question->answered_cond);
  g_mutex_unlock (&question->mutex);
}

static gboolean
send_question (gpointer user_data)
{
  Question *question = user_data;

  handoff_link_request (question->link, question->number, question->body, NULL, 0, answered,
                        question);
  return G_SOURCE_REMOVE;
}

/* Waits for the answer. (transfer full) (nullable) */
static GVariant *
ask (HandoffLink *link, guint number, GVariant *body, GError **error)
{
  Question question = { .link = link, .number = number };

  question.body = g_variant_ref_sink (body);
  g_mutex_init (&question.mutex);
  g_cond_init (&question.answered_cond);
  handoff_run_in_main_thread (send_question, &question);
  g_mutex_lock (&question.mutex);
  while (!question.answered)
    g_cond_wait (&question.answered_cond, &question.mutex);
  g_mutex_unlock (&question.mutex);
  g_mutex_clear (&question.mutex);
  g_cond_clear (&question.answered_cond);

  g_variant_unref (question.body);
  if (question.error != NULL)
    g_propagate_error (error, question.error);
  return question.answer;
}

static GBytes *
find_pin (gpointer data, const char *token, char **file_identity, GError **error)
{
  g_autoptr (GVariant) answer =
      ask (data, HANDOFF_TOKEN_FIND_PIN, g_variant_new ("(s)", token), error);
  g_autoptr (GVariant) pin = NULL;

  if (answer != NULL)
    g_variant_get (answer, "(m@ays)", &pin, file_identity);
  return pin != NULL ? handoff_remote_desk_dup_pin (pin) : NULL;
}

static gboolean
may_try (gpointer data,
         const char *token,
         const guint8 digest[HANDOFF_PIN_DIGEST_SIZE],
         const char *file_identity)
{
  g_autoptr (GVariant) answer =
      ask (data, HANDOFF_TOKEN_TRY_PIN,
           g_variant_new (
               "(s@ays)", token,
               g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, digest, HANDOFF_PIN_DIGEST_SIZE, 1),
               file_identity),
           NULL);
  gboolean may = FALSE;

  if (answer != NULL)
    g_variant_get (answer, "(b)", &may);
  return may;
}

/* What is to be told, until the main thread does. */
typedef struct
{
  HandoffLink *link; /* (unowned) */
  GVariant *body;    /* (owned) */
} Settling;

static gboolean
send_settling (gpointer user_data)
{
  Settling *settling = user_data;

  handoff_link_send (settling->link, HANDOFF_TOKEN_SETTLE_PIN, settling->body, NULL, 0, NULL);
  g_variant_unref (settling->body);
  g_free (settling);
  return G_SOURCE_REMOVE;
}

/* What the thread sends afterwards comes after this: the main thread does both in their order. */
static void
settle (
    gpointer data, const char *token, HandoffPinFate fate, gboolean can_open, gboolean has_given)
{
  Settling *settling = g_new0 (Settling, 1);

  settling->link = data;
  settling->body =
      g_variant_ref_sink (g_variant_new ("(subb)", token, (guint) fate, can_open, has_given));
  handoff_run_in_main_thread (send_settling, settling);
}

const HandoffPinDesk handoff_remote_desk = { find_pin, may_try, settle };
