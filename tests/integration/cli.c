/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The command tls-handoff, as unprivileged users run it, against the service and real servers. */

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "test-command.h"
#include "test-peer.h"
#include "test-system.h"

#define ACTIVATION_FILE "/usr/share/dbus-1/system-services/org.tlshandoff.Handoff1.service"
#define REQUEST "GET / HTTP/1.0\r\n\r\n"
#define TRUST "--trust ca.pem"

/* Breaks if the command connects to, or verifies, an address or an international name in another
 * form. */
static void
test_targets (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (TestPeer) peer6 = test_peer_new_openssl_at ("::1", "ecdsa", NULL);
  static const struct
  {
    const char *host;
    gboolean ipv6;
    const char *server_name;
  } cases[] = {
    { "127.0.0.1", FALSE, NULL },
    { "[::1]", TRUE, NULL },
    { "localhost", TRUE, "localhost" }, /* though 127.0.0.1 may be tried first */
    { "bücher.handoff.test", FALSE, "xn--bcher-kva.handoff.test" },
    { "--server-name=www.handoff.test 127.0.0.1", FALSE, "www.handoff.test" },
    { "--server-name=::1 localhost", FALSE, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestCommand) command = NULL;
      g_autoptr (JsonObject) object = NULL;

      command = test_command_run ("alice", NULL, "probe --json %s %s:%u", TRUST, cases[i].host,
                                  test_peer_get_port (cases[i].ipv6 ? peer6 : peer));
      test_command_assert (command, 0, NULL);
      object = test_command_parse_json (command);
      g_assert_cmpstr (json_object_get_string_member_with_default (object, "server-name", NULL), ==,
                       cases[i].server_name);
    }
}

/* Breaks if a protocol is offered that was not asked for, or in another order. */
static void
test_alpn (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", "-alpn", "http/1.1,h2", NULL);
  g_autoptr (TestCommand) one = NULL;
  g_autoptr (TestCommand) none = NULL;
  g_autoptr (JsonObject) object = NULL;

  one = test_command_run ("alice", NULL, "probe --json %s --alpn=imap --alpn=h2 localhost:%u",
                          TRUST, test_peer_get_port (peer));
  test_command_assert (one, 0, NULL);
  object = test_command_parse_json (one);
  g_assert_cmpstr (json_object_get_string_member (object, "application-protocol"), ==, "h2");

  none =
      test_command_run ("alice", NULL, "probe %s localhost:%u", TRUST, test_peer_get_port (peer));
  test_command_assert (none, 0, NULL);
  g_assert_nonnull (strstr (test_command_get_output (none), "ALPN:         none\n"));
}

/* Breaks if a member that the manual page documents has another name or type. */
static void
test_probe_json (gconstpointer data)
{
  gboolean tls12 = GPOINTER_TO_INT (data);
  g_autofree char *chain = test_cert_path ("ca.pem");
  g_autofree char *ocsp = test_cert_path ("ecdsa.ocsp");
  g_autofree char *ca_pem = NULL;
  g_autoptr (TestPeer) peer = NULL;
  g_autoptr (TestCommand) command = NULL;
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *address = NULL;
  JsonObject *certificate;
  JsonObject *key_blob;

  peer = test_peer_new_openssl ("ecdsa", "-cert_chain", chain, "-status_file", ocsp, NULL);
  address = g_strdup_printf ("127.0.0.1:%u", test_peer_get_port (peer));
  command = test_command_run ("alice", NULL, "probe --json %s%s www.handoff.test:%u", TRUST,
                              tls12 ? " --tls12" : "", test_peer_get_port (peer));
  test_command_assert (command, 0, NULL);
  object = test_command_parse_json (command);
  g_assert_cmpstr (json_object_get_string_member (object, "host"), ==, "www.handoff.test");
  g_assert_cmpint (json_object_get_int_member (object, "port"), ==, test_peer_get_port (peer));
  g_assert_cmpstr (json_object_get_string_member (object, "address"), ==, address);
  g_assert_cmpstr (json_object_get_string_member (object, "server-identity"), ==,
                   "www.handoff.test");
  g_assert_true (json_object_get_boolean_member (object, "trusted"));
  g_assert_cmpuint (
      json_array_get_length (json_object_get_array_member (object, "verification-errors")), ==, 0);
  g_assert_cmpstr (json_object_get_string_member (object, "protocol"), ==,
                   tls12 ? "TLS1.2" : "TLS1.3");
  g_assert_true (g_str_has_prefix (json_object_get_string_member (object, "cipher-suite"), "TLS_"));
  g_assert_true (json_object_get_null_member (object, "application-protocol"));
  g_assert_cmpstr (json_object_get_string_member (object, "server-name"), ==, "www.handoff.test");
  g_assert_cmpstr (json_object_get_string_member (object, "ocsp-status"), ==, "good");
  g_assert_false (json_object_get_boolean_member (object, "resumed"));
  key_blob = json_object_get_object_member (object, "key-blob");
  g_assert_cmpint (json_object_get_int_member (key_blob, "size"), >, 48);
  g_assert_nonnull (strstr (json_object_get_string_member (key_blob, "seals"), "write"));
  g_assert_cmpstr (
      json_object_get_string_member (json_object_get_object_member (object, "service"), "user"), ==,
      "tls-handoff");

  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (object, "certificates")),
                    ==, 2);
  certificate =
      json_array_get_object_element (json_object_get_array_member (object, "certificates"), 0);
  g_assert_cmpstr (json_object_get_string_member (certificate, "subject"), ==, "CN=ecdsa");
  g_assert_cmpstr (json_object_get_string_member (certificate, "issuer"), ==,
                   "CN=TLS Handoff test ca");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (certificate, "names")), ==,
                    5);
  g_assert_cmpuint (strlen (json_object_get_string_member (certificate, "sha256")), ==, 95);
  g_assert_true (json_object_get_null_member (certificate, "problem"));
  /* What --trust takes. */
  certificate =
      json_array_get_object_element (json_object_get_array_member (object, "certificates"), 1);
  g_assert_true (g_file_get_contents (chain, &ca_pem, NULL, NULL));
  g_assert_nonnull (strstr (ca_pem, json_object_get_string_member (certificate, "pem")));
}

