/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The command as it is called wrongly, and asked for help. No bus is needed for any of this. */

#include <gio/gio.h>

#include "terminal/exit-status.h"

#define MAX_ARGUMENTS 22

typedef struct
{
  const char *name;
  const char *arguments[MAX_ARGUMENTS];
  int status;
  const char *message; /* must be in what it says */
} Case;

static const Case cases[] = {
  { "help", { "--help" }, CLI_EXIT_OK, "connect" },
  { "help-short", { "-h" }, CLI_EXIT_OK, "connect" },
  { "help-verb", { "help" }, CLI_EXIT_OK, "reload" },
  { "help-help", { "help", "help" }, CLI_EXIT_OK, "reload" },
  { "help-help-option", { "help", "--help" }, CLI_EXIT_OK, "reload" },
  { "help-connect",
    { "help", "connect" },
    CLI_EXIT_OK,
    "tls-handoff connect [OPTION…] HOST[:PORT]" },
  { "help-probe", { "probe", "--help" }, CLI_EXIT_OK, "--json" },
  { "help-status", { "help", "status" }, CLI_EXIT_OK, "--statistics" },
  { "help-reload", { "help", "reload" }, CLI_EXIT_OK, "--interactive" },
  { "help-serve", { "help", "serve" }, CLI_EXIT_OK, "--require-client-certificate" },
  { "help-two-words", { "help", "credential", "import" }, CLI_EXIT_OK, "--passphrase-file" },
  { "help-option-two-words", { "session", "list", "--help" }, CLI_EXIT_OK, "--all" },
  { "version", { "--version" }, CLI_EXIT_OK, "tls-handoff 0." },

  { "nothing", { NULL }, CLI_EXIT_USAGE, "tls-handoff help" },
  { "unknown-verb", { "conect" }, CLI_EXIT_USAGE, "“conect”" },
  { "did-you-mean", { "conect", "localhost" }, CLI_EXIT_USAGE, "did you mean “connect”?" },
  { "did-you-mean-second", { "credential", "lst" }, CLI_EXIT_USAGE, "mean “credential list”?" },
  { "did-you-mean-group", { "credentials", "list" }, CLI_EXIT_USAGE, "mean “credential”?" },
  { "did-you-mean-half", { "import", "x.p12" }, CLI_EXIT_USAGE, "mean “credential import”?" },
  { "meant-something-else", { "frobnicate" }, CLI_EXIT_USAGE, "tls-handoff help” lists" },
  { "meant-something-in-a-group",
    { "session", "frobnicate" },
    CLI_EXIT_USAGE,
    "tls-handoff help session” shows" },
  { "unknown-option", { "--verbose" }, CLI_EXIT_USAGE, "“--verbose”" },
  { "help-unknown", { "help", "conect" }, CLI_EXIT_USAGE, "“conect”" },
  { "help-two", { "help", "connect", "probe" }, CLI_EXIT_USAGE, "one command" },
  { "verb-option", { "connect", "--json", "localhost" }, CLI_EXIT_USAGE, "help connect" },
  { "no-target", { "connect" }, CLI_EXIT_USAGE, "HOST[:PORT]" },
  { "two-targets", { "connect", "a.example", "b.example" }, CLI_EXIT_USAGE, "help connect" },
  { "bad-target", { "connect", "localhost:http" }, CLI_EXIT_USAGE, "“http”" },
  { "url", { "probe", "https://localhost/" }, CLI_EXIT_USAGE, "not a URL" },
  { "escaped", { "connect", "local\033[2Jhost" }, CLI_EXIT_USAGE, "local\\x1b[2Jhost" },
  { "no-value", { "connect", "localhost", "--trust" }, CLI_EXIT_USAGE, "--trust" },
  { "no-trust-file",
    { "connect", "--trust", "/proc/nonexistent.pem", "localhost" },
    CLI_EXIT_USAGE,
    "/proc/nonexistent.pem" },
  { "switch-with-value",
    { "connect", "--insecure=no", "localhost" },
    CLI_EXIT_USAGE,
    "takes no value: “--insecure=no”" },
  { "help-with-value", { "status", "--help=x" }, CLI_EXIT_USAGE, "takes no value" },
  { "no-text", { "connect", "a\xff.example" }, CLI_EXIT_USAGE, "locale's encoding" },
  { "empty-trust", { "probe", "--trust=", "localhost" }, CLI_EXIT_USAGE, "--trust must not" },
  { "empty-cert", { "probe", "--cert=", "localhost" }, CLI_EXIT_USAGE, "--cert must not" },
  { "lines-zero", { "log", "--lines=0" }, CLI_EXIT_USAGE, "--lines must be a number from 1" },
  { "lines-word", { "log", "-n", "all" }, CLI_EXIT_USAGE, "not “all”" },
  { "empty-alpn", { "connect", "--alpn", "", "localhost" }, CLI_EXIT_USAGE, "--alpn" },
  { "empty-name",
    { "connect", "--server-name", "", "localhost" },
    CLI_EXIT_USAGE,
    "--server-name" },
  { "timeout-word", { "connect", "--timeout", "soon", "localhost" }, CLI_EXIT_USAGE, "soon" },
  { "timeout-negative", { "connect", "--timeout=-1", "localhost" }, CLI_EXIT_USAGE, "--timeout" },
  { "both-families", { "probe", "-4", "-6", "localhost" }, CLI_EXIT_USAGE, "exclude each other" },
  { "unix-family",
    { "probe", "--connect-to", "unix:/run/x", "--ipv6", "localhost" },
    CLI_EXIT_USAGE,
    "Unix socket" },
  { "unix-no-path",
    { "probe", "--connect-to", "unix:", "localhost" },
    CLI_EXIT_USAGE,
    "unix:PATH" },
  { "unix-long-path",
    { "probe", "--connect-to",
      "unix:/run/"
      "234567890123456789012345678901234567890123456789012345678901234567890123456789012345"
      "67890123456789012345678",
      "localhost" },
    CLI_EXIT_USAGE,
    "107 bytes" },
  { "bad-place",
    { "connect", "--connect-to", "a.example:99999", "localhost" },
    CLI_EXIT_USAGE,
    "--connect-to: PORT must be" },
  { "proxy-family",
    { "probe", "-4", "--proxy", "http://a.example:1", "localhost" },
    CLI_EXIT_USAGE,
    "--proxy cannot be given with -4" },
  { "proxy-unix",
    { "probe", "--connect-to", "unix:/run/x", "--proxy", "http://a.example:1", "localhost" },
    CLI_EXIT_USAGE,
    "Unix socket" },
  { "proxy-tls",
    { "probe", "--proxy", "https://a.example:1", "localhost" },
    CLI_EXIT_USAGE,
    "“https://a.example:1” is not a proxy" },
  { "proxy-no-port",
    { "probe", "--proxy", "http://a.example", "localhost" },
    CLI_EXIT_USAGE,
    "http://HOST:PORT" },
  { "proxy-path",
    { "probe", "--proxy", "http://a.example:1/x", "localhost" },
    CLI_EXIT_USAGE,
    "is not a proxy" },
  { "proxy-bare",
    { "probe", "--proxy", "a.example:1", "localhost" },
    CLI_EXIT_NO_SERVICE,
    "system bus" },
  { "protocol-word",
    { "probe", "--minimum", "SSL3", "localhost" },
    CLI_EXIT_USAGE,
    "--minimum must be TLS1.2 or TLS1.3, not “SSL3”" },
  { "protocol-empty", { "probe", "--maximum", "", "localhost" }, CLI_EXIT_USAGE, "--maximum must" },
  { "protocol-none",
    { "probe", "--minimum", "tls1.3", "--maximum", "1.2", "localhost" },
    CLI_EXIT_USAGE,
    "leave no protocol" },
  { "protocol-both",
    { "probe", "--tls12", "--tls13", "localhost" },
    CLI_EXIT_USAGE,
    "leave no protocol" },
  { "protocol-twice",
    { "probe", "--tls12", "--maximum", "TLS1.3", "localhost" },
    CLI_EXIT_USAGE,
    "one of the two" },
  { "empty-verify-name",
    { "probe", "--verify-name", "", "localhost" },
    CLI_EXIT_USAGE,
    "--verify-name must not be empty" },
  { "no-sni", { "probe", "--sni", "", "localhost" }, CLI_EXIT_NO_SERVICE, "system bus" },
  { "sni-address", { "probe", "--sni", "::1", "localhost" }, CLI_EXIT_USAGE, "must be a DNS name" },
  { "suite-word", { "probe", "--cipher-suite", "AES", "localhost" }, CLI_EXIT_USAGE, "“AES”" },
  { "status-argument", { "status", "now" }, CLI_EXIT_USAGE, "“now”" },
  { "status-gio-statistics", { "status", "--gio", "-s" }, CLI_EXIT_USAGE, "--json alone" },
  { "reload-argument", { "reload", "now" }, CLI_EXIT_USAGE, "“now”" },
  { "half-a-verb", { "credential" }, CLI_EXIT_USAGE, "second word" },
  { "half-a-verb-option", { "credential", "--json" }, CLI_EXIT_USAGE, "second word" },
  { "unknown-second-word", { "credential", "lisst" }, CLI_EXIT_USAGE, "“credential lisst”" },
  { "prefix-is-no-verb", { "cred", "list" }, CLI_EXIT_USAGE, "“cred”" },
  { "key-without-cert",
    { "connect", "--key", "/dev/null", "localhost" },
    CLI_EXIT_USAGE,
    "needs --cert" },
  { "cert-and-credential",
    { "probe", "--cert", "/dev/null", "--credential", "x", "localhost" },
    CLI_EXIT_USAGE,
    "exclude each other" },
  { "no-cert-file",
    { "connect", "--cert", "/proc/nonexistent.pem", "localhost" },
    CLI_EXIT_USAGE,
    "/proc/nonexistent.pem" },
  { "expires-negative",
    { "probe", "--expires-within=-1", "localhost" },
    CLI_EXIT_USAGE,
    "number from 0 to 36500" },
  { "watch-zero", { "probe", "--watch=0", "localhost" }, CLI_EXIT_USAGE, "number from 1 to 86400" },
  { "watch-and-json", { "probe", "--watch=1", "--json", "localhost" }, CLI_EXIT_USAGE, "--json" },
  { "watch-nobody", { "probe", "--watch=1" }, CLI_EXIT_USAGE, "HOST" },
  { "many-with-url",
    { "probe", "localhost:9", "https://localhost/" },
    CLI_EXIT_USAGE,
    "not a URL" },
  { "many-interactive",
    { "probe", "-i", "localhost:9", "localhost:8" },
    CLI_EXIT_USAGE,
    "one server" },
  { "many-pem", { "probe", "--pem", "localhost:9", "localhost:8" }, CLI_EXIT_USAGE, "one server" },
  { "pem-and-json", { "probe", "--pem", "--json", "localhost" }, CLI_EXIT_USAGE, "--pem=FILE" },
  { "pem-no-file", { "probe", "--pem", "localhost:http" }, CLI_EXIT_USAGE, "“http”" },
  { "no-label", { "credential", "generate" }, CLI_EXIT_USAGE, "--label" },
  { "show-nothing", { "credential", "show" }, CLI_EXIT_USAGE, "help credential show" },
  { "show-two", { "credential", "show", "a", "b" }, CLI_EXIT_USAGE, "“b”" },
  { "no-such-owner",
    { "credential", "list", "--owner", "no-such-user" },
    CLI_EXIT_USAGE,
    "“no-such-user”" },
  { "serve-nothing", { "serve" }, CLI_EXIT_USAGE, "--forward" },
  { "serve-both", { "serve", "--forward", "localhost:1", "--", "cat" }, CLI_EXIT_USAGE, "either" },
  { "serve-bad-forward", { "serve", "--forward", "localhost:http" }, CLI_EXIT_USAGE, "“http”" },
  { "serve-listen-nowhere",
    { "serve", "--listen", "", "--self-signed", "--", "cat" },
    CLI_EXIT_USAGE,
    "--listen: PORT must be" },
  { "serve-empty-client-ca",
    { "serve", "--client-ca=", "--", "cat" },
    CLI_EXIT_USAGE,
    "--client-ca must not" },
  { "serve-value-of-the-program",
    { "serve", "--no-check", "--forward", "localhost:http", "--", "cat", "--once=x" },
    CLI_EXIT_USAGE,
    "either" },
  { "serve-empty-alpn", { "serve", "--alpn", "", "--", "cat" }, CLI_EXIT_USAGE, "--alpn" },
  { "serve-required-of-nobody",
    { "serve", "--require-client-certificate", "--", "cat" },
    CLI_EXIT_USAGE,
    "--client-ca" },
  { "serve-no-client-ca",
    { "serve", "--client-ca", "/proc/nonexistent.pem", "--", "cat" },
    CLI_EXIT_USAGE,
    "/proc/nonexistent.pem" },

  /* The test's environment has a bus address where nobody listens. */
  { "no-bus-connect", { "connect", "localhost:9" }, CLI_EXIT_NO_SERVICE, "system bus" },
  { "timeout-zero",
    { "probe", "--timeout=0", "localhost" },
    CLI_EXIT_USAGE,
    "1 to 86400, not “0”" },
  { "timeout-much",
    { "probe", "--timeout=99999999999", "localhost" },
    CLI_EXIT_USAGE,
    "1 to 86400, not “99999999999”" },
  { "timeout-more", { "probe", "-w", "86401", "localhost" }, CLI_EXIT_USAGE, "not “86401”" },
  { "port-zero", { "probe", "localhost:0" }, CLI_EXIT_USAGE, "1 to 65535, not “0”" },
  { "port-much", { "connect", "localhost:99999" }, CLI_EXIT_USAGE, "1 to 65535, not “99999”" },
  { "port-alone", { "connect", "8443" }, CLI_EXIT_USAGE, "“8443” is a number, not a host" },
  { "serve-port-much",
    { "serve", "--forward", "localhost:99999" },
    CLI_EXIT_USAGE,
    "1 to 65535, not “99999”" },
  { "alpn-longest",
    { "probe", "--alpn", "1234567890123456789012345678901", "localhost" },
    CLI_EXIT_NO_SERVICE,
    "system bus" },
  { "alpn-long",
    { "probe", "--alpn", "12345678901234567890123456789012", "localhost" },
    CLI_EXIT_USAGE,
    "1 to 31 bytes" },
  { "alpn-most",
    { "probe", "-a", "1", "-a", "2", "-a", "3", "-a", "4", "-a", "5", "-a", "6", "-a", "7", "-a",
      "8", "localhost" },
    CLI_EXIT_NO_SERVICE,
    "system bus" },
  { "alpn-many",
    { "probe", "-a", "1", "-a", "2", "-a", "3", "-a", "4", "-a",
      "5",     "-a", "6", "-a", "7", "-a", "8", "-a", "9", "localhost" },
    CLI_EXIT_USAGE,
    "8 times" },
  { "group-help", { "credential", "--help" }, CLI_EXIT_OK, "credential set-certificates" },
  { "group-help-short", { "session", "-h" }, CLI_EXIT_OK, "session list" },
  { "help-group", { "help", "credential" }, CLI_EXIT_OK, "help credential COMMAND" },
  { "help-group-much", { "help", "session", "list", "all" }, CLI_EXIT_USAGE, "Too many" },
  { "serve-no-program", { "serve", "--", "/missing/program" }, CLI_EXIT_USAGE, "/missing/program" },
  { "serve-directory", { "serve", "--", "/tmp" }, CLI_EXIT_USAGE, "no program" },
  { "no-bus-probe",
    { "probe", "localhost:9" },
    CLI_EXIT_NO_SERVICE,
    "check that the system bus runs" },
  { "no-bus-status", { "status" }, CLI_EXIT_NO_SERVICE, "system bus" },
  { "no-bus-credential", { "credential", "list" }, CLI_EXIT_NO_SERVICE, "system bus" },
  { "no-bus-session", { "session", "list" }, CLI_EXIT_NO_SERVICE, "system bus" },
  { "no-bus-serve", { "serve", "--", "cat" }, CLI_EXIT_NO_SERVICE, "system bus" },
  { "no-bus-reload", { "reload" }, CLI_EXIT_NO_SERVICE, "system bus" },
};

