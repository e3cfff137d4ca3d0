/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Descriptors that are dropped before they are received: which, and how. */

#include "config.h"

#include "guard/bus-rights.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "guard/bus-admission.h"
#include "guard/bus-desk.h"
#include "work/descriptor-reaper.h"
#include "support/test-clock.h"
#include "support/unclosable.h"

#define ALICE 60101
#define MALLORY 60103

static int
get_lowest_free (void)
{
  int fd = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

  close (fd);
  return fd;
}

/* Breaks if looking takes something; or if a dropped descriptor was open here, or stays open. */
static void
test_peek_and_drop (void)
{
  struct pollfd hung_up = { .events = POLLIN };
  guint8 data[8];
  gboolean rights;
  int pipe_ends[2];
  int lowest, fd;

  g_assert_cmpint (pipe2 (pipe_ends, O_CLOEXEC), ==, 0);
  fd = unclosable_wrap (pipe_ends[1]);
  hung_up.fd = pipe_ends[0];
  lowest = get_lowest_free ();

  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (handoff_bus_rights_peek (fd, data, sizeof data, &rights), ==, 1);
      g_assert_true (rights);
    }
  g_assert_cmpint (poll (&hung_up, 1, 0), ==, 0);
  g_assert_cmpint (handoff_bus_rights_drop (fd, data, sizeof data), ==, 1);
  g_assert_cmpint (data[0], ==, 'x');
  g_assert_cmpint (poll (&hung_up, 1, 0), ==, 1);
  g_assert_cmpint (get_lowest_free (), ==, lowest);
  g_assert_cmpint (handoff_bus_rights_peek (fd, data, sizeof data, &rights), ==, -1);
  close (fd);
  close (pipe_ends[0]);
}

static void
test_without_rights (void)
{
  guint8 data[8];
  gboolean rights;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_cmpint (handoff_bus_rights_peek (ends[0], data, sizeof data, &rights), ==, 0);
  g_assert_false (rights);
  g_assert_cmpint (write (ends[1], "abc", 3), ==, 3);
  g_assert_cmpint (handoff_bus_rights_peek (ends[0], data, 2, &rights), ==, 2);
  g_assert_false (rights);
  g_assert_cmpint (handoff_bus_rights_drop (ends[0], data, sizeof data), ==, 3);
  unclosable_close_all (ends, 2);
}

/* Breaks if the guard waits for a socket that lingers, and that nobody has any more. */
static void
test_drop_lingering (void)
{
  int ends[2];
  guint8 byte;
  int fd;

  for (guint i = 0; i < 20; i++)
    {
      unclosable_make_lingering (ends);
      fd = unclosable_wrap (i % 2 == 0 ? ends[0] : unclosable_wrap (ends[0]));
      g_assert_cmpint (handoff_bus_rights_drop (fd, &byte, 1), ==, 1);
      close (fd);
      close (ends[1]);
    }
}

/* What the desk decided. */
typedef struct
{
  char *asked; /* (owned) (nullable) */
} Outside;

static void
to_bus (HandoffBusMessage *message, gpointer user_data)
{
  handoff_bus_message_free (message);
}

static void
ask (const char *name, gpointer user_data)
{
  Outside *outside = user_data;

  g_free (outside->asked);
  outside->asked = g_strdup (name);
}

static const HandoffBusDeskFuncs funcs = { to_bus, to_bus, ask };

static HandoffBusMessage *
new_header (const char *sender)
{
  g_autoptr (GDBusMessage) call =
      g_dbus_message_new_method_call ("test.Name", "/", "test.Name", "Method");

  if (sender != NULL)
    g_dbus_message_set_sender (call, sender);
  return handoff_bus_message_new_from_gdbus (call, 1);
}

static HandoffBusRights
judge (HandoffBusDesk *desk, const char *sender)
{
  g_autoptr (HandoffBusMessage) message = new_header (sender);

  return handoff_bus_desk_judge_rights (desk, message);
}

/* Breaks if descriptors are received whose sender is not known, or which nobody could close; or if
 * other users get none. */
static void
test_judge (void)
{
  Outside outside = { 0 };
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (HandoffBusTickets) tickets = handoff_bus_tickets_new (context, NULL, NULL);
  g_autoptr (HandoffBusDesk) desk = handoff_bus_desk_new (tickets, &funcs, &outside);
  int peers[HANDOFF_REAPER_CLOSING_PER_USER];
  int leavers_peers[HANDOFF_REAPER_CLOSING_PER_USER];

  unclosable_fill_line (MALLORY, peers, HANDOFF_REAPER_WAITING_PER_USER);
  /* Nothing looks after the threads: the main loop does not run. */
  while (handoff_descriptor_reaper_accepts (MALLORY, NULL))
    {
      test_clock_pass (TEST_SECOND);
      g_thread_yield ();
    }

  g_assert_cmpint (judge (desk, "org.freedesktop.DBus"), ==, HANDOFF_BUS_RIGHTS_TAKE);
  g_assert_cmpint (judge (desk, NULL), ==, HANDOFF_BUS_RIGHTS_DROP);
  g_assert_cmpint (judge (desk, ":1.1"), ==, HANDOFF_BUS_RIGHTS_TAKE);
  unclosable_fill_line (HANDOFF_UID_UNKNOWN, leavers_peers, HANDOFF_BUS_UNKNOWN_FDS);
  g_assert_null (outside.asked);
  g_assert_cmpint (judge (desk, ":1.1"), ==, HANDOFF_BUS_RIGHTS_WAIT);
  g_assert_cmpstr (outside.asked, ==, ":1.1");
  handoff_bus_desk_learn (desk, ":1.1", MALLORY);
  g_assert_cmpint (judge (desk, ":1.1"), ==, HANDOFF_BUS_RIGHTS_DROP);
  g_assert_cmpint (judge (desk, ":1.2"), ==, HANDOFF_BUS_RIGHTS_WAIT);
  handoff_bus_desk_learn (desk, ":1.2", ALICE);
  g_assert_cmpint (judge (desk, ":1.2"), ==, HANDOFF_BUS_RIGHTS_TAKE);
  /* The admission remembers the callers of whom the bus has not told yet. */
  handoff_bus_desk_take_from_bus (desk, new_header (":1.2"));
  g_assert_cmpint (judge (desk, ":1.3"), ==, HANDOFF_BUS_RIGHTS_WAIT);
  handoff_bus_desk_learn (desk, ":1.3", HANDOFF_UID_UNKNOWN);
  g_assert_cmpint (judge (desk, ":1.3"), ==, HANDOFF_BUS_RIGHTS_DROP);
  g_assert_cmpint (judge (desk, ":1.2"), ==, HANDOFF_BUS_RIGHTS_TAKE);

  while (handoff_descriptor_reaper_is_busy ())
    {
      test_clock_pass (TEST_SECOND);
      test_clock_settle ();
      g_thread_yield ();
    }
  unclosable_close_all (peers, G_N_ELEMENTS (peers));
  unclosable_close_all (leavers_peers, G_N_ELEMENTS (leavers_peers));
  g_free (outside.asked);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
  /* The reaper may warn on a slow machine. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/service/bus-rights/peek-and-drop", test_peek_and_drop);
  g_test_add_func ("/service/bus-rights/without-rights", test_without_rights);
  g_test_add_func ("/service/bus-rights/drop-lingering", test_drop_lingering);
  g_test_add_func ("/service/bus-rights/judge", test_judge);
  return g_test_run ();
}
