/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
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

static int
fill_actions (posix_spawn_file_actions_t *actions, int fd)
{
  int result = posix_spawn_file_actions_addopen (actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

  if (result == 0)
    result = posix_spawn_file_actions_addopen (actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  /* That takes the close-on-exec flag away, even where both are the same. */
  if (result == 0)
    result = posix_spawn_file_actions_adddup2 (actions, fd, HANDOFF_CHILD_FD);
  if (result == 0)
    result = posix_spawn_file_actions_addclosefrom_np (actions, HANDOFF_CHILD_FD + 1);
  return result;
}

/* A group of its own: a signal of the terminal's goes to the broker, who ends the others in order.
 */
static int
fill_attributes (posix_spawnattr_t *attributes)
{
  sigset_t all, none;
  int result = posix_spawnattr_setflags (
      attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);

  sigfillset (&all);
  sigemptyset (&none);
  if (result == 0)
    result = posix_spawnattr_setsigdefault (attributes, &all);
  if (result == 0)
    result = posix_spawnattr_setsigmask (attributes, &none);
  return result;
}

/* Returns an error number, or 0. */
static int
spawn (const char *path,
       const char *const *arguments,
       const char *const *environment,
       int fd,
       pid_t *pid)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int result;

  posix_spawn_file_actions_init (&actions);
  posix_spawnattr_init (&attributes);
  result = fill_actions (&actions, fd);
  if (result == 0)
    result = fill_attributes (&attributes);
  if (result == 0)
    result = posix_spawn (pid, path, &actions, &attributes, (char *const *) arguments,
                          (char *const *) environment);
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attributes);
  return result;
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
  HandoffChild *self;
  int result, pidfd;
  pid_t pid;

  result = spawn (path, arguments, environment, fd, &pid);
  if (result != 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot start %s: %s", path,
                   g_strerror (result));
      return NULL;
    }
  pidfd = pidfd_open (pid, 0);
  if (pidfd < 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot watch %s: %s", path,
                   g_strerror (errno));
      kill (pid, SIGKILL);
      waitpid (pid, NULL, 0);
      return NULL;
    }
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
