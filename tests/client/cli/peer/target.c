/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* HOST[:PORT], as people write it on the command line. */

#include "peer/target.h"

typedef struct
{
  const char *text;
  const char *host; /* NULL: refused */
  guint16 port;
  const char *identity; /* NULL: the host */
  const char *string;   /* NULL: as text */
} Case;

static const Case cases[] = {
  { "example.org", "example.org", 443, NULL, "example.org:443" },
  { "example.org:1", "example.org", 1, NULL, NULL },
  { "example.org:65535", "example.org", 65535, NULL, NULL },
  { "bücher.example:8443", "bücher.example", 8443, NULL, NULL },
  { "192.0.2.1", "192.0.2.1", 443, NULL, "192.0.2.1:443" },
  { "192.0.2.1:80", "192.0.2.1", 80, NULL, NULL },
  { "[::1]:443", "::1", 443, NULL, NULL },
  { "[2001:db8::1]", "2001:db8::1", 443, NULL, "[2001:db8::1]:443" },
  { "::1", "::1", 443, NULL, "[::1]:443" },
  /* Not port 1 of 2001:db8:. */
  { "2001:db8::1", "2001:db8::1", 443, NULL, "[2001:db8::1]:443" },
  { "[fe80::1%eth0]:25", "fe80::1%eth0", 25, "fe80::1", NULL },
  { "fe80::1%eth0", "fe80::1%eth0", 443, "fe80::1", "[fe80::1%eth0]:443" },

  { "", NULL, 0, NULL, NULL },
  { ":443", NULL, 0, NULL, NULL },
  { "443", NULL, 0, NULL, NULL },
  { "443:443", NULL, 0, NULL, NULL },
  { "example.org:", NULL, 0, NULL, NULL },
  { "example.org:0", NULL, 0, NULL, NULL },
  { "example.org:65536", NULL, 0, NULL, NULL },
  { "example.org:-1", NULL, 0, NULL, NULL },
  { "example.org:+80", NULL, 0, NULL, NULL },
  { "example.org: 80", NULL, 0, NULL, NULL },
  { "example.org:80x", NULL, 0, NULL, NULL },
  { "example.org:https", NULL, 0, NULL, NULL },
  { "example.org:80:90", NULL, 0, NULL, NULL },
  { "https://example.org/", NULL, 0, NULL, NULL },
  { "example.org/", NULL, 0, NULL, NULL },
  { "user@example.org", NULL, 0, NULL, NULL },
  { "exa mple.org", NULL, 0, NULL, NULL },
  { "example.org\n", NULL, 0, NULL, NULL },
  { "[::1", NULL, 0, NULL, NULL },
  { "[::1]443", NULL, 0, NULL, NULL },
  { "[::1]:", NULL, 0, NULL, NULL },
  { "[]:443", NULL, 0, NULL, NULL },
  { "[example.org]:443", NULL, 0, NULL, NULL },
  { "[192.0.2.1]:443", NULL, 0, NULL, NULL },
  { "::1]:443", NULL, 0, NULL, NULL },
  { "1:2:3", NULL, 0, NULL, NULL },
};

/* Breaks if the command connects elsewhere than to what was asked for, or verifies another name. */
static void
test_target (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (CliTarget) target = cli_target_parse (c->text, &error);
  g_autofree char *identity = NULL;
  g_autofree char *string = NULL;

  if (c->host == NULL)
    {
      g_assert_null (target);
      g_assert_nonnull (error);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpstr (target->host, ==, c->host);
  g_assert_cmpuint (target->port, ==, c->port);
  identity = cli_target_get_identity (target);
  g_assert_cmpstr (identity, ==, c->identity != NULL ? c->identity : c->host);
  string = cli_target_to_string (target);
  g_assert_cmpstr (string, ==, c->string != NULL ? c->string : c->text);
}

/* Breaks if a place without a port is sought at another port than the server's. */
static void
test_default_port (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CliTarget) without = cli_target_parse_with_port ("192.0.2.1", 25, &error);
  g_autoptr (CliTarget) with = cli_target_parse_with_port ("192.0.2.1:26", 25, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (without->port, ==, 25);
  g_assert_cmpuint (with->port, ==, 26);
}

int
main (int argc, char **argv)
{
  gsize i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/cli/target/%zu", i);

      g_test_add_data_func (path, &cases[i], test_target);
    }
  g_test_add_func ("/cli/target/default-port", test_default_port);
  return g_test_run ();
}
