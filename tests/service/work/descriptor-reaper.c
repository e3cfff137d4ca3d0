/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/descriptor-reaper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "support/test-clock.h"
#include "support/unclosable.h"

#define ALICE 60101
#define BOB 60102
#define MALLORY 60103

/* A second goes by: the reaper looks after its threads. */
static void
pass_second (void)
{
  test_clock_pass (TEST_SECOND);
  test_clock_settle ();
  g_thread_yield ();
}

static void
wait_until_none_is_left (guint uid)
{
  while (handoff_descriptor_reaper_count (uid) > 0)
    pass_second ();
}

/* Breaks if one user waits for another; if a socket that lingers, or is hidden in others, keeps a
 * thread for longer than a moment; or if something stays open. */
static void
test_lingering (void)
{
  const guint n_lingering = 3 * HANDOFF_REAPER_CLOSING_PER_USER;
  g_autofree int *peers = g_new (int, n_lingering);
  struct pollfd hung_up = { .events = POLLIN };
  int ends[2];

  for (guint i = 0; i < n_lingering; i++)
    {
      unclosable_make_lingering (ends);
      peers[i] = ends[1];
      handoff_descriptor_reap (unclosable_wrap (unclosable_wrap (ends[0])), MALLORY);
    }
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  handoff_descriptor_reap (ends[1], ALICE);
  hung_up.fd = ends[0];
  g_assert_cmpint (poll (&hung_up, 1, 60000), ==, 1);
  close (ends[0]);

  /* The peers are there, and read nothing. */
  wait_until_none_is_left (MALLORY);
  wait_until_none_is_left (ALICE);
  g_assert_false (handoff_descriptor_reaper_is_busy ());
  for (guint i = 0; i < n_lingering; i++)
    close (peers[i]);
}

static gboolean
is_open (int fd)
{
  return fcntl (fd, F_GETFD) >= 0;
}

/* What a worker closes itself, and what it does not. Breaks if a socket that lingers, or that holds
 * what somebody sent on it, keeps a worker, or if every handshake needs another thread. */
static void
test_on_a_worker (void)
{
  const struct linger off = { 0, 3600 };
  int peers[HANDOFF_REAPER_CLOSING_PER_USER];
  int ends[2], others[2];
  guint n;

  /* Whatever goes to the reaper waits there. */
  unclosable_fill_line (MALLORY, peers, 1);
  n = handoff_descriptor_reaper_count (MALLORY);
  unclosable_make_closable (ends);
  handoff_descriptor_close (ends[0], MALLORY);
  g_assert_false (is_open (ends[0]));
  close (ends[1]);
  unclosable_make_lingering (ends);
  g_assert_cmpint (setsockopt (ends[0], SOL_SOCKET, SO_LINGER, &off, sizeof off), ==, 0);
  handoff_descriptor_close (ends[0], MALLORY);
  g_assert_false (is_open (ends[0]));
  close (ends[1]);
  handoff_descriptor_close (-1, MALLORY);
  g_assert_cmpuint (handoff_descriptor_reaper_count (MALLORY), ==, n);

  unclosable_make_lingering (ends);
  unclosable_make_lingering (others);
  handoff_descriptor_close (ends[0], MALLORY);
  handoff_descriptor_close (unclosable_wrap (others[0]), MALLORY);
  g_assert_cmpuint (handoff_descriptor_reaper_count (MALLORY), ==, n + 2);
  unclosable_close_all (peers, G_N_ELEMENTS (peers));
  wait_until_none_is_left (MALLORY);
  close (ends[1]);
  close (others[1]);
}

/* Breaks if a user whose descriptors are closed all the time is refused. */
static void
test_many (void)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 4 * HANDOFF_REAPER_WAITING_PER_USER; i++)
    {
      handoff_descriptor_reap (dup (STDERR_FILENO), ALICE);
      g_assert_true (handoff_descriptor_reaper_accepts (ALICE, &error));
      g_assert_no_error (error);
    }
  handoff_descriptor_reap (-1, ALICE);
  wait_until_none_is_left (ALICE);
}

/* Breaks if a user with many descriptors that cannot be closed may send more; if another user may
 * not; or if the refusal outlasts them. */
