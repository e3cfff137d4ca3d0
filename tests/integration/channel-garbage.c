/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What no application sends on a channel. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-channel.h"
#include "test-handshake.h"
#include "test-system.h"
#include "tls-handoff-error.h"

/* (transfer full): packed */
static GVariant *
new_call (guint32 serial, const char *path, const char *method, const char *arguments)
{
  return handoff_channel_message_pack (
      HANDOFF_CHANNEL_CALL, serial,
      handoff_channel_call_body (0, path, method, g_variant_new_parsed (arguments)));
}

typedef void (*Garbage) (TestChannel *channel);

static void
send_noise (TestChannel *channel)
{
  guint8 noise[1000];

  memset (noise, 0xa5, sizeof noise);
  test_channel_send_bytes (channel, noise, sizeof noise);
}

static void
send_one_byte (TestChannel *channel)
{
  test_channel_send_bytes (channel, "x", 1);
}

static void
send_nothing (TestChannel *channel)
{
  test_channel_send_bytes (channel, "", 0);
}

static void
send_text (TestChannel *channel)
{
  const char *text = "GET / HTTP/1.1\r\n\r\n";

  test_channel_send_bytes (channel, text, strlen (text));
}

/* Of a kind of the service's. */
static void
send_reply (TestChannel *channel)
{
  g_autoptr (GVariant) packed =
      handoff_channel_message_pack (HANDOFF_CHANNEL_REPLY, 1, g_variant_new ("()"));

  test_channel_send_packed (channel, packed, NULL, 0);
}

static void
send_unknown_kind (TestChannel *channel)
{
  g_autoptr (GVariant) packed =
      g_variant_ref_sink (g_variant_new ("(yuv)", (guint8) 99, 1, g_variant_new ("()")));

  test_channel_send_packed (channel, packed, NULL, 0);
}

static void
send_wrong_body (TestChannel *channel)
{
  g_autoptr (GVariant) packed = g_variant_ref_sink (
      g_variant_new ("(yuv)", (guint8) HANDOFF_CHANNEL_CALL, 1, g_variant_new ("(s)", "call me")));

  test_channel_send_packed (channel, packed, NULL, 0);
}

static void
send_other_byte_order (TestChannel *channel)
{
  g_autoptr (GVariant) packed = handoff_channel_message_pack (
      HANDOFF_CHANNEL_CALL, 1,
      handoff_channel_call_body (HANDOFF_CHANNEL_INTERACTIVE, HANDOFF_ROOT_PATH, "CreateSession",
                                 g_variant_new ("()")));
  g_autoptr (GVariant) swapped = g_variant_byteswap (packed);

  test_channel_send_packed (channel, swapped, NULL, 0);
}

static void
send_unknown_flags (TestChannel *channel)
{
  g_autoptr (GVariant) packed = handoff_channel_message_pack (
      HANDOFF_CHANNEL_CALL, 1,
      handoff_channel_call_body (128, HANDOFF_ROOT_PATH, "CreateSession", g_variant_new ("()")));

  test_channel_send_packed (channel, packed, NULL, 0);
}

static void
send_serial_twice (TestChannel *channel)
{
  g_autoptr (GVariant) packed = NULL;
  int sockets[2];

  test_tcp_pair (sockets);
  test_channel_start (channel, sockets[0], "localhost", test_options (NULL));
  packed = new_call (channel->last_serial, HANDOFF_ROOT_PATH, "CreateSession",
                     "('client', 'localhost', @a{sv} {})");
  test_channel_send_packed (channel, packed, NULL, 0);
  close (sockets[0]);
  close (sockets[1]);
}

static void
send_with_fds (TestChannel *channel, guint n)
{
  union
  {
    struct cmsghdr alignment;
    guint8 bytes[CMSG_SPACE (253 * sizeof (int))];
  } control = { 0 };
  g_autoptr (GVariant) packed =
      new_call (1, HANDOFF_ROOT_PATH, "CreateSession", "('client', 'localhost', @a{sv} {})");
  struct iovec part = { (gpointer) g_variant_get_data (packed), g_variant_get_size (packed) };
  struct msghdr header = { .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = CMSG_SPACE (n * sizeof (int)) };
  struct cmsghdr *rights = CMSG_FIRSTHDR (&header);
  guint i;

  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN (n * sizeof (int));
  for (i = 0; i < n; i++)
    memcpy (CMSG_DATA (rights) + i * sizeof (int), &channel->fd, sizeof channel->fd);
  g_assert_cmpint (sendmsg (channel->fd, &header, MSG_NOSIGNAL), >, 0);
}

