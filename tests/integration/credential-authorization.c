/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who may do what with which credential: each row of the access table that has to do with them,
 * with the real polkitd, as three users, for own, others' and the machine's credentials, with and
 * without rules. alice and bob have no session, and so need a rule even for what is theirs; root is
 * always allowed. */

#include <string.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-credential.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-system.h"

#define ACTION(name) "'org.tlshandoff.Handoff1." name "'"

/* What an active session would give alice and bob. */
#define OWN_RULES                                                                                  \
  "polkit.addRule(function(action, subject) {"                                                     \
  " if (action.id == " ACTION ("manage-own-credentials") " || action.id == " ACTION (              \
      "use-own-credential") ") return polkit.Result.YES; });"

typedef struct
{
  GDBusConnection *alice;
  GDBusConnection *bob;
  GDBusConnection *root;
  char *alices; /* object paths */
  char *bobs;
  char *machines;
} Fixture;

static char *
generate (GDBusConnection *connection, const char *label)
{
  g_autoptr (GError) error = NULL;
  char *path = test_credential_generate (connection, label, "ecdsa-p256", NULL, &error);

  g_assert_no_error (error);
  return path;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  test_credential_remove_all ();
  test_polkit_set_rules (OWN_RULES);
  f->alice = test_bus_connect ("alice");
  f->bob = test_bus_connect ("bob");
  f->root = test_bus_connect ("root");
  f->alices = generate (f->alice, "alices");
  f->bobs = generate (f->bob, "bobs");
  f->machines = generate (f->root, "machines");
  test_polkit_set_rules (data);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_polkit_set_rules (NULL);
  test_credential_remove_all ();
  g_clear_object (&f->alice);
  g_clear_object (&f->bob);
  g_clear_object (&f->root);
  g_free (f->alices);
  g_free (f->bobs);
  g_free (f->machines);
}

/* A call on a credential's object; NULL error_name: it must succeed. */
static void
expect_request (GDBusConnection *caller, const char *path, const char *error_name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) request =
      test_credential_request (caller, path, "{'subject': <'CN=x'>}", &error);

  if (error_name == NULL)
    g_assert_nonnull (request);
  else
    test_assert_remote_error (error, error_name, NULL);
}

static void
expect_label (GDBusConnection *caller, const char *path, const char *label)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = test_credential_get (caller, path, "Label", &error);

  if (label != NULL)
    {
      g_assert_no_error (error);
      g_assert_cmpstr (g_variant_get_string (value, NULL), ==, label);
    }
  else
    {
      test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);
    }
}

static void
expect_generate (GDBusConnection *caller, const char *options, const char *error_name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_credential_generate (caller, "another", "ed25519", options, &error);

  if (error_name != NULL)
    {
      test_assert_remote_error (error, error_name, NULL);
      return;
    }
  g_assert_no_error (error);
  {
    g_autoptr (GDBusConnection) root = test_bus_connect ("root");

    test_credential_remove (root, path, &error);
    g_assert_no_error (error);
  }
}

static void
expect_list (GDBusConnection *caller, gboolean all, const char *labels)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *found = test_credential_list (caller, all, &error);

  if (labels != NULL)
    {
      g_assert_no_error (error);
      g_assert_cmpstr (found, ==, labels);
    }
  else
    {
      test_assert_remote_error (error, "NotAuthorized", NULL);
    }
}

#define UNKNOWN "org.freedesktop.DBus.Error.UnknownObject"

/* Breaks if a user without rule and session manages anything, or what is not his exists for him: by
 * its path, in a list, in a property. */
static void
test_manage_without_rules (Fixture *f, gconstpointer data)
{
  expect_generate (f->alice, NULL, "NotAuthorized");
  expect_generate (f->alice, "{'owner': <uint32 60102>}", "NotAuthorized");
  expect_generate (f->alice, "{'owner': <uint32 0>}", "NotAuthorized");
  expect_request (f->alice, f->alices, "NotAuthorized");
  expect_request (f->alice, f->bobs, UNKNOWN);
  expect_request (f->alice, f->machines, UNKNOWN);
  /* To read one's own takes no authorization. */
  expect_label (f->alice, f->alices, "alices");
  expect_label (f->alice, f->bobs, NULL);
  expect_label (f->alice, f->machines, NULL);
  expect_label (f->alice, HANDOFF_CREDENTIALS_PATH "/nothing", NULL);
  expect_list (f->alice, FALSE, "alices");
  expect_list (f->alice, TRUE, NULL);

  expect_generate (f->root, NULL, NULL);
  expect_generate (f->root, "{'owner': <uint32 60102>}", NULL);
  expect_request (f->root, f->alices, NULL);
  expect_request (f->root, f->machines, NULL);
  expect_label (f->root, f->bobs, "bobs");
  expect_list (f->root, FALSE, "machines");
  expect_list (f->root, TRUE, "alices bobs machines");
}

