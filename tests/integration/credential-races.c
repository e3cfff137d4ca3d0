/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A credential changes while something is done with it: a handshake with a slow client, another
 * change, or a caller that leaves. alice may do everything with her own credentials. */

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-credential.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-system.h"

#define CREDENTIALS "/var/lib/tls-handoff/credentials"
#define OWN_RULES                                                                                  \
  "polkit.addRule(function(action, subject) {"                                                     \
  " if (action.id.match(/-own-credentials?$/)) return polkit.Result.YES; });"
#define UNKNOWN "org.freedesktop.DBus.Error.UnknownObject"
/* Of one user, that make or change credentials (service/bus/credential-change.c). */
#define MAX_CALLS 16

typedef struct
{
  GDBusConnection *alice;
  GDBusConnection *root;
  char *path; /* of alice's credential "web": ecdsa.pem */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  test_credential_remove_all ();
  test_polkit_set_rules (OWN_RULES);
  f->alice = test_bus_connect ("alice");
  f->root = test_bus_connect ("root");
  f->path = test_credential_import (f->alice, "web", "ecdsa", NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->alice, test_bus_vanish);
  g_clear_pointer (&f->root, test_bus_vanish);
  g_free (f->path);
  test_credential_remove_all ();
  test_polkit_set_rules (NULL);
  test_statistic_wait ("sessions", 0);
}

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

static gboolean
is_set (gpointer data)
{
  return *(GAsyncResult **) data != NULL;
}

/* What a call on the bus came to. (transfer full) (nullable) */
static GVariant *
wait_for_call (GDBusConnection *connection, GAsyncResult **place, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  test_wait_until (is_set, place, "the call is answered");
  result = g_steal_pointer (place);
  return g_dbus_connection_call_finish (connection, result, error);
}

static void
start_call (GDBusConnection *connection,
            const char *path,
            const char *interface,
            const char *method,
            GVariant *parameters,
            GAsyncResult **place)
{
  g_dbus_connection_call (connection, HANDOFF_BUS_NAME, path, interface, method, parameters, NULL,
                          G_DBUS_CALL_FLAGS_NONE, TEST_TIMEOUT_SECONDS * 1000, NULL, store_result,
                          place);
}

/* ecdsa.pem, and with an intermediate if there shall be two. */
static void
start_set_certificates (GDBusConnection *connection,
                        const char *path,
                        guint n_certificates,
                        GAsyncResult **place)
{
  static const char *const names[] = { "ecdsa.pem", "ca-cross.pem" };

  start_call (connection, path, HANDOFF_CREDENTIAL_INTERFACE, "SetCertificates",
              test_credential_chain (names, n_certificates), place);
}

static gsize
count_certificates (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = test_credential_get (f->alice, f->path, "Certificates", &error);

  g_assert_no_error (error);
  return g_variant_n_children (value);
}

static char *
get_folder (Fixture *f)
{
  return g_build_filename (CREDENTIALS, strrchr (f->path, '/') + 1, NULL);
}

/* A TLS client (GnuTLS) that goes on when it is told to. */
typedef struct
{
  gnutls_session_t session;
  gnutls_certificate_credentials_t credentials;
  int fd;
  gboolean listens; /* otherwise it does not hear what is there already */
  int code;         /* of gnutls_handshake() */
} Client;

static gssize
pull (gnutls_transport_ptr_t data, void *bytes, gsize size)
{
  Client *client = data;

  if (client->listens)
    return recv (client->fd, bytes, size, 0);
  gnutls_transport_set_errno (client->session, EAGAIN);
  return -1;
}

static gssize
push (gnutls_transport_ptr_t data, const void *bytes, gsize size)
{
  Client *client = data;

  return send (client->fd, bytes, size, MSG_NOSIGNAL);
}

static int
pull_timeout (gnutls_transport_ptr_t data, unsigned int ms)
{
  return 1;
}

