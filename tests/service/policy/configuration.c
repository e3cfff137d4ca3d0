/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "policy/configuration.h"
#include "keyblob/tls-handoff-error.h"

static char *directory; /* removed at the end */

/* content: NULL for a file that does not exist */
static HandoffConfiguration *
load (const char *content, GError **error)
{
  g_autofree char *path = g_build_filename (directory, "test.conf", NULL);
  g_autoptr (GBytes) text = NULL;
  HandoffConfiguration *configuration;
  g_autoptr (GError) local_error = NULL;

  if (content != NULL)
    {
      g_file_set_contents (path, content, -1, &local_error);
      g_assert_no_error (local_error);
    }
  text = handoff_configuration_read (path, &local_error);
  g_assert_no_error (local_error);
  g_unlink (path);
  configuration = handoff_configuration_new_from_data (g_bytes_get_data (text, NULL),
                                                       g_bytes_get_size (text), path, error);
  /* As a handshaker does. */
  if (configuration != NULL && !handoff_configuration_check_priority (configuration, path, error))
    g_clear_pointer (&configuration, handoff_configuration_unref);
  return configuration;
}

/* words: what the message must have in it, beside the file */
static void
assert_refused (const char *content, const char *word1, const char *word2)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffConfiguration) configuration = load (content, &error);
  g_autofree char *escaped = g_strescape (content, NULL); /* not all of it is UTF-8 */

  g_test_message ("%.200s: %s", escaped, error != NULL ? error->message : "accepted");
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_null (configuration);
  g_assert_nonnull (strstr (error->message, "test.conf"));
  g_assert_nonnull (strstr (error->message, word1));
  g_assert_nonnull (strstr (error->message, word2));
}

static void
assert_equal_module (const HandoffConfiguration *a, const HandoffConfiguration *b, const char *path)
{
  g_autoptr (HandoffTokenModule) a_module = handoff_configuration_dup_token_module (a, path);
  g_autoptr (HandoffTokenModule) b_module = handoff_configuration_dup_token_module (b, path);

  g_assert_true (handoff_token_module_equal (a_module, b_module));
}

static void
assert_equal (const HandoffConfiguration *a, const HandoffConfiguration *b)
{
  g_assert_cmpuint (a->minimum_protocol, ==, b->minimum_protocol);
  g_assert_cmpuint (a->maximum_protocol, ==, b->maximum_protocol);
  g_assert_cmpstr (a->priority, ==, b->priority);
  g_assert_cmpstr (a->trust_file, ==, b->trust_file);
  g_assert_cmpuint (a->handshake_timeout, ==, b->handshake_timeout);
  g_assert_cmpuint (a->maximum_timeout, ==, b->maximum_timeout);
  g_assert_cmpuint (a->decision_timeout, ==, b->decision_timeout);
  g_assert_cmpuint (a->idle_exit, ==, b->idle_exit);
  g_assert_cmpuint (a->authorization_memory, ==, b->authorization_memory);
  g_assert_cmpuint (a->users_total, ==, b->users_total);
  g_assert_cmpuint (a->handshakes_per_user, ==, b->handshakes_per_user);
  g_assert_cmpuint (a->handshakes_total, ==, b->handshakes_total);
  g_assert_cmpuint (a->sessions_per_user, ==, b->sessions_per_user);
  g_assert_cmpuint (a->sessions_total, ==, b->sessions_total);
  g_assert_cmpuint (a->workers, ==, b->workers);
  g_assert_cmpint (a->allow_mac_then_encrypt, ==, b->allow_mac_then_encrypt);
  g_assert_cmpint (a->resumption_scope, ==, b->resumption_scope);
  g_assert_cmpuint (a->resumption_minimum_protocol, ==, b->resumption_minimum_protocol);
  g_assert_cmpuint (a->resumption_maximum_age, ==, b->resumption_maximum_age);
  g_assert_cmpuint (a->ticket_window, ==, b->ticket_window);
  g_assert_cmpuint (a->outliving_sessions_per_user, ==, b->outliving_sessions_per_user);
  g_assert_cmpuint (a->channels_per_user, ==, b->channels_per_user);
  g_assert_cmpuint (a->credentials_per_user, ==, b->credentials_per_user);
  g_assert_cmpuint (a->credentials_total, ==, b->credentials_total);
  g_assert_cmpint (a->automatic_credential, ==, b->automatic_credential);
  g_assert_cmpuint (a->expiry_warning, ==, b->expiry_warning);
  g_assert_cmpstrv (a->token_modules, b->token_modules);
  g_assert_cmpstr (a->pin_file, ==, b->pin_file);
  assert_equal_module (a, b, "/usr/lib/softhsm/libsofthsm2.so");
}

