/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What an attack test is told of a deed is what came of it: a deed that did nothing, or that was
 * allowed and told as forbidden, would make every attack look harmless. */

#include "config.h"

#include "attack/attack.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack/deed.h"

#define assert_done(expected, ...)                                                                 \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *line_ = g_strdup_printf (__VA_ARGS__);                                        \
    g_autofree char *answer_ = handoff_deed_do (line_);                                            \
    g_assert_cmpstr (answer_, ==, expected);                                                       \
  }                                                                                                \
  G_STMT_END

static void
test_calls (void)
{
  g_autofree char *pid = g_strdup_printf ("returned %d", getpid ());
  g_autofree char *answer = NULL;

  assert_done (pid, "call getpid");
  assert_done ("failed ENOENT", "call openat %d \"/nowhere\" %d", AT_FDCWD, O_RDONLY);
  assert_done ("failed EBADF", "call fcntl -1 %d", F_GETFD);
  assert_done ("returned 4096", "call getrandom ? 4096 0");
  answer = handoff_deed_do ("call mmap 0 4096 7 0x22 -1 0");
  g_assert_true (g_str_has_prefix (answer, "returned "));
  g_assert_cmpint (
      munmap (GSIZE_TO_POINTER (g_ascii_strtoull (answer + strlen ("returned "), NULL, 10)), 4096),
      ==, 0);
  assert_done ("no deed: dance", "call dance");
  assert_done ("no deed: dance", "dance");
  assert_done ("no deed: ", "%s", "");
}

/* The child ends, and does not do the deeds that follow as well. */
static void
test_clone (void)
{
  g_autofree char *answer = handoff_deed_do ("call clone 17 0 0 0 0");
  int status;

  g_assert_true (g_str_has_prefix (answer, "returned "));
  g_assert_cmpint (
      waitpid ((pid_t) g_ascii_strtoll (answer + strlen ("returned "), NULL, 10), &status, 0), >,
      0);
  g_assert_true (WIFEXITED (status));
}

static void
test_packets (void)
{
  g_autofree char *list = NULL;
  g_autofree char *has = NULL;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
  list = handoff_deed_do ("descriptors");
  has = g_strdup_printf (" %d:socket", ends[1]);
  g_assert_nonnull (strstr (list, has));

  assert_done ("returned 3", "send %d 3 0 61ff", ends[0]);
  assert_done ("received 61ff00 0", "receive %d", ends[1]);
  assert_done ("returned 1", "send %d 1 2 00", ends[0]);
  assert_done ("received 00 2", "receive %d", ends[1]);
  assert_done ("failed EAGAIN", "receive %d", ends[1]);
  assert_done ("no deed: send", "send %d 1 0 6x", ends[0]);
  assert_done ("no deed: send", "send %d 1 0 6162", ends[0]);
  close (ends[0]);
  close (ends[1]);
}

static void
test_crash (void)
{
  if (g_test_subprocess ())
    {
      g_free (handoff_deed_do ("crash"));
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
}

static void
test_run (void)
{
  static const char bytes[] = HANDOFF_ATTACK_MAGIC "call fcntl -1 1\ndance\n";
  g_autofree char *answers = NULL;

  g_assert_false (handoff_attack_is_meant (bytes, 4));
  g_assert_false (handoff_attack_is_meant ("\026\003\001\000\000", 5));
  g_assert_true (handoff_attack_is_meant (bytes, 5));
  answers = handoff_attack_run (bytes, sizeof bytes - 1);
  g_assert_cmpstr (answers, ==, "failed EBADF\nno deed: dance\n");
}

static void
test_serve (void)
{
  static const char lines[] = "dance\ncall fcntl -1 1\nrest";
  static const char expected[] = "no deed: dance\nfailed EBADF\n";
  char answers[sizeof expected] = "";
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_cmpint (write (ends[0], lines, sizeof lines - 1), ==, sizeof lines - 1);
  shutdown (ends[0], SHUT_WR);
  handoff_attack_serve (ends[1]);
  g_assert_cmpint (read (ends[0], answers, sizeof answers - 1), ==, sizeof expected - 1);
  g_assert_cmpstr (answers, ==, expected);
  close (ends[0]);
  close (ends[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/attack/calls", test_calls);
  g_test_add_func ("/attack/clone", test_clone);
  g_test_add_func ("/attack/packets", test_packets);
  g_test_add_func ("/attack/crash", test_crash);
  g_test_add_func ("/attack/run", test_run);
  g_test_add_func ("/attack/serve", test_serve);
  return g_test_run ();
}
