/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the gate does for the objects of credentials: they exist for their owner, and for who may
 * manage all; and whatever changes while polkit thinks is seen afterwards. */

#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/credential-fixture.h"
#include "support/gate-fixture.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

#define NO_SUCH_PATH HANDOFF_CREDENTIALS_PATH "/00000000000000000000000000000000"
#define PROPERTIES "org.freedesktop.DBus.Properties"

static void
set_up_allowing (GateFixture *fixture, gconstpointer unused)
{
  gate_set_up (fixture, GINT_TO_POINTER (ANSWER_ALLOW));
}

/* A key of the caller's, or of another user's, whom the authority lets him make it for. (transfer
 * full): its path */
static char *
generate (GateFixture *fixture, const char *label, gboolean own)
{
  g_auto (GateCall) call = { 0 };
  const guint owner = own ? getuid () : getuid () + 1;
  char *path;

  gate_call_start (
      fixture, fixture->caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "GenerateCredential",
      g_variant_new_parsed ("(%s, 'ecdsa-p256', {'owner': <%u>})", label, owner), NULL, &call);
  gate_call_wait (&call);
  g_assert_no_error (call.error);
  g_variant_get (call.reply, "(o)", &path);
  return path;
}

/* The call has its user's turn until all has come that is read. Returns where to write it. */
static int
start_import (GateFixture *fixture, const char *label, GateCall *call)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  int pipes[2];

  g_assert_cmpint (pipe (pipes), ==, 0);
  g_unix_fd_list_append (fds, pipes[0], &error);
  g_assert_no_error (error);
  close (pipes[0]);
  gate_call_start (fixture, fixture->caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                   "ImportCredential", g_variant_new_parsed ("(%s, handle 0, @a{sv} {})", label),
                   fds, call);
  return pipes[1];
}

/* One that can be used: of the test's certificates. (transfer full): its path */
static char *
import (GateFixture *fixture, const char *label)
{
  g_auto (GateCall) call = { 0 };
  const char *const names[] = { "ecdsa.pem", "ecdsa.key" };
  char *path;
  int fd = start_import (fixture, label, &call);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GBytes) content = test_file_new (names[i]);
      gsize size;
      gconstpointer data = g_bytes_get_data (content, &size);

      g_assert_cmpint (write (fd, data, size), ==, (gssize) size);
    }
  close (fd);
  gate_call_wait (&call);
  g_assert_no_error (call.error);
  g_variant_get (call.reply, "(o)", &path);
  return path;
}

typedef struct
{
  const char *interface;
  const char *method;
  const char *parameters;
} ObjectCall;

static const ObjectCall object_calls[] = {
  { HANDOFF_CREDENTIAL_INTERFACE, "CreateCertificateRequest", "({'subject': <'CN=test'>},)" },
  { HANDOFF_CREDENTIAL_INTERFACE, "SelfSign", "({'subject': <'CN=test'>},)" },
  { HANDOFF_CREDENTIAL_INTERFACE, "SetCertificates", "([[byte 1]],)" },
  { HANDOFF_CREDENTIAL_INTERFACE, "SetOcspResponse", "([byte 1],)" },
  { HANDOFF_CREDENTIAL_INTERFACE, "Unlock", "(handle 0,)" },
  { HANDOFF_CREDENTIAL_INTERFACE, "Remove", "()" },
  { PROPERTIES, "Get", "('" HANDOFF_CREDENTIAL_INTERFACE "', 'Label')" },
  { PROPERTIES, "GetAll", "('" HANDOFF_CREDENTIAL_INTERFACE "',)" },
};

static void
start (GateFixture *fixture, const char *path, const ObjectCall *which, GateCall *call)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

  g_unix_fd_list_append (fds, fixture->sockets[0], NULL);
  gate_call_start (fixture, fixture->caller, path, which->interface, which->method,
                   g_variant_parse (NULL, which->parameters, NULL, NULL, NULL), fds, call);
}

