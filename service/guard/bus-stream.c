/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-stream.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/bus-rights.h"
#include "work/descriptor-reaper.h"

/* A message up to this size is read at once, whether its body is wanted or not. */
#define SMALL (64 * 1024)
/* The stream is full when more than this waits to be sent. */
#define HIGH_MARK (1024 * 1024)
/* Messages that are read in one turn: the other socket needs its turns too. */
#define MESSAGES_PER_TURN 64
/* The kernel's SCM_MAX_FD: no message carries more. */
#define MAX_FDS 253

struct _HandoffBusStream
{
  int fd; /* (owned) */
  GMainContext *context;
  const HandoffBusStreamFuncs *funcs;
  gpointer user_data;
  GSource *readable; /* (owned) (nullable): NULL while nothing is read */
  GSource *writable; /* (owned) (nullable): NULL while nothing waits */
  gboolean broken;

  /* The message that is being read. */
  guint8 prefix[HANDOFF_BUS_MESSAGE_PREFIX_SIZE];
  guint8 *data; /* (owned) (nullable): NULL while the prefix is read */
  gsize header_size;
  gsize full_size;
  gsize wanted; /* bytes of this stage: they go into data, or are dropped */
  gsize got;
  HandoffBusMessage *skipped; /* (owned) (nullable): the message whose body is dropped */
  gboolean nameless;          /* the header of the dropped message cannot be read */
  gboolean rights_dropped;
  GArray *fds; /* (owned) (element-type int) */

  GQueue out; /* (element-type HandoffBusMessage) */
  gsize out_offset;
  gsize out_size;
};

static void
close_fds (GArray *fds)
{
  g_autoptr (HandoffBusMessage) holder = g_new0 (HandoffBusMessage, 1);

  holder->uid = HANDOFF_UID_UNKNOWN;
  holder->n_fds = fds->len;
  holder->fds = (int *) g_array_steal (fds, NULL);
}

static void
break_off (HandoffBusStream *self)
{
  if (self->broken)
    return;
  self->broken = TRUE;
  handoff_bus_stream_set_reading (self, FALSE);
  self->funcs->closed (self->user_data);
}

