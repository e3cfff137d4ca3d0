/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/question-table.h"

#include "broker/known-callers.h"
#include "keyblob/tls-handoff-error.h"

struct _HandoffQuestions
{
  GHashTable *by_number; /* (owned) (element-type guint64 HandoffQuestion) */
};

HandoffQuestions *
handoff_questions_new (void)
{
  HandoffQuestions *self = g_new0 (HandoffQuestions, 1);

  self->by_number = g_hash_table_new (g_int64_hash, g_int64_equal);
  return self;
}

static void
cancel (HandoffQuestion *question)
{
  g_cancellable_cancel (handoff_caller_get_cancellable (question->caller));
}

static void
cancel_some (HandoffQuestions *self, HandoffCaller *caller)
{
  g_autoptr (GPtrArray) questions = g_ptr_array_new ();
  GHashTableIter iter;
  HandoffQuestion *question;
  guint i;

  g_hash_table_iter_init (&iter, self->by_number);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &question))
    {
      if (caller == NULL || question->asker == caller)
        g_ptr_array_add (questions, question);
    }
  /* None of them ends before its turn of the main loop. */
  for (i = 0; i < questions->len; i++)
    cancel (g_ptr_array_index (questions, i));
}

void
handoff_questions_free (HandoffQuestions *self)
{
  g_assert (g_hash_table_size (self->by_number) == 0);
  g_hash_table_unref (self->by_number);
  g_free (self);
}

void
handoff_questions_cancel_all (HandoffQuestions *self)
{
  cancel_some (self, NULL);
}

void
handoff_questions_cancel_all_of (HandoffQuestions *self, HandoffCaller *caller)
{
  cancel_some (self, caller);
}

HandoffQuestion *
handoff_question_new (HandoffHandshaker *handshaker,
                      HandoffLinkMessage *message,
                      guint64 number,
                      guint64 caller_number)
{
  HandoffCaller *asker = handoff_handshaker_find_caller (handshaker, caller_number);
  HandoffQuestion *self;

  if (g_hash_table_contains (handshaker->questions->by_number, &number))
    {
      handoff_handshaker_breach (handshaker, "a question that no handshake has");
      return NULL;
    }
  if (asker == NULL || g_cancellable_is_cancelled (handoff_caller_get_cancellable (asker)))
    {
      g_autoptr (GError) error = g_error_new_literal (
          TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED, "The caller has left the bus");

      handoff_link_call_fail (g_steal_pointer (&message->call), error);
      return NULL;
    }
  self = g_new0 (HandoffQuestion, 1);
  self->number = number;
  self->handshaker = handoff_handshaker_ref (handshaker);
  self->asker = g_object_ref (asker);
  self->caller = handoff_caller_new_for_call (asker, NULL, NULL);
  g_hash_table_insert (handshaker->questions->by_number, &self->number, self);
  return self;
}

void
handoff_question_free (HandoffQuestion *self)
{
  g_hash_table_remove (self->handshaker->questions->by_number, &self->number);
  handoff_handshaker_unref (self->handshaker);
  g_object_unref (self->asker);
  g_object_unref (self->caller);
  g_free (self);
}

void
handoff_handshaker_take_cancel (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  HandoffQuestion *question;
  guint64 number;

  g_variant_get (message->body, "(t)", &number);
  question = g_hash_table_lookup (self->questions->by_number, &number);
  if (question != NULL)
    cancel (question);
}