/* The answer, without what is in it of the path. (transfer full) */
static char *
dup_refusal (GateFixture *fixture, const char *path, const ObjectCall *which)
{
  g_auto (GateCall) call = { 0 };
  g_auto (GStrv) pieces = NULL;

  start (fixture, path, which, &call);
  gate_call_wait (&call);
  if (fixture->authority->other_answer == ANSWER_FAIL)
    g_assert_error (call.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  else
    g_assert_error (call.error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
  pieces = g_strsplit (call.error->message, path, -1);
  return g_strjoinv ("…", pieces);
}

/* Breaks if who is not the owner, and may not manage all, learns that an object is there: by
 * another answer, or by another question to polkit, than for one that is not. */
static void
test_others (GateFixture *fixture, gconstpointer answer)
{
  g_autofree char *path = generate (fixture, "theirs", FALSE);

  fixture->authority->other_check = "manage-any-credentials*";
  fixture->authority->other_answer = GPOINTER_TO_INT (answer);
  for (guint i = 0; i < G_N_ELEMENTS (object_calls); i++)
    {
      guint n_checks = fixture->authority->checks->len;
      g_autofree char *refusal = NULL;
      g_autofree char *refusal_of_none = NULL;

      g_test_message ("%s", object_calls[i].method);
      refusal = dup_refusal (fixture, path, &object_calls[i]);
      g_assert_cmpuint (fixture->authority->checks->len, ==, n_checks + 1);
      refusal_of_none = dup_refusal (fixture, NO_SUCH_PATH, &object_calls[i]);
      g_assert_cmpuint (fixture->authority->checks->len, ==, n_checks + 2);
      g_assert_cmpstr (test_authority_get_last_check (fixture->authority), ==,
                       "manage-any-credentials");
      g_assert_cmpstr (refusal, ==, refusal_of_none);
    }
  fixture->authority->other_check = NULL;
  g_assert_cmpuint (gate_get_statistic (fixture, "credentials"), ==, 1);
}

/* Breaks if an authorization for one's own opens what is others', or the other way round. */
static void
test_actions (GateFixture *fixture, gconstpointer answer)
{
  g_autofree char *own = generate (fixture, "mine", TRUE);
  g_autofree char *other = NULL;
  guint n_checks;

  g_assert_cmpstr (test_authority_get_last_check (fixture->authority), ==,
                   "manage-own-credentials credential=mine");
  other = generate (fixture, "theirs", FALSE);
  g_assert_cmpstr (test_authority_get_last_check (fixture->authority), ==,
                   "manage-any-credentials credential=theirs");

  for (guint i = 0; i < G_N_ELEMENTS (object_calls); i++)
    {
      g_auto (GateCall) call = { 0 };
      g_auto (GateCall) other_call = { 0 };

      g_test_message ("%s", object_calls[i].method);
      if (g_str_equal (object_calls[i].method, "Remove"))
        continue;
      n_checks = fixture->authority->checks->len;
      start (fixture, own, &object_calls[i], &call);
      gate_call_wait (&call);
      if (g_str_equal (object_calls[i].interface, PROPERTIES))
        {
          /* Its owner reads it without a question. */
          g_assert_no_error (call.error);
          g_assert_cmpuint (fixture->authority->checks->len, ==, n_checks);
        }
      else
        g_assert_cmpstr (test_authority_get_last_check (fixture->authority), ==,
                         "manage-own-credentials credential=mine");
      start (fixture, other, &object_calls[i], &other_call);
      gate_call_wait (&other_call);
      g_assert_cmpstr (test_authority_get_last_check (fixture->authority), ==,
                       "manage-any-credentials credential=theirs");
    }
}

/* Breaks if a denied owner changes his credentials, or is told that they are not there. */
static void
test_own_denied (GateFixture *fixture, gconstpointer answer)
{
  g_autofree char *path = generate (fixture, "mine", TRUE);

  fixture->authority->other_check = "manage-own-credentials*";
  fixture->authority->other_answer = ANSWER_DENY;
  for (guint i = 0; i < G_N_ELEMENTS (object_calls); i++)
    {
      g_auto (GateCall) call = { 0 };

      g_test_message ("%s", object_calls[i].method);
      start (fixture, path, &object_calls[i], &call);
      gate_call_wait (&call);
      if (g_str_equal (object_calls[i].interface, PROPERTIES))
        g_assert_no_error (call.error);
      else
        g_assert_error (call.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
    }
  fixture->authority->other_check = NULL;
  g_assert_cmpuint (gate_get_statistic (fixture, "credentials"), ==, 1);
}

/* Breaks if a yes that comes when its caller is gone removes what it was asked for. */
static void
test_late_yes (GateFixture *fixture, gconstpointer own)
{
  const ObjectCall remove = { HANDOFF_CREDENTIAL_INTERFACE, "Remove", "()" };
  g_autofree char *path = generate (fixture, "key", GPOINTER_TO_INT (own));
  g_auto (GateCall) call = { 0 };

  fixture->authority->other_check = own ? "manage-own-credentials*" : "manage-any-credentials*";
  fixture->authority->other_answer = ANSWER_LATER;
  start (fixture, path, &remove, &call);
  gate_wait_for_check (fixture);
  gate_leave (fixture);
  gate_call_wait (&call);
  gate_answer (fixture, TRUE);
  gate_leave (fixture);
  g_assert_cmpuint (gate_get_statistic (fixture, "credentials"), ==, 1);
}

/* Breaks if what was removed while polkit was asked is used, or crashes the service. */
static void
test_removed_meanwhile (GateFixture *fixture, gconstpointer own)
{
  const ObjectCall remove = { HANDOFF_CREDENTIAL_INTERFACE, "Remove", "()" };

  for (guint i = 0; i < G_N_ELEMENTS (object_calls); i++)
    {
      g_autofree char *path = generate (fixture, "key", GPOINTER_TO_INT (own));
      g_auto (GateCall) call = { 0 };
      g_auto (GateCall) removal = { 0 };

      if (own && g_str_equal (object_calls[i].interface, PROPERTIES))
        break; /* nobody is asked */
      g_test_message ("%s", object_calls[i].method);
      fixture->authority->answer = ANSWER_LATER;
      start (fixture, path, &object_calls[i], &call);
      gate_wait_for_check (fixture);

      fixture->authority->answer = ANSWER_ALLOW;
      start (fixture, path, &remove, &removal);
      gate_call_wait (&removal);
      g_assert_no_error (removal.error);

      gate_answer (fixture, TRUE);
      gate_call_wait (&call);
      g_assert_error (call.error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
    }
}

/* Breaks if a change of a credential that is removed while the change waits for its user's turn
 * brings the credential back, or ends with another error than a change that comes later. */
static void
test_removed_in_line (GateFixture *fixture, gconstpointer unused)
{
  g_autofree char *path = import (fixture, "mine");
  g_autoptr (GBytes) certificate = test_certificate_new ("ecdsa");
  GVariant *der = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, certificate, TRUE);
  g_auto (GateCall) setting = { 0 };
  g_auto (GateCall) removal = { 0 };
  /* More than may have their turn at once. */
  GateCall before[8] = { 0 };
  int fds[G_N_ELEMENTS (before)];

  for (guint i = 0; i < G_N_ELEMENTS (before); i++)
    fds[i] = start_import (fixture, "other", &before[i]);
  gate_call_start (fixture, fixture->caller, path, HANDOFF_CREDENTIAL_INTERFACE, "SetCertificates",
                   g_variant_new ("(@aay)", g_variant_new_array (NULL, &der, 1)), NULL, &setting);
  gate_call_start (fixture, fixture->caller, path, HANDOFF_CREDENTIAL_INTERFACE, "Remove", NULL,
                   NULL, &removal);
  gate_call_wait (&removal);
  g_assert_no_error (removal.error);
  g_assert_false (setting.done);
  for (guint i = 0; i < G_N_ELEMENTS (before); i++)
    {
      close (fds[i]);
      gate_call_wait (&before[i]);
      g_assert_error (before[i].error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      gate_call_clear (&before[i]);
    }
  gate_call_wait (&setting);
  g_assert_error (setting.error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
  g_assert_cmpuint (gate_get_statistic (fixture, "credentials"), ==, 0);
}

static void
start_handshake (GateFixture *fixture, const char *credential, GateCall *call)
{
  const guint8 key_bytes[32] = { 9 }; /* the base point */
  GVariant *key = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, key_bytes, sizeof key_bytes, 1);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

  g_unix_fd_list_append (fds, fixture->sockets[0], NULL);
  gate_call_start (
      fixture, fixture->caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "HandshakeAsClient",
      g_variant_new_parsed ("(handle 0, 'WWW.example.com', %@ay, {'credential': <%s>})", key,
                            credential),
      fds, call);
}

/* Breaks if a handshake begins with a credential that polkit did not allow, if rules do not see
 * which, or whom it is for. */
static void
test_use_denied (GateFixture *fixture, gconstpointer answer)
{
  g_autofree char *path G_GNUC_UNUSED = import (fixture, "vpn");
  g_auto (GateCall) call = { 0 };

  fixture->authority->other_check = "use-own-credential*";
  fixture->authority->other_answer = GPOINTER_TO_INT (answer);
  start_handshake (fixture, "vpn", &call);
  gate_call_wait (&call);
  g_assert_nonnull (call.error);
  g_assert_true (call.error->domain == TLS_HANDOFF_ERROR);
  g_assert_cmpstr (test_authority_get_last_check (fixture->authority), ==,
                   "use-own-credential credential=vpn role=client server-identity=www.example.com");
  gate_assert_no_handshake (fixture);
}

/* Breaks if the handshake goes on with a credential that was removed while polkit was asked about
 * it, or without any. */
static void
test_removed_before_use (GateFixture *fixture, gconstpointer unused)
{
  g_autofree char *path = import (fixture, "vpn");
  g_auto (GateCall) call = { 0 };
  g_auto (GateCall) removal = { 0 };

  fixture->authority->other_check = "use-own-credential*";
  fixture->authority->other_answer = ANSWER_LATER;
  start_handshake (fixture, "vpn", &call);
  gate_wait_for_check (fixture);
  gate_call_start (fixture, fixture->caller, path, HANDOFF_CREDENTIAL_INTERFACE, "Remove", NULL,
                   NULL, &removal);
  gate_call_wait (&removal);
  g_assert_no_error (removal.error);
  gate_answer (fixture, TRUE);
  gate_call_wait (&call);
  g_assert_error (call.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  gate_assert_no_handshake (fixture);
}

/* Breaks if a handshake begins without the credential that its caller meant, or if somebody is
 * asked about one that cannot be used anyway. */
static void
test_use_of_none (GateFixture *fixture, gconstpointer unused)
{
  g_autofree char *path = generate (fixture, "new", TRUE);
  const char *names[] = { "new", path, "old", NO_SUCH_PATH };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto (GateCall) call = { 0 };

      start_handshake (fixture, names[i], &call);
      gate_call_wait (&call);
      g_assert_error (call.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
      /* What is not there is asked about as what is another's. */
      g_assert_true (
          g_str_has_prefix (test_authority_get_last_check (fixture->authority),
                            i < 2 ? "handshake-as-client" : "use-any-credential credential="));
      g_assert_cmpint (strstr (call.error->message, "no certificate") != NULL, ==, i < 2);
    }
  gate_assert_no_handshake (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, data, function)                                                                  \
  g_test_add ("/service/gate-credentials/" name, GateFixture, GINT_TO_POINTER (data),              \
              set_up_allowing, function, gate_tear_down)
  ADD ("others/denied", ANSWER_DENY, test_others);
  ADD ("others/authority-fails", ANSWER_FAIL, test_others);
  ADD ("actions", 0, test_actions);
  ADD ("own-denied", 0, test_own_denied);
  ADD ("late-yes/own", TRUE, test_late_yes);
  ADD ("late-yes/others", FALSE, test_late_yes);
  ADD ("removed-meanwhile/own", TRUE, test_removed_meanwhile);
  ADD ("removed-meanwhile/others", FALSE, test_removed_meanwhile);
  ADD ("removed-in-line", 0, test_removed_in_line);
  ADD ("use-denied", ANSWER_DENY, test_use_denied);
  ADD ("use-authority-fails", ANSWER_FAIL, test_use_denied);
  ADD ("removed-before-use", 0, test_removed_before_use);
  ADD ("use-of-none", 0, test_use_of_none);
  return g_test_run ();
}
