/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the test of processes starts: odd-program DEED. */

#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/child.h"
#include "process/odd-program.h"

static void
say_as (HandoffLinkHead head, const char *text)
{
  g_autoptr (GVariant) body = g_variant_ref_sink (g_variant_new ("(s)", text));
  HandoffLinkBytes bytes;

  if (!handoff_link_message_pack (&odd_table, &head, body, &bytes, NULL) ||
      send (HANDOFF_CHILD_FD, bytes.data, bytes.size, 0) != (gssize) bytes.size)
    exit (99);
  handoff_link_bytes_clear (&bytes);
}

static void
say (const char *text)
{
  say_as ((HandoffLinkHead){ HANDOFF_LINK_NOTICE, ODD_SAY, 0 }, text);
}

/* Answers the first request, as the only thing that it says. */
static void
answer (void)
{
  struct pollfd link = { HANDOFF_CHILD_FD, POLLIN, 0 };

  poll (&link, 1, -1);
  say_as ((HandoffLinkHead){ HANDOFF_LINK_REPLY, ODD_ASK, 1 }, "yes");
}

/* The descriptors that are open, with what they are. */
static void
add_descriptors (GString *report)
{
  int fd;

  for (fd = 0; fd < 256; fd++)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target == NULL)
        continue;
      if (strchr (target, ':') != NULL)
        strchr (target, ':')[0] = '\0';
      g_string_append_printf (report, "%d %s%s\n", fd, fd == 2 ? "" : target,
                              fcntl (fd, F_GETFD) != 0 ? " close-on-exec" : "");
    }
}

static void
add_signals (GString *report)
{
  sigset_t blocked;
  struct sigaction action;

  sigprocmask (SIG_BLOCK, NULL, &blocked);
  sigaction (SIGPIPE, NULL, &action);
  g_string_append_printf (report, "SIGUSR1 %s\nSIGPIPE %s\ngroup %s\n",
                          sigismember (&blocked, SIGUSR1) ? "blocked" : "free",
                          action.sa_handler == SIG_DFL ? "as usual" : "ignored",
                          getpgrp () == getpid () ? "its own" : "another's");
}

static void
report_all (char *argv[])
{
  g_autoptr (GString) report = g_string_new (NULL);
  char **word;

  for (word = argv; *word != NULL; word++)
    g_string_append_printf (report, "%s\n", *word);
  for (word = environ; *word != NULL; word++)
    g_string_append_printf (report, "%s\n", *word);
  add_descriptors (report);
  add_signals (report);
  say (report->str);
}

int
main (int argc, char *argv[])
{
  const char *deed = argv[1];

  if (g_str_equal (deed, "report"))
    report_all (argv);
  else if (g_str_equal (deed, "answer"))
    answer ();
  else if (!g_str_equal (deed, "mute"))
    say ("here");

  if (g_str_equal (deed, "fail"))
    return 3;
  if (g_str_equal (deed, "crash"))
    raise (SIGABRT);
  if (g_str_equal (deed, "forbidden"))
    raise (SIGSYS);
  if (g_str_equal (deed, "let-go"))
    {
      close (HANDOFF_CHILD_FD);
      for (;;)
        pause ();
    }
  if (g_str_equal (deed, "stay"))
    {
      for (;;)
        pause ();
    }
  return 0;
}
