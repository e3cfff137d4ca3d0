/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Threads: all functions may be called on any thread. GDBus sends and receives on a thread of its
 * own. make_connection() blocks, and runs where no main context is the thread's default: often on a
 * thread of its own.
 *
 * Locks: own.lock guards own.connection; the lock of a HandoffServiceBus guards its connections.
 * Nobody holds both, and nobody waits for the bus while holding one of them.
 *
 * Processes: own.process is the process that called first, and the process of a HandoffServiceBus
 * is the one that made it. In another process, no lock is touched and no connection is used. */

#include "config.h"

#include "call/service-bus.h"

#include <pwd.h>
#include <unistd.h>

#include "keyblob/handoff-names.h"
#include "call/process.h"
#include "call/service-error.h"
#include "phrasebook/library-text.h"

/* How often a call is sent anew that came too late for a service that ends. */
#define MAX_REPEATS 2
#define USER_ENTRY_SIZE 16384 /* bytes; an entry that does not fit counts as found */

struct _HandoffServiceBus
{
  gatomicrefcount ref_count;
  pid_t process;            /* the one that made it */
  gboolean is_given;        /* whether by the application */
  gboolean is_peer_to_peer; /* whether it leads to the service itself, not to a bus */
  GMutex lock;
  /* (owned) (element-type GDBusConnection): with the lock. The last one is in use. A closed one
   * stays: the application may have borrowed it. */
  GPtrArray *connections;
};

/* The process's own connection, for every HandoffServiceBus that was not given one. */
static struct
{
  pid_t process; /* atomic: the one that uses it; 0: none yet */
  GMutex lock;
  GDBusConnection *connection; /* (owned) (nullable): with the lock */
} own;

HandoffServiceBus *
handoff_service_bus_new (GDBusConnection *connection)
{
  HandoffServiceBus *self = g_new0 (HandoffServiceBus, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->process = getpid ();
  g_mutex_init (&self->lock);
  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  if (connection != NULL)
    {
      self->is_given = TRUE;
      self->is_peer_to_peer = g_dbus_connection_get_unique_name (connection) == NULL;
      g_ptr_array_add (self->connections, g_object_ref (connection));
    }
  return self;
}

HandoffServiceBus *
handoff_service_bus_ref (HandoffServiceBus *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_service_bus_unref (HandoffServiceBus *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  /* In a forked child the mutex may stay locked for ever, and the thread that would close the
   * connection does not exist. */
  if (!handoff_process_is_forked_from (self->process))
    {
      g_ptr_array_unref (self->connections);
      g_mutex_clear (&self->lock);
    }
  g_free (self);
}

gboolean
handoff_service_bus_is_given (HandoffServiceBus *self)
{
  return self->is_given;
}

const char *
handoff_service_bus_get_destination (HandoffServiceBus *self)
{
  return self->is_peer_to_peer ? NULL : HANDOFF_BUS_NAME;
}

GDBusConnection *
handoff_service_bus_get_connection (HandoffServiceBus *self)
{
  GDBusConnection *connection = NULL;

  if (handoff_process_is_forked_from (self->process))
    return NULL;

  g_mutex_lock (&self->lock);
  if (self->connections->len > 0)
    connection = self->connections->pdata[self->connections->len - 1];
  g_mutex_unlock (&self->lock);
  return connection;
}

/* GDBus notices the end of the bus on its own thread. That may not have run yet, so the socket is
 * asked, too. */
static gboolean
is_alive (GDBusConnection *connection)
{
  GIOStream *stream = g_dbus_connection_get_stream (connection);

  if (g_dbus_connection_is_closed (connection))
    return FALSE;
  return !G_IS_SOCKET_CONNECTION (stream) ||
         !(g_socket_condition_check (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)),
                                     G_IO_HUP) &
           G_IO_HUP);
}

/* Called before any mutex is locked. */
gboolean
handoff_service_bus_check_process (HandoffServiceBus *self, GError **error)
{
  const pid_t process = getpid ();

  if (!self->is_given)
    g_atomic_int_compare_and_exchange (&own.process, 0, process);
  if (self->process == process && (self->is_given || g_atomic_int_get (&own.process) == process))
    return TRUE;

  g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED,
                       _ ("This process was forked from one that uses the TLS Handoff service, and "
                          "cannot call it; fork before the first handshake, or execute a program"));
  return FALSE;
}

/* Keeps the connection of a call that begins: the application may borrow it. */
static void
note_connection (HandoffServiceBus *self, GDBusConnection *connection)
{
  g_mutex_lock (&self->lock);
  if (self->connections->len == 0 ||
      self->connections->pdata[self->connections->len - 1] != connection)
    g_ptr_array_add (self->connections, g_object_ref (connection));
  g_mutex_unlock (&self->lock);
}

