/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The way back of a channel, without a channel. */

#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel/channel-remains.h"
#include "keyblob/cipher-suite.h"
#include "keyblob/tls-handoff-error.h"
#include "tests/keyblob/keyblob-fixture.h"

#define USER 1000

/* A channel's socket, with its way back, and the application's end. */
typedef struct
{
  int sockets[2]; /* the service's, the application's */
  HandoffQuota *unread;
  HandoffChannelReplies *replies;
  HandoffBlobOpener *opener;
  GArray *sent; /* (element-type guint32): serials */
} Fixture;

static void
note_sent (guint32 serial, gpointer user_data)
{
  Fixture *f = user_data;

  g_array_append_val (f->sent, serial);
}

/* unread: (transfer none) */
static void
make (Fixture *f, HandoffQuota *unread)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE], public_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  HandoffBlobSealer *sealer;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, f->sockets), ==, 0);
  handoff_hpke_generate_key_pair (private_key, public_key, &error);
  g_assert_no_error (error);
  sealer = handoff_blob_sealer_new (public_key, enc, &error);
  g_assert_no_error (error);
  f->opener = handoff_blob_opener_new (private_key, enc, &error);
  g_assert_no_error (error);
  f->unread = unread;
  f->sent = g_array_new (FALSE, FALSE, sizeof (guint32));
  f->replies = handoff_channel_replies_new (f->sockets[0], sealer, unread, USER, note_sent, f);
}

static void
unmake (Fixture *f)
{
  g_clear_pointer (&f->replies, handoff_channel_replies_free);
  handoff_blob_opener_free (f->opener);
  g_array_unref (f->sent);
  if (f->sockets[0] >= 0)
    close (f->sockets[0]);
  if (f->sockets[1] >= 0)
    close (f->sockets[1]);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  make (f, handoff_quota_new ("unread things"));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  unmake (f);
  g_assert_cmpuint (handoff_quota_get_total (f->unread), ==, 0);
  handoff_quota_free (f->unread);
}

/* (transfer full) */
static HandoffKeyState *
new_keys (void)
{
  gsize n;

  return fixture_key_state (&handoff_cipher_suites (&n)[0], HANDOFF_ROLE_CLIENT, 1);
}

/* A reply, with keys or without. */
static HandoffChannelFlow
send_reply (Fixture *f, guint32 serial, gboolean with_keys)
{
  HandoffChannelReply reply = { .serial = serial, .kind = HANDOFF_CHANNEL_REPLY, .fd = -1 };

  if (with_keys)
    {
      reply.keys = new_keys ();
      reply.keys->write.sequence_number = serial;
    }
  reply.body = g_variant_ref_sink (g_variant_new ("(s)", "done"));
  return handoff_channel_replies_send (f->replies, &reply);
}

