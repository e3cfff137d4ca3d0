/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What goes over a channel and comes from it: serial numbers, whose reply it is, and the end. */

#include "config.h"

#include "call/service-channel-private.h"

#include <sys/socket.h>
#include <unistd.h>

#include "call/process.h"
#include "call/service-call.h"
#include "call/service-error.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"
#include "phrasebook/phrasebook.h"

/* Messages without a reply that wait because the service does not read. More are dropped: nothing
 * depends on their arrival. */
#define MAX_TOLD 256

G_DEFINE_QUARK (handoff_unsent_error, handoff_unsent_error)

/* In the table in place of a call that nobody waits for: the service answers it all the same. */
static HandoffWaiting abandoned;

HandoffReply *
handoff_reply_new_from_bus (GDBusConnection *connection, GDBusMessage *message)
{
  HandoffReply *self = g_new0 (HandoffReply, 1);
  GVariant *body = g_dbus_message_get_body (message);

  self->body = g_variant_ref_sink (body != NULL ? body : g_variant_new_tuple (NULL, 0));
  if (g_dbus_message_get_unix_fd_list (message) != NULL)
    self->fds = g_object_ref (g_dbus_message_get_unix_fd_list (message));
  self->connection = g_object_ref (connection);
  self->service = g_strdup (g_dbus_message_get_sender (message));
  return self;
}

void
handoff_reply_free (HandoffReply *self)
{
  g_variant_unref (self->body);
  g_clear_object (&self->fds);
  g_clear_pointer (&self->state, handoff_key_state_free);
  g_clear_pointer (&self->channel, handoff_service_channel_unref);
  g_clear_object (&self->connection);
  g_free (self->service);
  g_free (self);
}

gboolean
handoff_reply_check_type (HandoffReply *self, const char *type, GError **error)
{
  return handoff_service_call_check_type (self->body, type, error);
}

HandoffServiceChannel *
handoff_service_channel_new (int socket, HandoffBlobOpener *opener)
{
  HandoffServiceChannel *self = g_new0 (HandoffServiceChannel, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->process = getpid ();
  self->socket = socket;
  g_mutex_init (&self->read_lock);
  self->buffer = g_malloc (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
  self->opener = opener;
  g_mutex_init (&self->lock);
  self->calls = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->told);
  g_queue_init (&self->blocking);
  self->watches = g_hash_table_new (NULL, NULL);
  return self;
}

HandoffServiceChannel *
handoff_service_channel_ref (HandoffServiceChannel *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_service_channel_unref (HandoffServiceChannel *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  /* The parent's threads may hold the locks of what a forked child has a copy of. */
  if (handoff_process_is_forked_from (self->process))
    return;
  close (self->socket);
  g_free (self->buffer);
  handoff_blob_opener_free (self->opener);
  g_hash_table_unref (self->calls);
  g_queue_clear_full (&self->told, (GDestroyNotify) g_variant_unref);
  g_hash_table_unref (self->watches);
  g_mutex_clear (&self->read_lock);
  g_mutex_clear (&self->lock);
  g_free (self);
}

gboolean
handoff_service_channel_is_usable (HandoffServiceChannel *self)
{
  gboolean usable;

  if (handoff_process_is_forked_from (self->process))
    return FALSE;
  g_mutex_lock (&self->lock);
  usable = !self->unusable;
  g_mutex_unlock (&self->lock);
  return usable;
}

void
handoff_waiting_clear (HandoffWaiting *self)
{
  g_clear_pointer (&self->packed, g_variant_unref);
  g_clear_object (&self->fds);
  g_clear_pointer (&self->reply, handoff_reply_free);
  g_clear_error (&self->error);
}

GError *
handoff_waiting_take_error (HandoffWaiting *self, GCancellable *cancellable)
{
  GError *cancelled = NULL;

  if (self->error == NULL || !g_cancellable_set_error_if_cancelled (cancellable, &cancelled))
    return g_steal_pointer (&self->error);
  g_clear_error (&self->error);
  return cancelled;
}

/* reply, error: (transfer full). With lock. */
static void
finish (HandoffWaiting *waiting, HandoffReply *reply, GError *error)
{
  waiting->sent = TRUE;
  waiting->done = TRUE;
  waiting->reply = reply;
  waiting->error = error;
  g_clear_pointer (&waiting->packed, g_variant_unref);
  g_clear_object (&waiting->fds);
  waiting->wake (waiting);
}

static GError *
new_not_begun_error (void)
{
  return g_error_new_literal (HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_NOT_BEGUN,
                              _ ("The channel to the TLS Handoff service is closed"));
}

/* What a call that may have been begun ends with. cause: (nullable): NULL if the service closed the
 * channel. */
static GError *
new_lost_error (const GError *cause)
{
  g_autofree char *why = cause != NULL ? handoff_phrasebook_translate (cause->message) : NULL;
  GError *error;

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES))
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, why);
  if (cause != NULL)
    return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                        _ ("The channel to the TLS Handoff service cannot be used any more: %s"),
                        why);

  error = g_error_new_literal (G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY, _ ("It closed its channel"));
  handoff_service_error_explain (&error);
  return error;
}

