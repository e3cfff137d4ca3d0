/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a call on a channel knows of polkit's answers, while it waits. */

#include "config.h"

#include "gate/call-memory.h"

#define ACTION "org.example.connect"

typedef struct
{
  HandoffGrantBook *book;
  HandoffGrants *grants;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->book = handoff_grant_book_new ();
  handoff_grant_book_configure (f->book, 60);
  f->grants = handoff_grants_new (f->book, 1000);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  handoff_grants_close (f->grants);
  handoff_grant_book_free (f->book);
}

static HandoffCallMemory *
look_up (Fixture *f)
{
  return handoff_call_memory_new (f->grants, ACTION, NULL, "mine");
}

/* A call with the same question asks polkit, which says yes. */
static void
ask (Fixture *f, guint64 number)
{
  g_autoptr (HandoffCallMemory) memory = look_up (f);
  const guint64 choice[4] = { number };

  g_assert_null (handoff_call_memory_get (memory));
  handoff_call_memory_note_yes (memory, TRUE);
  handoff_call_memory_keep (memory, NULL, NULL, choice);
}

static void
test_still_there (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCallMemory) memory = NULL;

  ask (f, 1);
  memory = look_up (f);
  g_assert_true (handoff_call_memory_look_again (memory));
  g_assert_cmpuint (handoff_call_memory_get (memory)->choice[0], ==, 1);
}

/* What was asked for this very call is no older than the call. */
static void
test_asked (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCallMemory) memory = look_up (f);

  g_assert_true (handoff_call_memory_look_again (memory));
  g_assert_null (handoff_call_memory_get (memory));
}

/* Breaks if a call goes on with what was forgotten, perhaps a credential that is not there any
 * more, since the same question was answered for another call: that may have been about another
 * credential of the same name. answered: whether it was */
static void
test_forgotten (Fixture *f, gconstpointer answered)
{
  g_autoptr (HandoffCallMemory) memory = NULL;
  g_autoptr (HandoffCallMemory) later = NULL;
  const guint64 choice[4] = { 3 };

  ask (f, 1);
  memory = look_up (f);
  g_assert_nonnull (handoff_call_memory_get (memory));
  handoff_grant_book_forget_all (f->book);
  if (answered != NULL)
    ask (f, 2);
  g_assert_false (handoff_call_memory_look_again (memory));
  g_assert_null (handoff_call_memory_get (memory));

  /* Polkit is asked for this call as well: its answer is as good as any. */
  handoff_call_memory_note_yes (memory, TRUE);
  handoff_call_memory_keep (memory, NULL, NULL, choice);
  later = look_up (f);
  g_assert_cmpuint (handoff_call_memory_get (later)->choice[0], ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/call-memory/still-there", Fixture, NULL, set_up, test_still_there, tear_down);
  g_test_add ("/call-memory/asked", Fixture, NULL, set_up, test_asked, tear_down);
  g_test_add ("/call-memory/forgotten", Fixture, NULL, set_up, test_forgotten, tear_down);
  g_test_add ("/call-memory/forgotten/answered-again", Fixture, "answered", set_up, test_forgotten,
              tear_down);
  return g_test_run ();
}
