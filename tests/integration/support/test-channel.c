/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-channel.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "key-blob.h"
#include "test-handshake.h"
#include "test-system.h"

/* In the header of a key blob (docs/KEY-BLOB.md). */
#define KEM_OFFSET 10

/* The options of OpenChannel(). (transfer floating) */
static GVariant *
new_options (const guint8 public_key[HANDOFF_HPKE_KEY_SIZE])
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (
      &dict, HANDOFF_OPTION_RECIPIENT_KEY,
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, public_key, HANDOFF_HPKE_KEY_SIZE, 1));
  return g_variant_new ("(@a{sv})", g_variant_dict_end (&dict));
}

TestChannel *
test_channel_open (GDBusConnection *connection, GError **error)
{
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) details = NULL;
  g_autoptr (GVariant) enc = NULL;
  g_autoptr (GError) local_error = NULL;
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE], public_key[HANDOFF_HPKE_KEY_SIZE];
  TestChannel *channel;
  gconstpointer data;
  gint32 handle;
  gsize size;

  handoff_hpke_generate_key_pair (private_key, public_key, &local_error);
  g_assert_no_error (local_error);
  reply = g_dbus_connection_call_with_unix_fd_list_sync (
      connection, HANDOFF_BUS_NAME, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "OpenChannel",
      new_options (public_key), G_VARIANT_TYPE ("(ha{sv})"), G_DBUS_CALL_FLAGS_NONE,
      TEST_TIMEOUT_SECONDS * 1000, NULL, &fds, NULL, error);
  if (reply == NULL)
    return NULL;

  channel = g_new0 (TestChannel, 1);
  g_queue_init (&channel->answers);
  memcpy (channel->recipient_key, public_key, sizeof public_key);
  memcpy (channel->private_key, private_key, sizeof private_key);
  g_variant_get (reply, "(h@a{sv})", &handle, &details);
  channel->fd = g_unix_fd_list_get (fds, handle, &local_error);
  g_assert_no_error (local_error);
  g_assert_true (
      g_variant_lookup (details, HANDOFF_DETAIL_MAXIMUM_CALLS, "u", &channel->maximum_calls));
  enc =
      g_variant_lookup_value (details, HANDOFF_DETAIL_ENCAPSULATED_KEY, G_VARIANT_TYPE_BYTESTRING);
  data = g_variant_get_fixed_array (enc, &size, 1);
  g_assert_cmpuint (size, ==, HANDOFF_HPKE_KEY_SIZE);
  memcpy (channel->encapsulated_key, data, size);
  channel->opener = handoff_blob_opener_new (private_key, data, &local_error);
  g_assert_no_error (local_error);
  return channel;
}

void
test_channel_free (TestChannel *channel)
{
  close (channel->fd);
  handoff_blob_opener_free (channel->opener);
  g_queue_clear_full (&channel->answers, (GDestroyNotify) test_answer_free);
  g_free (channel);
}

void
test_answer_free (TestAnswer *answer)
{
  handoff_channel_message_clear (&answer->message);
  g_clear_error (&answer->error);
  g_clear_pointer (&answer->keys, handoff_key_state_free);
  g_free (answer);
}

static void
wait_for (TestChannel *channel, short events)
{
  struct pollfd poll_fd = { .fd = channel->fd, .events = events };

  g_assert_cmpint (poll (&poll_fd, 1, TEST_TIMEOUT_SECONDS * 1000), ==, 1);
}

void
test_channel_send_packed (TestChannel *channel, GVariant *packed, const int *fds, guint n_fds)
{
  g_autoptr (GError) error = NULL;
  HandoffPacketStatus status;

  while ((status = handoff_channel_message_send (channel->fd, packed, fds, n_fds, &error)) ==
         HANDOFF_PACKET_WOULD_BLOCK)
    wait_for (channel, POLLOUT);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, HANDOFF_PACKET_DONE);
}

void
test_channel_send_bytes (TestChannel *channel, gconstpointer bytes, gsize size)
{
  g_assert_cmpint (send (channel->fd, bytes, size, MSG_NOSIGNAL), ==, (gssize) size);
}

guint32
test_channel_send (TestChannel *channel,
                   const char *path,
                   const char *method,
                   GVariant *arguments,
                   const int *fds,
                   guint n_fds)
{
  const guint32 serial = ++channel->last_serial;
  g_autoptr (GVariant) packed = handoff_channel_message_pack (
      HANDOFF_CHANNEL_CALL, serial, handoff_channel_call_body (0, path, method, arguments));

  test_channel_send_packed (channel, packed, fds, n_fds);
  return serial;
}

void
test_channel_cancel (TestChannel *channel, guint32 serial)
{
  g_autoptr (GVariant) packed =
      handoff_channel_message_pack (HANDOFF_CHANNEL_CANCEL, serial, g_variant_new ("()"));

  test_channel_send_packed (channel, packed, NULL, 0);
}

HandoffKeyState *
test_channel_open_blob (TestChannel *channel, int blob)
{
  g_autoptr (GError) error = NULL;
  HandoffKeyState *keys;
  guint8 kem[2];

  g_assert_cmpint (pread (blob, kem, sizeof kem, KEM_OFFSET), ==, sizeof kem);
  if ((kem[0] << 8 | kem[1]) != HANDOFF_KEY_BLOB_KEM_OF_CHANNEL)
    return NULL;
  keys = handoff_blob_opener_open (channel->opener, blob, &error);
  g_assert_no_error (error);
  return keys;
}

