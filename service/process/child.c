/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "process/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work/home.h"

/* Modes: running; then ended, when it frees itself, unless it still has an owner. */
struct _HandoffChild
{
  pid_t pid;
  int pidfd;                   /* (owned) */
  HandoffHomeWatch *watch;     /* (owned) (nullable): NULL: it has ended */
  HandoffChildEndedFunc ended; /* (nullable): NULL: it has no owner */
  gpointer user_data;          /* (unowned) */
};

static void
destroy (HandoffChild *self)
{
  g_clear_pointer (&self->watch, handoff_home_watch_free);
  close (self->pidfd);
  g_free (self);
}

/* (transfer full): info: as waitid() has it */
static char *
describe_end (const siginfo_t *info)
{
  if (info->si_code == CLD_EXITED)
    return g_strdup_printf ("ended with status %d", info->si_status);
  if (info->si_status == SIGSYS)
    return g_strdup_printf ("was killed by signal %d (%s): it did what its lock-up forbids",
                            info->si_status, strsignal (info->si_status));
  return g_strdup_printf ("was killed by signal %d (%s)", info->si_status,
                          strsignal (info->si_status));
}

static void
reap (gpointer data, gpointer user_data)
{
  HandoffChild *self = user_data;
  g_autofree char *how = NULL;
  siginfo_t info = { .si_pid = 0 };

  if (waitid (P_PIDFD, (id_t) self->pidfd, &info, WEXITED | WNOHANG) != 0)
    {
      g_critical ("Cannot wait for process %d: %s", (int) self->pid, g_strerror (errno));
      return;
    }
  if (info.si_pid == 0)
    return;
  g_clear_pointer (&self->watch, handoff_home_watch_free);
  if (self->ended == NULL)
    {
      destroy (self);
      return;
    }
  how = describe_end (&info);
  self->ended (how, info.si_code == CLD_EXITED ? info.si_status : -info.si_status, self->user_data);
}

HandoffChild *
handoff_child_new (const char *path,
                   const char *const *arguments,
                   const char *const *environment,
                   int fd,
                   HandoffChildEndedFunc ended,
                   gpointer user_data,
                   GError **error)
{
  const HandoffStart start = { path, arguments, environment, fd };
  HandoffChild *self;
  pid_t pid;
  int pidfd;

  if (!handoff_starter_start (&start, &pid, &pidfd, error))
    return NULL;
  self = g_new0 (HandoffChild, 1);
  self->pid = pid;
  self->pidfd = pidfd;
  self->ended = ended;
  self->user_data = user_data;
  self->watch = handoff_home_watch_new (NULL, pidfd, reap, self);
  handoff_home_watch_set_direction (self->watch, HANDOFF_WATCH_READABLE);
  return self;
}

void
handoff_child_free (HandoffChild *self)
{
  self->ended = NULL;
  if (self->watch == NULL)
    destroy (self);
}

pid_t
handoff_child_get_pid (HandoffChild *self)
{
  return self->pid;
}

void
handoff_child_kill (HandoffChild *self)
{
  if (self->watch != NULL)
    pidfd_send_signal (self->pidfd, SIGKILL, NULL, 0);
}