static gboolean
has_string (JsonArray *array, const char *string)
{
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      if (g_str_equal (json_array_get_string_element (array, i), string))
        return TRUE;
    }
  return FALSE;
}

/* Breaks if the reason why a server is not trusted is wrong or missing, in JSON, in text, or in the
 * message; or if the server's certificate, by which people find the cause, is not shown. */
static void
test_untrusted (void)
{
  static const struct
  {
    const char *name;
    const char *reason;
  } cases[] = {
    { "expired", "expired" },
    { "not-activated", "not-activated" },
    { "wrong-name", "wrong-name" },
    { "wrong-purpose", "wrong-purpose" },
    { "self-signed", "unknown-authority" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestPeer) peer =
          test_peer_new_openssl (cases[i].name, i % 2 == 0 ? NULL : "-tls1_2", NULL);
      guint16 port = test_peer_get_port (peer);
      g_autofree char *subject = g_strdup_printf ("CN=%s", cases[i].name);
      g_autofree char *line = g_strdup_printf ("\n  %s: ", cases[i].reason);
      g_autoptr (TestCommand) json = NULL;
      g_autoptr (TestCommand) text = NULL;
      g_autoptr (TestCommand) connect = NULL;
      g_autoptr (JsonObject) object = NULL;
      JsonArray *reasons;
      JsonObject *certificate;

      json = test_command_run ("alice", NULL, "probe --json %s localhost:%u", TRUST, port);
      test_command_assert (json, 4, "not trusted");
      object = test_command_parse_json (json);
      g_assert_false (json_object_get_boolean_member (object, "trusted"));
      reasons = json_object_get_array_member (object, "verification-errors");
      g_assert_true (has_string (reasons, cases[i].reason));
      /* Negotiated before the certificate came. */
      g_assert_cmpstr (json_object_get_string_member (object, "protocol"), ==,
                       i % 2 == 0 ? "TLS1.3" : "TLS1.2");
      g_assert_true (
          g_str_has_prefix (json_object_get_string_member (object, "cipher-suite"), "TLS_"));
      g_assert_true (json_object_get_null_member (object, "key-blob"));
      certificate =
          json_array_get_object_element (json_object_get_array_member (object, "certificates"), 0);
      g_assert_cmpstr (json_object_get_string_member (certificate, "subject"), ==, subject);

      text = test_command_run ("alice", NULL, "probe %s localhost:%u", TRUST, port);
      test_command_assert (text, 4, "not trusted");
      g_assert_nonnull (strstr (test_command_get_output (text), "NOT trusted"));
      g_assert_nonnull (strstr (test_command_get_output (text), "cipher suite: TLS_"));
      g_assert_nonnull (strstr (test_command_get_output (text), line));
      g_assert_nonnull (strstr (test_command_get_output (text), subject));

      connect = test_command_run ("alice", "secret", "connect %s localhost:%u", TRUST, port);
      test_command_assert (connect, 4, "tls-handoff: hint: “tls-handoff probe");
      g_assert_cmpuint (g_bytes_get_size (connect->output), ==, 0);
    }
}