TestAnswer *
test_channel_receive (TestChannel *channel)
{
  g_autofree guint8 *buffer = g_malloc (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
  g_autoptr (TestAnswer) answer = g_new0 (TestAnswer, 1);
  g_autoptr (GError) error = NULL;
  HandoffPacketStatus status;

  while ((status = handoff_channel_message_receive (channel->fd, HANDOFF_CHANNEL_APPLICATION,
                                                    buffer, &answer->message, &error)) ==
         HANDOFF_PACKET_WOULD_BLOCK)
    wait_for (channel, POLLIN);
  g_assert_no_error (error);
  if (status != HANDOFF_PACKET_DONE)
    return NULL;
  if (answer->message.kind == HANDOFF_CHANNEL_ERROR)
    answer->error = handoff_channel_message_get_error (&answer->message);
  else if (answer->message.n_fds > 0)
    answer->keys = test_channel_open_blob (channel, answer->message.fds[0]);
  return g_steal_pointer (&answer);
}

TestAnswer *
test_channel_wait (TestChannel *channel, guint32 serial)
{
  GList *link;
  TestAnswer *answer;

  for (link = channel->answers.head; link != NULL; link = link->next)
    {
      answer = link->data;
      if (answer->message.serial != serial)
        continue;
      g_queue_delete_link (&channel->answers, link);
      return answer;
    }
  for (;;)
    {
      answer = test_channel_receive (channel);
      g_assert_nonnull (answer);
      if (answer->message.serial == serial)
        return answer;
      g_queue_push_tail (&channel->answers, answer);
    }
}

void
test_channel_expect_end (TestChannel *channel)
{
  TestAnswer *answer;

  while ((answer = test_channel_receive (channel)) != NULL)
    test_answer_free (answer);
}

GVariant *
test_channel_call (
    TestChannel *channel, const char *path, const char *method, GVariant *arguments, GError **error)
{
  g_autoptr (TestAnswer) answer =
      test_channel_wait (channel, test_channel_send (channel, path, method, arguments, NULL, 0));

  if (answer->error == NULL)
    return g_variant_ref (answer->message.body);
  g_propagate_error (error, g_steal_pointer (&answer->error));
  return NULL;
}

guint32
test_channel_start (TestChannel *channel, int socket, const char *identity, GVariant *options)
{
  GVariant *key = g_variant_new_array (G_VARIANT_TYPE_BYTE, NULL, 0);
  GVariant *arguments;

  if (options == NULL)
    options = g_variant_new ("a{sv}", NULL);
  arguments = identity != NULL ? g_variant_new ("(hs@ay@a{sv})", 0, identity, key, options)
                               : g_variant_new ("(h@ay@a{sv})", 0, key, options);
  return test_channel_send (channel, HANDOFF_ROOT_PATH,
                            identity != NULL ? "HandshakeAsClient" : "HandshakeAsServer", arguments,
                            &socket, 1);
}

HandoffKeyState *
test_channel_finish (TestChannel *channel, guint32 serial, char **session, GError **error)
{
  g_autoptr (TestAnswer) answer = test_channel_wait (channel, serial);
  const char *state, *path;

  if (answer->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&answer->error));
      return NULL;
    }
  g_variant_get (answer->message.body, "(&s&o@a{sv})", &state, &path, NULL);
  g_assert_cmpstr (state, ==, HANDOFF_STATE_COMPLETE);
  g_assert_nonnull (answer->keys);
  if (session != NULL)
    *session = g_strdup (path);
  return g_steal_pointer (&answer->keys);
}

HandoffKeyState *
test_channel_handshake (
    TestChannel *channel, int socket, const char *identity, GVariant *options, GError **error)
{
  return test_channel_finish (channel, test_channel_start (channel, socket, identity, options),
                              NULL, error);
}

TestChannel *
test_channel_open_now (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;
  TestChannel *channel = test_channel_open (connection, &error);

  g_assert_no_error (error);
  return channel;
}

void
test_channel_set_up (TestChannelFixture *f, gconstpointer data)
{
  f->alice = test_bus_connect ("alice");
  f->peer = test_peer_new_openssl ("ecdsa", NULL);
  f->channel = test_channel_open_now (f->alice);
}

void
test_channel_tear_down (TestChannelFixture *f, gconstpointer data)
{
  g_clear_pointer (&f->channel, test_channel_free);
  if (f->alice != NULL)
    test_bus_vanish (f->alice);
  g_clear_pointer (&f->peer, test_peer_free);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
  test_statistic_wait ("channels", 0);
}

void
test_channel_check (TestChannelFixture *f, TestChannel *channel)
{
  const int socket = test_peer_connect (f->peer);
  g_autoptr (GError) error = NULL;
  G_GNUC_UNUSED g_autoptr (HandoffKeyState) keys =
      test_channel_handshake (channel, socket, "localhost", test_options (NULL), &error);

  g_assert_no_error (error);
  close (socket);
}

void
test_channel_start_anew (TestChannelFixture *f, const char *configuration)
{
  test_service_stop ();
  test_service_set_config (configuration);
  g_clear_pointer (&f->channel, test_channel_free);
  f->channel = test_channel_open_now (f->alice);
}

void
test_channel_end_anew (TestChannelFixture *f)
{
  g_clear_pointer (&f->channel, test_channel_free);
  test_service_stop ();
  test_service_set_config (NULL);
}