/* Each line of an error is a message of ours: scripts and people find it among others. */
static void
assert_all_lines_prefixed (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint i;

  for (i = 0; lines[i + 1] != NULL; i++)
    g_assert_true (g_str_has_prefix (lines[i], "tls-handoff: "));
  g_assert_cmpstr (lines[i], ==, "");
}

/* Breaks if a wrong call is taken for a right one, fails with another status, or does not say what
 * is wrong. */
static void
test_usage (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  const char *argv[MAX_ARGUMENTS + 2] = { g_getenv ("HANDOFF_TEST_CLI") };
  gsize i;

  for (i = 0; i < MAX_ARGUMENTS; i++)
    argv[i + 1] = c->arguments[i];
  launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_setenv (launcher, "DBUS_SYSTEM_BUS_ADDRESS",
                                "unix:path=/proc/nonexistent/bus", TRUE);
  process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, &errors, &error);
  g_assert_no_error (error);

  g_test_message ("%s%s", output, errors);
  g_assert_true (g_subprocess_get_if_exited (process));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, c->status);
  if (c->status == CLI_EXIT_OK)
    {
      g_assert_nonnull (strstr (output, c->message));
      g_assert_cmpstr (errors, ==, "");
    }
  else
    {
      g_assert_nonnull (strstr (errors, c->message));
      assert_all_lines_prefixed (errors);
      g_assert_cmpstr (output, ==, "");
    }
}