static void
client_init (Client *client, int fd, const char *priority)
{
  client->fd = fd;
  client->listens = FALSE;
  client->code = GNUTLS_E_AGAIN;
  g_assert_cmpint (fcntl (fd, F_SETFL, O_NONBLOCK), ==, 0);
  gnutls_certificate_allocate_credentials (&client->credentials);
  gnutls_init (&client->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
  g_assert_cmpint (gnutls_priority_set_direct (client->session, priority, NULL), ==, 0);
  gnutls_credentials_set (client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
  gnutls_transport_set_ptr (client->session, client);
  gnutls_transport_set_pull_function (client->session, pull);
  gnutls_transport_set_push_function (client->session, push);
  gnutls_transport_set_pull_timeout_function (client->session, pull_timeout);
}

static void
client_clear (Client *client)
{
  gnutls_deinit (client->session);
  gnutls_certificate_free_credentials (client->credentials);
  close (client->fd);
}

static gboolean
has_heard (gpointer data)
{
  Client *client = data;
  struct pollfd event = { client->fd, POLLIN, 0 };

  return poll (&event, 1, 0) == 1;
}

static gboolean
has_ended (gpointer data)
{
  Client *client = data;

  client->code = gnutls_handshake (client->session);
  return client->code == GNUTLS_E_SUCCESS || gnutls_error_is_fatal (client->code);
}

/* A handshake of alice's as the server, with "web". */
typedef struct
{
  Client client;
  int socket;
  GAsyncResult *result;
} Server;

static void
server_start (Fixture *f, Server *server, const char *priority)
{
  int sockets[2];

  test_tcp_pair (sockets);
  client_init (&server->client, sockets[1], priority);
  server->socket = sockets[0];
  server->result = NULL;
  test_handshake_async (f->alice, server->socket, NULL,
                        g_variant_new_parsed ("{'credential': <'web'>}"), G_DBUS_CALL_FLAGS_NONE,
                        store_result, &server->result);
}

/* The client hears of so many certificates; or, for 0, the service has no such credential. */
static void
server_end (Fixture *f, Server *server, guint n_certificates)
{
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;
  guint n = 0;

  server->client.listens = TRUE;
  if (n_certificates > 0)
    {
      test_wait_until (has_ended, &server->client, "the client's handshake ends");
      g_assert_cmpint (server->client.code, ==, GNUTLS_E_SUCCESS);
      gnutls_certificate_get_peers (server->client.session, &n);
      g_assert_cmpuint (n, ==, n_certificates);
    }
  test_wait_until (is_set, &server->result, "the handshake's call is answered");
  handshake = test_handshake_finish (f->alice, server->result, &error);
  if (n_certificates > 0)
    g_assert_no_error (error);
  else
    test_assert_remote_error (error, "CredentialNotFound", NULL);
  g_object_unref (server->result);
  client_clear (&server->client);
  close (server->socket);
}

static void
remove_it (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  test_credential_remove (f->alice, f->path, &error);
  g_assert_no_error (error);
}

static void
replace_it (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  start_set_certificates (f->alice, f->path, 2, &result);
  reply = wait_for_call (f->alice, &result, &error);
  g_assert_no_error (error);
}

/* The administrator takes its folder away. */
static void
reload_without_it (Fixture *f)
{
  g_autofree char *folder = get_folder (f);
  const char *const argv[] = { "rm", "-r", folder, NULL };
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                &error);
  g_assert_no_error (error);
  reply = test_call (f->root, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "Reload", NULL, &error);
  g_assert_no_error (error);
}

typedef struct
{
  void (*change) (Fixture *f);
  const char *priority;
  guint n_certificates_after; /* 0: it is gone */
} SlowClient;

/* Breaks if a handshake that runs sees a change of its credential, made before the client said
 * anything or between its messages; or if the next handshake does not see it. */
static void
test_slow_client (Fixture *f, gconstpointer data)
{
  const SlowClient *row = data;
  Server silent, slow, next;

  test_statistic_wait ("sessions", 0);
  server_start (f, &silent, row->priority);
  server_start (f, &slow, row->priority);
  test_statistic_wait ("sessions", 2);
  g_assert_false (has_ended (&slow.client));
  test_wait_until (has_heard, &slow.client, "the server has answered the client");
  row->change (f);
  g_assert_false (is_set (&slow.result));
  g_assert_false (is_set (&silent.result));
  server_end (f, &slow, 1);
  server_end (f, &silent, 1);
  server_start (f, &next, row->priority);
  server_end (f, &next, row->n_certificates_after);
}

/* Breaks if one of two simultaneous changes of a credential gets no answer, or is half undone by
 * the other, or if the disk differs from what the service says. */
static void
test_set_and_set (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusConnection) other = test_bus_connect ("alice");

  for (guint i = 0; i < 10; i++)
    {
      GAsyncResult *results[2] = { NULL, NULL };
      g_autoptr (GVariant) first = NULL;
      g_autoptr (GVariant) second = NULL;
      g_autoptr (GError) error = NULL;
      gsize n;

      start_set_certificates (f->alice, f->path, 1 + i % 2, &results[0]);
      start_set_certificates (other, f->path, 2 - i % 2, &results[1]);
      first = wait_for_call (f->alice, &results[0], &error);
      g_assert_no_error (error);
      second = wait_for_call (other, &results[1], &error);
      g_assert_no_error (error);
      n = count_certificates (f);
      g_assert_cmpuint (n, >=, 1);
      g_assert_cmpuint (n, <=, 2);
      test_service_stop ();
      g_assert_cmpuint (count_certificates (f), ==, n);
    }
  test_bus_vanish (g_steal_pointer (&other));
}

