/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The private system itself: what all other integration tests rely on. */

#include <unistd.h>

#include "test-peer.h"
#include "test-system.h"

static guint32
uid_of (GDBusConnection *connection)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  guint32 uid;

  reply = g_dbus_connection_call_sync (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "GetConnectionUnixUser",
      g_variant_new ("(s)", g_dbus_connection_get_unique_name (connection)), G_VARIANT_TYPE ("(u)"),
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(u)", &uid);
  return uid;
}

/* Breaks if the bus took us for root after all: every denial would go unnoticed. */
static void
test_users (void)
{
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  GDBusConnection *alice = test_bus_connect ("alice");
  g_autoptr (GDBusConnection) bob = test_bus_connect ("bob");

  g_assert_cmpuint (uid_of (root), ==, 0);
  g_assert_cmpuint (uid_of (alice), ==, 60101);
  g_assert_cmpuint (uid_of (bob), ==, 60102);
  g_assert_cmpuint (geteuid (), ==, 0);
  test_bus_vanish (alice);
}

static char *
check_own_action (GDBusConnection *connection)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  GVariantBuilder subject;
  gboolean authorized;

  g_variant_builder_init (&subject, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&subject, "{sv}", "name",
                         g_variant_new_string (g_dbus_connection_get_unique_name (connection)));
  reply = g_dbus_connection_call_sync (
      connection, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
      "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization",
      g_variant_new ("((sa{sv})sa{ss}us)", "system-bus-name", &subject,
                     "org.freedesktop.policykit.exec", NULL, 0, ""),
      NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  g_variant_get_child (g_variant_get_child_value (reply, 0), 0, "b", &authorized);
  return g_strdup (authorized ? "yes" : "no");
}

/* Breaks if a rule is not in force when the call returns, or not the last one. */
static void
test_rules (void)
{
  g_autoptr (GDBusConnection) alice = test_bus_connect ("alice");

  for (int i = 0; i < 5; i++)
    {
      g_autofree char *yes = NULL;
      g_autofree char *no = NULL;
      g_autofree char *none = NULL;

      test_polkit_set_rules ("polkit.addRule(function(action, subject) {"
                             " if (subject.user == 'alice') return polkit.Result.YES; });");
      yes = check_own_action (alice);
      g_assert_cmpstr (yes, ==, "yes");
      test_polkit_set_rules (
          "polkit.addRule(function(action, subject) { return polkit.Result.NO; });");
      no = check_own_action (alice);
      g_assert_cmpstr (no, ==, "no");
      test_polkit_set_rules (NULL);
      none = check_own_action (alice);
      g_assert_cmpstr (none, ==, "no");
    }
}

/* Breaks if a peer is used before it listens, or on another address. */
static void
test_peers (void)
{
  const char *addresses[] = { "127.0.0.1", "::1", "/run/handoff-test/tmp/peer" };

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autoptr (TestPeer) openssl = test_peer_new_openssl_at (addresses[i], "rsa", NULL);

      close (test_peer_connect (openssl));
    }
  {
    g_autoptr (TestPeer) gnutls = test_peer_new_gnutls ("ecdsa", NULL, NULL);

    close (test_peer_connect (gnutls));
  }
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
  g_test_add_func ("/harness/users", test_users);
  g_test_add_func ("/harness/rules", test_rules);
  g_test_add_func ("/harness/peers", test_peers);
  return g_test_run ();
}
