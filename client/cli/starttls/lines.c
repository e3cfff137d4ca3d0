/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "starttls/lines.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define CODE_SIZE 3

/* What is sent, and what the lines of the answer begin with, in any case of letters. */
typedef struct
{
  const char *command; /* (nullable): NULL if the server speaks first */
  const char *yes;
  const char *no[3];
  const char *more; /* (nullable): of lines before the one that says yes or no */
} Step;

typedef enum
{
  VERDICT_MORE,
  VERDICT_YES,
  VERDICT_NO,
  VERDICT_FOREIGN,
} Verdict;

/* Of the answer's lines so far, the last is line. */
typedef Verdict (*JudgeFunc) (const Step *step, const char *first, const char *line);

static gboolean
begins_with (const char *line, const char *word)
{
  const gsize size = strlen (word);

  /* "OK", but not "OKAY". */
  return g_ascii_strncasecmp (line, word, size) == 0 &&
         !(g_ascii_isalnum (word[size - 1]) && g_ascii_isalnum (line[size]));
}

static Verdict
judge_words (const Step *step, G_GNUC_UNUSED const char *first, const char *line)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (step->no) && step->no[i] != NULL; i++)
    {
      if (begins_with (line, step->no[i]))
        return VERDICT_NO;
    }
  if (begins_with (line, step->yes))
    return VERDICT_YES;
  return step->more != NULL && begins_with (line, step->more) ? VERDICT_MORE : VERDICT_FOREIGN;
}

/* "220 text"; or "220-text" and any lines up to one like that (RFC 959 4.2, RFC 5321 4.2.1). */
static Verdict
judge_code (const Step *step, const char *first, const char *line)
{
  gboolean is_end;
  gsize i;

  for (i = 0; i < CODE_SIZE; i++)
    {
      if (!g_ascii_isdigit (first[i]))
        return VERDICT_FOREIGN;
    }
  if (strchr (" -", first[CODE_SIZE]) == NULL) /* the end of the string, too, is found */
    return VERDICT_FOREIGN;
  is_end =
      strncmp (line, first, CODE_SIZE) == 0 && (line[CODE_SIZE] == ' ' || line[CODE_SIZE] == '\0');
  if (!is_end)
    return VERDICT_MORE;
  return g_str_has_prefix (line, step->yes) ? VERDICT_YES : VERDICT_NO;
}

/* The size of the literal that follows a line which ends with {SIZE} or {SIZE+}; -1 if none does
 * (RFC 9051 4.3, RFC 5804 4). */
static gint64
get_literal_size (const char *line)
{
  const char *brace = strrchr (line, '{');
  char *end;
  guint64 size;

  if (brace == NULL || !g_ascii_isdigit (brace[1]))
    return -1;
  size = g_ascii_strtoull (brace + 1, &end, 10);
  if (*end == '+')
    end++;
  return g_str_equal (end, "}") ? (gint64) MIN (size, G_MAXINT) : -1;
}

/* A line, and the literals in it, which may have lines of their own: those say nothing here. */
static char *
read_line_with_literals (CliWire *wire, GError **error)
{
  char *line = cli_wire_read_line (wire, error);
  g_autofree char *rest = g_strdup (line);
  gint64 size;

  while (rest != NULL && (size = get_literal_size (rest)) >= 0)
    {
      guint8 byte;

      while (size-- > 0)
        {
          if (!cli_wire_read (wire, &byte, 1, error))
            {
              g_free (line);
              return NULL;
            }
        }
      g_free (rest);
      rest = cli_wire_read_line (wire, error);
    }
  if (rest == NULL)
    g_clear_pointer (&line, g_free);
  return line;
}

static gboolean
take_answer (CliWire *wire, JudgeFunc judge, const Step *step, GError **error)
{
  g_autofree char *first = NULL;

  while (TRUE)
    {
      g_autofree char *line = judge == judge_words ? read_line_with_literals (wire, error)
                                                   : cli_wire_read_line (wire, error);

      if (line == NULL)
        return FALSE;
      if (first == NULL)
        first = g_strdup (line);
      switch (judge (step, first, line))
        {
        case VERDICT_MORE:
          break;
        case VERDICT_YES:
          return TRUE;
        case VERDICT_NO:
          cli_wire_set_refused (wire, line, error);
          return FALSE;
        default:
          cli_wire_set_foreign (wire, line, error);
          return FALSE;
        }
    }
}

