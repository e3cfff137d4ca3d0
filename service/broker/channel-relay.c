/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/channel-relay.h"

#include <errno.h>
#include <sys/socket.h>

#include "broker/known-callers.h"
#include "broker/watch.h"
#include "keyblob/channel-message.h"
#include "keyblob/tls-handoff-error.h"
#include "work/descriptor-reaper.h"

typedef struct
{
  HandoffHandshaker *handshaker; /* (owned) */
  guint64 number;
  int fd; /* (owned): the application's end */
  HandoffChannelOpenedFunc opened;
  gpointer user_data; /* (unowned) */
} Opening;

static void
free_place (gpointer data)
{
  handoff_place_free (data);
}

GHashTable *
handoff_relayed_channels_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, free_place);
}

/* fds: (out): the handshaker's end, and the application's */
static gboolean
make_pair (int fds[2], GError **error)
{
  /* The kernel doubles it. A message has to fit, and what the application does not read should take
   * little. */
  const int half = HANDOFF_CHANNEL_MAX_MESSAGE_SIZE / 2 + 256;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot make a channel: %s",
                   g_strerror (errno));
      return FALSE;
    }
  setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &half, sizeof half);
  return TRUE;
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Opening *self = user_data;
  g_autoptr (GVariant) key = NULL;
  g_autoptr (GError) local_error = NULL;

  if (reply != NULL)
    {
      g_variant_get (reply->body, "(@ay)", &key);
      if (g_variant_get_size (key) != HANDOFF_RECIPIENT_KEY_BYTES)
        {
          handoff_handshaker_breach (self->handshaker, "a channel without a key");
          error = local_error = g_error_new_literal (
              TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
              "The service's program tls-handoff-handshaker has ended: call again");
        }
    }
  if (error != NULL)
    {
      /* What the handshaker has sent on it is closed with it. */
      handoff_descriptor_reap (g_steal_fd (&self->fd), self->handshaker->uid);
      g_hash_table_remove (self->handshaker->channels, &self->number);
    }
  self->opened (self->fd, error == NULL ? key : NULL, error, self->user_data);
  handoff_idle_timer_release (self->handshaker->support->idle_timer);
  handoff_handshaker_unref (self->handshaker);
  g_free (self);
}

void
handoff_handshaker_open_channel (HandoffHandshaker *self,
                                 HandoffCaller *caller,
                                 GVariant *recipient_key,
                                 HandoffPlace *place,
                                 HandoffChannelOpenedFunc opened,
                                 gpointer user_data)
{
  const guint64 number = handoff_handshaker_next_number ();
  g_autoptr (GError) error = NULL;
  Opening *opening;
  int fds[2];

  if (!make_pair (fds, &error))
    {
      handoff_place_free (place);
      opened (-1, NULL, error, user_data);
      return;
    }
  opening = g_new0 (Opening, 1);
  opening->handshaker = handoff_handshaker_ref (self);
  opening->number = number;
  opening->fd = fds[1];
  opening->opened = opened;
  opening->user_data = user_data;
  handoff_idle_timer_hold (self->support->idle_timer);
  g_hash_table_insert (self->channels, handoff_number_key_new (number), place);
  handoff_handshaker_request (
      self, HANDOFF_HANDSHAKER_OPEN_CHANNEL,
      g_variant_new ("(tt@ay)", number, handoff_handshaker_announce (self, caller), recipient_key),
      &fds[0], 1, answered, opening);
}

void
handoff_handshaker_take_channel_over (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  guint64 number;

  g_variant_get (message->body, "(t)", &number);
  /* One that could not be opened is over, too; it does not count any more. */
  g_hash_table_remove (self->channels, &number);
}
