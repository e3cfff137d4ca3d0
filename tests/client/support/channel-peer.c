/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/channel-peer.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/sealed-memfd.h"
#include "record/import-key.h"
#include "support/record-test-utils.h"

#define PATIENCE 30000 /* milliseconds, after which a test has failed */

void
channel_peer_open (ChannelPeer *self,
                   const guint8 recipient_key[HANDOFF_HPKE_KEY_SIZE],
                   guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                   int *socket)
{
  g_autoptr (GError) error = NULL;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
  *socket = ends[0];
  self->socket = ends[1];
  self->buffer = g_malloc (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
  self->sealer = handoff_blob_sealer_new (recipient_key, enc, &error);
  g_assert_no_error (error);
}

HandoffServiceChannel *
channel_peer_new (ChannelPeer *self)
{
  g_autoptr (TlsHandoffImportKey) key = NULL;
  g_autoptr (GBytes) public_key = NULL;
  g_autoptr (GError) error = NULL;
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  HandoffBlobOpener *opener;
  int socket;

  key = tls_handoff_import_key_new (&error);
  g_assert_no_error (error);
  public_key = tls_handoff_import_key_dup_public_key (key);
  channel_peer_open (self, g_bytes_get_data (public_key, NULL), enc, &socket);
  opener = handoff_import_key_new_opener (key, enc, &error);
  g_assert_no_error (error);
  return handoff_service_channel_new (socket, opener);
}

void
channel_peer_close (ChannelPeer *self)
{
  if (self->socket >= 0)
    close (self->socket);
  self->socket = -1;
}

void
channel_peer_clear (ChannelPeer *self)
{
  channel_peer_close (self);
  g_clear_pointer (&self->sealer, handoff_blob_sealer_free);
  g_clear_pointer (&self->buffer, g_free);
}

static void
wait_until (ChannelPeer *self, short events)
{
  struct pollfd fd = { .fd = self->socket, .events = events };

  g_assert_cmpint (poll (&fd, 1, PATIENCE), ==, 1);
}

gboolean
channel_peer_receive (ChannelPeer *self, HandoffChannelMessage *message)
{
  g_autoptr (GError) error = NULL;
  HandoffPacketStatus status;

  wait_until (self, POLLIN);
  status = handoff_channel_message_receive (self->socket, HANDOFF_CHANNEL_SERVICE, self->buffer,
                                            message, &error);
  g_assert_no_error (error);
  if (status == HANDOFF_PACKET_CLOSED || status == HANDOFF_PACKET_RESET)
    return FALSE;
  g_assert_cmpint (status, ==, HANDOFF_PACKET_DONE);
  return TRUE;
}

gboolean
channel_peer_is_quiet (ChannelPeer *self)
{
  struct pollfd fd = { .fd = self->socket, .events = POLLIN };

  return poll (&fd, 1, 0) == 0;
}

void
channel_peer_send (ChannelPeer *self,
                   HandoffChannelKind kind,
                   guint32 serial,
                   GVariant *body,
                   const int *fds,
                   guint n_fds)
{
  g_autoptr (GVariant) packed = handoff_channel_message_pack (kind, serial, body);
  g_autoptr (GError) error = NULL;
  HandoffPacketStatus status;

  do
    {
      wait_until (self, POLLOUT);
      status = handoff_channel_message_send (self->socket, packed, fds, n_fds, &error);
      g_assert_no_error (error);
    }
  while (status == HANDOFF_PACKET_WOULD_BLOCK);
}

int
channel_peer_seal (ChannelPeer *self, const char *mark)
{
  g_autoptr (HandoffKeyState) state =
      record_test_state_new (record_test_suite (0x0304, HANDOFF_NONCE_XOR), HANDOFF_ROLE_CLIENT);
  g_autoptr (GBytes) blob = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  handoff_secret_bytes_set (&state->unread_data, mark, strlen (mark));
  blob = handoff_blob_sealer_seal (self->sealer, state, &error);
  g_assert_no_error (error);
  fd = handoff_sealed_memfd_new (blob, &error);
  g_assert_no_error (error);
  return fd;
}

void
channel_peer_send_blob (ChannelPeer *self, guint32 serial, GVariant *body, const char *mark)
{
  const int fd = channel_peer_seal (self, mark);

  channel_peer_send (self, HANDOFF_CHANNEL_REPLY, serial, body, &fd, 1);
  close (fd);
}

gboolean
channel_peer_has_mark (const HandoffReply *reply, const char *mark)
{
  return reply->state != NULL && reply->state->unread_data.size == strlen (mark) &&
         memcmp (reply->state->unread_data.data, mark, strlen (mark)) == 0;
}
