/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "starttls/wire.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* How much of what is no text is quoted. */
#define MAX_QUOTED_BYTES 8
/* Record types (RFC 8446 5.1): a server that speaks TLS answers what is no TLS with an alert. */
#define ALERT 21
#define HANDSHAKE 22
#define MAJOR_VERSION 3

static void
set_timed_out (CliWire *self, GError **error)
{
  const guint seconds = MAX (self->timeout / 1000, 1);

  if (self->n_read == 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 ngettext ("The server said nothing within %u second: if it speaks TLS from the "
                           "start, leave --starttls out",
                           "The server said nothing within %u seconds: if it speaks TLS from the "
                           "start, leave --starttls out",
                           seconds),
                 seconds);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 ngettext ("The %2$s server did not begin TLS within %1$u second",
                           "The %2$s server did not begin TLS within %1$u seconds", seconds),
                 seconds, self->title);
}

static void
set_closed (CliWire *self, GError **error)
{
  if (self->n_read == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                         _ ("The server closed the connection before it said anything: if it "
                            "speaks TLS from the start, leave --starttls out"));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                 _ ("The %s server closed the connection before TLS began"), self->title);
}

/* Until the socket is ready for events, or the time is over. */
static gboolean
wait_for (CliWire *self, short events, GError **error)
{
  struct pollfd peer = { self->fd, events, 0 };

  while (TRUE)
    {
      gint64 left = self->deadline - g_get_monotonic_time ();
      int n_ready;

      if (left <= 0)
        {
          set_timed_out (self, error);
          return FALSE;
        }
      /* Rounded up, so that the last millisecond is not spent in a loop. */
      n_ready = poll (&peer, 1, (int) MIN (left / 1000 + 1, G_MAXINT));
      if (n_ready > 0)
        return TRUE;
      if (n_ready < 0 && errno != EINTR)
        {
          g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno),
                               g_strerror (errno));
          return FALSE;
        }
    }
}

/* After recv() or send() failed: whether it can be tried again, because the socket is ready. */
static gboolean
recover (CliWire *self, short events, GError **error)
{
  const int system_error = errno;

  if (system_error == EINTR)
    return TRUE;
  if (system_error == EAGAIN || system_error == EWOULDBLOCK)
    return wait_for (self, events, error);
  if (system_error == ECONNRESET || system_error == EPIPE)
    set_closed (self, error);
  else
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (system_error),
                         g_strerror (system_error));
  return FALSE;
}

gboolean
cli_wire_write (CliWire *self, const void *data, gsize size, GError **error)
{
  gsize n_sent = 0;

  while (n_sent < size)
    {
      gssize n = send (self->fd, (const guint8 *) data + n_sent, size - n_sent,
                       MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n > 0)
        n_sent += (gsize) n;
      else if (!recover (self, POLLOUT, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * cli_wire_read:
 *
 * Reads as much as was asked for, and no byte more.
 *
 * Returns: whether all of it came
 */
gboolean
cli_wire_read (CliWire *self, void *data, gsize size, GError **error)
{
  gsize n_read = 0;

  if (size > CLI_WIRE_MAX_SIZE - self->n_read)
    {
      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          _ ("This is no %s server: it sends more than any of them does before TLS begins"),
          self->title);
      return FALSE;
    }
  while (n_read < size)
    {
      gssize n = recv (self->fd, (guint8 *) data + n_read, size - n_read, MSG_DONTWAIT);

      if (n == 0)
        {
          set_closed (self, error);
          return FALSE;
        }
      if (n > 0)
        {
          n_read += (gsize) n;
          self->n_read += (gsize) n;
        }
      else if (!recover (self, POLLIN, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * cli_wire_read_line:
 *
 * Reads a line of text. It is read byte by byte: what follows it may be TLS.
 *
 * Returns: (transfer full): the line, without its end
 */
char *
cli_wire_read_line (CliWire *self, GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);

  while (TRUE)
    {
      guint8 byte;

      if (!cli_wire_read (self, &byte, 1, error))
        return NULL;
      if (byte == '\n')
        break;
      /* Of a binary protocol, whose lines might never end. */
      if (byte != '\t' && byte != '\r' && g_ascii_iscntrl ((char) byte))
        {
          g_string_append_c (line, (char) byte);
          cli_wire_set_foreign_bytes (self, (const guint8 *) line->str, line->len, error);
          return NULL;
        }
      g_string_append_c (line, (char) byte);
    }
  if (line->len > 0 && line->str[line->len - 1] == '\r')
    g_string_truncate (line, line->len - 1);
  return g_string_free (g_steal_pointer (&line), FALSE);
}

/**
 * cli_wire_check_quiet:
 *
 * To be called when the server was told to begin TLS, and nothing but the handshake comes next, in
 * which the client speaks first. What is there now was sent in the clear: somebody on the way may
 * have added it, hoping that it is taken for a part of what TLS protects (CVE-2011-0411, and others
 * since).
 *
 * Returns: whether nothing is there
 */
gboolean
cli_wire_check_quiet (CliWire *self, GError **error)
{
  guint8 byte;

  if (recv (self->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) <= 0)
    return TRUE; /* If the connection broke, the handshake says so. */
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("The %s server sent something between its last answer and TLS: somebody on the "
                  "way may have added it, so this connection is not used"),
               self->title);
  return FALSE;
}

/**
 * cli_wire_set_foreign:
 * @answer: what the server said, which no server of the protocol says there
 */
void
cli_wire_set_foreign (CliWire *self, const char *answer, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("This is no %s server: it says “%.200s”"), self->title, answer);
}

/* Whether a record begins with these bytes. If there is but one, another is read. */
static gboolean
is_tls (CliWire *self, const guint8 *bytes, gsize size)
{
  guint8 version;

  if (size == 0 || (bytes[0] != ALERT && bytes[0] != HANDSHAKE))
    return FALSE;
  if (size > 1)
    version = bytes[1];
  else if (!cli_wire_read (self, &version, 1, NULL))
    return FALSE;
  return version == MAJOR_VERSION;
}

/**
 * cli_wire_set_foreign_bytes:
 * @bytes: what the server sent, which no server of the protocol sends there; it may be text or not
 */
void
cli_wire_set_foreign_bytes (CliWire *self, const guint8 *bytes, gsize size, GError **error)
{
  g_autoptr (GString) hex = g_string_new (NULL);
  g_autofree char *text = g_strndup ((const char *) bytes, size);
  gsize i = 0;

  while (i < size && g_ascii_isprint (text[i]))
    i++;
  if (size > 0 && i == size)
    {
      cli_wire_set_foreign (self, text, error);
      return;
    }
  if (is_tls (self, bytes, size))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("The server speaks TLS from the start: leave --starttls out"));
      return;
    }
  for (i = 0; i < MIN (size, MAX_QUOTED_BYTES); i++)
    g_string_append_printf (hex, "%s%02x", i > 0 ? " " : "", bytes[i]);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("This is no %s server: it sends the bytes %s"), self->title, hex->str);
}

/**
 * cli_wire_set_refused:
 * @answer: how the server says that it will not begin TLS
 */
void
cli_wire_set_refused (CliWire *self, const char *answer, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               _ ("The %s server will not begin TLS: it says “%.200s”"), self->title, answer);
}

void
cli_wire_set_not_offered (CliWire *self, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, _ ("The %s server offers no TLS"),
               self->title);
}