/* Ends the channel, and with it all calls. cause: (nullable): NULL if the service closed it.
 * Without lock. */
static void
end (HandoffServiceChannel *self, const GError *cause)
{
  GHashTableIter iter;
  gpointer value;

  g_mutex_lock (&self->lock);
  self->unusable = TRUE;
  /* The service has not closed it: it need not go on. */
  if (cause != NULL)
    shutdown (self->socket, SHUT_RDWR);
  g_hash_table_iter_init (&iter, self->calls);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HandoffWaiting *waiting = value;

      g_hash_table_iter_remove (&iter);
      if (waiting == &abandoned)
        continue;
      /* It had not been sent, or is the last one that was sent and not read. */
      if (!waiting->sent || (self->was_reset && waiting->serial == self->last_sent))
        finish (waiting, NULL, new_not_begun_error ());
      else
        finish (waiting, NULL, new_lost_error (cause));
    }
  g_queue_clear_full (&self->told, (GDestroyNotify) g_variant_unref);
  g_mutex_unlock (&self->lock);
}

void
handoff_channel_register (HandoffServiceChannel *self,
                          HandoffWaiting *waiting,
                          const HandoffChannelCall *call)
{
  do
    self->last_serial++;
  while (self->last_serial == 0 ||
         g_hash_table_contains (self->calls, GUINT_TO_POINTER (self->last_serial)));

  waiting->serial = self->last_serial;
  waiting->packed = handoff_channel_message_pack (
      HANDOFF_CHANNEL_CALL, waiting->serial,
      handoff_channel_call_body (call->interactive ? HANDOFF_CHANNEL_INTERACTIVE : 0, call->path,
                                 call->method, call->arguments));
  waiting->fds = call->fds != NULL ? g_object_ref (call->fds) : NULL;
  g_hash_table_insert (self->calls, GUINT_TO_POINTER (waiting->serial), waiting);
}

/* serial: 0 if it is no call. With lock. */
static HandoffPacketStatus
send_packed (
    HandoffServiceChannel *self, guint32 serial, GVariant *packed, GUnixFDList *fds, GError **error)
{
  HandoffPacketStatus status;
  const int *descriptors = NULL;
  int n_fds = 0;

  if (self->unusable)
    return HANDOFF_PACKET_CLOSED;
  if (fds != NULL)
    descriptors = g_unix_fd_list_peek_fds (fds, &n_fds);
  status = handoff_channel_message_send (self->socket, packed, descriptors, (guint) n_fds, error);
  switch (status)
    {
    case HANDOFF_PACKET_DONE:
      self->last_sent = serial;
      break;
    case HANDOFF_PACKET_RESET:
      self->was_reset = TRUE;
      self->unusable = TRUE;
      break;
    case HANDOFF_PACKET_CLOSED:
      self->unusable = TRUE;
      break;
    case HANDOFF_PACKET_WOULD_BLOCK:
    case HANDOFF_PACKET_CROWDED:
    case HANDOFF_PACKET_FAILED:
    default:
      break;
    }
  return status;
}

