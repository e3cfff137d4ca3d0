/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "lock-up/lock-up-table.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define ALL HANDOFF_LOCK_UP_NOTHING
#define HANDSHAKES HANDOFF_LOCK_UP_HANDSHAKES
#define FILES HANDOFF_LOCK_UP_FILES
#define UNIX_SOCKETS HANDOFF_LOCK_UP_UNIX_SOCKETS
#define DEVICES HANDOFF_LOCK_UP_DEVICES
#define NETWORK HANDOFF_LOCK_UP_NETWORK
#define MODULES HANDOFF_LOCK_UP_MODULES

/* Newer than the C library's headers. */
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#define IS(index, value)                                                                           \
  {                                                                                                \
    HANDOFF_ARGUMENT_IS, index, 0, value                                                           \
  }
/* value: of the bits in mask */
#define HAS(index, mask, value)                                                                    \
  {                                                                                                \
    HANDOFF_ARGUMENT_IS, index, mask, value                                                        \
  }
#define IS_MYSELF(index)                                                                           \
  {                                                                                                \
    HANDOFF_ARGUMENT_IS_MYSELF, index, 0, 0                                                        \
  }

#define ALLOW(needs, call, ...)                                                                    \
  {                                                                                                \
    SCMP_SYS (call), needs, 0, { __VA_ARGS__ }                                                     \
  }
#define FAIL(call, error, ...)                                                                     \
  {                                                                                                \
    SCMP_SYS (call), ALL, error, { __VA_ARGS__ }                                                   \
  }

/* For those alone who have that need. */
#define DENY(needs, call, ...)                                                                     \
  {                                                                                                \
    SCMP_SYS (call), needs, EACCES, { __VA_ARGS__ }                                                \
  }

