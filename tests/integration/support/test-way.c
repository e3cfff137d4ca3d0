/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-way.h"

#include <glib-unix.h>
#include <poll.h>

#include "handoff-names.h"
#include "test-channel.h"
#include "test-system.h"

#define WAY "test-way"
#define NO_REPLY "org.freedesktop.DBus.Error.NoReply"

/* A connection's channel. */
typedef struct
{
  GDBusConnection *connection; /* (unowned): owns this */
  TestChannel *channel;        /* (nullable): opened for the next call */
  guint source;                /* that reads it */
  GHashTable *calls;           /* guint32 (owned) → Call (owned), by serial */
  GHashTable *on_bus;          /* paths of sessions whose call was too large for the channel */
} Way;

/* What came of a call. */
typedef struct
{
  TestReply *reply;
  GVariant *details; /* of error (nullable) */
  GError *error;
} Outcome;

typedef struct
{
  GTask *task;      /* (owned) (nullable): somebody waits in test_way_call() */
  Outcome *outcome; /* (owned) (nullable) */
} Call;

static enum
{
  WAY_OF_ENVIRONMENT,
  WAY_BUS,
  WAY_CHANNEL
} taken;

gboolean
test_way_is_channel (void)
{
  if (taken != WAY_OF_ENVIRONMENT)
    return taken == WAY_CHANNEL;
  return g_strcmp0 (g_getenv ("HANDOFF_TEST_WAY"), "channel") == 0;
}

void
test_way_take (gboolean is_channel)
{
  taken = is_channel ? WAY_CHANNEL : WAY_BUS;
}

void
test_reply_free (TestReply *reply)
{
  g_clear_pointer (&reply->body, g_variant_unref);
  g_clear_object (&reply->fds);
  g_clear_pointer (&reply->keys, handoff_key_state_free);
  g_free (reply);
}

static void
outcome_free (Outcome *outcome)
{
  g_clear_pointer (&outcome->reply, test_reply_free);
  g_clear_pointer (&outcome->details, g_variant_unref);
  g_clear_error (&outcome->error);
  g_free (outcome);
}

static void
call_free (Call *call)
{
  g_clear_object (&call->task);
  g_clear_pointer (&call->outcome, outcome_free);
  g_free (call);
}

/* (transfer full) (nullable) */
static TestReply *
take_outcome (Outcome *outcome, GVariant **error_details, GError **error)
{
  TestReply *reply = g_steal_pointer (&outcome->reply);

  if (error_details != NULL)
    *error_details = g_steal_pointer (&outcome->details);
  if (outcome->error != NULL)
    g_propagate_error (error, g_steal_pointer (&outcome->error));
  outcome_free (outcome);
  return reply;
}

/* The bus. */

static GDBusMessage *
new_message (const TestCall *call)
{
  GDBusMessage *message =
      g_dbus_message_new_method_call (HANDOFF_BUS_NAME, call->path, call->interface, call->method);
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < call->n_fds; i++)
    {
      g_unix_fd_list_append (list, call->fds[i], &error);
      g_assert_no_error (error);
    }
  if (call->n_fds > 0)
    g_dbus_message_set_unix_fd_list (message, list);
  if (call->parameters != NULL)
    g_dbus_message_set_body (message, call->parameters);
  if (call->flags & G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION)
    g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
  return message;
}

/* reply: (nullable). error: (transfer full) (nullable) */
static Outcome *
new_bus_outcome (GDBusMessage *reply, GError *error)
{
  Outcome *outcome = g_new0 (Outcome, 1);
  GVariant *body;
  const char *text;

  outcome->error = error;
  if (error != NULL)
    return outcome;

  body = g_dbus_message_get_body (reply);
  if (g_dbus_message_get_message_type (reply) != G_DBUS_MESSAGE_TYPE_ERROR)
    {
      GUnixFDList *fds = g_dbus_message_get_unix_fd_list (reply);

      outcome->reply = g_new0 (TestReply, 1);
      outcome->reply->body = g_variant_ref_sink (body != NULL ? body : g_variant_new ("()"));
      outcome->reply->fds = fds != NULL ? g_object_ref (fds) : NULL;
    }
  else if (body != NULL && g_variant_is_of_type (body, G_VARIANT_TYPE ("(sa{sv})")))
    {
      g_variant_get (body, "(&s@a{sv})", &text, &outcome->details);
      outcome->error =
          g_dbus_error_new_for_dbus_error (g_dbus_message_get_error_name (reply), text);
    }
  else
    {
      g_dbus_message_to_gerror (reply, &outcome->error);
    }
  return outcome;
}

