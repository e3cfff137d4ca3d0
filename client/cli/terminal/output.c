/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/output.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "terminal/locale-text.h"
#include "terminal/report.h"

/* The standard output, through which all verbs print. If something cannot be written (no room, no
 * reader, a closed descriptor), that is remembered until the end of the command, which then reports
 * it and fails: a script must not take half of the text for all of it. */

static int first_error; /* an errno, or 0 */

static void
remember_error (void)
{
  if (first_error == 0)
    first_error = errno;
}

/* As g_print() does without a handler, but for the errors, and for characters that the locale has
 * not. */
static void
print_cb (const char *text)
{
  g_autofree char *encoded = cli_locale_encode (text);

  cli_output_write (encoded);
}

static void
print_error_cb (const char *text)
{
  g_autofree char *encoded = cli_locale_encode (text);

  /* There is nobody to tell if that fails. */
  if (fputs (encoded, stderr) >= 0)
    fflush (stderr);
}

/**
 * cli_output_open:
 *
 * To be called first of all. If a standard descriptor is closed, the first socket or file that is
 * opened gets its number, and "connect" would mix that up with the user's data. So a closed input
 * is replaced by an empty one, and a closed output by one that cannot be written.
 */
void
cli_output_open (void)
{
  static const int modes[] = { O_RDONLY, O_RDONLY, O_WRONLY };
  int fd;

  for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    {
      /* open() takes the lowest free number, and all below this one are in use. */
      if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", modes[fd]) != fd)
        _exit (CLI_EXIT_FAILED);
    }
  g_set_print_handler (print_cb);
  g_set_printerr_handler (print_error_cb);
}

/**
 * cli_output_write:
 * @text: as it is to be written
 *
 * Writes @text to the standard output. g_print() comes here, too, after it was brought into the
 * locale's encoding.
 */
void
cli_output_write (const char *text)
{
  if (fputs (text, stdout) < 0 || fflush (stdout) != 0)
    remember_error ();
}

static gboolean
write_all (int fd, const char *text)
{
  while (*text != '\0')
    {
      const ssize_t n = write (fd, text, strlen (text));

      if (n < 0 && errno != EINTR)
        return FALSE;
      text += MAX (n, 0);
    }
  return TRUE;
}

/**
 * cli_output_write_file:
 *
 * Writes @text to a file that the user named, as a shell's ">" does: what has that name stays. It
 * may be a pipe, a device, or a link to one, such as /dev/stdout.
 *
 * Returns: whether all is there
 */
gboolean
cli_output_write_file (const char *path, const char *text, GError **error)
{
  const int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
  gboolean ok = fd >= 0 && write_all (fd, text);
  int code = errno;

  if (fd >= 0 && close (fd) < 0 && ok)
    {
      code = errno;
      ok = FALSE;
    }
  if (!ok)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", path,
                 g_strerror (code));
  return ok;
}

/**
 * cli_output_wait:
 *
 * Lets @seconds pass, unless whoever reads the standard output leaves.
 *
 * Returns: whether somebody may still read what is written
 */
gboolean
cli_output_wait (guint seconds)
{
  struct pollfd output = { STDOUT_FILENO, 0, 0 };

  return first_error == 0 && poll (&output, 1, (int) seconds * 1000) >= 0 && output.revents == 0;
}

/* Some file systems tell only now that there was no room. The descriptor itself stays in use, so
 * that nothing else gets its number. */
static void
close_descriptor (void)
{
  int copy = dup (STDOUT_FILENO);
  int null_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  if (copy < 0 || null_fd < 0 || dup2 (null_fd, STDOUT_FILENO) < 0)
    remember_error ();
  if (copy >= 0 && close (copy) != 0)
    remember_error ();
  if (null_fd >= 0)
    close (null_fd);
}

/**
 * cli_output_close:
 *
 * Ends the standard output: whoever reads it sees the end. May be called again.
 *
 * Returns: whether all that was written arrived
 */
gboolean
cli_output_close (GError **error)
{
  static gboolean closed;

  if (!closed)
    {
      if (fflush (stdout) != 0)
        remember_error ();
      close_descriptor ();
      closed = TRUE;
    }
  if (first_error == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (first_error), "%s: %s",
               _ ("Cannot write to the standard output"), g_strerror (first_error));
  return FALSE;
}

/**
 * cli_output_finish:
 * @status: the command's, if its output arrives
 *
 * Ends the standard output, and reports what could not be written.
 *
 * Returns: the exit status
 */
CliExitStatus
cli_output_finish (CliExitStatus status)
{
  g_autoptr (GError) error = NULL;

  if (cli_output_close (&error))
    return status;
  cli_report ("%s", error->message);
  /* The status of another failure says more. */
  return status == CLI_EXIT_OK ? CLI_EXIT_FAILED : status;
}
