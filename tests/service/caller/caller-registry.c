/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who a caller is, when the bus loses its own answers. */

#include "config.h"

#include "caller/caller-registry.h"

#include <string.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "support/test-clock.h"
#include "work/retry.h"

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *connection;
  HandoffCallerRegistry *registry;
  int n_questions; /* atomic */
  int n_to_lose;   /* atomic: of the next questions */
  HandoffCaller *caller;
  GError *error;
  gboolean done;
} Fixture;

/* A question that does not arrive is as good as one whose answer is lost. Thread: GDBus's. */
static GDBusMessage *
lose (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  Fixture *f = user_data;

  if (incoming || g_strcmp0 (g_dbus_message_get_member (message), "GetConnectionCredentials") != 0)
    return message;
  if (g_atomic_int_add (&f->n_to_lose, -1) > 0)
    g_clear_object (&message);
  g_atomic_int_inc (&f->n_questions);
  return message;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  test_clock_install ();
  f->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->bus);
  f->connection =
      g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (f->bus),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);
  g_assert_no_error (error);
  f->registry = handoff_caller_registry_new (f->connection);
  g_dbus_connection_add_filter (f->connection, lose, f, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->caller);
  g_clear_error (&f->error);
  g_object_run_dispose (G_OBJECT (f->registry));
  g_object_unref (f->registry);
  g_dbus_connection_close_sync (f->connection, NULL, NULL);
  test_clock_settle ();
  g_object_unref (f->connection);
  g_test_dbus_down (f->bus);
  g_object_unref (f->bus);
  test_clock_uninstall ();
}

static void
identified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  f->caller =
      handoff_caller_registry_identify_finish (HANDOFF_CALLER_REGISTRY (source), result, &f->error);
  f->done = TRUE;
}

static void
identify (Fixture *f)
{
  handoff_caller_registry_identify_async (
      f->registry, g_dbus_connection_get_unique_name (f->connection), identified, f);
}

static void
wait_for_questions (Fixture *f, int n)
{
  while (g_atomic_int_get (&f->n_questions) < n)
    g_main_context_iteration (NULL, FALSE);
}

static void
pass (gint64 span)
{
  test_clock_pass (span);
  test_clock_settle ();
}

/* Breaks if a caller is not identified when the bus has lost its first answers, or if the bus is
 * asked again once it has answered. */
static void
test_lost (Fixture *f, gconstpointer data)
{
  f->n_to_lose = 2;
  identify (f);
  pass (HANDOFF_RETRY_FIRST);
  wait_for_questions (f, 2);
  g_assert_false (f->done);
  pass (2 * HANDOFF_RETRY_FIRST);
  while (!f->done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (f->error);
  g_assert_cmpuint (handoff_caller_get_uid (f->caller), ==, getuid ());
  pass (TEST_DAY);
  g_assert_true (g_dbus_connection_flush_sync (f->connection, NULL, NULL));
  g_assert_cmpint (g_atomic_int_get (&f->n_questions), ==, 3);
}

/* Breaks if a caller waits for ever when the bus never answers, or is taken for one who has left.
 */
static void
test_silence (Fixture *f, gconstpointer data)
{
  gint64 waited;

  f->n_to_lose = G_MAXINT;
  identify (f);
  for (waited = HANDOFF_RETRY_FIRST; waited < HANDOFF_RETRY_TOTAL; waited += HANDOFF_RETRY_FIRST)
    pass (HANDOFF_RETRY_FIRST);
  g_assert_false (f->done);
  pass (HANDOFF_RETRY_FIRST);
  g_assert_true (f->done);
  g_assert_error (f->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_nonnull (strstr (f->error->message, "the bus does not answer"));
  g_assert_cmpuint (handoff_caller_registry_get_size (f->registry), ==, 0);
  wait_for_questions (f, 1 + HANDOFF_RETRY_REPEATS);
  pass (TEST_DAY);
  g_assert_true (g_dbus_connection_flush_sync (f->connection, NULL, NULL));
  g_assert_cmpint (g_atomic_int_get (&f->n_questions), ==, 1 + HANDOFF_RETRY_REPEATS);
}

#define ADD(name, func)                                                                            \
  g_test_add ("/service/caller-registry/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("lost", test_lost);
  ADD ("silence", test_silence);
  return g_test_run ();
}