/* The documented file as an administrator gets it, with the defaults switched on: "#Key=value",
 * and what a module needs. */
static char *
uncomment_defaults (const char *documented, guint *n_keys)
{
  g_auto (GStrv) lines = g_strsplit (documented, "\n", -1);
  gsize i;

  *n_keys = 0;
  for (i = 0; lines[i] != NULL; i++)
    {
      if (g_regex_match_simple ("^#([A-Za-z]+=|\\[Module )", lines[i], 0, 0))
        {
          memmove (lines[i], lines[i] + 1, strlen (lines[i]));
          *n_keys += *lines[i] != '[';
        }
    }
  return g_strjoinv ("\n", lines);
}

/* Breaks if code and installed file differ in a default, or if a key exists in one of them only. */
static void
test_defaults (void)
{
  const guint n_fields = 28 + 6; /* in assert_equal(), and of a module */
  g_autoptr (GError) error = NULL;
  g_autofree char *documented = NULL;
  g_autofree char *active = NULL;
  g_autoptr (HandoffConfiguration) from_code = load (NULL, &error);
  g_autoptr (HandoffConfiguration) from_file = NULL;
  g_autoptr (HandoffConfiguration) from_defaults = NULL;
  guint n_keys;

  g_assert_no_error (error);
  g_file_get_contents (TEST_DATA_DIR "/tls-handoffd.conf", &documented, NULL, &error);
  g_assert_no_error (error);
  from_file = load (documented, &error);
  g_assert_no_error (error);
  active = uncomment_defaults (documented, &n_keys);
  g_assert_cmpuint (n_keys, ==, n_fields);
  from_defaults = load (active, &error);
  g_assert_no_error (error);

  assert_equal (from_code, from_file);
  assert_equal (from_code, from_defaults);

  /* The limits that the product promises. */
  g_assert_cmpuint (from_code->handshakes_per_user, ==, 64);
  g_assert_cmpuint (from_code->sessions_per_user, ==, 1024);
  g_assert_cmpuint (from_code->handshakes_total, ==, 16384);
  g_assert_cmpuint (from_code->idle_exit, ==, 60);
  g_assert_cmpuint (from_code->authorization_memory, ==, 60);
  g_assert_cmpuint (from_code->channels_per_user, ==, 256);
}