/* Breaks if --trust adds to the system's authorities in place of replacing them, or is not needed.
 */
static void
test_trust (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  guint16 port = test_peer_get_port (peer);
  g_autoptr (TestCommand) other = NULL;
  g_autoptr (TestCommand) system = NULL;

  other = test_command_run ("alice", NULL, "probe --trust other-ca.pem localhost:%u", port);
  test_command_assert (other, 4, "not trusted");
  system = test_command_run ("alice", NULL, "probe localhost:%u", port);
  test_command_assert (system, 4, "not trusted");
}

/* Breaks if a user whom a rule denies gets through, or is not told why. */
static void
test_denied (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autofree char *message = NULL;
  g_autoptr (TestCommand) denied = NULL;
  g_autoptr (TestCommand) probe = NULL;
  g_autoptr (TestCommand) allowed = NULL;

  test_polkit_set_rules ("polkit.addRule(function(action, subject) {"
                         " if (subject.user == 'mallory') return polkit.Result.NO; });");
  denied = test_command_run ("mallory", REQUEST, "connect %s localhost:%u", TRUST,
                             test_peer_get_port (peer));
  message = g_strdup_printf ("tls-handoff: localhost:%u: Not authorized: polkit denies the action "
                             "org.tlshandoff.Handoff1.handshake-as-client",
                             test_peer_get_port (peer));
  test_command_assert (denied, 3, message);
  test_command_assert (denied, 3, "tls-handoff: hint: an administrator can allow user mallory");
  g_assert_cmpuint (g_bytes_get_size (denied->output), ==, 0);
  probe = test_command_run ("mallory", NULL, "probe --json %s localhost:%u", TRUST,
                            test_peer_get_port (peer));
  test_command_assert (probe, 3, "Not authorized");
  allowed =
      test_command_run ("alice", NULL, "probe %s localhost:%u", TRUST, test_peer_get_port (peer));
  test_command_assert (allowed, 0, NULL);
  test_polkit_set_rules (NULL);
}

/* Breaks if nobody but an administrator can see what the service is, or anybody can see its
 * counters. */
static void
test_status (void)
{
  g_autoptr (TestCommand) text = test_command_run ("alice", NULL, "status");
  g_autoptr (TestCommand) json = test_command_run ("alice", NULL, "status --json");
  g_autoptr (TestCommand) denied = test_command_run ("alice", NULL, "status --statistics");
  g_autoptr (TestCommand) root = test_command_run ("root", NULL, "status --json --statistics");
  g_autoptr (TestCommand) root_text = test_command_run ("root", NULL, "status --statistics");
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (JsonObject) root_object = NULL;
  g_auto (GStrv) lines = NULL;
  JsonObject *statistics;

  test_command_assert (text, 0, NULL);
  g_assert_nonnull (strstr (test_command_get_output (text), "user tls-handoff\n"));
  g_assert_nonnull (strstr (test_command_get_output (text), "TLS1.3, TLS1.2\n"));
  lines = g_strsplit (test_command_get_output (text), "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    g_assert_cmpint (g_utf8_strlen (lines[i], -1), <=, 80);

  test_command_assert (json, 0, NULL);
  object = test_command_parse_json (json);
  g_assert_cmpint (json_object_get_int_member (object, "pid"), ==, test_service_get_pid ());
  g_assert_cmpint (json_object_get_int_member (object, "uid"), >, 0);
  g_assert_cmpint (json_object_get_int_member (object, "blob-format"), ==, 2);
  g_assert_nonnull (json_object_get_string_member (object, "version"));
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (object, "cipher-suites")),
                    >, 4);
  g_assert_false (json_object_has_member (object, "statistics"));

  test_command_assert (denied, 3, "org.tlshandoff.Handoff1.inspect-sessions");
  g_assert_cmpuint (g_bytes_get_size (denied->output), ==, 0);

  test_command_assert (root, 0, NULL);
  root_object = test_command_parse_json (root);
  statistics = json_object_get_object_member (root_object, "statistics");
  g_assert_cmpint (json_object_get_int_member (statistics, "workers"), >, 0);
  test_command_assert (root_text, 0, NULL);
  g_assert_nonnull (strstr (test_command_get_output (root_text), "\n  handshakes-completed "));
  g_assert_nonnull (strstr (test_command_get_output (root_text), "\nhandshakes:\n  user "));
  g_assert_nonnull (strstr (test_command_get_output (root_text), "\n  mallory  "));
  g_assert_nonnull (strstr (test_command_get_output (root_text), "\nprograms:\n  tls-handoffd  "));
  g_assert_null (strchr (test_command_get_output (root_text), '<'));
}

/* Breaks if everybody may reload, or an error in the configuration is not shown to the user who
 * reloads. */