static void
on_bus_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GDBusMessage) reply =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, &error);

  g_task_return_pointer (task, new_bus_outcome (reply, error), (GDestroyNotify) outcome_free);
}

static Outcome *
call_on_bus (GDBusConnection *connection, GDBusMessage *message)
{
  GError *error = NULL;
  g_autoptr (GDBusMessage) reply = g_dbus_connection_send_message_with_reply_sync (
      connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, TEST_TIMEOUT_SECONDS * 1000, NULL, NULL,
      &error);

  return new_bus_outcome (reply, error);
}

/* The channel. */

static void
way_finish_call (Way *way, guint32 serial, Outcome *outcome)
{
  Call *call = g_hash_table_lookup (way->calls, GUINT_TO_POINTER (serial));
  g_autoptr (GTask) task = NULL;

  g_assert_nonnull (call);
  if (call->task == NULL)
    {
      call->outcome = outcome;
      return;
    }
  task = g_steal_pointer (&call->task);
  g_hash_table_remove (way->calls, GUINT_TO_POINTER (serial));
  g_task_return_pointer (task, outcome, (GDestroyNotify) outcome_free);
}

/* The channel has ended: what the bus would say of a service that is gone. */
static void
way_drop (Way *way)
{
  g_autoptr (GList) serials = g_hash_table_get_keys (way->calls);
  GList *link;

  g_clear_handle_id (&way->source, g_source_remove);
  g_clear_pointer (&way->channel, test_channel_free);
  for (link = serials; link != NULL; link = link->next)
    {
      Call *call = g_hash_table_lookup (way->calls, link->data);
      Outcome *outcome;

      if (call->outcome != NULL)
        continue;
      outcome = g_new0 (Outcome, 1);
      outcome->error = g_dbus_error_new_for_dbus_error (NO_REPLY, "The channel has ended");
      way_finish_call (way, GPOINTER_TO_UINT (link->data), outcome);
    }
}

static void
way_free (Way *way)
{
  g_clear_handle_id (&way->source, g_source_remove);
  g_clear_pointer (&way->channel, test_channel_free);
  g_hash_table_unref (way->calls);
  g_hash_table_unref (way->on_bus);
  g_free (way);
}

/* Blobs of the channel are opened as they come, whoever wants them. */
static Outcome *
new_channel_outcome (Way *way, HandoffChannelMessage *message)
{
  Outcome *outcome = g_new0 (Outcome, 1);
  const char *name, *text;

  if (message->kind == HANDOFF_CHANNEL_ERROR)
    {
      g_variant_get (message->body, "(&s&s@a{sv})", &name, &text, &outcome->details);
      outcome->error = g_dbus_error_new_for_dbus_error (name, text);
      /* The message on the bus has no such argument then. */
      if (g_variant_n_children (outcome->details) == 0)
        g_clear_pointer (&outcome->details, g_variant_unref);
      return outcome;
    }
  outcome->reply = g_new0 (TestReply, 1);
  outcome->reply->body = g_variant_ref (message->body);
  if (message->n_fds == 0)
    return outcome;
  outcome->reply->keys = test_channel_open_blob (way->channel, message->fds[0]);
  outcome->reply->fds = g_unix_fd_list_new_from_array (message->fds, (int) message->n_fds);
  message->n_fds = 0;
  return outcome;
}