/* Breaks if a key's value goes to another key's field. */
static void
test_values (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffConfiguration) configuration =
      load ("[TLS]\nMinimumProtocol=TLS1.3\nMaximumProtocol = TLS1.3 \nPriority=SECURE128\n"
            "TrustFile=/a/b.pem\n[Timeouts]\nHandshake=2\nMaximumTimeout=3\nIdleExit=0\n"
            "DecisionTimeout=12\nAuthorizationMemory=13\n[Credentials]\nAutomaticCredential=true\n"
            "[Limits]\nUsersTotal=15\nHandshakesPerUser=4\nHandshakesTotal=5\nSessionsPerUser=6\n"
            "SessionsTotal=7\nWorkers=8\nChannelsPerUser=14\nOutlivingSessionsPerUser=9\n"
            "[Resumption]\nScope=caller\nMinimumProtocol=TLS1.2\nMaximumAge=10\nTicketWindow=11\n"
            "[TLS]\nAllowMacThenEncrypt=true\n",
            &error);

  g_assert_no_error (error);
  g_assert_cmphex (configuration->minimum_protocol, ==, 0x0304);
  g_assert_cmphex (configuration->maximum_protocol, ==, 0x0304);
  g_assert_cmpstr (configuration->priority, ==, "SECURE128");
  g_assert_cmpstr (configuration->trust_file, ==, "/a/b.pem");
  g_assert_cmpuint (configuration->handshake_timeout, ==, 2);
  g_assert_cmpuint (configuration->maximum_timeout, ==, 3);
  g_assert_cmpuint (configuration->decision_timeout, ==, 12);
  g_assert_cmpuint (configuration->authorization_memory, ==, 13);
  g_assert_cmpuint (configuration->channels_per_user, ==, 14);
  g_assert_true (configuration->automatic_credential);
  g_assert_cmpuint (configuration->idle_exit, ==, 0);
  g_assert_cmpuint (configuration->users_total, ==, 15);
  g_assert_cmpuint (configuration->handshakes_per_user, ==, 4);
  g_assert_cmpuint (configuration->handshakes_total, ==, 5);
  g_assert_cmpuint (configuration->sessions_per_user, ==, 6);
  g_assert_cmpuint (configuration->sessions_total, ==, 7);
  g_assert_cmpuint (configuration->workers, ==, 8);
  g_assert_cmpuint (configuration->outliving_sessions_per_user, ==, 9);
  g_assert_cmpint (configuration->resumption_scope, ==, HANDOFF_RESUMPTION_CALLER);
  g_assert_cmphex (configuration->resumption_minimum_protocol, ==, 0x0303);
  g_assert_cmpuint (configuration->resumption_maximum_age, ==, 10);
  g_assert_cmpuint (configuration->ticket_window, ==, 11);
  g_assert_true (configuration->allow_mac_then_encrypt);
}

/* Breaks if a number is truncated, read in another base, or taken for 0. */
static void
test_bad_numbers (void)
{
  const struct
  {
    const char *group;
    const char *key;
    const char *allowed;
    const char *below;
    const char *above;
  } keys[] = {
    { "Timeouts", "Handshake", "1 to 86400", "0", "86401" },
    { "Timeouts", "MaximumTimeout", "1 to 86400", "0", "86401" },
    { "Timeouts", "DecisionTimeout", "1 to 86400", "0", "86401" },
    { "Timeouts", "IdleExit", "0 to 86400", "-1", "86401" },
    { "Timeouts", "AuthorizationMemory", "0 to 3600", "-1", "3601" },
    { "Limits", "ChannelsPerUser", "0 to 100000", "-1", "100001" },
    { "Limits", "UsersTotal", "1 to 1000", "0", "1001" },
    { "Limits", "HandshakesPerUser", "1 to 1000000", "0", "1000001" },
    { "Limits", "HandshakesTotal", "1 to 1000000", "0", "1000001" },
    { "Limits", "SessionsPerUser", "1 to 1000000", "0", "1000001" },
    { "Limits", "SessionsTotal", "1 to 1000000", "0", "1000001" },
    { "Limits", "OutlivingSessionsPerUser", "0 to 1000", "-1", "1001" },
    { "Limits", "Workers", "0 to 1024", "-1", "1025" },
    { "Resumption", "MaximumAge", "1 to 21600", "0", "21601" },
    { "Resumption", "TicketWindow", "1 to 60", "0", "61" },
  };
  const char *bad[] = { NULL,  NULL, "",    "many", "1 0",        "0x10",
                        "1.5", "+1", "10s", "-5",   "4294967297", "99999999999999999999" };
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      bad[0] = keys[i].below;
      bad[1] = keys[i].above;
      for (j = 0; j < G_N_ELEMENTS (bad); j++)
        {
          g_autofree char *content =
              g_strdup_printf ("[%s]\n%s=%s\n", keys[i].group, keys[i].key, bad[j]);

          assert_refused (content, keys[i].key, keys[i].allowed);
        }
    }
}

