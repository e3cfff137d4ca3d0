/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "process/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"

/* What the main thread wants, which waits for it: so it may stay where it is. */
typedef struct
{
  const HandoffStart *start;
  pid_t pid;          /* 0: there is none */
  const char *failed; /* (nullable): NULL: it was started */
  int number;         /* of the error */
} Request;

/* What a process is given, and standard error. */
#define MAX_FDS 2

typedef union
{
  struct cmsghdr header;
  char space[CMSG_SPACE (MAX_FDS * sizeof (int))];
} Control;

/* The main thread's end; -1: there is no thread yet. */
static int starter = -1;

/* The main thread's: (element-type pid_t) (nullable): processes that were killed, since nobody
 * could watch them. How long it takes until they have ended is the kernel's business: nobody waits
 * for that, and they are asked for when the next one is started. */
static GArray *forsaken;

/* ---- Between the two tables of descriptors. ---- */

/* fds: (unowned) */
static gboolean
send_request (int socket, Request *request, const int *fds, gsize n_fds)
{
  Control control = { .header = { CMSG_LEN (n_fds * sizeof (int)), SOL_SOCKET, SCM_RIGHTS } };
  struct iovec data = { &request, sizeof request };
  struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
  ssize_t n;

  if (n_fds > 0)
    {
      memcpy (CMSG_DATA (&control.header), fds, n_fds * sizeof (int));
      message.msg_control = &control;
      message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
    }
  do
    n = sendmsg (socket, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n == sizeof request;
}

/* fds: (out) (transfer full): MAX_FDS, -1 where there is none */
static Request *
receive_request (int socket, int *fds)
{
  Control control;
  Request *request = NULL;
  struct iovec data = { &request, sizeof request };
  struct msghdr message = {
    .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  struct cmsghdr *header;
  ssize_t n;

  memset (fds, 0xff, MAX_FDS * sizeof (int));
  do
    n = recvmsg (socket, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n != sizeof request)
    return NULL;
  header = CMSG_FIRSTHDR (&message);
  if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
    memcpy (fds, CMSG_DATA (header), header->cmsg_len - CMSG_LEN (0));
  return request;
}

/* ---- The thread. ---- */

/* fds: what it is given, and standard error, which may be another one than the thread's */
static int
fill_actions (posix_spawn_file_actions_t *actions, const int *fds)
{
  int result = posix_spawn_file_actions_addopen (actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

  if (result == 0)
    result = posix_spawn_file_actions_addopen (actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  if (result == 0)
    result = posix_spawn_file_actions_adddup2 (actions, fds[1], STDERR_FILENO);
  /* That takes the close-on-exec flag away, even where both are the same. */
  if (result == 0)
    result = posix_spawn_file_actions_adddup2 (actions, fds[0], HANDOFF_CHILD_FD);
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
spawn (const HandoffStart *start, const int *fds, pid_t *pid)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int result;

  posix_spawn_file_actions_init (&actions);
  posix_spawnattr_init (&attributes);
  result = fill_actions (&actions, fds);
  if (result == 0)
    result = fill_attributes (&attributes);
  if (result == 0)
    result = posix_spawn (pid, start->path, &actions, &attributes, (char *const *) start->arguments,
                          (char *const *) start->environment);
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attributes);
  return result;
}

/* Returns the pidfd, or -1. */
static int
serve (Request *request, const int *fds)
{
  int pidfd;

  request->failed = "start";
  request->number = spawn (request->start, fds, &request->pid);
  if (request->number != 0)
    {
      request->pid = 0;
      return -1;
    }
  request->failed = NULL;
  pidfd = pidfd_open (request->pid, 0);
  if (pidfd < 0)
    {
      request->failed = "watch";
      request->number = errno;
    }
  return pidfd;
}

/* Keeps the standard ones and the socket. */
static gboolean
leave_descriptors (int socket)
{
  return unshare (CLONE_FILES) == 0 &&
         (socket == STDERR_FILENO + 1 ||
          close_range (STDERR_FILENO + 1, (unsigned) socket - 1, 0) == 0) &&
         close_range ((unsigned) socket + 1, ~0U, 0) == 0;
}

static gpointer
run (gpointer data)
{
  const int socket = GPOINTER_TO_INT (data);
  Request *request;
  int fds[MAX_FDS], pidfd = -1;

  /* The first request only asks whether that went well. */
  request = receive_request (socket, fds);
  request->number = leave_descriptors (socket) ? 0 : errno;
  while (send_request (socket, request, &pidfd, pidfd >= 0))
    {
      if (pidfd >= 0)
        close (pidfd);
      request = receive_request (socket, fds);
      if (request == NULL)
        break;
      pidfd = serve (request, fds);
      close (fds[0]);
      close (fds[1]);
    }
  return NULL;
}

/* ---- The main thread. ---- */

/* Waits for the answer, which is in the request. fds: (unowned). Returns the descriptor of the
 * answer, or -1. */
static int
ask (Request *request, const int *fds, gsize n_fds)
{
  int received[MAX_FDS];

  if (!send_request (starter, request, fds, n_fds) ||
      receive_request (starter, received) != request)
    g_error ("The thread that starts processes is lost: %s", g_strerror (errno));
  return received[0];
}

/* Nobody can watch it. */
static void
forsake (pid_t pid)
{
  kill (pid, SIGKILL);
  if (forsaken == NULL)
    forsaken = g_array_new (FALSE, FALSE, sizeof pid);
  g_array_append_val (forsaken, pid);
}

/* Those that have ended are gone after this. */
static void
reap_forsaken (void)
{
  guint i;

  for (i = forsaken != NULL ? forsaken->len : 0; i > 0; i--)
    {
      if (waitpid (g_array_index (forsaken, pid_t, i - 1), NULL, WNOHANG) != 0)
        g_array_remove_index_fast (forsaken, i - 1);
    }
}

static gboolean
fail (GError **error, const char *failed, const char *what, int number)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot %s %s: %s", failed, what,
               g_strerror (number));
  return FALSE;
}

gboolean
handoff_starter_begin (GError **error)
{
  Request request = { .number = 0 };
  int sockets[2];

  if (starter >= 0)
    return TRUE;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
    return fail (error, "make", "a pair of sockets", errno);
  starter = sockets[0];
  g_thread_unref (g_thread_new ("starter", run, GINT_TO_POINTER (sockets[1])));
  ask (&request, NULL, 0);
  close (sockets[1]); /* the thread has its own */
  return request.number == 0 || fail (error, "have", "descriptors apart", request.number);
}

gboolean
handoff_starter_start (const HandoffStart *start, pid_t *pid, int *pidfd, GError **error)
{
  Request request = { .start = start };
  const int fds[MAX_FDS] = { start->fd, STDERR_FILENO };

  if (!handoff_starter_begin (error))
    return FALSE;
  reap_forsaken ();
  *pidfd = ask (&request, fds, MAX_FDS);
  if (*pidfd < 0 && request.pid != 0)
    forsake (request.pid);
  if (request.failed != NULL)
    return fail (error, request.failed, start->path, request.number);
  if (*pidfd < 0) /* there was no room for it here */
    return fail (error, "watch", start->path, EMFILE);
  *pid = request.pid;
  return TRUE;
}
