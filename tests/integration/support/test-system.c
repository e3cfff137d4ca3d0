/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-system.h"

#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-way.h"

#define RULES_FILE "/etc/polkit-1/rules.d/10-test.rules"
#define RULES_FILE_NEW "/etc/polkit-1/rules.d/.10-test.new"
#define CONFIG_FILE "/etc/tls-handoff/tls-handoffd.conf"
#define TRUST_STORE "/etc/ssl/certs/ca-certificates.crt"
#define CHECK_INTERVAL_MSEC 2

void
test_system_init (int *argc, char ***argv)
{
  test_way_init (argc, argv);
  if (g_getenv ("HANDOFF_TEST_SYSTEM") == NULL)
    g_error ("run this through tests/lib/system-run (see tests/README.md)");
  signal (SIGPIPE, SIG_IGN);
}

static gboolean
check_again (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* The main loop runs meanwhile, and is woken to look at what no event tells of: other processes. */
void
test_wait_until (TestCheck check, gpointer data, const char *what)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIMEOUT_SECONDS * G_USEC_PER_SEC;
  guint timer = g_timeout_add (CHECK_INTERVAL_MSEC, check_again, NULL);

  while (!check (data))
    {
      if (g_get_monotonic_time () > deadline)
        g_error ("waited %d seconds in vain until %s", TEST_TIMEOUT_SECONDS, what);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (timer);
}

static gboolean
has_data (gpointer data)
{
  char byte;

  return recv (GPOINTER_TO_INT (data), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void
test_wait_for_data (int socket)
{
  test_wait_until (has_data, GINT_TO_POINTER (socket), "something arrives");
}

char *
test_cert_path (const char *name)
{
  return g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), name, NULL);
}

GBytes *
test_cert_der (const char *name)
{
  g_autofree char *path = test_cert_path (name);
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GError) error = NULL;
  GByteArray *der = NULL;

  certificate = g_tls_certificate_new_from_file (path, &error);
  g_assert_no_error (error);
  g_object_get (certificate, "certificate", &der, NULL);
  return g_byte_array_free_to_bytes (der);
}

void
test_trust_store_set (const char *name)
{
  g_autofree char *path = NULL;
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;

  if (name != NULL)
    {
      path = test_cert_path (name);
      g_file_get_contents (path, &content, NULL, &error);
      g_assert_no_error (error);
    }
  g_mkdir_with_parents ("/etc/ssl/certs", 0755);
  g_file_set_contents (TRUST_STORE, content == NULL ? "" : content, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (TRUST_STORE, 0644), ==, 0);
}

/* The bus takes the socket's credentials at the time of connect(), and GDBus says geteuid(). */
GDBusConnection *
test_bus_connect (const char *user)
{
  g_autofree char *address = NULL;
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection;
  struct passwd *entry = getpwnam (user);

  g_assert_nonnull (entry);
  address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SYSTEM, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (setegid (entry->pw_gid), ==, 0);
  g_assert_cmpint (seteuid (entry->pw_uid), ==, 0);
  connection =
      g_dbus_connection_new_for_address_sync (address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);
  g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_cmpint (setegid (0), ==, 0);
  g_assert_no_error (error);
  return connection;
}

