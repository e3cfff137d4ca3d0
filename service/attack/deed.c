/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "attack/deed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_ARGUMENTS 6
#define ZEROS 4096 /* bytes that a call may write into, for each argument */
#define MAX_DESCRIPTOR 1023
#define MAX_COPIES 253     /* SCM_MAX_FD of the kernel */
#define MAX_PACKET 1048576 /* bytes */

/* clang-format off */
#define CALL(name) { #name, SYS_##name }
/* clang-format on */

static const struct
{
  const char *name;
  long number;
} calls[] = {
  CALL (accept4),
  CALL (bind),
  CALL (bpf),
  CALL (chroot),
  CALL (clone),
  CALL (connect),
  CALL (dup),
  CALL (dup2),
  CALL (execve),
  CALL (execveat),
  CALL (fcntl),
  CALL (fsopen),
  CALL (getpid),
  CALL (getrandom),
  CALL (init_module),
  CALL (io_uring_setup),
  CALL (kcmp),
  CALL (keyctl),
  CALL (kill),
  CALL (linkat),
  CALL (listen),
  CALL (memfd_create),
  CALL (mmap),
  CALL (mount),
  CALL (mprotect),
  CALL (name_to_handle_at),
  CALL (open_by_handle_at),
  CALL (openat),
  CALL (openat2),
  CALL (perf_event_open),
  CALL (pidfd_getfd),
  CALL (pidfd_open),
  CALL (pidfd_send_signal),
  CALL (pkey_mprotect),
  CALL (prctl),
  CALL (prlimit64),
  CALL (process_madvise),
  CALL (process_vm_readv),
  CALL (process_vm_writev),
  CALL (ptrace),
  CALL (readlinkat),
  CALL (renameat2),
  CALL (rt_sigqueueinfo),
  CALL (rt_tgsigqueueinfo),
  CALL (seccomp),
  CALL (setns),
  CALL (setresuid),
  CALL (setrlimit),
  CALL (setuid),
  CALL (shmget),
  CALL (socket),
  CALL (socketpair),
  CALL (tgkill),
  CALL (tkill),
  CALL (unlinkat),
  CALL (unshare),
  CALL (userfaultfd),
};

static char *
tell (long result)
{
  const int code = errno;

  if (result >= 0)
    return g_strdup_printf ("returned %ld", result);
  return g_strdup_printf ("failed %s", strerrorname_np (code));
}

static char *
refuse (const char *line)
{
  return g_strconcat ("no deed: ", line, NULL);
}

static char *
make_call (int argc, char **argv)
{
  long values[MAX_ARGUMENTS] = { 0 };
  g_autofree guint8 *zeros = g_malloc0 (MAX_ARGUMENTS * ZEROS);
  long number = -1, result;

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    if (argc > 1 && g_str_equal (calls[i].name, argv[1]))
      number = calls[i].number;
  if (number < 0 || argc - 2 > MAX_ARGUMENTS)
    return refuse (argc > 1 ? argv[1] : "call");
  for (int i = 2; i < argc; i++)
    {
      const char *text = argv[i];

      if (*text == '"')
        {
          values[i - 2] = (long) (text + 1);
          argv[i][strlen (text) - 1] = '\0';
        }
      else if (*text == '?')
        values[i - 2] = (long) (zeros + (i - 2) * ZEROS);
      else
        values[i - 2] = (long) g_ascii_strtoll (text, NULL, 0);
    }
  result = syscall (number, values[0], values[1], values[2], values[3], values[4], values[5]);
  /* The child's life is not the test's matter. */
  if (number == SYS_clone && result == 0)
    syscall (SYS_exit_group, 0);
  return tell (result);
}

/* Only by calls that every program of the service may make. */
static const char *
get_kind (int fd)
{
  struct stat status;

  if (fstat (fd, &status) != 0)
    return "unknown";
  return S_ISSOCK (status.st_mode)   ? "socket"
         : S_ISREG (status.st_mode)  ? "file"
         : S_ISFIFO (status.st_mode) ? "pipe"
         : S_ISCHR (status.st_mode)  ? "device"
                                     : "other";
}