/* The connection that exists and can be used. (transfer full) (nullable) */
static GDBusConnection *
dup_alive (HandoffServiceBus *self)
{
  GDBusConnection *connection = NULL;

  if (self->is_given)
    return g_object_ref (self->connections->pdata[0]);

  g_mutex_lock (&own.lock);
  if (own.connection != NULL && is_alive (own.connection))
    connection = g_object_ref (own.connection);
  g_mutex_unlock (&own.lock);
  if (connection != NULL)
    note_connection (self, connection);
  return connection;
}

/* Makes connection the process's own, unless another thread has made one meanwhile. connection:
 * consumed. (transfer full): the one to use */
static GDBusConnection *
publish (GDBusConnection *connection)
{
  g_mutex_lock (&own.lock);
  if (own.connection == NULL || !is_alive (own.connection))
    g_set_object (&own.connection, connection);
  else
    g_set_object (&connection, own.connection);
  g_mutex_unlock (&own.lock);
  return connection;
}

/* Why the bus hung up, if the reason is the user of this process: dbus-daemon refuses a user whose
 * groups it cannot look up. Containers have such users. May block. (transfer full): empty if the
 * reason is another one */
static char *
describe_unknown_user (const GError *cause)
{
  const uid_t uid = geteuid ();
  struct passwd entry, *found = NULL;
  g_autofree char *buffer = g_malloc (USER_ENTRY_SIZE);

  if ((!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CLOSED) &&
       !g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)) ||
      getpwuid_r (uid, &entry, buffer, USER_ENTRY_SIZE, &found) != 0 || found != NULL)
    return g_strdup ("");
  return g_strdup_printf (_ ("; this process runs with user id %u, which has no entry in the user "
                             "database (passwd), and the bus refuses a user without an entry"),
                          (guint) uid);
}

/* Blocks. Runs on a thread that has no default context of its own: so the connection belongs to the
 * main context of the process, and not to a context of the caller, which may end earlier. (transfer
 * full) */
static GDBusConnection *
make_connection (HandoffServiceBus *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *address = NULL;
  g_autoptr (GError) cause = NULL;
  GDBusConnection *connection = NULL;

  address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SYSTEM, cancellable, &cause);
  if (address != NULL)
    connection =
        g_dbus_connection_new_for_address_sync (address,
                                                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                    G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                NULL, cancellable, &cause);
  if (connection != NULL)
    {
      connection = publish (connection);
      note_connection (self, connection);
      return connection;
    }

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&cause));
  else
    {
      g_autofree char *user = describe_unknown_user (cause);

      /* Whatever the reason is, permissions of the socket too: there is no service. */
      g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_SERVER,
                   _ ("The system bus, and so the TLS Handoff service, cannot be reached: %s%s"),
                   cause->message, user);
    }
  return NULL;
}

/* What a blocking call tells the thread that makes the connection. */
typedef struct
{
  HandoffServiceBus *bus;
  GCancellable *cancellable; /* (nullable) */
  GError **error;
} Making;

static gpointer
making_thread (gpointer user_data)
{
  Making *making = user_data;

  return make_connection (making->bus, making->cancellable, making->error);
}

GDBusConnection *
handoff_service_bus_connect_sync (HandoffServiceBus *self,
                                  GCancellable *cancellable,
                                  GError **error)
{
  Making making = { self, cancellable, error };
  GDBusConnection *connection;

  if (!handoff_service_bus_check_process (self, error))
    return NULL;
  connection = dup_alive (self);
  if (connection != NULL)
    return connection;

  /* A thread costs time and memory (an arena of the allocator) that most programs need not pay. */
  if (g_main_context_get_thread_default () == NULL)
    return make_connection (self, cancellable, error);
  return g_thread_join (g_thread_new ("tls-handoff-bus", making_thread, &making));
}

static void
make_connection_in_thread (GTask *task,
                           gpointer source,
                           gpointer task_data,
                           GCancellable *cancellable)
{
  GError *error = NULL;
  GDBusConnection *connection = make_connection (task_data, cancellable, &error);

  if (connection != NULL)
    g_task_return_pointer (task, connection, g_object_unref);
  else
    g_task_return_error (task, error);
}

