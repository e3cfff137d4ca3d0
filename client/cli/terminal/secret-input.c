/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/secret-input.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Keys, passphrases and PINs on their way to the service: from files, or from the terminal, which
 * does not show them. They are never arguments, which every user of the machine can read. */

/* The longest passphrase or PIN that the service takes, bytes. */
#define MAX_PASSPHRASE_SIZE 1024

static volatile sig_atomic_t caught_signal;

typedef struct
{
  gsize size;
  guint8 data[];
} Buffer;

static Buffer *
buffer_new (gsize size)
{
  Buffer *self = g_malloc0 (sizeof *self + size);

  self->size = size;
  return self;
}

static void
buffer_free (Buffer *self)
{
  explicit_bzero (self->data, self->size);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Buffer, buffer_free)

void
cli_secret_free (CliSecret *secret)
{
  explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

static gboolean
fail_with_errno (GError **error, const char *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

static gboolean
read_to_end (int fd, const char *path, Buffer *buffer, gsize *size, GError **error)
{
  gssize n;

  *size = 0;
  do
    {
      n = read (fd, buffer->data + *size, buffer->size - *size);
      if (n < 0 && errno != EINTR)
        return fail_with_errno (error, path);
      *size += n > 0 ? (gsize) n : 0;
    }
  while (n != 0 && *size < buffer->size);
  return TRUE;
}

/**
 * cli_secret_load:
 * @path: a file, or "-" for the standard input
 * @max_size: bytes
 *
 * Returns: (transfer full): what is in it, wiped when it is freed
 */
GBytes *
cli_secret_load (const char *path, gsize max_size, GError **error)
{
  const gboolean is_input = g_str_equal (path, "-");
  g_autoptr (Buffer) buffer = buffer_new (max_size + 1);
  int fd = is_input ? STDIN_FILENO : open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  gboolean ok;
  gsize size;
  guint8 *data;

  if (fd < 0)
    {
      fail_with_errno (error, path);
      return NULL;
    }
  ok = read_to_end (fd, path, buffer, &size, error);
  if (!is_input)
    close (fd);
  if (!ok)
    return NULL;
  if (size > max_size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("%s is larger than the %zu bytes that it may have"), path, max_size);
      return NULL;
    }
  data = buffer->data;
  return g_bytes_new_with_free_func (data, size, (GDestroyNotify) buffer_free,
                                     g_steal_pointer (&buffer));
}

/* text: without a final line feed */
static CliSecret *
secret_new (const guint8 *text, gsize size, GError **error)
{
  if (size > 0 && text[size - 1] == '\n')
    size--;
  if (memchr (text, '\0', size) != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("A passphrase or PIN cannot have a NUL byte in it"));
      return NULL;
    }
  return g_strndup ((const char *) text, size);
}

/**
 * cli_secret_load_passphrase:
 * @path: as for cli_secret_load(); a final line feed does not count
 */
CliSecret *
cli_secret_load_passphrase (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = cli_secret_load (path, MAX_PASSPHRASE_SIZE, error);
  gsize size;
  const guint8 *data;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  return secret_new (data, size, error);
}

static int
open_terminal (void)
{
  return open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/**
 * cli_secret_can_prompt:
 *
 * Returns: whether there is a terminal to ask on
 */
gboolean
cli_secret_can_prompt (void)
{
  int fd = open_terminal ();

  if (fd < 0)
    return FALSE;
  close (fd);
  return TRUE;
}

static void
catch_signal (int number)
{
  caught_signal = number;
}

static gboolean
say (int fd, const char *text)
{
  return write (fd, text, strlen (text)) >= 0;
}

/* Waits until there is something to read, or a signal that would end the command. */
static gboolean
wait_for_input (int fd, const sigset_t *unblocked)
{
  struct pollfd poll_fd = { fd, POLLIN, 0 };

  while (caught_signal == 0 && ppoll (&poll_fd, 1, NULL, unblocked) < 0 && errno == EINTR)
    ;
  return caught_signal == 0;
}

static CliSecret *
read_line (int fd, const sigset_t *unblocked, GError **error)
{
  g_autoptr (Buffer) buffer = buffer_new (MAX_PASSPHRASE_SIZE + 1);
  gsize size = 0;
  gssize n = 1;

  /* The terminal gives a line, or what there is of it if the user ends the input. */
  while (n > 0 && size < buffer->size && (size == 0 || buffer->data[size - 1] != '\n'))
    {
      n = wait_for_input (fd, unblocked) ? read (fd, buffer->data + size, buffer->size - size) : 0;
      size += n > 0 ? (gsize) n : 0;
    }
  if (n < 0)
    {
      fail_with_errno (error, _ ("Cannot read from the terminal"));
      return NULL;
    }
  if (size == 0 || caught_signal != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("Cancelled"));
      return NULL;
    }
  if (size > MAX_PASSPHRASE_SIZE)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("A passphrase or PIN may have %d bytes at most"), MAX_PASSPHRASE_SIZE);
      return NULL;
    }
  return secret_new (buffer->data, size, error);
}