static void
test_standstill (void)
{
  g_autoptr (GError) error = NULL;
  int peers[HANDOFF_REAPER_CLOSING_PER_USER];

  unclosable_fill_line (MALLORY, peers, HANDOFF_REAPER_WAITING_PER_USER);
  /* Nothing looks after the threads: the main loop does not run. */
  while (handoff_descriptor_reaper_accepts (MALLORY, NULL))
    {
      test_clock_pass (TEST_SECOND);
      g_thread_yield ();
    }
  g_assert_false (handoff_descriptor_reaper_accepts (MALLORY, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  g_assert_true (handoff_descriptor_reaper_is_strained ());
  g_assert_true (handoff_descriptor_reaper_accepts (ALICE, NULL));

  wait_until_none_is_left (MALLORY);
  g_assert_false (handoff_descriptor_reaper_is_strained ());
  g_assert_true (handoff_descriptor_reaper_accepts (MALLORY, NULL));
  unclosable_close_all (peers, G_N_ELEMENTS (peers));
}

/* Gives the reaper sockets of uid, until uid may send no more. fd: of a socket. */
static void
fill (guint uid, int fd)
{
  while (handoff_descriptor_reaper_accepts (uid, NULL))
    handoff_descriptor_reap (dup (fd), uid);
}

/* Breaks if one user fills the descriptor table of the process before it is known that nothing can
 * be closed; or if nothing is left for another. */
static void
test_share (void)
{
  const guint share = HANDOFF_REAPER_OPEN / 4;
  int peers[HANDOFF_REAPER_CLOSING_PER_USER];
  int bobs_peers[HANDOFF_REAPER_CLOSING_PER_USER];
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  unclosable_fill_line (MALLORY, peers, 1);
  fill (MALLORY, fd);
  g_assert_cmpuint (handoff_descriptor_reaper_count (MALLORY), <=, share);
  g_assert_true (handoff_descriptor_reaper_accepts (BOB, NULL));
  unclosable_fill_line (BOB, bobs_peers, 1);
  fill (BOB, fd);
  g_assert_cmpuint (handoff_descriptor_reaper_count (BOB), <=, share / 2);
  g_assert_cmpuint (handoff_descriptor_reaper_count (BOB), >,
                    HANDOFF_REAPER_OPEN_RESERVED_PER_USER);
  g_assert_true (handoff_descriptor_reaper_accepts (ALICE, NULL));

  wait_until_none_is_left (MALLORY);
  wait_until_none_is_left (BOB);
  g_assert_true (handoff_descriptor_reaper_accepts (MALLORY, NULL));
  unclosable_close_all (peers, G_N_ELEMENTS (peers));
  unclosable_close_all (bobs_peers, G_N_ELEMENTS (bobs_peers));
  close (fd);
}

/* Breaks if a socket has lost its lingering when the caller gets it back. */
static void
test_lingers_still (void)
{
  struct linger linger;
  socklen_t size = sizeof linger;
  int ends[2];

  unclosable_make_lingering (ends);
  handoff_descriptor_reap (dup (ends[0]), ALICE);
  wait_until_none_is_left (ALICE);
  g_assert_cmpint (getsockopt (ends[0], SOL_SOCKET, SO_LINGER, &linger, &size), ==, 0);
  g_assert_cmpint (linger.l_onoff, ==, 1);
  close (ends[1]);
  close (ends[0]);
}

int
main (int argc, char *argv[])
{
  struct rlimit files;

  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
  /* As the service does. */
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &files), ==, 0);
  files.rlim_cur = files.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &files), ==, 0);
  /* The reaper may warn on a slow machine. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/service/descriptor-reaper/lingering", test_lingering);
  g_test_add_func ("/service/descriptor-reaper/on-a-worker", test_on_a_worker);
  g_test_add_func ("/service/descriptor-reaper/many", test_many);
  g_test_add_func ("/service/descriptor-reaper/standstill", test_standstill);
  g_test_add_func ("/service/descriptor-reaper/share", test_share);
  g_test_add_func ("/service/descriptor-reaper/lingers-still", test_lingers_still);
  return g_test_run ();
}