/* Sends what was told before. If some is left, WOULD_BLOCK or CROWDED; else DONE. With lock. */
static HandoffPacketStatus
send_told (HandoffServiceChannel *self)
{
  HandoffPacketStatus status;

  while (!g_queue_is_empty (&self->told))
    {
      status = send_packed (self, 0, g_queue_peek_head (&self->told), NULL, NULL);
      if (status == HANDOFF_PACKET_WOULD_BLOCK || status == HANDOFF_PACKET_CROWDED)
        return status;
      g_variant_unref (g_queue_pop_head (&self->told));
    }
  return HANDOFF_PACKET_DONE;
}

HandoffPacketStatus
handoff_channel_send (HandoffServiceChannel *self, HandoffWaiting *waiting)
{
  HandoffPacketStatus status = send_told (self);
  GError *error = NULL;

  if (status != HANDOFF_PACKET_DONE)
    return status;
  status = send_packed (self, waiting->serial, waiting->packed, waiting->fds, &error);
  switch (status)
    {
    case HANDOFF_PACKET_WOULD_BLOCK:
    case HANDOFF_PACKET_CROWDED:
      return status;
    case HANDOFF_PACKET_DONE:
      waiting->sent = TRUE;
      g_clear_pointer (&waiting->packed, g_variant_unref);
      g_clear_object (&waiting->fds);
      return status;
    case HANDOFF_PACKET_CLOSED:
    case HANDOFF_PACKET_RESET:
      error = new_not_begun_error ();
      break;
    case HANDOFF_PACKET_FAILED:
    default:
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE))
        {
          error->domain = HANDOFF_UNSENT_ERROR;
          error->code = HANDOFF_UNSENT_ERROR_TOO_LARGE;
        }
      break;
    }
  g_hash_table_remove (self->calls, GUINT_TO_POINTER (waiting->serial));
  finish (waiting, NULL, error);
  return status;
}

/* packed: (transfer full). With lock. */
static void
tell (HandoffServiceChannel *self, GVariant *packed)
{
  if (self->unusable || g_queue_get_length (&self->told) >= MAX_TOLD)
    {
      g_variant_unref (packed);
      return;
    }
  g_queue_push_tail (&self->told, packed);
  send_told (self);
}

void
handoff_channel_abandon (HandoffServiceChannel *self,
                         HandoffWaiting *waiting,
                         GCancellable *cancellable)
{
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  if (waiting->sent)
    {
      g_hash_table_insert (self->calls, GUINT_TO_POINTER (waiting->serial), &abandoned);
      tell (self, handoff_channel_message_pack (HANDOFF_CHANNEL_CANCEL, waiting->serial,
                                                g_variant_new_tuple (NULL, 0)));
    }
  else
    g_hash_table_remove (self->calls, GUINT_TO_POINTER (waiting->serial));
  finish (waiting, NULL, error);
}

void
handoff_service_channel_tell (HandoffServiceChannel *self, const HandoffChannelCall *call)
{
  GVariant *packed;

  if (handoff_process_is_forked_from (self->process))
    return;
  packed = handoff_channel_message_pack (
      HANDOFF_CHANNEL_CALL, 0,
      handoff_channel_call_body (0, call->path, call->method, call->arguments));
  g_mutex_lock (&self->lock);
  tell (self, packed);
  g_mutex_unlock (&self->lock);
}

/* With read_lock. message: its body and descriptors are taken. (transfer full) (nullable): NULL
 * with the error of a key blob that does not open */