/* What came: its serial; 0 if nothing did. keys: (out) (nullable) */
static guint32
receive (Fixture *f, HandoffKeyState **keys)
{
  g_autofree guint8 *buffer = g_malloc (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
  HandoffChannelMessage message;
  g_autoptr (GError) error = NULL;
  const HandoffPacketStatus status = handoff_channel_message_receive (
      f->sockets[1], HANDOFF_CHANNEL_APPLICATION, buffer, &message, &error);
  guint32 serial = 0;

  if (status == HANDOFF_PACKET_DONE)
    serial = message.serial;
  if (message.n_fds > 0 && keys != NULL)
    {
      *keys = handoff_blob_opener_open (f->opener, message.fds[0], &error);
      g_assert_no_error (error);
    }
  handoff_channel_message_clear (&message);
  return serial;
}

/* Breaks if a blob has another number than its reply has a place, whether the reply was sent at
 * once or had to wait. */
static void
test_order (Fixture *f, gconstpointer data)
{
  guint32 serial, n = 0;

  while (send_reply (f, ++n, TRUE) == HANDOFF_CHANNEL_FLOW_FREE)
    ;
  g_assert_cmpint (send_reply (f, ++n, TRUE), ==, HANDOFF_CHANNEL_FLOW_STUCK);
  g_assert_cmpuint (f->sent->len, ==, n - 2);
  for (serial = 1; serial <= n; serial++)
    {
      g_autoptr (HandoffKeyState) keys = NULL;

      g_assert_cmpuint (receive (f, &keys), ==, serial);
      g_assert_cmpuint (keys->write.sequence_number, ==, serial);
      handoff_channel_replies_flush (f->replies);
      g_assert_cmpuint (g_array_index (f->sent, guint32, serial - 1), ==, serial);
    }
  g_assert_cmpint (handoff_channel_replies_get_flow (f->replies), ==, HANDOFF_CHANNEL_FLOW_FREE);
}

/* Breaks if a user can have more descriptors on their way than his share, with however many
 * channels, or if those that were read stay counted. */
static void
test_unread (void)
{
  g_autoptr (HandoffQuota) unread = handoff_quota_new ("unread things");
  Fixture f[32];
  HandoffChannelFlow flow = HANDOFF_CHANNEL_FLOW_FREE;
  guint i = 0, n = 0;

  for (i = 0; i < G_N_ELEMENTS (f); i++)
    make (&f[i], unread);
  for (i = 0; i < G_N_ELEMENTS (f) && flow != HANDOFF_CHANNEL_FLOW_HELD; i++)
    {
      do
        flow = send_reply (&f[i], ++n, TRUE);
      while (flow == HANDOFF_CHANNEL_FLOW_FREE);
    }
  g_assert_cmpint (flow, ==, HANDOFF_CHANNEL_FLOW_HELD);
  g_assert_cmpuint (handoff_quota_get_total (unread), ==, HANDOFF_CHANNEL_UNREAD_PER_USER);

  /* What needs no descriptor waits for its turn all the same. */
  g_assert_cmpint (send_reply (&f[i - 1], ++n, FALSE), ==, HANDOFF_CHANNEL_FLOW_HELD);
  while (receive (&f[i - 1], NULL) != 0)
    ;
  g_assert_cmpint (handoff_channel_replies_flush (f[i - 1].replies), ==, HANDOFF_CHANNEL_FLOW_FREE);
  g_assert_cmpuint (handoff_quota_get_total (unread), <, HANDOFF_CHANNEL_UNREAD_PER_USER);
  for (i = 0; i < G_N_ELEMENTS (f); i++)
    unmake (&f[i]);
  g_assert_cmpuint (handoff_quota_get_total (unread), ==, 0);
}

/* Breaks if what a channel leaves unread stops counting for its user when the channel ends, or goes
 * on to count when it was read or nobody can read it any more. */
static void
test_remains (void)
{
  g_autoptr (HandoffQuota) unread = handoff_quota_new ("unread things");
  g_autoptr (HandoffQuota) channels = handoff_quota_new ("channels");
  g_autoptr (HandoffChannelRemains) remains = handoff_channel_remains_new ();
  Fixture f[3];
  guint i, serial;

  for (i = 0; i < G_N_ELEMENTS (f); i++)
    {
      make (&f[i], unread);
      /* The last one leaves nothing. */
      for (serial = 1; serial <= 3 && i < 2; serial++)
        send_reply (&f[i], serial, TRUE);
      handoff_channel_remains_add (remains, g_steal_fd (&f[i].sockets[0]),
                                   g_steal_pointer (&f[i].replies),
                                   handoff_quota_take (channels, USER, 3, 3, NULL), USER);
    }
  g_assert_cmpuint (handoff_quota_get_count (channels, USER), ==, 2);
  g_assert_cmpuint (handoff_quota_get_count (unread, USER), ==, 6);

  for (serial = 1; serial <= 3; serial++)
    g_assert_cmpuint (receive (&f[0], NULL), ==, serial);
  g_assert_cmpint (recv (f[0].sockets[1], &serial, sizeof serial, MSG_DONTWAIT), ==, 0);
  close (g_steal_fd (&f[1].sockets[1]));
  while (handoff_quota_get_total (channels) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (handoff_quota_get_total (unread), ==, 0);
  for (i = 0; i < G_N_ELEMENTS (f); i++)
    unmake (&f[i]);
}

/* Breaks if a reply that a message cannot hold gets no answer, or one after which libraries do the
 * handshake again on the same socket, or breaks the channel. */
static void
test_too_large (Fixture *f, gconstpointer data)
{
  HandoffChannelReply reply = { .serial = 7, .kind = HANDOFF_CHANNEL_REPLY, .fd = -1 };
  g_autofree guint8 *large = g_malloc0 (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
  g_autofree guint8 *buffer = g_malloc (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
  g_autoptr (HandoffKeyState) keys = NULL;
  HandoffChannelMessage message;
  g_autoptr (GError) answer = NULL;

  reply.body = g_variant_ref_sink (
      g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, large,
                                                         HANDOFF_CHANNEL_MAX_MESSAGE_SIZE, 1)));
  reply.keys = new_keys ();
  g_assert_cmpint (handoff_channel_replies_send (f->replies, &reply), ==,
                   HANDOFF_CHANNEL_FLOW_FREE);
  g_assert_cmpint (handoff_channel_message_receive (f->sockets[1], HANDOFF_CHANNEL_APPLICATION,
                                                    buffer, &message, NULL),
                   ==, HANDOFF_PACKET_DONE);
  g_assert_cmpuint (message.serial, ==, 7);
  answer = handoff_channel_message_get_error (&message);
  g_assert_error (answer, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  handoff_channel_message_clear (&message);

  /* No number was used up. */
  send_reply (f, 8, TRUE);
  g_assert_cmpuint (receive (f, &keys), ==, 8);
  g_assert_nonnull (keys);
}

/* Breaks if calls stay under way when nobody is there to be answered. */
static void
test_broken (Fixture *f, gconstpointer data)
{
  guint32 n = 0;

  while (send_reply (f, ++n, TRUE) == HANDOFF_CHANNEL_FLOW_FREE)
    ;
  close (g_steal_fd (&f->sockets[1]));
  g_assert_cmpint (handoff_channel_replies_flush (f->replies), ==, HANDOFF_CHANNEL_FLOW_BROKEN);
  g_assert_cmpint (send_reply (f, ++n, TRUE), ==, HANDOFF_CHANNEL_FLOW_BROKEN);
  g_assert_cmpuint (f->sent->len, ==, n);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define TEST(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  TEST ("/channel-replies/order", test_order);
  TEST ("/channel-replies/too-large", test_too_large);
  TEST ("/channel-replies/broken", test_broken);
  g_test_add_func ("/channel-replies/unread", test_unread);
  g_test_add_func ("/channel-replies/remains", test_remains);

  return g_test_run ();
}
