/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a locked-up program can do, and what it dies of: a child for each deed. */

#include "config.h"

#include "lock-up/lock-up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ALL_NEEDS                                                                                  \
  (HANDOFF_LOCK_UP_HANDSHAKES | HANDOFF_LOCK_UP_FILES | HANDOFF_LOCK_UP_UNIX_SOCKETS |             \
   HANDOFF_LOCK_UP_DEVICES)
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* What the child has before it is locked up. */
static int ends[2]; /* of a socket pair */
static char *folder;
static char page[4096] __attribute__ ((aligned (4096)));

/* A deed returns 0 or -1 with errno. */
typedef struct
{
  const char *name;
  long (*function) (void);
} Deed;

/* Some calls have no function in the C library. */
#define DEED(name, expression)                                                                     \
  static long name (void) { return (long) (expression); }

/* What nobody needs */

static char *const no_arguments[] = { (char *) "true", NULL };
static struct iovec one_byte = { page, 1 };

DEED (exec, execve ("/bin/true", no_arguments, no_arguments + 1))
DEED (exec_at, syscall (SYS_execveat, AT_FDCWD, "/bin/true", no_arguments, no_arguments + 1, 0))
DEED (do_fork, fork ())
DEED (clone_process, syscall (SYS_clone, SIGCHLD, 0, 0, 0, 0))
DEED (clone_namespace, syscall (SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0))
DEED (do_unshare, unshare (CLONE_NEWUSER))
DEED (trace, ptrace (PTRACE_TRACEME, 0, NULL, NULL))
DEED (read_parent, process_vm_readv (getppid (), &one_byte, 1, &one_byte, 1, 0))
DEED (write_parent, process_vm_writev (getppid (), &one_byte, 1, &one_byte, 1, 0))
DEED (kill_parent, kill (getppid (), 0))
DEED (kill_itself, kill (getpid (), SIGURG))
DEED (kill_thread_of_parent, syscall (SYS_tgkill, getppid (), getppid (), 0))
DEED (kill_any_thread, syscall (SYS_tkill, getppid (), 0))
DEED (open_process, syscall (SYS_pidfd_open, getppid (), 0))
DEED (take_descriptor, syscall (SYS_pidfd_getfd, ends[0], 0, 0))
DEED (map_code, mmap (NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
DEED (make_code, mprotect (page, sizeof page, PROT_READ | PROT_EXEC))
DEED (make_code_by_key, syscall (SYS_pkey_mprotect, page, sizeof page, PROT_EXEC, -1))
DEED (internet_socket, socket (AF_INET, SOCK_STREAM, 0))
DEED (packet_socket, socket (AF_PACKET, SOCK_RAW, 0))
DEED (do_listen, listen (ends[0], 1))
DEED (do_accept, accept4 (ends[0], NULL, NULL, 0))
DEED (more_privileges, setresuid (0, 0, 0))
DEED (other_groups, syscall (SYS_setgroups, 0, NULL))
DEED (capabilities, syscall (SYS_capset, page, page))
DEED (dump_again, prctl (PR_SET_DUMPABLE, 1, 0, 0, 0))
DEED (outlive_parent, prctl (PR_SET_PDEATHSIG, 0, 0, 0, 0))
DEED (another_filter, syscall (SYS_seccomp, 0, 0, NULL))
DEED (change_root, chroot ("/"))
DEED (do_mount, syscall (SYS_mount, "none", "/", "tmpfs", 0, NULL))
DEED (keys_of_kernel, syscall (SYS_add_key, "user", "x", "x", 1, 0))
DEED (find_keys, syscall (SYS_keyctl, 0, 0, 0, 0, 0))
DEED (do_bpf, syscall (SYS_bpf, 0, page, 0))
DEED (perf, syscall (SYS_perf_event_open, page, 0, -1, -1, 0))
DEED (ring, syscall (SYS_io_uring_setup, 1, page))
DEED (faults, syscall (SYS_userfaultfd, 0))
DEED (do_personality, syscall (SYS_personality, 0xffffffff))
DEED (handle, syscall (SYS_open_by_handle_at, AT_FDCWD, page, O_RDONLY))
DEED (type_for_user, ioctl (ends[0], TIOCSTI, "x"))
DEED (signals_to_others, fcntl (ends[0], F_SETOWN, getppid ()))
DEED (who_made_socket, getsockopt (ends[0], SOL_SOCKET, SO_PEERPIDFD, page, &(socklen_t){ 4 }))
DEED (send_to_address,
      sendto (ends[0], "x", 1, 0, (struct sockaddr *) &(struct sockaddr_un){ AF_UNIX, "/x" }, 4))
DEED (watch_files, syscall (SYS_inotify_init1, 0))
DEED (raise_limits, setrlimit (RLIMIT_CORE, &(struct rlimit){ 1, 1 }))
DEED (limits_of_parent, syscall (SYS_prlimit64, getppid (), RLIMIT_CORE, NULL, page))
DEED (slow_parent, setpriority (PRIO_PROCESS, (id_t) getppid (), 19))
DEED (shared_memory, syscall (SYS_shmget, 0, 4096, 0600))
DEED (alarm_others, syscall (SYS_timer_create, CLOCK_MONOTONIC, NULL, page))
DEED (copy_between, syscall (SYS_splice, ends[0], NULL, ends[1], NULL, 1, 0))
DEED (device_file, mknod ("/tmp/handoff-no-such-device", S_IFCHR | 0600, 0))
DEED (hard_link, link ("/etc/passwd", "/tmp/handoff-no-such-link"))
DEED (owner, chown ("/tmp/handoff-no-such-file", 0, 0))

static const Deed forbidden[] = {
  { "exec", exec },
  { "exec-at", exec_at },
  { "fork", do_fork },
  { "clone", clone_process },
  { "clone-namespace", clone_namespace },
  { "unshare", do_unshare },
  { "ptrace", trace },
  { "process-vm-readv", read_parent },
  { "process-vm-writev", write_parent },
  { "kill", kill_parent },
  { "kill-itself", kill_itself },
  { "tgkill", kill_thread_of_parent },
  { "tkill", kill_any_thread },
  { "pidfd-open", open_process },
  { "pidfd-getfd", take_descriptor },
  { "mmap-exec", map_code },
  { "mprotect-exec", make_code },
  { "pkey-mprotect", make_code_by_key },
  { "internet-socket", internet_socket },
  { "packet-socket", packet_socket },
  { "listen", do_listen },
  { "accept", do_accept },
  { "setresuid", more_privileges },
  { "setgroups", other_groups },
  { "capset", capabilities },
  { "dumpable", dump_again },
  { "death-signal", outlive_parent },
  { "seccomp", another_filter },
  { "chroot", change_root },
  { "mount", do_mount },
  { "add-key", keys_of_kernel },
  { "keyctl", find_keys },
  { "bpf", do_bpf },
  { "perf", perf },
  { "io-uring", ring },
  { "userfaultfd", faults },
  { "personality", do_personality },
  { "open-by-handle", handle },
  { "owner-of-signals", signals_to_others },
  { "peer-pidfd", who_made_socket },
  { "send-to-address", send_to_address },
  { "inotify", watch_files },
  { "setrlimit", raise_limits },
  { "limits-of-parent", limits_of_parent },
  { "setpriority", slow_parent },
  { "shmget", shared_memory },
  { "timer-create", alarm_others },
  { "splice", copy_between },
  { "mknod", device_file },
  { "link", hard_link },
  { "chown", owner },
};

/* What some need */

DEED (open_file, open ("/etc/hostname", O_RDONLY))
DEED (stat_file, stat (folder, (struct stat *) page))
DEED (access_file, access (folder, R_OK))
DEED (read_link, readlink ("/proc/self/exe", page, sizeof page))
DEED (remove_file, unlink ("/tmp/handoff-no-such-file"))
DEED (make_folder, mkdir ("/", 0700))
DEED (rename_file, rename ("/tmp/handoff-no-such-file", "/tmp/handoff-none-either"))
DEED (lock_file, flock (STDIN_FILENO, LOCK_UN))
DEED (unix_socket, socket (AF_UNIX, SOCK_STREAM, 0))
DEED (do_connect,
      connect (ends[0],
               (struct sockaddr *) &(struct sockaddr_un){ AF_UNIX, "/x" },
               sizeof (struct sockaddr_un)))
DEED (news_socket, socket (AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT))
DEED (state_of_socket, getsockopt (ends[0], SOL_SOCKET, SO_KEEPALIVE, page, &(socklen_t){ 4 }))

static const struct
{
  Deed deed;
  HandoffLockUpNeeds needs; /* who may */
  int with;                 /* the errno of that; 0: it works */
  int without;              /* the errno of others; 0: they are killed; -1: not asked */
} partly[] = {
  { { "open", open_file }, HANDOFF_LOCK_UP_FILES, 0, ENOENT },
  { { "stat", stat_file }, HANDOFF_LOCK_UP_FILES, 0, ENOENT },
  { { "access", access_file }, HANDOFF_LOCK_UP_FILES, 0, ENOENT },
  { { "readlink", read_link }, HANDOFF_LOCK_UP_FILES, 0, ENOENT },
  { { "unlink", remove_file }, HANDOFF_LOCK_UP_FILES, ENOENT, 0 },
  { { "mkdir", make_folder }, HANDOFF_LOCK_UP_FILES, EEXIST, 0 },
  { { "rename", rename_file }, HANDOFF_LOCK_UP_FILES, ENOENT, 0 },
  { { "flock", lock_file }, HANDOFF_LOCK_UP_FILES, 0, 0 },
  { { "unix-socket", unix_socket }, HANDOFF_LOCK_UP_UNIX_SOCKETS, 0, 0 },
  { { "connect", do_connect }, HANDOFF_LOCK_UP_UNIX_SOCKETS, ENOENT, 0 },
  { { "network-connect", do_connect }, HANDOFF_LOCK_UP_NETWORK, ENOENT, -1 },
  { { "syslog", unix_socket }, HANDOFF_LOCK_UP_MODULES, EACCES, -1 },
  { { "netlink", news_socket }, HANDOFF_LOCK_UP_DEVICES, 0, 0 },
  { { "ioctl", type_for_user }, HANDOFF_LOCK_UP_DEVICES, ENOTTY, 0 },
  { { "internet-socket", internet_socket }, HANDOFF_LOCK_UP_NETWORK, 0, 0 },
  { { "getsockopt", state_of_socket }, HANDOFF_LOCK_UP_HANDSHAKES, 0, 0 },
};

/* What everybody needs */

static gpointer
return_same (gpointer data)
{
  return data;
}

static long
threads (void)
{
  GThread *thread = g_thread_new ("a thread", return_same, page);

  return g_thread_join (thread) == page ? 0 : -1;
}

static void
count_down (gpointer data, gpointer user_data)
{
  g_atomic_int_dec_and_test ((int *) user_data);
}

static long
thread_pool (void)
{
  int left = 20;
  GThreadPool *pool = g_thread_pool_new (count_down, &left, 4, FALSE, NULL);
  int i;

  for (i = 0; i < 20; i++)
    g_thread_pool_push (pool, page, NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  return left == 0 ? 0 : -1;
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static long
main_loop (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  g_timeout_add (1, quit, loop);
  g_main_loop_run (loop);
  return 0;
}

static long
memory (void)
{
  const gsize size = 64 << 20;
  char *block = malloc (size);
  unsigned char resident[1];

  if (block == NULL)
    return -1;
  memset (block, 1, size);
  block = realloc (block, 2 * size);
  if (block == NULL || madvise (page, sizeof page, MADV_DONTDUMP) != 0 ||
      mincore (page, sizeof page, resident) != 0 || mlock (page, sizeof page) != 0)
    return -1;
  free (block);
  return mprotect (page, sizeof page, PROT_READ) +
         mprotect (page, sizeof page, PROT_READ | PROT_WRITE);
}

static long
memory_file (void)
{
  const int fd = memfd_create ("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  struct stat info;

  if (fd < 0 || ftruncate (fd, 4096) != 0 || pwrite (fd, "x", 1, 0) != 1 ||
      fcntl (fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0 ||
      fstat (fd, &info) != 0 || info.st_size != 4096)
    return -1;
  return mmap (NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED ? 0 : -1;
}

static long
messages (void)
{
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  char byte = 'x';
  struct iovec part = { &byte, 1 };
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };

  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN (sizeof (int));
  if (sendmsg (ends[0], &message, MSG_NOSIGNAL) != 1 ||
      recvmsg (ends[1], &message, MSG_DONTWAIT) != 1 || send (ends[1], "y", 1, 0) != 1 ||
      recv (ends[0], &byte, 1, 0) != 1 || write (ends[1], "z", 1) != 1 ||
      read (ends[0], &byte, 1) != 1)
    return -1;
  return byte == 'z' ? shutdown (ends[0], SHUT_RDWR) : -1;
}

static long
waiting (void)
{
  const int set = epoll_create1 (EPOLL_CLOEXEC);
  const int wake = eventfd (1, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event event = { .events = EPOLLIN };
  struct pollfd poll_fd = { wake, POLLIN, 0 };

  if (epoll_ctl (set, EPOLL_CTL_ADD, wake, &event) != 0 || epoll_wait (set, &event, 1, -1) != 1)
    return -1;
  return poll (&poll_fd, 1, -1) == 1 ? close (set) + close (wake) : -1;
}

static volatile sig_atomic_t n_signals;

static void
count_signal (int number)
{
  n_signals++;
}

static long
signals (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGUSR1);
  if (signal (SIGUSR1, count_signal) == SIG_ERR || pthread_sigmask (SIG_BLOCK, &set, NULL) != 0 ||
      raise (SIGUSR1) != 0 || pthread_sigmask (SIG_UNBLOCK, &set, NULL) != 0)
    return -1;
  return n_signals == 1 ? 0 : -1;
}

static long
times (void)
{
  const time_t now = time (NULL);
  struct tm parts;
  struct timespec moment = { 0, 1000 };

  if (localtime_r (&now, &parts) == NULL || clock_gettime (CLOCK_BOOTTIME, &moment) != 0)
    return -1;
  moment = (struct timespec){ 0, 1000 };
  return clock_nanosleep (CLOCK_MONOTONIC, 0, &moment, NULL) + (g_get_real_time () > 0 ? 0 : -1);
}

static long
chance (void)
{
  return getrandom (page, 32, 0) == 32 && g_random_int () + 1 > 0 ? 0 : -1;
}

static long
limits (void)
{
  struct rlimit limit;

  return getrlimit (RLIMIT_NOFILE, &limit) + (g_get_num_processors () > 0 ? 0 : -1);
}

static long
logging (void)
{
  fprintf (stderr, "A locked-up program can still log.\n");
  isatty (STDERR_FILENO);
  errno = 0;
  return 0;
}

static long
no_timezone (void)
{
  unsetenv ("TZ");
  return times ();
}

static const Deed common[] = {
  { "threads", threads },         { "thread-pool", thread_pool }, { "main-loop", main_loop },
  { "memory", memory },           { "memory-file", memory_file }, { "messages", messages },
  { "waiting", waiting },         { "signals", signals },         { "times", times },
  { "no-timezone", no_timezone }, { "chance", chance },           { "limits", limits },
  { "logging", logging },
};

/* Tests */

static void
lock_up (HandoffLockUpNeeds needs)
{
  g_autoptr (GError) error = NULL;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0 &&
      handoff_lock_up_process (G_MAXINT, &error) && handoff_lock_up (needs, &error))
    return;
  fprintf (stderr, "%s\n", error != NULL ? error->message : "no sockets");
  _exit (255);
}

/* What waitpid() says of a child that does that. */
static int
run_child (HandoffLockUpNeeds needs, long (*function) (void))
{
  const pid_t pid = fork ();
  int status;

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      lock_up (needs);
      errno = 0;
      _exit (function () == -1 ? errno != 0 ? errno : 254 : 0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return status;
}

static void
assert_killed (HandoffLockUpNeeds needs, const Deed *deed)
{
  const int status = run_child (needs, deed->function);

  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGSYS);
}

/* result: an errno, or 0 */
static void
assert_result (HandoffLockUpNeeds needs, const Deed *deed, int result)
{
  const int status = run_child (needs, deed->function);

  g_assert_cmpint (status, ==, W_EXITCODE (result, 0));
}

/* A program that was taken over does that. */
static void
test_forbidden (gconstpointer data)
{
  assert_killed (HANDOFF_LOCK_UP_NOTHING, data);
  if (!g_str_equal (((const Deed *) data)->name, "peer-pidfd"))
    assert_killed (ALL_NEEDS, data);
  else
    assert_killed (HANDOFF_LOCK_UP_HANDSHAKES, data);
}

/* A program cannot do what it needs; or others can. */
static void
test_partly (gconstpointer data)
{
  const gsize i = GPOINTER_TO_SIZE (data);

  assert_result (partly[i].needs, &partly[i].deed, partly[i].with);
  if (partly[i].without < 0)
    return;
  if (partly[i].without != 0)
    assert_result (ALL_NEEDS & ~partly[i].needs, &partly[i].deed, partly[i].without);
  else
    assert_killed (ALL_NEEDS & ~partly[i].needs, &partly[i].deed);
}

/* A library dies of something that it always does. */
static void
test_common (gconstpointer data)
{
  assert_result (HANDOFF_LOCK_UP_NOTHING, data, 0);
  assert_result (ALL_NEEDS, data, 0);
}

static GAsyncQueue *orders;

static gpointer
wait_and_open (gpointer data)
{
  g_async_queue_pop (orders);
  internet_socket ();
  return NULL;
}

/* A thread that was there before is not locked up. */
static void
test_all_threads (void)
{
  int status;
  const pid_t pid = fork ();

  if (pid == 0)
    {
      orders = g_async_queue_new ();
      g_thread_new ("older", wait_and_open, NULL);
      lock_up (HANDOFF_LOCK_UP_NOTHING);
      g_async_queue_push (orders, page);
      for (;;)
        poll (NULL, 0, -1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGSYS);
}

static void
give_up (void)
{
  g_autoptr (GError) error = NULL;
  const int high = fcntl (STDIN_FILENO, F_DUPFD, 200);
  struct rlimit core;

  if (!handoff_lock_up_process (100, &error) || fcntl (high, F_GETFD) != -1 ||
      fcntl (STDERR_FILENO, F_GETFD) == -1)
    _exit (1);
  if (prctl (PR_GET_DUMPABLE) != 0 || prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
    _exit (2);
  if (getrlimit (RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0)
    _exit (3);
  _exit (0);
}

/* A program keeps what whoever started it had, or can be looked into. */
static void
test_process (void)
{
  const pid_t pid = fork ();
  int status;

  if (pid == 0)
    give_up ();
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

static void
add_tests (const char *group, const Deed *deeds, gsize n, GTestDataFunc function)
{
  gsize i;

  for (i = 0; i < n; i++)
    {
      g_autofree char *path = g_strdup_printf ("/service/lock-up/%s/%s", group, deeds[i].name);

      g_test_add_data_func (path, &deeds[i], function);
    }
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/lock-up/process", test_process);
  folder = g_dir_make_tmp ("lock-up-XXXXXX", &error);
  g_assert_no_error (error);
  if (handoff_lock_up_is_used ())
    {
      add_tests ("forbidden", forbidden, G_N_ELEMENTS (forbidden), test_forbidden);
      add_tests ("common", common, G_N_ELEMENTS (common), test_common);
      for (gsize i = 0; i < G_N_ELEMENTS (partly); i++)
        {
          g_autofree char *path =
              g_strconcat ("/service/lock-up/partly/", partly[i].deed.name, NULL);

          g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_partly);
        }
      g_test_add_func ("/service/lock-up/all-threads", test_all_threads);
    }
  result = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return result;
}