/* Reads a message, if there is one. FALSE: there is none. */
static gboolean
way_read (Way *way)
{
  static guint8 buffer[HANDOFF_CHANNEL_MAX_MESSAGE_SIZE];
  HandoffChannelMessage message = { 0 };
  HandoffPacketStatus status;
  g_autoptr (GError) error = NULL;

  status = handoff_channel_message_receive (way->channel->fd, HANDOFF_CHANNEL_APPLICATION, buffer,
                                            &message, &error);
  g_assert_no_error (error);
  if (status == HANDOFF_PACKET_DONE)
    way_finish_call (way, message.serial, new_channel_outcome (way, &message));
  else if (status == HANDOFF_PACKET_CLOSED)
    way_drop (way);
  handoff_channel_message_clear (&message);
  return status != HANDOFF_PACKET_WOULD_BLOCK;
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  Way *way = user_data;
  G_GNUC_UNUSED g_autoptr (GDBusConnection) keep = g_object_ref (way->connection);

  way_read (way);
  return way->channel != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static Way *
way_get (GDBusConnection *connection)
{
  Way *way = g_object_get_data (G_OBJECT (connection), WAY);

  if (way != NULL)
    return way;
  way = g_new0 (Way, 1);
  way->connection = connection;
  way->calls = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) call_free);
  way->on_bus = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_object_set_data_full (G_OBJECT (connection), WAY, way, (GDestroyNotify) way_free);
  return way;
}

/* Sends, and says whether the channel took it: otherwise it has ended before. */
static gboolean
way_try_to_send (Way *way, GVariant *packed, const int *fds, guint n_fds)
{
  struct pollfd writable = { .fd = way->channel->fd, .events = POLLOUT };
  g_autoptr (GError) error = NULL;
  HandoffPacketStatus status;

  while ((status = handoff_channel_message_send (way->channel->fd, packed, fds, n_fds, &error)) ==
         HANDOFF_PACKET_WOULD_BLOCK)
    g_assert_cmpint (poll (&writable, 1, TEST_TIMEOUT_SECONDS * 1000), ==, 1);
  g_assert_no_error (error);
  g_assert_cmpint (status, !=, HANDOFF_PACKET_CROWDED);
  return status == HANDOFF_PACKET_DONE;
}

static void
way_open (Way *way)
{
  g_autoptr (GError) error = NULL;

  way->channel = test_channel_open (way->connection, &error);
  g_assert_no_error (error);
  way->source = g_unix_fd_add (way->channel->fd, G_IO_IN | G_IO_HUP, on_readable, way);
}

/* Whether the channel has the method: of the root object these, of a session all. */
static gboolean
is_on_channel (const char *interface, const char *method)
{
  static const char *const methods[] = { "HandshakeAsClient", "HandshakeAsServer", "CreateSession",
                                         "NoSuchMethod", NULL };

  return g_str_equal (interface, HANDOFF_SESSION_INTERFACE) ||
         (g_str_equal (interface, HANDOFF_MANAGER_INTERFACE) && g_strv_contains (methods, method));
}

/* Sends it on the channel, which it opens for the first call, and anew if the service has ended.
 * FALSE: it has to go on the bus. serial: (inout): 0: no reply is wanted */