/* 0 if there is nothing now, -1 at the end. */
static gssize
receive (HandoffBusStream *self, guint8 *data, gsize size)
{
  union
  {
    struct cmsghdr header;
    char data[CMSG_SPACE (sizeof (int) * MAX_FDS)];
  } control;
  struct iovec vector = { data, size };
  struct msghdr message = {
    .msg_iov = &vector,
    .msg_iovlen = 1,
    .msg_control = &control,
    .msg_controllen = sizeof control,
  };
  struct cmsghdr *header;
  gssize n;

  do
    n = recvmsg (self->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return errno == EAGAIN ? 0 : -1;
  for (header = CMSG_FIRSTHDR (&message); header != NULL; header = CMSG_NXTHDR (&message, header))
    {
      if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        g_array_append_vals (self->fds, CMSG_DATA (header),
                             (header->cmsg_len - CMSG_LEN (0)) / sizeof (int));
    }
  return n > 0 ? n : -1;
}

/* (transfer full) (nullable): the message that was read; NULL if its header makes no sense */
static HandoffBusMessage *
make_message (HandoffBusStream *self)
{
  const guint n_fds = self->fds->len;
  int *fds = n_fds > 0 ? (int *) g_array_steal (self->fds, NULL) : NULL;
  HandoffBusMessage *message =
      handoff_bus_message_new (self->data, self->wanted, self->full_size, fds, n_fds);

  if (message == NULL)
    {
      if (fds != NULL)
        g_array_append_vals (self->fds, fds, n_fds);
      g_free (fds);
      return NULL;
    }
  self->data = NULL;
  message->rights_dropped = self->rights_dropped;
  return message;
}

static void
begin_message (HandoffBusStream *self)
{
  g_clear_pointer (&self->data, g_free);
  self->skipped = NULL;
  self->nameless = FALSE;
  self->rights_dropped = FALSE;
  self->got = 0;
  self->wanted = HANDOFF_BUS_MESSAGE_PREFIX_SIZE;
  close_fds (self->fds);
}

/* The prefix is there. Next comes all of the message, or its header. */
static gboolean
prefix_read (HandoffBusStream *self)
{
  if (!handoff_bus_message_read_prefix (self->prefix, &self->header_size, &self->full_size))
    return FALSE;
  self->wanted = self->full_size > SMALL ? self->header_size : self->full_size;
  if (self->header_size > SMALL)
    {
      /* Useful headers are smaller: this message is dropped without a look. */
      self->nameless = TRUE;
      self->wanted = self->full_size;
      return TRUE;
    }
  self->data = g_malloc (self->wanted);
  memcpy (self->data, self->prefix, sizeof self->prefix);
  return TRUE;
}

/* data has what was wanted: the header, or all. */
static void
part_read (HandoffBusStream *self)
{
  HandoffBusMessage *message = make_message (self);

  if (message == NULL)
    {
      self->nameless = TRUE;
      self->wanted = self->full_size;
    }
  else if (message->size == message->full_size)
    {
      begin_message (self);
      self->funcs->received (message, self->user_data);
    }
  else if (self->funcs->wants_body (message, self->user_data))
    {
      self->data = g_realloc (g_steal_pointer (&message->data), self->full_size);
      if (message->n_fds > 0)
        g_array_append_vals (self->fds, message->fds, message->n_fds);
      message->n_fds = 0;
      handoff_bus_message_free (message);
      self->wanted = self->full_size;
    }
  else
    {
      self->skipped = message;
      self->wanted = self->full_size;
    }
}

/* FALSE if the stream makes no sense. */
static gboolean
stage_ended (HandoffBusStream *self)
{
  HandoffBusMessage *skipped = self->skipped;

  if (self->data == NULL && skipped == NULL && !self->nameless)
    return prefix_read (self);
  if (self->nameless)
    {
      begin_message (self);
    }
  else if (skipped != NULL)
    {
      begin_message (self);
      self->funcs->received (skipped, self->user_data);
    }
  else
    {
      part_read (self);
    }
  return TRUE;
}

/* (transfer full) (nullable): the header of the next message, as far as it has arrived. The bus
 * sends descriptors with the first byte, and a useful header in one piece. */
static HandoffBusMessage *
peek_header (HandoffBusStream *self, const guint8 prefix[HANDOFF_BUS_MESSAGE_PREFIX_SIZE])
{
  g_autofree guint8 *data = NULL;
  HandoffBusMessage *message;
  gsize header_size, full_size;
  gboolean rights;

  if (!handoff_bus_message_read_prefix (prefix, &header_size, &full_size) || header_size > SMALL)
    return NULL;
  data = g_malloc (header_size);
  if (handoff_bus_rights_peek (self->fd, data, header_size, &rights) != (gssize) header_size)
    return NULL;
  message = handoff_bus_message_new (data, header_size, full_size, NULL, 0);
  if (message != NULL)
    data = NULL;
  return message;
}

/* At the beginning of a message. */
static HandoffBusRights
judge_rights (HandoffBusStream *self)
{
  guint8 prefix[HANDOFF_BUS_MESSAGE_PREFIX_SIZE];
  g_autoptr (HandoffBusMessage) message = NULL;
  gboolean rights;
  gssize n;

  if (self->funcs->judge_rights == NULL || !handoff_descriptor_reaper_is_strained ())
    return HANDOFF_BUS_RIGHTS_TAKE;
  n = handoff_bus_rights_peek (self->fd, prefix, sizeof prefix, &rights);
  if (n <= 0 || !rights)
    return HANDOFF_BUS_RIGHTS_TAKE;
  message = n == sizeof prefix ? peek_header (self, prefix) : NULL;
  return message != NULL ? self->funcs->judge_rights (message, self->user_data)
                         : HANDOFF_BUS_RIGHTS_DROP;
}

/* As receive(). */
static gssize
receive_first (HandoffBusStream *self)
{
  const HandoffBusRights rights = judge_rights (self);
  gssize n;

  if (rights == HANDOFF_BUS_RIGHTS_WAIT)
    return 0;
  if (rights == HANDOFF_BUS_RIGHTS_TAKE)
    return receive (self, self->prefix, sizeof self->prefix);
  n = handoff_bus_rights_drop (self->fd, self->prefix, sizeof self->prefix);
  self->rights_dropped = n > 0;
  return n;
}

static gboolean
can_read (gint fd, GIOCondition condition, gpointer user_data)
{
  static guint8 forgotten[SMALL];
  HandoffBusStream *self = user_data;
  guint n_messages = 0;

  while (self->readable != NULL && n_messages < MESSAGES_PER_TURN)
    {
      const gsize left = self->wanted - self->got;
      gssize n = 0;

      if (left > 0)
        {
          if (self->data == NULL && self->got == 0 && !self->nameless && self->skipped == NULL)
            n = receive_first (self);
          else if (self->nameless || self->skipped != NULL)
            n = receive (self, forgotten, MIN (left, sizeof forgotten));
          else
            n = receive (self, (self->data != NULL ? self->data : self->prefix) + self->got, left);
          if (n == 0)
            return G_SOURCE_CONTINUE;
        }
      if (n >= 0)
        self->got += (gsize) n;
      if (n < 0 || (self->got == self->wanted && !stage_ended (self)))
        {
          break_off (self);
          return G_SOURCE_CONTINUE;
        }
      n_messages += self->got == 0;
    }
  return G_SOURCE_CONTINUE;
}

HandoffBusStream *
handoff_bus_stream_new (int fd,
                        GMainContext *context,
                        const HandoffBusStreamFuncs *funcs,
                        gpointer user_data)
{
  HandoffBusStream *self = g_new0 (HandoffBusStream, 1);

  self->fd = fd;
  self->context = context;
  self->funcs = funcs;
  self->user_data = user_data;
  self->fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_queue_init (&self->out);
  begin_message (self);
  handoff_bus_stream_set_reading (self, TRUE);
  return self;
}

void
handoff_bus_stream_shut_down (HandoffBusStream *self)
{
  shutdown (self->fd, SHUT_RDWR);
}

static void
drop_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
handoff_bus_stream_free (HandoffBusStream *self)
{
  drop_source (&self->readable);
  drop_source (&self->writable);
  g_queue_clear_full (&self->out, (GDestroyNotify) handoff_bus_message_free);
  g_clear_pointer (&self->skipped, handoff_bus_message_free);
  g_free (self->data);
  close_fds (self->fds);
  g_array_unref (self->fds);
  close (self->fd);
  g_free (self);
}

void
handoff_bus_stream_set_reading (HandoffBusStream *self, gboolean reading)
{
  if ((self->readable != NULL) == (reading && !self->broken))
    return;
  if (self->readable != NULL)
    {
      drop_source (&self->readable);
      return;
    }
  /* It does not recurse; but otherwise GLib takes the descriptor out of the set and puts it back
   * around each dispatch, and wakes the loop twice. */
  self->readable = g_unix_fd_source_new (self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_can_recurse (self->readable, TRUE);
  g_source_set_callback (self->readable, G_SOURCE_FUNC (can_read), self, NULL);
  g_source_attach (self->readable, self->context);
}

/* The descriptors go with the first byte. */
static gssize
transmit (HandoffBusStream *self, HandoffBusMessage *message)
{
  union
  {
    struct cmsghdr header;
    char data[CMSG_SPACE (sizeof (int) * MAX_FDS)];
  } control;
  struct iovec vector = { message->data + self->out_offset, message->size - self->out_offset };
  struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };
  const gsize n_fds = MIN (message->n_fds, MAX_FDS);
  gssize n;

  if (n_fds > 0 && self->out_offset == 0)
    {
      memset (&control, 0, sizeof control);
      header.msg_control = &control;
      header.msg_controllen = CMSG_SPACE (sizeof (int) * n_fds);
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (sizeof (int) * n_fds);
      memcpy (CMSG_DATA (&control.header), message->fds, sizeof (int) * n_fds);
    }
  do
    n = sendmsg (self->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return errno == EAGAIN ? 0 : -1;
  return n;
}

/* Sends as much as the socket takes. */
static void
flush (HandoffBusStream *self)
{
  HandoffBusMessage *message;

  while (!self->broken && (message = g_queue_peek_head (&self->out)) != NULL)
    {
      const gssize n = transmit (self, message);

      if (n == 0)
        return;
      if (n < 0)
        {
          break_off (self);
          return;
        }
      self->out_offset += (gsize) n;
      if (self->out_offset < message->size)
        continue;
      self->out_offset = 0;
      self->out_size -= message->size;
      handoff_bus_message_free (g_queue_pop_head (&self->out));
    }
}

static gboolean
can_write (gint fd, GIOCondition condition, gpointer user_data)
{
  HandoffBusStream *self = user_data;
  const gboolean was_full = handoff_bus_stream_is_full (self);

  flush (self);
  if (self->broken || g_queue_is_empty (&self->out))
    drop_source (&self->writable);
  if (was_full && !handoff_bus_stream_is_full (self))
    self->funcs->relieved (self->user_data);
  return G_SOURCE_CONTINUE;
}

void
handoff_bus_stream_send (HandoffBusStream *self, HandoffBusMessage *message)
{
  const gboolean was_empty = g_queue_is_empty (&self->out);

  g_queue_push_tail (&self->out, message);
  self->out_size += message->size;
  if (was_empty)
    flush (self);
  if (self->broken || g_queue_is_empty (&self->out) || self->writable != NULL)
    return;
  self->writable = g_unix_fd_source_new (self->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR);
  g_source_set_can_recurse (self->writable, TRUE);
  g_source_set_callback (self->writable, G_SOURCE_FUNC (can_write), self, NULL);
  g_source_attach (self->writable, self->context);
}

gboolean
handoff_bus_stream_is_full (HandoffBusStream *self)
{
  return self->out_size > HIGH_MARK;
}

gboolean
handoff_bus_stream_is_empty (HandoffBusStream *self)
{
  return g_queue_is_empty (&self->out);
}