static CliSecret *
read_without_echo (int fd, const char *prompt, const sigset_t *unblocked, GError **error)
{
  struct termios before, during;
  CliSecret *secret = NULL;

  if (tcgetattr (fd, &before) != 0)
    {
      fail_with_errno (error, _ ("Cannot hide what is typed on the terminal"));
      return NULL;
    }
  during = before;
  during.c_lflag &= ~(tcflag_t) ECHO;
  if (tcsetattr (fd, TCSAFLUSH, &during) != 0 || !say (fd, prompt))
    fail_with_errno (error, _ ("Cannot hide what is typed on the terminal"));
  else
    {
      secret = read_line (fd, unblocked, error);
      say (fd, "\n");
    }
  tcsetattr (fd, TCSAFLUSH, &before);
  return secret;
}

/* A signal that ends the command is let through when the terminal is as it was. */
static CliSecret *
read_with_signals_caught (int fd, const char *prompt, GError **error)
{
  static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP };
  struct sigaction before[G_N_ELEMENTS (signals)];
  struct sigaction catching = { .sa_handler = catch_signal };
  sigset_t blocked, unblocked;
  CliSecret *secret;
  gsize i;

  caught_signal = 0;
  sigemptyset (&blocked);
  for (i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaddset (&blocked, signals[i]);
  sigprocmask (SIG_BLOCK, &blocked, &unblocked);
  for (i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &catching, &before[i]);

  secret = read_without_echo (fd, prompt, &unblocked, error);

  for (i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &before[i], NULL);
  sigprocmask (SIG_SETMASK, &unblocked, NULL);
  if (caught_signal != 0)
    raise (caught_signal);
  return secret;
}

/**
 * cli_secret_prompt:
 * @prompt: what to ask for, with ": " at the end
 *
 * Asks on the controlling terminal, which shows nothing of what is typed.
 *
 * Returns: (transfer full): the answer; %G_IO_ERROR_CANCELLED if the user gives none
 */
CliSecret *
cli_secret_prompt (const char *prompt, GError **error)
{
  int fd = open_terminal ();
  CliSecret *secret;

  if (fd < 0)
    {
      fail_with_errno (error, _ ("There is no terminal to ask on"));
      return NULL;
    }
  secret = read_with_signals_caught (fd, prompt, error);
  close (fd);
  return secret;
}

/**
 * cli_secret_get:
 * @option: the option that @path was given to
 * @path: (nullable): as for cli_secret_load_passphrase()
 * @prompt: (nullable): as for cli_secret_prompt(), used if there is no @path; %NULL: do not ask
 * @secret: (out) (nullable): %NULL if there is neither
 *
 * Gets a passphrase or PIN from the file that the user named, or from the terminal.
 */
gboolean
cli_secret_get (
    const char *option, const char *path, const char *prompt, CliSecret **secret, GError **error)
{
  *secret = NULL;
  if (path != NULL)
    {
      *secret = cli_secret_load_passphrase (path, error);
      if (*secret == NULL)
        g_prefix_error (error, "%s: ", option);
    }
  else if (prompt != NULL)
    *secret = cli_secret_prompt (prompt, error);
  else
    return TRUE;
  return *secret != NULL;
}