static gboolean
run (CliWire *wire, JudgeFunc judge, const Step *steps, gsize n_steps, GError **error)
{
  gsize i;

  for (i = 0; i < n_steps; i++)
    {
      g_autofree char *line =
          steps[i].command != NULL ? g_strconcat (steps[i].command, "\r\n", NULL) : NULL;

      if ((line != NULL && !cli_wire_write (wire, line, strlen (line), error)) ||
          !take_answer (wire, judge, &steps[i], error))
        return FALSE;
    }
  return TRUE;
}

/* A client's name in SMTP, if it has none: the address that it connects from (RFC 5321 4.1.3).
 * (transfer full) */
static char *
describe_ourselves (int fd)
{
  union
  {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
  } address;
  socklen_t size = sizeof address;
  char text[INET6_ADDRSTRLEN];

  if (getsockname (fd, &address.any, &size) == 0)
    {
      if (address.any.sa_family == AF_INET &&
          inet_ntop (AF_INET, &address.ipv4.sin_addr, text, sizeof text) != NULL)
        return g_strdup_printf ("[%s]", text);
      if (address.any.sa_family == AF_INET6 &&
          inet_ntop (AF_INET6, &address.ipv6.sin6_addr, text, sizeof text) != NULL)
        return g_strdup_printf ("[IPv6:%s]", text);
    }
  return g_strdup ("localhost");
}

/* RFC 3207 4 */
gboolean
cli_starttls_smtp (CliWire *wire, GError **error)
{
  g_autofree char *ourselves = describe_ourselves (wire->fd);
  g_autofree char *hello = g_strconcat ("EHLO ", ourselves, NULL);
  const Step steps[] = { { .yes = "220" },
                         { .command = hello, .yes = "250" },
                         { .command = "STARTTLS", .yes = "220" } };

  return run (wire, judge_code, steps, G_N_ELEMENTS (steps), error);
}

/* RFC 9051 6.2.1. PREAUTH: the command is not allowed any more; who took that for a yes would leave
 * the connection without TLS. */
gboolean
cli_starttls_imap (CliWire *wire, GError **error)
{
  const Step steps[] = {
    { .yes = "* OK", .no = { "* BYE", "* PREAUTH" } },
    { .command = "a STARTTLS", .yes = "a OK", .no = { "a NO", "a BAD", "* BYE" }, .more = "* " }
  };

  return run (wire, judge_words, steps, G_N_ELEMENTS (steps), error);
}

/* RFC 2595 4 */
gboolean
cli_starttls_pop3 (CliWire *wire, GError **error)
{
  const Step steps[] = { { .yes = "+OK", .no = { "-ERR" } },
                         { .command = "STLS", .yes = "+OK", .no = { "-ERR" } } };

  return run (wire, judge_words, steps, G_N_ELEMENTS (steps), error);
}

/* RFC 4217 4 */
gboolean
cli_starttls_ftp (CliWire *wire, GError **error)
{
  const Step steps[] = { { .yes = "220" }, { .command = "AUTH TLS", .yes = "234" } };

  return run (wire, judge_code, steps, G_N_ELEMENTS (steps), error);
}

/* RFC 4642 2.2; the greeting is 200 or 201 (RFC 3977 5.1.1). */
gboolean
cli_starttls_nntp (CliWire *wire, GError **error)
{
  const Step steps[] = { { .yes = "20" }, { .command = "STARTTLS", .yes = "382" } };

  return run (wire, judge_code, steps, G_N_ELEMENTS (steps), error);
}

/* RFC 5804 1.7, 2.2. The capabilities come before the greeting's OK. */
gboolean
cli_starttls_sieve (CliWire *wire, GError **error)
{
  const Step steps[] = { { .yes = "OK", .no = { "NO", "BYE" }, .more = "\"" },
                         { .command = "STARTTLS", .yes = "OK", .no = { "NO", "BYE" } } };

  return run (wire, judge_words, steps, G_N_ELEMENTS (steps), error);
}
