/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What waits in the middle of a function on a worker, and what it hears from other threads. */

#include "config.h"

#include "handshake/handshake-wait.h"

/* What the worker tells the test. */
enum
{
  PAUSES = 1,
  RETURNED,
  FINISHED,
};

typedef struct
{
  HandoffWorker *worker;
  HandoffHandshakePause *pause;
  GAsyncQueue *told;
  gboolean is_answered_at_once;
  HandoffHandshakeWait *wait; /* the reference of the one who is asked */
  int heard;                  /* 0: nothing */
  int result;
} WaitTest;

static void
answer (WaitTest *f, int value)
{
  *(int *) handoff_handshake_wait_get_result (f->wait) = value;
  handoff_handshake_wait_done (f->wait);
}

/* On the fiber. */
static int
ask (gpointer data)
{
  WaitTest *f = data;
  g_autoptr (HandoffHandshakeWait) wait =
      handoff_handshake_wait_new (f->pause, g_new0 (int, 1), g_free);

  f->wait = handoff_handshake_wait_ref (wait);
  if (f->is_answered_at_once)
    answer (f, 42);
  if (handoff_handshake_wait_for (wait))
    f->heard = *(int *) handoff_handshake_wait_get_result (wait);
  return 7;
}

static void
go_on (gpointer data)
{
  WaitTest *f = data;

  g_async_queue_push (
      f->told, GINT_TO_POINTER (
                   handoff_handshake_pause_run (f->pause, ask, f, &f->result) ? RETURNED : PAUSES));
}

static gboolean
start (gpointer data)
{
  go_on (data);
  return G_SOURCE_REMOVE;
}

static gboolean
wake (gpointer data)
{
  handoff_handshake_pause_wake (((WaitTest *) data)->pause);
  return G_SOURCE_REMOVE;
}

static gboolean
finish (gpointer data)
{
  WaitTest *f = data;

  handoff_handshake_pause_finish (f->pause);
  g_async_queue_push (f->told, GINT_TO_POINTER (FINISHED));
  return G_SOURCE_REMOVE;
}

/* Runs function on the worker, and returns what it tells. */
static int
tell (WaitTest *f, GSourceFunc function)
{
  handoff_worker_invoke (f->worker, function, f, NULL);
  return GPOINTER_TO_INT (g_async_queue_pop (f->told));
}

static void
set_up (WaitTest *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->told = g_async_queue_new ();
  f->worker = handoff_worker_new (&error);
  g_assert_no_error (error);
  f->pause = handoff_handshake_pause_new (f->worker, NULL, go_on, f);
}

static void
tear_down (WaitTest *f, gconstpointer data)
{
  handoff_handshake_wait_unref (f->wait);
  handoff_handshake_pause_unref (f->pause);
  g_clear_pointer (&f->worker, handoff_worker_free);
  g_async_queue_unref (f->told);
}

/* Breaks if an answer of another thread wakes nobody, or is lost. */
static void
test_answer (WaitTest *f, gconstpointer data)
{
  g_assert_cmpint (tell (f, start), ==, PAUSES);
  answer (f, 42);
  g_assert_cmpint (GPOINTER_TO_INT (g_async_queue_pop (f->told)), ==, RETURNED);
  g_assert_cmpint (f->result, ==, 7);
  g_assert_cmpint (f->heard, ==, 42);
}

/* Breaks if a function pauses although the answer came within its question. */
static void
test_at_once (WaitTest *f, gconstpointer data)
{
  f->is_answered_at_once = TRUE;
  g_assert_cmpint (tell (f, start), ==, RETURNED);
  g_assert_cmpint (f->heard, ==, 42);
}

/* Breaks if a wake-up for another reason counts as the answer. */
static void
test_woken_too_early (WaitTest *f, gconstpointer data)
{
  g_assert_cmpint (tell (f, start), ==, PAUSES);
  g_assert_cmpint (tell (f, wake), ==, PAUSES);
  answer (f, 42);
  g_assert_cmpint (GPOINTER_TO_INT (g_async_queue_pop (f->told)), ==, RETURNED);
  g_assert_cmpint (f->heard, ==, 42);
}

/* Breaks if a function that pauses is left behind when the handshake ends, or if an answer that
 * comes later uses a worker that is gone. */
static void
test_too_late (WaitTest *f, gconstpointer data)
{
  g_assert_cmpint (tell (f, start), ==, PAUSES);
  g_assert_cmpint (tell (f, finish), ==, FINISHED);
  g_assert_cmpint (f->heard, ==, 0);
  g_clear_pointer (&f->worker, handoff_worker_free);
  answer (f, 42);
  g_assert_cmpint (f->heard, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/service/handshake-wait/answer", WaitTest, NULL, set_up, test_answer, tear_down);
  g_test_add ("/service/handshake-wait/at-once", WaitTest, NULL, set_up, test_at_once, tear_down);
  g_test_add ("/service/handshake-wait/woken-too-early", WaitTest, NULL, set_up,
              test_woken_too_early, tear_down);
  g_test_add ("/service/handshake-wait/too-late", WaitTest, NULL, set_up, test_too_late, tear_down);
  return g_test_run ();
}
