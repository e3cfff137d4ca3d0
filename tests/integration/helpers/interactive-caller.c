/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* interactive-caller USER PORT MODE [interactive]
 *
 * An application of a user's with an authentication agent of its own, as a desktop session has one:
 * makes a handshake with localhost:PORT, and prints a line "asked ACTION" when polkit has the agent
 * ask the user, then "done" or the error's name. The agent refuses at once (MODE refuse), never
 * answers (MODE ignore), or there is none (MODE none). */

#define POLKIT_AGENT_I_KNOW_API_IS_SUBJECT_TO_CHANGE
#include <polkitagent/polkitagent.h>

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "test-handshake.h"
#include "test-peer.h"
#include "test-system.h"

#define TEST_TYPE_AGENT (test_agent_get_type ())
G_DECLARE_FINAL_TYPE (TestAgent, test_agent, TEST, AGENT, PolkitAgentListener)

struct _TestAgent
{
  PolkitAgentListener parent_instance;
  gboolean ignores;
  GTask *unanswered; /* (owned) (nullable) */
};

G_DEFINE_TYPE (TestAgent, test_agent, POLKIT_AGENT_TYPE_LISTENER)

static void
test_agent_initiate_authentication (PolkitAgentListener *listener,
                                    const char *action_id,
                                    const char *message,
                                    const char *icon_name,
                                    PolkitDetails *details,
                                    const char *cookie,
                                    GList *identities,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  TestAgent *self = TEST_AGENT (listener);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  printf ("asked %s\n", action_id);
  fflush (stdout);
  if (self->ignores)
    self->unanswered = g_steal_pointer (&task);
  else
    g_task_return_boolean (task, TRUE); /* without an identity authenticated: the user said no */
}

static gboolean
test_agent_initiate_authentication_finish (PolkitAgentListener *listener,
                                           GAsyncResult *result,
                                           GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
test_agent_finalize (GObject *object)
{
  g_clear_object (&TEST_AGENT (object)->unanswered);
  G_OBJECT_CLASS (test_agent_parent_class)->finalize (object);
}

static void
test_agent_class_init (TestAgentClass *class)
{
  PolkitAgentListenerClass *listener_class = POLKIT_AGENT_LISTENER_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = test_agent_finalize;
  listener_class->initiate_authentication = test_agent_initiate_authentication;
  listener_class->initiate_authentication_finish = test_agent_initiate_authentication_finish;
}

static void
test_agent_init (TestAgent *self)
{
}

static void
become (const char *user)
{
  struct passwd *entry = getpwnam (user);

  if (entry == NULL || setgroups (0, NULL) != 0 ||
      setresgid (entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0 ||
      setresuid (entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0)
    g_error ("cannot become user %s", user);
}

int
main (int argc, char **argv)
{
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (PolkitAgentListener) agent = NULL;
  g_autoptr (PolkitSubject) subject = NULL;
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  gpointer registration = NULL;
  int socket;

  g_assert_cmpint (argc, >=, 4);
  become (argv[1]);
  connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &error);
  g_assert_no_error (error);
  if (!g_str_equal (argv[3], "none"))
    {
      agent = g_object_new (TEST_TYPE_AGENT, NULL);
      TEST_AGENT (agent)->ignores = g_str_equal (argv[3], "ignore");
      subject = polkit_unix_process_new_for_owner (getpid (), 0, getuid ());
      registration =
          polkit_agent_listener_register (agent, POLKIT_AGENT_REGISTER_FLAGS_NONE, subject,
                                          "/org/tlshandoff/test/Agent", NULL, &error);
      g_assert_no_error (error);
    }

  socket = test_connect ((guint16) g_ascii_strtoull (argv[2], NULL, 10));
  if (argc > 4 && g_str_equal (argv[4], "interactive"))
    handshake =
        test_handshake_interactive (connection, socket, "localhost", test_options (NULL), &error);
  else
    handshake = test_handshake (connection, socket, "localhost", test_options (NULL), &error);
  close (socket);
  name = error == NULL ? g_strdup ("done") : g_dbus_error_get_remote_error (error);
  printf ("%s\n", name == NULL ? error->message : name);
  if (registration != NULL)
    polkit_agent_listener_unregister (registration);
  return 0;
}
