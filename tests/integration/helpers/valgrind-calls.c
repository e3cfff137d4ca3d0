/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Loaded before the C library into the service's programs under valgrind. What Debian 12's valgrind
 * does not know of the kernel's is asked for outside of it, on the real processor; and no program
 * is locked up, since valgrind makes calls of its own. */

#include "config.h"

#include <errno.h>
#include <glib.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

/* Outside of valgrind: so without errno, which is valgrind's own there. */
static long
call (long thread, long number, long first, long second)
{
  long result;

  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(first), "S"(second)
                   : "rcx", "r11", "memory");
  return result;
}

int
pidfd_open (pid_t pid, unsigned flags)
{
  const long result = (long) VALGRIND_NON_SIMD_CALL3 (call, SYS_pidfd_open, pid, flags);

  if (result >= 0)
    return (int) result;
  errno = (int) -result;
  return -1;
}

/* ---- Programs end by themselves when their link has ended, so that valgrind has the time to look
 * for what they have lost. ---- */

int
pidfd_send_signal (int pidfd, int number, siginfo_t *info, unsigned flags)
{
  return 0;
}

int
prctl (int option, ...)
{
  unsigned long values[4];
  va_list arguments;
  gsize i;

  va_start (arguments, option);
  for (i = 0; i < G_N_ELEMENTS (values); i++)
    values[i] = va_arg (arguments, unsigned long);
  va_end (arguments);
  if (option == PR_SET_PDEATHSIG)
    return 0;
  return (int) syscall (SYS_prctl, option, values[0], values[1], values[2], values[3]);
}

/* ---- What libseccomp has, for a filter that lets everything pass. ---- */

scmp_filter_ctx
seccomp_init (uint32_t action)
{
  static char filter;

  return &filter;
}

void
seccomp_release (scmp_filter_ctx filter)
{
}

int
seccomp_attr_set (scmp_filter_ctx filter, enum scmp_filter_attr attribute, uint32_t value)
{
  return 0;
}

int
seccomp_rule_add_array (scmp_filter_ctx filter,
                        uint32_t action,
                        int number,
                        unsigned n,
                        const struct scmp_arg_cmp *arguments)
{
  return 0;
}

int
seccomp_load (const scmp_filter_ctx filter)
{
  return 0;
}