static void
send_nine_descriptors (TestChannel *channel)
{
  send_with_fds (channel, HANDOFF_CHANNEL_MAX_DESCRIPTORS + 1);
}

static void
send_all_descriptors (TestChannel *channel)
{
  send_with_fds (channel, 253);
}

static void
send_cancel_with_descriptor (TestChannel *channel)
{
  g_autoptr (GVariant) packed =
      handoff_channel_message_pack (HANDOFF_CHANNEL_CANCEL, 1, g_variant_new ("()"));

  test_channel_send_packed (channel, packed, &channel->fd, 1);
}

static const struct
{
  const char *name;
  Garbage send;
} garbage[] = {
  { "noise", send_noise },
  { "one byte", send_one_byte },
  { "nothing", send_nothing },
  { "text", send_text },
  { "a reply", send_reply },
  { "an unknown kind", send_unknown_kind },
  { "a body of another type", send_wrong_body },
  { "another byte order", send_other_byte_order },
  { "unknown flags", send_unknown_flags },
  { "a serial that is in use", send_serial_twice },
  { "nine descriptors", send_nine_descriptors },
  { "253 descriptors", send_all_descriptors },
  { "a cancel with a descriptor", send_cancel_with_descriptor },
};

/* Breaks if a message that breaks the rules does more than end its channel, or not even that. */
static void
test_garbage (TestChannelFixture *f, gconstpointer data)
{
  const GPid pid = test_service_get_pid ();
  guint i;

  for (i = 0; i < G_N_ELEMENTS (garbage); i++)
    {
      g_autoptr (TestChannel) channel = test_channel_open_now (f->alice);

      g_test_message ("%s", garbage[i].name);
      garbage[i].send (channel);
      test_channel_expect_end (channel);
      test_channel_check (f, f->channel);
    }
  g_assert_cmpint (test_service_get_pid (), ==, pid);
}

/* Breaks if arguments of the wrong size or shape do more than fail. */
static void
test_descriptors (TestChannelFixture *f, gconstpointer data)
{
  const int fds[HANDOFF_CHANNEL_MAX_DESCRIPTORS] = { 0, 1, 2, 0, 1, 2, 0, 1 };
  static const char *const indices[] = { "0", "7", "8", "-1", "2147483647" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (indices); i++)
    {
      g_autofree char *arguments =
          g_strdup_printf ("(handle %s, 'localhost', @ay [], @a{sv} {})", indices[i]);
      g_autoptr (TestAnswer) answer = test_channel_wait (
          f->channel,
          test_channel_send (f->channel, HANDOFF_ROOT_PATH, "HandshakeAsClient",
                             g_variant_new_parsed (arguments), fds, G_N_ELEMENTS (fds)));

      g_assert_nonnull (answer->error);
      g_assert_cmpint (answer->error->domain, ==, TLS_HANDOFF_ERROR);
    }
  test_channel_check (f, f->channel);
}

/* Breaks if options of OpenChannel are not checked. */
static void
test_open (TestChannelFixture *f, gconstpointer data)
{
  static const struct
  {
    const char *options;
    const char *text;
  } cases[] = {
    { "(@a{sv} {},)", "required" },
    { "({'recipient-key': <'x'>},)", "32 bytes" },
    { "({'recipient-key': <b'x'>},)", "32 bytes" },
    { "({'recipient-key': <@ay []>},)", "32 bytes" },
    { "({'recipient-key': <@ay [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
      "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]>},)",
      NULL },
    { "({'recipient-keys': <b'x'>},)", "recipient-keys" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (test_call (f->alice, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                                "OpenChannel", g_variant_new_parsed (cases[i].options), &error));
      test_assert_remote_error (error, "InvalidArgument", cases[i].text);
    }
  test_channel_check (f, f->channel);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);

#define TEST(name, function)                                                                       \
  g_test_add (name, TestChannelFixture, NULL, test_channel_set_up, function, test_channel_tear_down)
  TEST ("/channel-garbage/open", test_open);
  TEST ("/channel-garbage/garbage", test_garbage);
  TEST ("/channel-garbage/descriptors", test_descriptors);

  return g_test_run ();
}