/* Breaks if two simultaneous removals both say that they removed the credential, or if a change at
 * the same time brings it back, or gets no answer. */
static void
test_set_and_remove (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusConnection) other = test_bus_connect ("alice");

  for (guint i = 0; i < 10; i++)
    {
      GAsyncResult *results[3] = { NULL, NULL, NULL };
      GDBusConnection *const callers[3] = { f->alice, other, f->alice };
      g_autofree char *folder = get_folder (f);
      g_autofree char *labels = NULL;
      g_autoptr (GError) error = NULL;
      guint n_removed = 0;

      for (guint j = 0; j < 3; j++)
        {
          if (j == i % 3)
            start_set_certificates (callers[j], f->path, 2, &results[j]);
          else
            start_call (callers[j], f->path, HANDOFF_CREDENTIAL_INTERFACE, "Remove", NULL,
                        &results[j]);
        }
      for (guint j = 0; j < 3; j++)
        {
          g_autoptr (GVariant) reply = wait_for_call (callers[j], &results[j], &error);

          if (reply == NULL)
            test_assert_remote_error (error, UNKNOWN, NULL);
          else if (j != i % 3)
            n_removed++;
        }
      g_assert_cmpuint (n_removed, ==, 1);
      labels = test_credential_list (f->alice, FALSE, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (labels, ==, "");
      g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));

      g_free (f->path);
      f->path = test_credential_import (f->alice, "web", "ecdsa", NULL, &error);
      g_assert_no_error (error);
    }
  test_bus_vanish (g_steal_pointer (&other));
}

static void
start_generate (GDBusConnection *connection,
                const char *label,
                const char *key_type,
                GAsyncResult **place)
{
  start_call (connection, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "GenerateCredential",
              g_variant_new ("(ss@a{sv})", label, key_type, g_variant_new ("a{sv}", NULL)), place);
}

/* Breaks if two callers that make a credential of one label at once both get it, or neither
 * does. */
static void
test_same_label (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusConnection) other = test_bus_connect ("alice");

  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *label = g_strdup_printf ("twice %u", i);
      GAsyncResult *results[2] = { NULL, NULL };
      GDBusConnection *const callers[2] = { f->alice, other };
      g_autoptr (GError) error = NULL;
      guint n_made = 0;

      start_generate (callers[0], label, "ecdsa-p256", &results[0]);
      start_generate (callers[1], label, "ed25519", &results[1]);
      for (guint j = 0; j < 2; j++)
        {
          g_autoptr (GVariant) reply = wait_for_call (callers[j], &results[j], &error);

          if (reply != NULL)
            n_made++;
          else
            test_assert_remote_error (error, "InvalidArgument", label);
        }
      g_assert_cmpuint (n_made, ==, 1);
    }
  test_bus_vanish (g_steal_pointer (&other));
}

