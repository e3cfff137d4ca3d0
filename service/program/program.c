/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "program/program.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "lock-up/lock-up.h"
#include "program/program-log.h"

#define LINK_FD 3
/* Where the link is once the program runs. The kernel closes what a process had from the last
 * descriptor to the first: whoever sees the end of anything else that it had, and asks the broker
 * because of that, finds that the broker can know (handoff_link_notice_end()). The table of
 * descriptors grows up to here: eight bytes for each. */
#define LAST_FD 4095

/* As many descriptors as it may have. */
static void
raise_limit_of_descriptors (void)
{
  struct rlimit files;

  if (getrlimit (RLIMIT_NOFILE, &files) != 0)
    return;
  files.rlim_cur = files.rlim_max;
  setrlimit (RLIMIT_NOFILE, &files);
}

/* They come to the broker as well, who ends the others in order: a keeper that went first would
 * take away the keys of handshakes that may still finish. */
static void
ignore_signals (void)
{
  static const int ignored[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (ignored); i++)
    signal (ignored[i], SIG_IGN);
}

/* For the log: text as the journal has it; and otherwise the C library would look at the file of
 * the timezone for each line. */
static void
set_language (void)
{
  setlocale (LC_ALL, "");
  setlocale (LC_CTYPE, "C.UTF-8");
  g_setenv ("TZ", ":/etc/localtime", FALSE);
  tzset ();
}

static gboolean
has_link (void)
{
  int type = 0;
  socklen_t size = sizeof type;

  return getsockopt (LINK_FD, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

/* Returns: the link; -1 on error */
static int
move_link (GError **error)
{
  struct rlimit files = { .rlim_cur = LAST_FD + 1 };
  int link;

  getrlimit (RLIMIT_NOFILE, &files);
  link = fcntl (LINK_FD, F_DUPFD_CLOEXEC, (int) MIN (files.rlim_cur - 1, LAST_FD));
  if (link < 0)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot move the link: %s",
                 g_strerror (errno));
  else
    close (LINK_FD);
  return link;
}

static gboolean
prepare (
    const HandoffProgramMain *program, char **arguments, int *link, gpointer *state, GError **error)
{
  HandoffLockUpNeeds needs = HANDOFF_LOCK_UP_NOTHING;

  if (!handoff_lock_up_process (LINK_FD + 1, error))
    return FALSE;
  *link = move_link (error);
  if (*link < 0)
    return FALSE;
  /* If the broker is killed, it ends no other program, and one that was taken over would stay. */
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (program->prepare != NULL && !program->prepare (arguments, &needs, state, error))
    return FALSE;
  return handoff_lock_up (needs, error);
}

int
handoff_program_main (int argc, char *argv[], const HandoffProgramMain *program)
{
  g_autoptr (GError) error = NULL;
  gpointer state = NULL;
  int link = -1;

  g_set_prgname (program->name);
  if (!has_link ())
    {
      g_printerr ("%s: is started by tls-handoffd\n", program->name);
      return 2;
    }
  set_language ();
  ignore_signals ();
  raise_limit_of_descriptors ();
  handoff_program_log_start ();
  if (!prepare (program, argv + 1, &link, &state, &error))
    {
      g_printerr ("%s: %s\n", program->name, error->message);
      return EXIT_FAILURE;
    }
  return program->run (link, state);
}