static char *
list_descriptors (void)
{
  GString *list = g_string_new ("descriptors");

  for (int fd = 0; fd <= MAX_DESCRIPTOR; fd++)
    if (fcntl (fd, F_GETFD) >= 0)
      g_string_append_printf (list, " %d:%s", fd, get_kind (fd));
  return g_string_free (list, FALSE);
}

/* FALSE if hex is none, or too long. */
static gboolean
from_hex (const char *hex, guint8 *bytes, gsize size)
{
  gsize n = strlen (hex);

  if (n % 2 != 0 || n / 2 > size)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    {
      int digit = g_ascii_xdigit_value (hex[i]);

      if (digit < 0)
        return FALSE;
      bytes[i / 2] = (guint8) (bytes[i / 2] << 4 | digit);
    }
  return TRUE;
}

static char *
send_packet (int argc, char **argv)
{
  const guint64 size = argc > 2 ? g_ascii_strtoull (argv[2], NULL, 10) : G_MAXUINT64;
  const guint64 n_copies = argc > 3 ? g_ascii_strtoull (argv[3], NULL, 10) : G_MAXUINT64;
  union
  {
    struct cmsghdr alignment;
    guint8 bytes[CMSG_SPACE (MAX_COPIES * sizeof (int))];
  } control = { 0 };
  struct iovec part;
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  g_autofree guint8 *bytes = NULL;
  int fd;

  if (argc < 4 || size > MAX_PACKET || n_copies > MAX_COPIES)
    return refuse ("send");
  fd = (int) g_ascii_strtoll (argv[1], NULL, 10);
  bytes = g_malloc0 (MAX (size, 1));
  if (argc > 4 && !from_hex (argv[4], bytes, size))
    return refuse ("send");
  part = (struct iovec){ bytes, size };
  if (n_copies > 0)
    {
      struct cmsghdr *rights = &control.alignment;

      message.msg_control = control.bytes;
      message.msg_controllen = CMSG_SPACE (n_copies * sizeof (int));
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN (n_copies * sizeof (int));
      for (guint64 i = 0; i < n_copies; i++)
        memcpy (CMSG_DATA (rights) + i * sizeof (int), &fd, sizeof fd);
    }
  return tell (sendmsg (fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static char *
receive_packet (int argc, char **argv)
{
  union
  {
    struct cmsghdr alignment;
    guint8 bytes[CMSG_SPACE (MAX_COPIES * sizeof (int))];
  } control = { 0 };
  g_autofree guint8 *bytes = g_malloc0 (MAX_PACKET);
  struct iovec part = { bytes, MAX_PACKET };
  struct msghdr message = { .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes };
  const struct cmsghdr *rights;
  GString *text;
  gsize n_fds = 0;
  ssize_t n;

  if (argc != 2)
    return refuse ("receive");
  n = recvmsg ((int) g_ascii_strtoll (argv[1], NULL, 10), &message,
               MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0)
    return tell (n);
  rights = CMSG_FIRSTHDR (&message);
  if (rights != NULL && rights->cmsg_type == SCM_RIGHTS)
    n_fds = (rights->cmsg_len - CMSG_LEN (0)) / sizeof (int);
  text = g_string_new ("received ");
  for (ssize_t i = 0; i < n; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  g_string_append_printf (text, " %zu", n_fds);
  return g_string_free (text, FALSE);
}

/* As a wild pointer does it: to send a signal may be forbidden. */
static void
crash (void)
{
  volatile gsize nowhere = 16;

  *(volatile int *) GSIZE_TO_POINTER (nowhere) = 0;
}

char *
handoff_deed_do (const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  const int n = (int) g_strv_length (words);

  if (n > 0 && g_str_equal (words[0], "call"))
    return make_call (n, words);
  if (n == 1 && g_str_equal (words[0], "descriptors"))
    return list_descriptors ();
  if (n > 0 && g_str_equal (words[0], "send"))
    return send_packet (n, words);
  if (n > 0 && g_str_equal (words[0], "receive"))
    return receive_packet (n, words);
  if (n == 1 && g_str_equal (words[0], "crash"))
    crash ();
  return refuse (line);
}