void
handoff_service_bus_connect_async (HandoffServiceBus *self,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  GDBusConnection *connection;
  GError *error = NULL;

  g_task_set_source_tag (task, handoff_service_bus_connect_async);
  g_task_set_task_data (task, handoff_service_bus_ref (self),
                        (GDestroyNotify) handoff_service_bus_unref);
  if (!handoff_service_bus_check_process (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  connection = dup_alive (self);
  if (connection != NULL)
    g_task_return_pointer (task, connection, g_object_unref);
  else
    g_task_run_in_thread (task, make_connection_in_thread);
}

GDBusConnection *
handoff_service_bus_connect_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Whether the call came too late for a service that ends: it has not begun anything, and gave its
 * name back before it said so. Who calls the name again gets the next one. A session has ended with
 * its service. */
static gboolean
came_too_late (GDBusMessage *call, GDBusMessage *reply)
{
  const char *sender = g_dbus_message_get_sender (reply);

  return g_strcmp0 (g_dbus_message_get_error_name (reply), HANDOFF_ERROR_ENDING) == 0 &&
         sender != NULL && g_dbus_is_unique_name (sender) &&
         g_strcmp0 (g_dbus_message_get_destination (call), HANDOFF_BUS_NAME) == 0 &&
         !g_str_has_prefix (g_dbus_message_get_path (call), HANDOFF_SESSIONS_PATH "/");
}

GDBusMessage *
handoff_service_bus_send_sync (HandoffServiceBus *self,
                               GDBusMessage *call,
                               GDBusConnection **connection,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (GDBusConnection) used = NULL;
  g_autoptr (GDBusMessage) sent = g_object_ref (call);
  GDBusMessage *reply;
  guint i;

  used = handoff_service_bus_connect_sync (self, cancellable, error);
  if (used == NULL)
    return NULL;
  for (i = 0;; i++)
    {
      GDBusMessage *copy;

      reply = g_dbus_connection_send_message_with_reply_sync (
          used, sent, G_DBUS_SEND_MESSAGE_FLAGS_NONE, G_MAXINT, NULL, cancellable, error);
      if (reply == NULL || i == MAX_REPEATS || !came_too_late (call, reply))
        break;
      copy = g_dbus_message_copy (call, NULL);
      if (copy == NULL)
        break;
      g_object_unref (reply);
      g_object_unref (sent);
      sent = copy;
    }
  if (reply == NULL)
    handoff_service_error_explain (error);
  else if (connection != NULL)
    *connection = g_steal_pointer (&used);
  return reply;
}

/* A call that waits for its connection, and then for its reply; the data of its task. */
typedef struct
{
  GDBusMessage *call;          /* (owned) */
  GDBusConnection *connection; /* (owned) (nullable): where it was sent */
  guint n_repeats;
} Sending;

static void
sending_free (Sending *sending)
{
  g_object_unref (sending->call);
  g_clear_object (&sending->connection);
  g_free (sending);
}

static void replied_cb (GObject *source, GAsyncResult *result, gpointer user_data);

/* message: the call, or a copy of it. task: (transfer full) */
static void
send_message (GTask *task, GDBusMessage *message)
{
  Sending *sending = g_task_get_task_data (task);

  g_dbus_connection_send_message_with_reply (sending->connection, message,
                                             G_DBUS_SEND_MESSAGE_FLAGS_NONE, G_MAXINT, NULL,
                                             g_task_get_cancellable (task), replied_cb, task);
}

/* Sends the call anew if it came too late. */
static gboolean
repeat (GTask *task, GDBusMessage *reply)
{
  Sending *sending = g_task_get_task_data (task);
  g_autoptr (GDBusMessage) copy = NULL;

  if (sending->n_repeats == MAX_REPEATS || !came_too_late (sending->call, reply))
    return FALSE;
  copy = g_dbus_message_copy (sending->call, NULL);
  if (copy == NULL)
    return FALSE;
  sending->n_repeats++;
  send_message (g_object_ref (task), copy);
  return TRUE;
}

static void
replied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GDBusMessage *reply;
  GError *error = NULL;

  reply =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply != NULL && repeat (task, reply))
    {
      g_object_unref (reply);
      return;
    }
  if (reply != NULL)
    {
      g_task_return_pointer (task, reply, g_object_unref);
      return;
    }
  handoff_service_error_explain (&error);
  g_task_return_error (task, error);
}

/* task: (transfer full) */
static void
send_on (GTask *task, GDBusConnection *connection)
{
  Sending *sending = g_task_get_task_data (task);

  sending->connection = connection;
  send_message (task, sending->call);
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GDBusConnection *connection;
  GError *error = NULL;

  connection = handoff_service_bus_connect_finish (result, &error);
  if (connection == NULL)
    g_task_return_error (task, error);
  else
    send_on (g_steal_pointer (&task), connection);
}

void
handoff_service_bus_send_async (HandoffServiceBus *self,
                                GDBusMessage *call,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Sending *sending = g_new0 (Sending, 1);
  GDBusConnection *connection;
  GError *error = NULL;

  g_task_set_source_tag (task, handoff_service_bus_send_async);
  /* A reply that came is reported, even if the call was cancelled meanwhile. */
  g_task_set_check_cancellable (task, FALSE);
  sending->call = g_object_ref (call);
  g_task_set_task_data (task, sending, (GDestroyNotify) sending_free);

  if (!handoff_service_bus_check_process (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  connection = dup_alive (self);
  if (connection != NULL)
    send_on (g_steal_pointer (&task), connection);
  else
    handoff_service_bus_connect_async (self, cancellable, connected_cb, g_steal_pointer (&task));
}

GDBusMessage *
handoff_service_bus_send_finish (GAsyncResult *result, GDBusConnection **connection, GError **error)
{
  GDBusMessage *reply = g_task_propagate_pointer (G_TASK (result), error);
  Sending *sending = g_task_get_task_data (G_TASK (result));

  if (reply != NULL && connection != NULL)
    *connection = g_object_ref (sending->connection);
  return reply;
}