static gboolean
can_generate (gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_credential_generate (data, "after", "ed25519", NULL, &error);

  if (path == NULL)
    test_assert_remote_error (error, "LimitReached", NULL);
  return path != NULL;
}

static gboolean
has_no_reader (gpointer data)
{
  struct pollfd event = { GPOINTER_TO_INT (data), 0, 0 };

  return poll (&event, 1, 0) == 1 && (event.revents & POLLERR) != 0;
}

/* Breaks if a caller that leaves while credentials are made keeps a place, or its user's turn; if a
 * credential appears that the caller did not wait for; or if others have to wait for that caller.
 * data: the key type; NULL: they are imported, from a pipe that does not end. */
static void
test_vanish (Fixture *f, gconstpointer data)
{
  const char *key_type = data;
  GDBusConnection *leaving = test_bus_connect ("alice");
  GAsyncResult *results[MAX_CALLS + 1] = { NULL };
  g_autoptr (GVariant) refused = NULL;
  g_autofree char *labels = NULL;
  g_autofree char *roots = NULL;
  g_autoptr (GError) error = NULL;
  int pipes[2];

  g_assert_cmpint (pipe2 (pipes, O_CLOEXEC), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autofree char *label = g_strdup_printf ("left %02u", i);

      if (key_type != NULL)
        start_generate (leaving, label, key_type, &results[i]);
      else
        test_credential_start_import (leaving, label, pipes[0], store_result, &results[i]);
    }
  refused = wait_for_call (leaving, &results[MAX_CALLS], &error);
  test_assert_remote_error (error, "LimitReached", NULL);
  g_assert_false (is_set (&results[MAX_CALLS - 1]));
  roots = test_credential_generate (f->root, "roots", "ed25519", NULL, &error);
  g_assert_no_error (error);
  g_assert_false (is_set (&results[MAX_CALLS - 1]));

  test_bus_vanish (leaving);
  test_wait_until (can_generate, f->alice, "there are places again");
  labels = test_credential_list (f->alice, FALSE, &error);
  g_assert_no_error (error);
  g_assert_null (strstr (labels, "left 15"));
  if (key_type == NULL)
    g_assert_cmpstr (labels, ==, "after web");
  for (guint i = 0; i < MAX_CALLS; i++)
    {
      test_wait_until (is_set, &results[i], "the calls of who left have ended");
      g_object_unref (results[i]);
    }
  close (pipes[0]);
  test_wait_until (has_no_reader, GINT_TO_POINTER (pipes[1]), "the service reads no more");
  close (pipes[1]);
}

int
main (int argc, char **argv)
{
#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
  static const SlowClient removed12 = { remove_it, TLS12, 0 };
  static const SlowClient removed13 = { remove_it, TLS13, 0 };
  static const SlowClient replaced12 = { replace_it, TLS12, 2 };
  static const SlowClient replaced13 = { replace_it, TLS13, 2 };
  static const SlowClient reloaded12 = { reload_without_it, TLS12, 0 };
  static const SlowClient reloaded13 = { reload_without_it, TLS13, 0 };

  test_system_init (&argc, &argv);
#define ADD(name, data, function)                                                                  \
  g_test_add ("/credential-races/" name, Fixture, data, set_up, function, tear_down)
  ADD ("slow-client/removed/tls12", &removed12, test_slow_client);
  ADD ("slow-client/removed/tls13", &removed13, test_slow_client);
  ADD ("slow-client/replaced/tls12", &replaced12, test_slow_client);
  ADD ("slow-client/replaced/tls13", &replaced13, test_slow_client);
  ADD ("slow-client/reloaded/tls12", &reloaded12, test_slow_client);
  ADD ("slow-client/reloaded/tls13", &reloaded13, test_slow_client);
  ADD ("set-and-set", NULL, test_set_and_set);
  ADD ("set-and-remove", NULL, test_set_and_remove);
  ADD ("same-label", NULL, test_same_label);
  ADD ("vanish/import", NULL, test_vanish);
  ADD ("vanish/generate", "rsa-4096", test_vanish);
  return g_test_run ();
}
