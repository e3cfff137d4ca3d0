/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token-text/pin-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define MAXIMUM_SIZE 65536
#define KEY "Pin"

static gboolean
refuse (GError **error, const char *path, const char *why)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "%s: %s", path, why);
  return FALSE;
}

static gboolean
check (const struct stat *info, const char *path, GError **error)
{
  if (!S_ISREG (info->st_mode))
    return refuse (error, path, "the PIN file must be a regular file");
  if ((info->st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refuse (error, path,
                   "the PIN file must be accessible to its owner alone (mode 0400 or 0600)");
  if (info->st_size > MAXIMUM_SIZE)
    return refuse (error, path, "the PIN file must not be larger than 64 KiB");
  return TRUE;
}

/* Differs for another file, and for the same file with other contents. */
static char *
dup_identity (const struct stat *info)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ":%" G_GINT64_FORMAT
                          ":%" G_GINT64_FORMAT ".%09ld",
                          (guint64) info->st_dev, (guint64) info->st_ino, (gint64) info->st_size,
                          (gint64) info->st_ctim.tv_sec, info->st_ctim.tv_nsec);
}

/* Secret memory with a zero at the end. */
static char *
read_all (int fd, gsize size, const char *path, GError **error)
{
  char *text = handoff_secret_new (size + 1, HANDOFF_SECRET_DEFAULT);
  gsize length = 0;
  ssize_t n;

  while (length < size)
    {
      n = read (fd, text + length, size - length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          refuse (error, path, g_strerror (errno));
          handoff_secret_free (text);
          return NULL;
        }
      if (n == 0)
        break;
      length += (gsize) n;
    }
  return text;
}

/* GKeyFile's escapes, in place. */
static gboolean
unescape (char *text)
{
  static const char letters[] = "sntr\\";
  static const char meanings[] = " \n\t\r\\";
  char *out = text;
  const char *letter;

  for (; *text != '\0'; text++, out++)
    {
      *out = *text;
      if (*text != '\\')
        continue;
      letter = *++text != '\0' ? strchr (letters, *text) : NULL;
      if (letter == NULL)
        return FALSE;
      *out = meanings[letter - letters];
    }
  *out = '\0';
  return TRUE;
}

/* line: "Key=value". Whether it is the key of the PIN; value: (out) (transfer none) */
static gboolean
is_pin (char *line, char **value)
{
  char *equals = strchr (line, '=');

  if (equals == NULL)
    return FALSE;
  *equals = '\0';
  *value = g_strchug (equals + 1);
  return g_str_equal (g_strchomp (line), KEY);
}

/* Cuts text up, and finds the value for token; NULL if there is none. */
static GBytes *
find_pin (char *text, const char *token, const char *path, GError **error)
{
  HandoffSecretBytes pin = { NULL, 0 };
  gboolean in_group = FALSE;
  char *line, *next, *value = NULL;
  gsize length;

  for (line = text; line != NULL; line = next)
    {
      next = strchr (line, '\n');
      if (next != NULL)
        *next++ = '\0';
      line = g_strchug (line);
      length = strlen (line);
      if (length > 0 && line[length - 1] == '\r')
        line[--length] = '\0';
      if (*line == '\0' || *line == '#')
        continue;
      if (*line == '[')
        {
          line = g_strchomp (line);
          length = strlen (line);
          if (length < 3 || strcspn (line + 1, "[]") != length - 2)
            {
              refuse (error, path, "a group must be written as “[LABEL]”, on a line of its own");
              handoff_secret_bytes_clear (&pin);
              return NULL;
            }
          line[length - 1] = '\0';
          in_group = g_str_equal (line + 1, token);
        }
      else if (in_group && is_pin (line, &value))
        {
          if (*value == '\0' || !unescape (value))
            {
              refuse (error, path, "a PIN is empty, or has a “\\” that is not written “\\\\”");
              handoff_secret_bytes_clear (&pin);
              return NULL;
            }
          handoff_secret_bytes_set (&pin, value, strlen (value));
        }
    }
  return handoff_secret_bytes_take (&pin);
}

GBytes *
handoff_pin_file_find (const char *path, const char *token, char **identity, GError **error)
{
  /* O_NONBLOCK: a pipe must not keep the service waiting. */
  const int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat info;
  char *text = NULL;
  GBytes *pin;

  if (fd < 0)
    {
      if (errno != ENOENT)
        refuse (error, path, g_strerror (errno));
      return NULL;
    }
  if (fstat (fd, &info) != 0)
    refuse (error, path, g_strerror (errno));
  else if (check (&info, path, error))
    text = read_all (fd, (gsize) info.st_size, path, error);
  close (fd);
  if (text == NULL)
    return NULL;

  pin = find_pin (text, token, path, error);
  handoff_secret_free (text);
  if (pin != NULL && identity != NULL)
    *identity = dup_identity (&info);
  return pin;
}
