/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "attack/attack.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "attack/deed.h"

#define MAGIC_SIZE (sizeof HANDOFF_ATTACK_MAGIC - 1)
/* A deed may send the largest message there is, in hexadecimal. */
#define MAX_LINE (1024 * 1024)

gboolean
handoff_attack_is_meant (gconstpointer data, gsize size)
{
  return size >= MAGIC_SIZE && memcmp (data, HANDOFF_ATTACK_MAGIC, MAGIC_SIZE) == 0;
}

/* FALSE: the other end has closed, or sends what is no line. */
static gboolean
read_line (int socket, GString *line)
{
  struct pollfd wait = { .fd = socket, .events = POLLIN };
  char c;

  g_string_truncate (line, 0);
  while (line->len < MAX_LINE)
    {
      ssize_t n = recv (socket, &c, 1, MSG_DONTWAIT);

      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        return FALSE;
      if (n < 0)
        (void) poll (&wait, 1, -1);
      else if (c == '\n')
        return TRUE;
      else
        g_string_append_c (line, c);
    }
  return FALSE;
}

static gboolean
send_all (int socket, const char *data, gsize size)
{
  struct pollfd wait = { .fd = socket, .events = POLLOUT };

  while (size > 0)
    {
      ssize_t n = send (socket, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n < 0 && errno != EAGAIN && errno != EINTR)
        return FALSE;
      if (n < 0)
        (void) poll (&wait, 1, -1);
      else
        {
          data += n;
          size -= (gsize) n;
        }
    }
  return TRUE;
}

void
handoff_attack_serve (int socket)
{
  g_autoptr (GString) line = g_string_new (NULL);
  gboolean goes_on = TRUE;

  while (goes_on && read_line (socket, line))
    {
      g_autofree char *answer = handoff_deed_do (line->str);
      g_autofree char *text = g_strconcat (answer, "\n", NULL);

      goes_on = send_all (socket, text, strlen (text));
    }
}

char *
handoff_attack_run (gconstpointer data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *) data + MAGIC_SIZE, size - MAGIC_SIZE);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GString) answers = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      {
        g_autofree char *answer = handoff_deed_do (lines[i]);

        g_string_append_printf (answers, "%s\n", answer);
      }
  return g_string_free (g_steal_pointer (&answers), FALSE);
}
