/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Where "serve" takes connections, when a name has several addresses and not all are this
 * machine's. The name is the test's own resolver's to answer, the sockets are real. */

#include <string.h>

#include "proxy/listen.h"
#include "support/test-resolver.h"

#define OURS "127.0.0.1"
/* RFC 5737: nobody's. */
#define NOT_OURS "198.51.100.77", "203.0.113.77"

static GPtrArray *
listen_on (const char *const *addresses, guint16 port, GError **error)
{
  g_autofree char *text = g_strdup_printf (TEST_RESOLVER_NAME ":%u", port);

  test_resolver_set (addresses);
  return cli_listen (text, error);
}

/* One that nobody has at present. */
static guint16
find_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);

  g_assert_cmpuint (port, !=, 0);
  g_socket_listener_close (listener);
  return port;
}

static void
assert_connects (guint16 port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect_to_host (client, OURS, port, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (connection);
}

static void
check_some_subprocess (const char *const *addresses)
{
  guint16 port = find_port ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) listeners = listen_on (addresses, port, &error);

  g_assert_no_error (error);
  g_assert_nonnull (listeners);
  cli_listen_report (listeners);
  assert_connects (port);
}

/* Breaks if an address that is not ours, wherever it stands among the others, keeps the command
 * from those that are, or nobody hears of it. */
static void
test_some (gconstpointer data)
{
  if (g_test_subprocess ())
    {
      check_some_subprocess (data);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*--listen: *198.51.100.77:*");
  g_test_trap_assert_stderr ("*--listen: *203.0.113.77:*");
  g_test_trap_assert_stderr ("*listening on " OURS ":*");
}

/* Breaks if the command goes on without any address, or does not name what it could not have. */
static void
test_none (void)
{
  static const char *const addresses[] = { NOT_OURS, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) listeners = listen_on (addresses, 8443, &error);

  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "203.0.113.77:8443"));
  g_assert_null (listeners);
}

/* Breaks if a name that has no address is not explained. */
static void
test_unknown (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) listeners = listen_on (NULL, 8443, &error);

  g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
  g_assert_null (listeners);
}

/* Breaks if port 0 is not any that is free, with an address or without. */
static void
test_any_port (void)
{
  static const char *const places[] = { "0", OURS ":0", "[::1]:0" };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) listeners = cli_listen (places[i], &error);

      g_assert_no_error (error);
      g_assert_nonnull (listeners);
      g_assert_false (cli_listen_is_privileged (places[i]));
    }
  g_assert_true (cli_listen_is_privileged (OURS));
}

int
main (int argc, char **argv)
{
  static const char *const first[] = { OURS, NOT_OURS, NULL };
  static const char *const last[] = { NOT_OURS, OURS, NULL };

  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/cli/listen/some/ours-first", first, test_some);
  g_test_add_data_func ("/cli/listen/some/ours-last", last, test_some);
  g_test_add_func ("/cli/listen/none", test_none);
  g_test_add_func ("/cli/listen/unknown", test_unknown);
  g_test_add_func ("/cli/listen/any-port", test_any_port);

  return g_test_run ();
}