/* Breaks if the right to manage what is one's own reaches further, or not so far. */
static void
test_manage_own (Fixture *f, gconstpointer data)
{
  expect_generate (f->alice, NULL, NULL);
  expect_generate (f->alice, "{'owner': <uint32 60101>}", NULL);
  expect_generate (f->alice, "{'owner': <uint32 60102>}", "NotAuthorized");
  expect_request (f->alice, f->alices, NULL);
  expect_request (f->alice, f->bobs, UNKNOWN);
  expect_request (f->alice, f->machines, UNKNOWN);
  expect_request (f->bob, f->bobs, NULL);
  expect_list (f->alice, TRUE, NULL);
}

/* Breaks if the right to manage all is not one, or is one for others, too; or if it does not imply
 * the weaker one. */
static void
test_manage_any (Fixture *f, gconstpointer data)
{
  expect_generate (f->alice, NULL, NULL);
  expect_generate (f->alice, "{'owner': <uint32 60102>}", NULL);
  expect_generate (f->alice, "{'owner': <uint32 0>}", NULL);
  expect_request (f->alice, f->alices, NULL);
  expect_request (f->alice, f->bobs, NULL);
  expect_request (f->alice, f->machines, NULL);
  expect_label (f->alice, f->bobs, "bobs");
  expect_list (f->alice, TRUE, "alices bobs machines");
  expect_label (f->alice, HANDOFF_CREDENTIALS_PATH "/nothing", NULL);

  expect_generate (f->bob, NULL, "NotAuthorized");
  expect_request (f->bob, f->alices, UNKNOWN);
  expect_list (f->bob, TRUE, NULL);
}

/* Breaks if a change of another's credential gets through on any method, or tells by its error that
 * there is something. */
static void
test_other_methods (Fixture *f, gconstpointer data)
{
  const char *const paths[] = { f->bobs, f->machines, HANDOFF_CREDENTIALS_PATH "/nothing",
                                HANDOFF_CREDENTIALS_PATH "/0123456789abcdef0123456789abcdef" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (test_credential_remove (f->alice, paths[i], &error));
      test_assert_remote_error (error, UNKNOWN, NULL);
      g_assert_false (test_credential_set_certificate (f->alice, paths[i], "rsa", &error));
      test_assert_remote_error (error, UNKNOWN, NULL);
      g_assert_false (test_credential_unlock (f->alice, paths[i], "1234", &error));
      test_assert_remote_error (error, UNKNOWN, NULL);
    }
  expect_label (f->root, f->bobs, "bobs");
  expect_label (f->root, f->machines, "machines");
}

/* Credentials that can be used: for each user one with the same label. */
static void
import_for_use (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *alices = NULL;
  g_autofree char *machines = NULL;
  g_autofree char *bobs = NULL;

  test_polkit_set_rules (OWN_RULES);
  alices = test_credential_import (f->alice, "web", "ecdsa", NULL, &error);
  g_assert_no_error (error);
  bobs = test_credential_import (f->bob, "web", "ed25519", NULL, &error);
  g_assert_no_error (error);
  machines = test_credential_import (f->root, "site", "rsa", NULL, &error);
  g_assert_no_error (error);
  g_free (f->alices);
  g_free (f->bobs);
  g_free (f->machines);
  f->alices = g_steal_pointer (&alices);
  f->bobs = g_steal_pointer (&bobs);
  f->machines = g_steal_pointer (&machines);
}

/* A handshake as server, with a client that sends its hello and hears what comes. error_name: NULL:
 * it must come so far that only the client is missing. */
static void
expect_use (GDBusConnection *caller, const char *credential, const char *error_name)
{
  static const guint8 no_hello[] = { 22, 3, 1, 0, 4, 1, 0, 0, 0 };
  g_autofree char *text =
      g_strdup_printf ("{'credential': <'%s'>, 'timeout': <uint32 10>}", credential);
  g_autoptr (GVariant) options = g_variant_ref_sink (g_variant_new_parsed (text));
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;
  int sockets[2];

  test_tcp_pair (sockets);
  g_assert_cmpint (write (sockets[1], no_hello, sizeof no_hello), ==, sizeof no_hello);
  handshake = test_handshake_as_server (caller, sockets[0], -1, options, &error);
  test_assert_remote_error (error, error_name != NULL ? error_name : "HandshakeFailed", NULL);
  close (sockets[0]);
  close (sockets[1]);
}

/* Breaks if somebody serves with a key that he may not use, or if polkit's no counts as a failure
 * because the caller hears another error. */