static void
test_reload (void)
{
  g_autoptr (TestCommand) denied = test_command_run ("alice", NULL, "reload");
  g_autoptr (TestCommand) good = test_command_run ("root", NULL, "reload");
  g_autoptr (TestCommand) bad = NULL;
  g_autoptr (TestCommand) restored = NULL;

  test_command_assert (denied, 3, "org.tlshandoff.Handoff1.reload");
  test_command_assert (good, 0, NULL);
  g_assert_cmpuint (g_bytes_get_size (good->output), ==, 0);
  test_service_set_config ("[Nonsense]\nMore=1\n");
  bad = test_command_run ("root", NULL, "reload");
  test_command_assert (bad, 1, "Nonsense");
  test_service_set_config (NULL);
  restored = test_command_run ("root", NULL, "reload");
  test_command_assert (restored, 0, NULL);
}

/* Breaks if a port where nobody listens, a server that speaks no TLS, or one that says nothing, is
 * reported as something else. */
static void
test_failures (void)
{
  guint16 port;
  int listener = test_listen (&port);
  g_autoptr (TestCommand) silent = NULL;
  g_autoptr (TestCommand) refused = NULL;
  g_autoptr (TestCommand) unknown = NULL;
  g_autoptr (TestCommand) too_long = NULL;

  silent = test_command_run ("alice", REQUEST, "connect --timeout=1 localhost:%u", port);
  test_command_assert (silent, 1, "tls-handoff: localhost:");
  g_assert_nonnull (strstr (silent->errors, "within 1 s"));
  too_long = test_command_run ("alice", REQUEST, "connect --timeout=1000000 localhost:%u", port);
  test_command_assert (too_long, 2, "timeout");
  close (listener);
  refused = test_command_run ("alice", REQUEST, "connect localhost:%u", port);
  test_command_assert (refused, 1, "refused");
  unknown = test_command_run ("alice", REQUEST, "connect nowhere.invalid");
  test_command_assert (unknown, 1, "nowhere.invalid:443");
}

/* Breaks if names do not resolve on a machine that has nothing but loopback, where glibc wants to
 * be asked for both address families at once. */
static void
test_loopback_only (void)
{
  const char *argv[] = { "unshare",
                         "--net",
                         "sh",
                         "-c",
                         "ip link set lo up && exec tls-handoff connect www.handoff.test:1",
                         NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *errors = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &errors, &status,
                &error);
  g_assert_no_error (error);
  g_test_message ("%s", errors);
  g_assert_false (g_spawn_check_wait_status (status, &error));
  g_assert_error (error, G_SPAWN_EXIT_ERROR, 1);
  g_assert_nonnull (strstr (errors, "refused"));
}

/* Breaks if a machine without the service gives no hint, or if the command does the handshake
 * itself. */
static void
test_no_service (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (TestCommand) connect = NULL;
  g_autoptr (TestCommand) status = NULL;
  g_autoptr (TestCommand) restored = NULL;

  test_service_stop ();
  g_assert_cmpint (g_rename (ACTIVATION_FILE, ACTIVATION_FILE ".away"), ==, 0);
  connect = test_command_run ("alice", REQUEST, "connect %s localhost:%u", TRUST,
                              test_peer_get_port (peer));
  status = test_command_run ("alice", NULL, "status");
  g_assert_cmpint (g_rename (ACTIVATION_FILE ".away", ACTIVATION_FILE), ==, 0);
  test_command_assert (connect, 5, "tls-handoff: hint: check that the package");
  g_assert_cmpuint (g_bytes_get_size (connect->output), ==, 0);
  test_command_assert (status, 5, "not installed");
  restored = test_command_run ("alice", NULL, "status");
  test_command_assert (restored, 0, NULL);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
  g_test_add_func ("/cli/targets", test_targets);
  g_test_add_func ("/cli/alpn", test_alpn);
  g_test_add_data_func ("/cli/probe/json/tls1.3", GINT_TO_POINTER (FALSE), test_probe_json);
  g_test_add_data_func ("/cli/probe/json/tls1.2", GINT_TO_POINTER (TRUE), test_probe_json);
  g_test_add_func ("/cli/untrusted", test_untrusted);
  g_test_add_func ("/cli/trust", test_trust);
  g_test_add_func ("/cli/denied", test_denied);
  g_test_add_func ("/cli/status", test_status);
  g_test_add_func ("/cli/reload", test_reload);
  g_test_add_func ("/cli/failures", test_failures);
  g_test_add_func ("/cli/loopback-only", test_loopback_only);
  g_test_add_func ("/cli/no-service", test_no_service);
  return g_test_run ();
}