/* Breaks if a wrong value silently becomes the default: nobody would ever notice. */
static void
test_bad_words (void)
{
  assert_refused ("[TLS]\nMinimumProtocol=TLS1.1\n", "MinimumProtocol", "TLS1.2 or TLS1.3");
  assert_refused ("[TLS]\nMinimumProtocol=\n", "MinimumProtocol", "TLS1.2 or TLS1.3");
  assert_refused ("[TLS]\nMaximumProtocol=tls1.3\n", "MaximumProtocol", "TLS1.2 or TLS1.3");
  assert_refused ("[TLS]\nMaximumProtocol=1.3\n", "MaximumProtocol", "TLS1.2 or TLS1.3");
  assert_refused ("[TLS]\nAllowMacThenEncrypt=yes\n", "AllowMacThenEncrypt", "true or false");
  assert_refused ("[Credentials]\nAutomaticCredential=1\n", "AutomaticCredential", "true or false");
  assert_refused ("[TLS]\nAllowMacThenEncrypt=\n", "AllowMacThenEncrypt", "true or false");
  assert_refused ("[Resumption]\nScope=users\n", "Scope", "user, caller or none");
  assert_refused ("[Resumption]\nMinimumProtocol=TLS1.1\n", "MinimumProtocol", "TLS1.2 or TLS1.3");
  assert_refused ("[TLS]\nPriority=NORMAL:+NO-SUCH-CIPHER\n", "Priority", "NO-SUCH-CIPHER");
  assert_refused ("[TLS]\nPriority=NOTHING\n", "Priority", "NOTHING");
  assert_refused ("[TLS]\nTrustFile=certificates.pem\n", "TrustFile", "absolute path");
  assert_refused ("[TLS]\nTrustFile=~/certificates.pem\n", "TrustFile", "absolute path");
  /* What GKeyFile cannot turn into a text. */
  assert_refused ("[TLS]\nTrustFile=/a\\q\n", "TrustFile", "test.conf");
  assert_refused ("[TLS]\nPriority=\xff\n", "Priority", "test.conf");
}

static void
test_unknown (void)
{
  assert_refused ("[Limits]\nHandshakePerUser=1\n", "HandshakePerUser", "no such key");
  assert_refused ("[limits]\nHandshakesPerUser=1\n", "[limits]", "no such key");
  /* The right key in the wrong group. */
  assert_refused ("[TLS]\nWorkers=1\n", "Workers", "no such key");
  /* A group that is misspelt, before anything is in it. */
  assert_refused ("[Limit]\n", "[Limit]", "no such group");
}

/* Breaks if the message about a long line is as long as that, or does not say what is wrong. */
static void
test_long_line (void)
{
  g_autofree char *line = g_strnfill (1000000, 'x');
  g_autofree char *value = g_strconcat ("[Timeouts]\nHandshake=", line, NULL);
  g_autoptr (GError) error = NULL;

  assert_refused (line, "Key file contains line", "which is not a key-value pair");
  assert_refused (value, "[Timeouts] Handshake=xxx", "xxx: the value must be a number");
  g_assert_null (load (value, &error));
  g_assert_cmpuint (strlen (error->message), <, 2000);
}