void
test_bus_vanish (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;

  g_dbus_connection_close_sync (connection, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (connection);
}

GVariant *
test_call (GDBusConnection *connection,
           const char *path,
           const char *interface,
           const char *method,
           GVariant *parameters,
           GError **error)
{
  const TestCall call = {
    .path = path, .interface = interface, .method = method, .parameters = parameters
  };
  g_autoptr (TestReply) reply = test_way_call (connection, &call, error);

  return reply != NULL ? g_steal_pointer (&reply->body) : NULL;
}

/* Root's own connection, for what the support library asks. */
static GDBusConnection *
root_connection (void)
{
  static GDBusConnection *connection;

  if (connection == NULL)
    connection = test_bus_connect ("root");
  return connection;
}

static void
on_polkit_changed (GDBusConnection *connection,
                   const char *sender,
                   const char *path,
                   const char *interface,
                   const char *signal,
                   GVariant *parameters,
                   gpointer user_data)
{
  gboolean *changed = user_data;

  *changed = TRUE;
}

static gboolean
is_true (gpointer data)
{
  return *(gboolean *) data;
}

/* The service has seen what the bus gave it before when its main loop answers, and told the
 * handshakers, which remember answers of polkit's for channels. A call of alice's goes the same way
 * to hers: what that refuses needs no permission. */
static void
wait_until_service_has_heard (void)
{
  static const char *const call[] = { "setpriv",
                                      "--reuid=alice",
                                      "--regid=alice",
                                      "--clear-groups",
                                      "gdbus",
                                      "call",
                                      "--system",
                                      "--dest=" HANDOFF_BUS_NAME,
                                      "--object-path=" HANDOFF_ROOT_PATH,
                                      "--method=" HANDOFF_MANAGER_INTERFACE ".CreateSession",
                                      "client",
                                      "",
                                      "{'no-such-option': <0>}",
                                      NULL };
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;

  if (test_service_get_pid () == 0)
    return;
  process = g_subprocess_newv (
      call, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &errors, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (errors, "no-such-option"));
}

void
test_polkit_set_rules (const char *rules)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  gboolean changed = FALSE;
  guint id;

  id = g_dbus_connection_signal_subscribe (
      root_connection (), "org.freedesktop.PolicyKit1", "org.freedesktop.PolicyKit1.Authority",
      "Changed", "/org/freedesktop/PolicyKit1/Authority", NULL, G_DBUS_SIGNAL_FLAGS_NONE,
      on_polkit_changed, &changed, NULL);
  /* polkitd has to run, so that there is somebody to say that the rules changed; and the bus
   * answers this after it knows that we listen. */
  reply = g_dbus_connection_call_sync (
      root_connection (), "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "StartServiceByName", g_variant_new ("(su)", "org.freedesktop.PolicyKit1", 0), NULL,
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  if (rules != NULL)
    {
      /* polkitd looks when a file *.rules appears; renaming has that happen to whole rules. */
      g_file_set_contents_full (RULES_FILE_NEW, rules, -1, G_FILE_SET_CONTENTS_NONE, 0644, &error);
      g_assert_no_error (error);
      g_assert_cmpint (g_rename (RULES_FILE_NEW, RULES_FILE), ==, 0);
    }
  else if (g_unlink (RULES_FILE) != 0)
    {
      changed = TRUE;
    }
  test_wait_until (is_true, &changed, "polkitd has read its rules");
  /* A file that takes the place of another one makes it read, and say so, twice in one turn: the
   * second signal comes before an answer of its main loop, and is not taken for one about rules
   * that are written later. */
  answer = g_dbus_connection_call_sync (
      root_connection (), "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
      "org.freedesktop.DBus.Properties", "Get",
      g_variant_new ("(ss)", "org.freedesktop.PolicyKit1.Authority", "BackendName"), NULL,
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_signal_unsubscribe (root_connection (), id);
  wait_until_service_has_heard ();
}

GPid
test_service_get_pid (void)
{
  g_autoptr (GVariant) reply = NULL;
  guint32 pid = 0;

  reply = g_dbus_connection_call_sync (
      root_connection (), "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "GetConnectionUnixProcessID", g_variant_new ("(s)", HANDOFF_BUS_NAME), G_VARIANT_TYPE ("(u)"),
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  if (reply != NULL)
    g_variant_get (reply, "(u)", &pid);
  return (GPid) pid;
}

static gboolean
is_gone (gpointer data)
{
  GPid pid = GPOINTER_TO_INT (data);

  return test_service_get_pid () == 0 && kill (pid, 0) != 0;
}

void
test_service_wait_gone (void)
{
  GPid pid = test_service_get_pid ();

  if (pid != 0)
    test_wait_until (is_gone, GINT_TO_POINTER (pid), "the service is gone");
}

void
test_service_stop (void)
{
  GPid pid = test_service_get_pid ();

  if (pid == 0)
    return;
  g_assert_cmpint (kill (pid, SIGTERM), ==, 0);
  test_wait_until (is_gone, GINT_TO_POINTER (pid), "the service is gone");
}

void
test_service_set_config (const char *content)
{
  static char *installed;
  g_autoptr (GError) error = NULL;

  if (installed == NULL)
    g_assert_true (g_file_get_contents (CONFIG_FILE, &installed, NULL, NULL));
  g_file_set_contents_full (CONFIG_FILE, content == NULL ? installed : content, -1,
                            G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error);
  g_assert_no_error (error);
}

char *
test_log_read (void)
{
  g_autoptr (GError) error = NULL;
  char *content = NULL;

  g_file_get_contents (g_getenv ("HANDOFF_TEST_LOG"), &content, NULL, &error);
  g_assert_no_error (error);
  return content;
}

guint
test_log_count (const char *text)
{
  g_autofree char *log = test_log_read ();
  const char *found = log;
  guint n = 0;

  for (; (found = strstr (found, text)) != NULL; found++)
    n++;
  return n;
}

typedef struct
{
  const char *text;
  guint n;
} Written;

static gboolean
is_written (gpointer data)
{
  const Written *written = data;

  return test_log_count (written->text) >= written->n;
}

void
test_log_wait (const char *text, guint n)
{
  Written written = { text, n };

  test_wait_until (is_written, &written, text);
}

guint64
test_statistic (const char *name)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) all = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  reply = test_call (root_connection (), HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                     "GetStatistics", NULL, &error);
  g_assert_no_error (error);
  all = g_variant_get_child_value (reply, 0);
  value = g_variant_lookup_value (all, name, NULL);
  g_assert_nonnull (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    return g_variant_get_uint32 (value);
  return g_variant_get_uint64 (value);
}

typedef struct
{
  const char *name;
  guint64 value;
} Wanted;

static gboolean
has_statistic (gpointer data)
{
  const Wanted *wanted = data;

  return test_statistic (wanted->name) == wanted->value;
}

void
test_statistic_wait (const char *name, guint64 value)
{
  Wanted wanted = { name, value };
  g_autofree char *what = g_strdup_printf ("%s is %" G_GUINT64_FORMAT, name, value);

  test_wait_until (has_statistic, &wanted, what);
}

void
test_assert_remote_error_real (const char *location,
                               GError **error,
                               const char *name,
                               const char *text)
{
  g_autofree char *full = NULL;
  g_autofree char *remote = NULL;

  if (*error == NULL)
    g_error ("%s: no error, and %s was expected", location, name);
  full =
      strchr (name, '.') != NULL ? g_strdup (name) : g_strconcat (HANDOFF_ERROR_PREFIX, name, NULL);
  remote = g_dbus_error_get_remote_error (*error);
  if (g_strcmp0 (remote, full) != 0)
    g_error ("%s: %s was expected, not %s", location, full, (*error)->message);
  if (text != NULL && strstr ((*error)->message, text) == NULL)
    g_error ("%s: the message “%s” does not contain “%s”", location, (*error)->message, text);
  g_clear_error (error);
}