static gboolean
way_send (GDBusConnection *connection, const TestCall *call, gboolean wants_reply, guint32 *serial)
{
  const gboolean interactive =
      (call->flags & G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;
  g_autoptr (GVariant) packed = NULL;
  Way *way;

  if (!test_way_is_channel () || !is_on_channel (call->interface, call->method))
    return FALSE;
  way = way_get (connection);
  if (g_hash_table_contains (way->on_bus, call->path))
    return FALSE;
  do
    {
      if (way->channel == NULL)
        way_open (way);
      *serial = wants_reply ? ++way->channel->last_serial : 0;
      g_clear_pointer (&packed, g_variant_unref);
      packed = handoff_channel_message_pack (
          HANDOFF_CHANNEL_CALL, *serial,
          handoff_channel_call_body (
              interactive ? HANDOFF_CHANNEL_INTERACTIVE : 0, call->path, call->method,
              call->parameters != NULL ? call->parameters : g_variant_new ("()")));
      if (!handoff_channel_message_fits (packed, call->n_fds))
        return FALSE;
      if (way_try_to_send (way, packed, call->fds, call->n_fds))
        return TRUE;
      /* What it said before its end. */
      while (way->channel != NULL && way_read (way))
        ;
      if (way->channel != NULL)
        way_drop (way);
    }
  while (TRUE);
}

static Call *
way_add_call (GDBusConnection *connection, guint32 serial, GTask *task)
{
  Call *call = g_new0 (Call, 1);

  call->task = task;
  g_hash_table_insert (way_get (connection)->calls, GUINT_TO_POINTER (serial), call);
  return call;
}

/* Waits for that call alone, and reads what comes before its answer. */
static Outcome *
way_wait (GDBusConnection *connection, guint32 serial)
{
  Way *way = way_get (connection);
  Call *call = way_add_call (connection, serial, NULL);
  Outcome *outcome;

  while (call->outcome == NULL)
    {
      struct pollfd readable = { .fd = way->channel->fd, .events = POLLIN };

      if (!way_read (way) && poll (&readable, 1, TEST_TIMEOUT_SECONDS * 1000) != 1)
        g_error ("waited %d seconds in vain for an answer on a channel", TEST_TIMEOUT_SECONDS);
    }
  outcome = g_steal_pointer (&call->outcome);
  g_hash_table_remove (way->calls, GUINT_TO_POINTER (serial));
  return outcome;
}

/* A session that was made on the bus, since its call was too large. */
static void
note_session (GDBusConnection *connection, TestReply *reply, const char *method)
{
  g_autoptr (GVariant) path = NULL;

  if (reply == NULL || !test_way_is_channel () || !g_str_equal (method, "CreateSession"))
    return;
  path = g_variant_get_child_value (reply->body, 0);
  g_hash_table_add (way_get (connection)->on_bus, g_variant_dup_string (path, NULL));
}

/* Both ways. */

/* They may go both ways. (transfer full) (nullable) */
static GVariant *
ref_parameters (const TestCall *call)
{
  return call->parameters != NULL ? g_variant_ref_sink (call->parameters) : NULL;
}

GVariant *
test_way_recipient_key (const guint8 *public_key)
{
  static guint n;
  const gsize size = test_way_is_channel () && n++ % 2 == 0 ? 0 : HANDOFF_RECIPIENT_KEY_SIZE;

  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, public_key, size, 1);
}

void
test_way_start (GDBusConnection *connection,
                const TestCall *call,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  G_GNUC_UNUSED g_autoptr (GVariant) keep = ref_parameters (call);
  GTask *task = g_task_new (connection, NULL, callback, user_data);
  g_autoptr (GDBusMessage) message = NULL;
  guint32 serial;

  if (way_send (connection, call, TRUE, &serial))
    {
      way_add_call (connection, serial, task);
      return;
    }
  message = new_message (call);
  g_dbus_connection_send_message_with_reply (connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE,
                                             TEST_TIMEOUT_SECONDS * 1000, NULL, NULL, on_bus_reply,
                                             task);
}

TestReply *
test_way_finish (GDBusConnection *connection,
                 GAsyncResult *result,
                 GVariant **error_details,
                 GError **error)
{
  Outcome *outcome = g_task_propagate_pointer (G_TASK (result), NULL);

  return take_outcome (outcome, error_details, error);
}

TestReply *
test_way_call (GDBusConnection *connection, const TestCall *call, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GVariant) keep = ref_parameters (call);
  g_autoptr (GDBusMessage) message = NULL;
  TestReply *reply;
  guint32 serial;

  if (way_send (connection, call, TRUE, &serial))
    return take_outcome (way_wait (connection, serial), NULL, error);
  message = new_message (call);
  reply = take_outcome (call_on_bus (connection, message), NULL, error);
  note_session (connection, reply, call->method);
  return reply;
}

void
test_way_tell (GDBusConnection *connection, const TestCall *call)
{
  G_GNUC_UNUSED g_autoptr (GVariant) keep = ref_parameters (call);
  g_autoptr (GDBusMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  guint32 serial;

  if (way_send (connection, call, FALSE, &serial))
    return;
  message = new_message (call);
  g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_dbus_connection_send_message (connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                  &error);
  g_assert_no_error (error);
  g_dbus_connection_flush_sync (connection, NULL, &error);
  g_assert_no_error (error);
}