static void
test_malformed (void)
{
  static const char zeros[100];
  g_autoptr (GError) error = NULL;

  assert_refused ("Workers=1\n", "group", "");
  assert_refused ("[TLS\n", "TLS", "");
  assert_refused ("[TLS]\nPriority\n", "Priority", "");

  /* As a crash may leave it: it must not pass for an empty one. */
  g_assert_null (handoff_configuration_new_from_data (zeros, sizeof zeros, "test.conf", &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (error->message, ==, "test.conf: it has bytes of value 0, so it is no text");
  g_clear_error (&error);

  /* There, but no file. */
  g_assert_null (handoff_configuration_read (directory, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, directory));
}

static void
test_inconsistent (void)
{
  assert_refused ("[TLS]\nMinimumProtocol=TLS1.3\nMaximumProtocol=TLS1.2\n", "MinimumProtocol",
                  "MaximumProtocol");
  assert_refused ("[TLS]\nMaximumProtocol=TLS1.2\nMinimumProtocol=TLS1.3\n", "MinimumProtocol",
                  "MaximumProtocol");
  assert_refused ("[Timeouts]\nHandshake=301\n", "Handshake", "MaximumTimeout");
  assert_refused ("[Timeouts]\nMaximumTimeout=29\n", "Handshake", "MaximumTimeout");
}

/* Breaks if a module gets what only another one needs, or something that nobody wrote; or if what
 * it needs changes on its way through the arguments of its process. */
static void
test_modules (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffConfiguration) configuration =
      load ("[Tokens]\nModules=/a.so;/b.so\n"
            "[Module /a.so]\nLibraries=libone.so.1; /lib/two.so\nReadFiles=/etc/a;/etc/b c\n"
            "WriteFiles=/var/a\nDevices=/dev/tpmrm0\nUnixSockets=true\nNetwork=false\n"
            "[Module /c.so]\nNetwork=true\n",
            &error);
  g_autoptr (HandoffTokenModule) a = NULL;
  g_autoptr (HandoffTokenModule) again = NULL;
  g_autoptr (HandoffTokenModule) b = NULL;
  g_autoptr (HandoffTokenModule) nothing = handoff_token_module_new ("/b.so");
  g_auto (GStrv) arguments = NULL;

  g_assert_no_error (error);
  a = handoff_configuration_dup_token_module (configuration, "/a.so");
  g_assert_cmpstr (a->path, ==, "/a.so");
  g_assert_cmpstr (a->libraries[0], ==, "libone.so.1");
  g_assert_cmpstr (a->libraries[1], ==, "/lib/two.so");
  g_assert_cmpstr (a->read_files[1], ==, "/etc/b c");
  g_assert_cmpstr (a->write_files[0], ==, "/var/a");
  g_assert_null (a->write_files[1]);
  g_assert_cmpstr (a->devices[0], ==, "/dev/tpmrm0");
  g_assert_true (a->unix_sockets);
  g_assert_false (a->network);

  arguments = handoff_token_module_to_arguments (a);
  again = handoff_token_module_from_arguments ((const char *const *) arguments, &error);
  g_assert_no_error (error);
  g_assert_true (handoff_token_module_equal (a, again));

  b = handoff_configuration_dup_token_module (configuration, "/b.so");
  g_assert_true (handoff_token_module_equal (b, nothing));
  g_assert_false (handoff_token_module_equal (a, b));
}

static void
test_bad_modules (void)
{
  assert_refused ("[Module /a.so]\nFiles=/a\n", "[Module /a.so] Files", "no such key");
  assert_refused ("[Module /a.so]\nReadFiles=/a;b\n", "ReadFiles", "absolute paths");
  assert_refused ("[Module /a.so]\nNetwork=yes\n", "Network", "true or false");
  assert_refused ("[Module a.so]\nNetwork=true\n", "Network", "no such key");
  assert_refused ("[Module a.so]\n", "[Module a.so]", "no such group");
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  directory = g_dir_make_tmp ("configuration-XXXXXX", &error);
  g_assert_no_error (error);

  g_test_add_func ("/service/configuration/defaults", test_defaults);
  g_test_add_func ("/service/configuration/values", test_values);
  g_test_add_func ("/service/configuration/bad-numbers", test_bad_numbers);
  g_test_add_func ("/service/configuration/bad-words", test_bad_words);
  g_test_add_func ("/service/configuration/unknown", test_unknown);
  g_test_add_func ("/service/configuration/malformed", test_malformed);
  g_test_add_func ("/service/configuration/long-line", test_long_line);
  g_test_add_func ("/service/configuration/inconsistent", test_inconsistent);
  g_test_add_func ("/service/configuration/modules", test_modules);
  g_test_add_func ("/service/configuration/bad-modules", test_bad_modules);
  status = g_test_run ();

  g_rmdir (directory);
  g_free (directory);
  return status;
}
