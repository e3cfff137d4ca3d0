/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "starttls/starttls.h"

#include <glib/gi18n.h>
#include <string.h>

#include "starttls/ldap.h"
#include "starttls/lines.h"
#include "starttls/mysql.h"
#include "starttls/postgres.h"
#include "starttls/wire.h"
#include "starttls/xmpp.h"

struct _CliStarttls
{
  const char *name;  /* on the command line */
  const char *title; /* in messages */
  guint16 port;
  gboolean (*run) (CliWire *wire, GError **error);
};

static const CliStarttls protocols[] = {
  { "smtp", "SMTP", 25, cli_starttls_smtp },
  { "imap", "IMAP", 143, cli_starttls_imap },
  { "pop3", "POP3", 110, cli_starttls_pop3 },
  { "ftp", "FTP", 21, cli_starttls_ftp },
  { "ldap", "LDAP", 389, cli_starttls_ldap },
  { "xmpp", "XMPP", 5222, cli_starttls_xmpp },
  { "postgres", "PostgreSQL", 5432, cli_starttls_postgres },
  { "mysql", "MySQL", 3306, cli_starttls_mysql },
  { "sieve", "ManageSieve", 4190, cli_starttls_sieve },
  { "nntp", "NNTP", 119, cli_starttls_nntp },
};

/**
 * cli_starttls_find:
 * @name: the value of --starttls
 *
 * Returns: (transfer none): the protocol, or %NULL with an error of the domain %G_OPTION_ERROR
 */
const CliStarttls *
cli_starttls_find (const char *name, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      if (g_str_equal (protocols[i].name, name))
        return &protocols[i];
      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", protocols[i].name);
    }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("--starttls must be one of %s"),
               names->str);
  return NULL;
}

/* Where servers of the protocol listen. */
guint16
cli_starttls_get_port (const CliStarttls *self)
{
  return self->port;
}

/**
 * cli_starttls_run:
 * @fd: a connected socket, on which nothing was sent or read yet
 * @domain: whom the server shall be
 * @timeout: milliseconds
 *
 * Has the server begin TLS. After that, the socket has no byte to read, and the next one that
 * crosses it is the handshake's.
 *
 * Returns: whether the handshake can begin
 */
gboolean
cli_starttls_run (
    const CliStarttls *self, int fd, const char *domain, guint timeout, GError **error)
{
  CliWire wire = { .fd = fd,
                   .title = self->title,
                   .domain = domain,
                   .timeout = timeout,
                   .deadline =
                       g_get_monotonic_time () + (gint64) timeout * G_TIME_SPAN_MILLISECOND };

  return self->run (&wire, error) && cli_wire_check_quiet (&wire, error);
}

static gboolean
may_be (const CliStarttls *self, const char *peer_protocol)
{
  if (peer_protocol == NULL)
    return TRUE;
  /* An FTP server's greeting is like one of SMTP. */
  if (g_str_equal (self->name, "ftp") && g_str_equal (peer_protocol, "smtp"))
    return TRUE;
  /* Of most, the service knows no more than that they are text, or are not. */
  return g_str_equal (peer_protocol, "text") || g_str_equal (peer_protocol, "unknown");
}

/**
 * cli_starttls_guess:
 * @peer_protocol: (nullable): what a server speaks in place of TLS, as the service says it; %NULL
 * if it hung up without a word
 * @port: where it is
 *
 * Returns: (transfer none) (nullable): the value of --starttls that may help
 */
const char *
cli_starttls_guess (const char *peer_protocol, guint16 port)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      if (protocols[i].port == port && may_be (&protocols[i], peer_protocol))
        return protocols[i].name;
    }
  for (i = 0; peer_protocol != NULL && i < G_N_ELEMENTS (protocols); i++)
    {
      if (g_str_equal (protocols[i].name, peer_protocol))
        return peer_protocol;
    }
  return NULL;
}