const HandoffLockUpRow handoff_lock_up_rows[] = {
  /* Memory that holds no code: neither now nor later. */
  ALLOW (ALL, brk),
  ALLOW (ALL, mmap, HAS (2, PROT_EXEC, 0)),
  ALLOW (ALL, mmap2, HAS (2, PROT_EXEC, 0)),
  ALLOW (ALL, mprotect, HAS (2, PROT_EXEC, 0)),
  ALLOW (ALL, munmap),
  ALLOW (ALL, mremap),
  ALLOW (ALL, madvise),
  ALLOW (ALL, mincore),
  ALLOW (ALL, mlock),
  ALLOW (ALL, mlock2),
  ALLOW (ALL, munlock),
  ALLOW (ALL, membarrier),

  /* Threads, but no processes. The flags of clone3() lie in memory, where no filter sees them: the
   * C library takes clone() then. */
  ALLOW (ALL, clone, HAS (0, CLONE_THREAD, CLONE_THREAD)),
  FAIL (clone3, ENOSYS),
  ALLOW (ALL, set_robust_list),
  ALLOW (ALL, rseq),
  ALLOW (ALL, futex),
  ALLOW (ALL, futex_time64),
  ALLOW (ALL, sched_yield),
  ALLOW (ALL, sched_getaffinity),
  ALLOW (ALL, prctl, IS (0, PR_SET_NAME)),
  /* Names of memory, for debugging, by newer C libraries. */
  FAIL (prctl, EINVAL, IS (0, PR_SET_VMA)),
  /* A thread pool of GLib's gives its threads the priority of who has made it. */
  FAIL (sched_getattr, ENOSYS),
  FAIL (sched_setattr, ENOSYS),
  ALLOW (ALL, gettid),
  ALLOW (ALL, getpid),
  ALLOW (ALL, getuid),
  ALLOW (ALL, geteuid),
  ALLOW (ALL, getgid),
  ALLOW (ALL, getegid),
  ALLOW (ALL, prlimit64, IS (0, 0), IS (2, 0)),
  ALLOW (ALL, getrlimit),
  ALLOW (ALL, sysinfo),
  ALLOW (ALL, exit),
  ALLOW (ALL, exit_group),

  /* Signals, to itself. */
  ALLOW (ALL, rt_sigaction),
  ALLOW (ALL, rt_sigprocmask),
  ALLOW (ALL, rt_sigreturn),
  ALLOW (ALL, sigaltstack),
  ALLOW (ALL, restart_syscall),
  ALLOW (ALL, tgkill, IS_MYSELF (0)),

  /* Time, and chance. */
  ALLOW (ALL, clock_gettime),
  ALLOW (ALL, clock_gettime64),
  ALLOW (ALL, clock_getres),
  ALLOW (ALL, clock_getres_time64),
  ALLOW (ALL, clock_nanosleep),
  ALLOW (ALL, clock_nanosleep_time64),
  ALLOW (ALL, gettimeofday),
  ALLOW (ALL, nanosleep),
  ALLOW (ALL, time),
  ALLOW (ALL, getrandom),

  /* Descriptors that it has: to wait for them, to read and write, to close them. */
  ALLOW (ALL, poll),
  ALLOW (ALL, ppoll),
  ALLOW (ALL, ppoll_time64),
  ALLOW (ALL, epoll_create1),
  ALLOW (ALL, epoll_ctl),
  ALLOW (ALL, epoll_wait),
  ALLOW (ALL, epoll_pwait),
  ALLOW (ALL, eventfd2),
  ALLOW (ALL, pipe2),
  ALLOW (ALL, read),
  ALLOW (ALL, readv),
  ALLOW (ALL, pread64),
  ALLOW (ALL, write),
  ALLOW (ALL, writev),
  ALLOW (ALL, pwrite64),
  ALLOW (ALL, lseek),
  ALLOW (ALL, recvfrom),
  ALLOW (ALL, recvmsg),
  /* With an address, it would connect. */
  ALLOW (ALL, sendto, IS (4, 0)),
  ALLOW (ALL, sendmsg),
  ALLOW (ALL, shutdown),
  ALLOW (ALL, close),
  ALLOW (ALL, dup),
  ALLOW (ALL, dup2),
  ALLOW (ALL, dup3),
  /* Not F_SETOWN, which has the kernel send signals to others; nor what changes the flags of a
   * file, which are its owner's. */
  ALLOW (ALL, fcntl, IS (1, F_DUPFD)),
  ALLOW (ALL, fcntl, IS (1, F_DUPFD_CLOEXEC)),
  ALLOW (ALL, fcntl, IS (1, F_GETFD)),
  ALLOW (ALL, fcntl, IS (1, F_SETFD)),
  ALLOW (ALL, fcntl, IS (1, F_GETFL)),
  ALLOW (ALL, fcntl, IS (1, F_GET_SEALS)),
  ALLOW (ALL, fcntl, IS (1, F_ADD_SEALS)),
  ALLOW (ALL, ioctl, IS (1, FIONREAD)),
  ALLOW (ALL, ioctl, IS (1, FIONBIO)),
  ALLOW (ALL, ioctl, IS (1, SIOCOUTQ)),
  /* Is the log a terminal? */
  ALLOW (ALL, ioctl, IS (1, TCGETS)),
  ALLOW (ALL, fstat),
  ALLOW (ALL, fstat64),
  /* What the C library makes of fstat(). With a path, too, it says no more than that a file is
   * there, and how large. */
  ALLOW (ALL, newfstatat, HAS (3, AT_EMPTY_PATH, AT_EMPTY_PATH)),
  ALLOW (ALL, statx, HAS (2, AT_EMPTY_PATH, AT_EMPTY_PATH)),
  ALLOW (ALL, memfd_create),
  ALLOW (ALL, ftruncate),
  /* The other end, for the log. */
  ALLOW (ALL, getsockname),
  ALLOW (ALL, getpeername),

  /* What is it that is to be closed? (work/descriptor-reaper.h) */
  ALLOW (ALL, getsockopt, IS (1, SOL_SOCKET), IS (2, SO_TYPE)),
  ALLOW (ALL, getsockopt, IS (1, SOL_SOCKET), IS (2, SO_DOMAIN)),
  ALLOW (ALL, getsockopt, IS (1, SOL_SOCKET), IS (2, SO_PROTOCOL)),
  ALLOW (ALL, getsockopt, IS (1, SOL_SOCKET), IS (2, SO_LINGER)),
  /* Sockets of callers. Not SO_PEERPIDFD, which would hand out the process of whoever made it. */
  ALLOW (HANDSHAKES, getsockopt, IS (1, SOL_SOCKET), IS (2, SO_ERROR)),
  ALLOW (HANDSHAKES, getsockopt, IS (1, SOL_SOCKET), IS (2, SO_ACCEPTCONN)),
  ALLOW (HANDSHAKES, getsockopt, IS (1, SOL_SOCKET), IS (2, SO_KEEPALIVE)),
  ALLOW (HANDSHAKES, getsockopt, IS (1, SOL_SOCKET), IS (2, SO_SNDBUF)),
  ALLOW (HANDSHAKES, setsockopt, IS (1, SOL_SOCKET), IS (2, SO_SNDBUF)),

  /* What libraries look for, and do without. */
  FAIL (open, ENOENT),
  FAIL (openat, ENOENT),
  FAIL (openat2, ENOSYS),
  FAIL (stat, ENOENT),
  FAIL (stat64, ENOENT),
  FAIL (lstat, ENOENT),
  FAIL (lstat64, ENOENT),
  FAIL (newfstatat, ENOENT, HAS (3, AT_EMPTY_PATH, 0)),
  FAIL (statx, ENOENT, HAS (2, AT_EMPTY_PATH, 0)),
  FAIL (access, ENOENT),
  FAIL (faccessat, ENOENT),
  FAIL (faccessat2, ENOENT),
  FAIL (readlink, ENOENT),
  FAIL (readlinkat, ENOENT),

  /* Files. */
  ALLOW (FILES, open),
  ALLOW (FILES, openat),
  ALLOW (FILES, stat),
  ALLOW (FILES, stat64),
  ALLOW (FILES, lstat),
  ALLOW (FILES, lstat64),
  ALLOW (FILES, newfstatat, HAS (3, AT_EMPTY_PATH, 0)),
  ALLOW (FILES, statx, HAS (2, AT_EMPTY_PATH, 0)),
  ALLOW (FILES, access),
  ALLOW (FILES, faccessat),
  ALLOW (FILES, faccessat2),
  ALLOW (FILES, readlink),
  ALLOW (FILES, readlinkat),
  ALLOW (FILES, getdents64),
  ALLOW (FILES, mkdir),
  ALLOW (FILES, mkdirat),
  ALLOW (FILES, rmdir),
  ALLOW (FILES, unlink),
  ALLOW (FILES, unlinkat),
  ALLOW (FILES, rename),
  ALLOW (FILES, renameat),
  ALLOW (FILES, renameat2),
  ALLOW (FILES, fsync),
  ALLOW (FILES, fdatasync),
  ALLOW (FILES, fchmod),
  ALLOW (FILES, fchmodat),
  ALLOW (FILES, umask),
  ALLOW (FILES, flock),
  ALLOW (FILES, fcntl, IS (1, F_GETLK)),
  ALLOW (FILES, fcntl, IS (1, F_SETLK)),
  ALLOW (FILES, fcntl, IS (1, F_SETLKW)),
  ALLOW (FILES, fcntl, IS (1, F_OFD_SETLK)),
  ALLOW (FILES, fcntl, IS (1, F_OFD_SETLKW)),
  ALLOW (FILES, fallocate),
  ALLOW (FILES, fstatfs),
  ALLOW (FILES, statfs),
  ALLOW (FILES, getcwd),
  ALLOW (FILES, utimensat),

  /* Other services, and devices. Where a socket leads, no filter sees: the unit's sandbox and the
   * rights of the service's user say what there is to be reached. */
  ALLOW (UNIX_SOCKETS, socket, IS (0, AF_UNIX)),
  ALLOW (DEVICES, socket, IS (0, AF_NETLINK)),
  ALLOW (DEVICES, bind),
  ALLOW (DEVICES | NETWORK, setsockopt, IS (1, SOL_SOCKET)),
  ALLOW (DEVICES, ioctl),
  ALLOW (DEVICES, timerfd_create),
  ALLOW (DEVICES, timerfd_settime),
  ALLOW (NETWORK, socket, IS (0, AF_INET)),
  ALLOW (NETWORK, socket, IS (0, AF_INET6)),
  ALLOW (NETWORK, getsockopt, IS (1, IPPROTO_TCP)),
  ALLOW (NETWORK, setsockopt, IS (1, IPPROTO_TCP)),
  ALLOW (UNIX_SOCKETS | NETWORK, connect),
  ALLOW (UNIX_SOCKETS | NETWORK, getsockopt, IS (1, SOL_SOCKET), IS (2, SO_ERROR)),
  ALLOW (UNIX_SOCKETS | NETWORK, select),
  ALLOW (UNIX_SOCKETS | NETWORK, pselect6),

  /* What the C library does for syslog(), and what modules look for and try without files. */
  DENY (MODULES, socket),
  DENY (MODULES, connect),
  DENY (MODULES, mkdir),
  DENY (MODULES, unlink),
  DENY (MODULES, getcwd),
  ALLOW (MODULES, uname),
  ALLOW (MODULES, getppid),
};
const size_t handoff_lock_up_n_rows = sizeof handoff_lock_up_rows / sizeof handoff_lock_up_rows[0];
