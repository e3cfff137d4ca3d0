/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/input-rest.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nothing is read: what is left may be for others. */
static gboolean
is_empty (int fd)
{
  struct stat status;
  int n = 0;
  guint8 byte;

  /* The number of bytes in a file need not fit what FIONREAD gives. */
  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode))
    return lseek (fd, 0, SEEK_CUR) >= status.st_size;
  if (ioctl (fd, FIONREAD, &n) == 0)
    return n == 0;
  /* A device, such as /dev/null or /dev/zero: only reading tells. */
  return read (fd, &byte, sizeof byte) <= 0;
}

/**
 * cli_input_wait_for_end:
 * @fd: an input, whose end was not read
 * @timeout: how long it may be quiet, milliseconds
 *
 * Finds out whether all of an input was read. It is not enough that there is nothing to read at the
 * moment: a program that writes to a pipe may be about to write more. So this function waits for
 * the end. A terminal has no end, and its user sees what became of the input: there, only what was
 * typed already counts.
 */
CliInputRest
cli_input_wait_for_end (int fd, guint timeout)
{
  struct pollfd pollfd = { fd, POLLIN, 0 };
  gboolean is_terminal = isatty (fd);
  gint64 end = g_get_monotonic_time () + timeout * G_TIME_SPAN_MILLISECOND;
  int n;

  do
    {
      gint64 left = (end - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND;

      n = poll (&pollfd, 1, is_terminal ? 0 : (int) MAX (left, 0));
    }
  while (n < 0 && (errno == EINTR || errno == EAGAIN));
  if (n == 0)
    return is_terminal ? CLI_INPUT_ENDED : CLI_INPUT_OPEN;
  if (n < 0 || (pollfd.revents & (POLLERR | POLLNVAL)) != 0)
    return CLI_INPUT_OPEN;
  return is_empty (fd) ? CLI_INPUT_ENDED : CLI_INPUT_LEFT;
}