/* Breaks if a terminal that has ASCII alone gets question marks in place of quotes. */
static void
test_ascii (void)
{
  const char *argv[] = { g_getenv ("HANDOFF_TEST_CLI"), "conect", NULL };
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "LC_ALL", "C", TRUE);
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;

  g_spawn_sync (NULL, (char **) argv, environment, 0, NULL, NULL, NULL, &errors, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (errors, ==,
                   "tls-handoff: There is no command \"conect\"\n"
                   "tls-handoff: hint: did you mean \"connect\"?\n");
}

/* Breaks if a full disk goes unnoticed. */
static void
test_output_full (void)
{
  g_autofree char *command = g_strconcat ("exec \"$HANDOFF_TEST_CLI\" --version >/dev/full", NULL);
  const char *argv[] = { "sh", "-c", command, NULL };
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &errors, &status,
                &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, &error) == FALSE);
  g_assert_error (error, G_SPAWN_EXIT_ERROR, CLI_EXIT_FAILED);
  g_assert_nonnull (strstr (errors, "standard output"));
}

int
main (int argc, char **argv)
{
  gsize i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/cli/usage/%s", cases[i].name);

      g_test_add_data_func (path, &cases[i], test_usage);
    }
  g_test_add_func ("/cli/usage/ascii", test_ascii);
  g_test_add_func ("/cli/usage/output-full", test_output_full);
  return g_test_run ();
}