static void
test_use_without_rules (Fixture *f, gconstpointer data)
{
  guint64 denied, failed;

  import_for_use (f);
  test_polkit_set_rules (NULL);
  denied = test_statistic ("handshakes-denied");
  failed = test_statistic ("handshakes-failed");
  expect_use (f->alice, "web", "NotAuthorized");
  expect_use (f->alice, "site", "CredentialNotFound");
  expect_use (f->alice, f->bobs, "CredentialNotFound");
  expect_use (f->alice, "nothing", "CredentialNotFound");
  expect_use (f->alice, HANDOFF_CREDENTIALS_PATH "/nothing", "CredentialNotFound");
  test_statistic_wait ("handshakes-denied", denied + 5);
  test_statistic_wait ("handshakes-failed", failed);
  expect_use (f->root, "site", NULL);
  expect_use (f->root, f->bobs, NULL);
  expect_use (f->root, "web", "CredentialNotFound");
  test_statistic_wait ("handshakes-denied", denied + 5);
  test_statistic_wait ("handshakes-failed", failed + 3);
}

/* Breaks if the right to use one's own reaches further. */
static void
test_use_own (Fixture *f, gconstpointer data)
{
  import_for_use (f);
  expect_use (f->alice, "web", NULL);
  expect_use (f->alice, f->alices, NULL);
  expect_use (f->alice, "site", "CredentialNotFound");
  expect_use (f->alice, f->bobs, "CredentialNotFound");
  expect_use (f->bob, "web", NULL);
}

/* Breaks if a rule does not see label, role or server, or does not decide. */
static void
test_use_by_rule (Fixture *f, gconstpointer data)
{
  g_autoptr (TestPeer) peer = NULL;
  static const char *const servers[] = { "localhost", "www.handoff.test" };

  import_for_use (f);
  test_polkit_set_rules (
      "polkit.addRule(function(action, subject) {"
      " if (action.id == " ACTION (
          "use-any-credential") " && subject.user == 'alice' &&"
                                " action.lookup('credential') == 'site' && (action.lookup('role') "
                                "== 'server' ||"
                                " action.lookup('server-identity') == 'www.handoff.test')) return "
                                "polkit.Result.YES; });");
  expect_use (f->alice, "site", NULL);
  expect_use (f->alice, f->machines, NULL);
  expect_use (f->alice, f->bobs, "CredentialNotFound");
  expect_use (f->bob, "site", "CredentialNotFound");

  peer = test_peer_new_openssl ("ecdsa", "-verify", "1", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      g_autoptr (TestHandshake) handshake = NULL;
      g_autoptr (GError) error = NULL;
      int socket = test_peer_connect (peer);

      handshake = test_handshake (f->alice, socket, servers[i],
                                  test_options ("{'credential': <'site'>}"), &error);
      if (i == 1)
        {
          g_assert_no_error (error);
          g_assert_cmpstr (test_handshake_get_detail (handshake, HANDOFF_DETAIL_CREDENTIAL), ==,
                           "site");
        }
      else
        {
          test_assert_remote_error (error, "CredentialNotFound", "use-any-credential");
        }
      close (socket);
    }
}

/* Breaks if a rule about handshakes as server is not asked, or is for clients, too. */
static void
test_server_action (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) denied = NULL;
  g_autoptr (GVariant) allowed = NULL;
  g_autoptr (GError) error = NULL;

  import_for_use (f);
  test_polkit_set_rules (OWN_RULES "polkit.addRule(function(action, subject) {"
                                   " if (action.id == " ACTION (
                                       "handshake-as-server") " && subject.user == 'alice')"
                                                              " return polkit.Result.NO; });");
  expect_use (f->alice, "web", "NotAuthorized");
  expect_use (f->bob, "web", NULL);
  denied = test_call (f->alice, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "CreateSession",
                      g_variant_new ("(ssa{sv})", "server", "", NULL), &error);
  test_assert_remote_error (error, "NotAuthorized", NULL);
  allowed = test_call (f->alice, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "CreateSession",
                       g_variant_new ("(ssa{sv})", "client", "localhost", NULL), &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
#define ADD(name, rules, function)                                                                 \
  g_test_add ("/credential-authorization/" name, Fixture, rules, set_up, function, tear_down)
  ADD ("manage/without-rules", NULL, test_manage_without_rules);
  ADD ("manage/own", OWN_RULES, test_manage_own);
  ADD ("manage/any",
       "polkit.addRule(function(action, subject) { if (action.id == " ACTION (
           "manage-any-credentials") " && subject.user == 'alice') return polkit.Result.YES; });",
       test_manage_any);
  ADD ("manage/other-methods", OWN_RULES, test_other_methods);
  ADD ("use/without-rules", NULL, test_use_without_rules);
  ADD ("use/own", NULL, test_use_own);
  ADD ("use/by-rule", NULL, test_use_by_rule);
  ADD ("use/server-action", NULL, test_server_action);
  return g_test_run ();
}