static HandoffReply *
new_reply (HandoffServiceChannel *self, HandoffChannelMessage *message, GError **error)
{
  g_autoptr (HandoffReply) reply = g_new0 (HandoffReply, 1);

  reply->body = g_steal_pointer (&message->body);
  reply->channel = handoff_service_channel_ref (self);
  if (message->n_fds > 0)
    {
      reply->fds = g_unix_fd_list_new_from_array (message->fds, (gint) message->n_fds);
      message->n_fds = 0;
      /* The only descriptor that comes is that of a key blob. */
      reply->state = handoff_blob_opener_open (
          self->opener, g_unix_fd_list_peek_fds (reply->fds, NULL)[0], error);
      if (reply->state == NULL)
        {
          handoff_phrasebook_translate_returned (error);
          return NULL;
        }
    }
  return g_steal_pointer (&reply);
}

/* Hands a message out. FALSE if it breaks the rules: nobody waits for it. */
static gboolean
hand_out (HandoffServiceChannel *self, guint32 serial, HandoffReply *reply, GError *error)
{
  HandoffWaiting *waiting;

  g_mutex_lock (&self->lock);
  waiting = g_hash_table_lookup (self->calls, GUINT_TO_POINTER (serial));
  g_hash_table_remove (self->calls, GUINT_TO_POINTER (serial));
  if (waiting != NULL && waiting != &abandoned)
    {
      finish (waiting, reply, error);
      reply = NULL;
      error = NULL;
    }
  /* The service reads again. */
  send_told (self);
  g_mutex_unlock (&self->lock);

  g_clear_pointer (&reply, handoff_reply_free);
  g_clear_error (&error);
  return waiting != NULL;
}

/* (transfer full) */
static GError *
read_error (HandoffServiceChannel *self, HandoffChannelMessage *message)
{
  GError *error = handoff_channel_message_get_error (message);

  /* The service ends, and says that it has begun nothing of what it had not read. */
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED))
    {
      g_error_free (error);
      g_mutex_lock (&self->lock);
      self->unusable = TRUE;
      g_mutex_unlock (&self->lock);
      return new_not_begun_error ();
    }
  handoff_service_error_explain (&error);
  return error;
}

/* With read_lock. message: is cleared */
static void
take_message (HandoffServiceChannel *self, HandoffChannelMessage *message)
{
  HandoffReply *reply = NULL;
  GError *error = NULL;
  gboolean good = message->n_fds <= 1;

  if (message->kind == HANDOFF_CHANNEL_REPLY)
    reply = good ? new_reply (self, message, &error) : NULL;
  else
    error = read_error (self, message);
  good = good && hand_out (self, message->serial, reply, error);
  handoff_channel_message_clear (message);

  /* Nor does any later blob open. */
  if (!good || handoff_blob_opener_is_dead (self->opener))
    {
      g_autoptr (GError) cause =
          g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                               good ? _ ("A key blob did not open")
                                    : _ ("The service sent what nobody asked for; its version does "
                                         "not fit the library's"));

      end (self, cause);
    }
}

gboolean
handoff_channel_read (HandoffServiceChannel *self)
{
  g_autoptr (GError) error = NULL;
  HandoffChannelMessage message;

  switch (handoff_channel_message_receive (self->socket, HANDOFF_CHANNEL_APPLICATION, self->buffer,
                                           &message, &error))
    {
    case HANDOFF_PACKET_DONE:
      take_message (self, &message);
      return TRUE;
    case HANDOFF_PACKET_WOULD_BLOCK:
      return FALSE;
    case HANDOFF_PACKET_RESET:
      /* What the service sent before its end comes now. */
      g_mutex_lock (&self->lock);
      self->was_reset = TRUE;
      self->unusable = TRUE;
      g_mutex_unlock (&self->lock);
      return TRUE;
    case HANDOFF_PACKET_CLOSED:
    case HANDOFF_PACKET_CROWDED:
    case HANDOFF_PACKET_FAILED:
    default:
      handoff_channel_message_clear (&message);
      end (self, error);
      return TRUE;
    }
}
