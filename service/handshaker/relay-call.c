/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker/relay-call.h"

#include "keyblob/packet.h"
#include "keyblob/tls-handoff-error.h"
#include "link/handshaker-messages.h"
#include "link/large-value.h"
#include "work/descriptor-reaper.h"

typedef struct
{
  HandoffRelayCall relay;
  HandoffCaller *caller;    /* (owned) */
  HandoffLinkCall *request; /* (owned) (nullable): NULL once it was answered */
  guint64 number;           /* of the call */
  GVariant *body;           /* (owned): of the message */
  GVariant *arguments;      /* (owned) */
  guint n_fds;
  int fds[HANDOFF_PACKET_MAX_DESCRIPTORS]; /* (owned): -1: taken */
} Call;

static guint
count_fds (HandoffCallMessage *message)
{
  const Call *self = (Call *) message;
  guint i, n = 0;

  for (i = 0; i < self->n_fds; i++)
    n += self->fds[i] >= 0 ? 1 : 0;
  return n;
}

static int
take_fd (HandoffCallMessage *message, gint32 index)
{
  Call *self = (Call *) message;

  return index >= 0 && (guint) index < self->n_fds ? g_steal_fd (&self->fds[index]) : -1;
}

static void
reap_fds (HandoffCallMessage *message, guint uid)
{
  Call *self = (Call *) message;
  guint i;

  for (i = 0; i < self->n_fds; i++)
    handoff_descriptor_reap (g_steal_fd (&self->fds[i]), uid);
}

static void
tell (Call *self, guint row, GVariant *body)
{
  if (self->request != NULL)
    handoff_link_send (handoff_link_call_get_link (self->request), row, body, NULL, 0, NULL);
  else
    g_variant_unref (g_variant_ref_sink (body));
}

static void
waits (HandoffCallMessage *message)
{
  Call *self = (Call *) message;

  tell (self, HANDOFF_HANDSHAKER_CALL_WAITS, g_variant_new ("(t)", self->number));
}

static void
note_read (HandoffCallMessage *message, guint32 serial)
{
  Call *self = (Call *) message;

  tell (self, HANDOFF_HANDSHAKER_NOTE_READ,
        g_variant_new ("(tu)", handoff_caller_get_number (self->caller), serial));
}

static void
reply_error (HandoffCallMessage *message, const GError *error)
{
  handoff_link_call_fail (g_steal_pointer (&((Call *) message)->request), error);
}

/* value: (transfer none). fds, n_fds: (transfer full), with room for one more. */
static void
answer (Call *self, GVariant *value, int *fds, guint n_fds)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) sent = NULL;
  int fd;
  guint i;

  sent = handoff_large_value_pack (value, &fd, &error);
  if (sent == NULL)
    {
      for (i = 0; i < n_fds; i++)
        handoff_descriptor_reap (fds[i], handoff_caller_get_uid (self->caller));
      reply_error (&self->relay.base, error);
      return;
    }
  if (fd >= 0)
    fds[n_fds++] = fd;
  handoff_link_call_return (g_steal_pointer (&self->request), g_variant_new ("(vb)", sent, fd >= 0),
                            fds, n_fds);
}

static void
reply (HandoffCallMessage *message, GVariant *value, GUnixFDList *fds)
{
  g_autoptr (GVariant) owned_value =
      g_variant_ref_sink (value != NULL ? value : g_variant_new_tuple (NULL, 0));
  g_autofree int *stolen = NULL;
  int sent[HANDOFF_PACKET_MAX_DESCRIPTORS + 1];
  int n_fds = 0;
  int i;

  if (fds != NULL)
    stolen = g_unix_fd_list_steal_fds (fds, &n_fds);
  g_assert (n_fds < HANDOFF_PACKET_MAX_DESCRIPTORS);
  for (i = 0; i < n_fds; i++)
    sent[i] = stolen[i];
  answer ((Call *) message, owned_value, sent, (guint) n_fds);
}

static void
call_free (HandoffCallMessage *message)
{
  Call *self = (Call *) message;
  g_autoptr (GError) error = NULL;

  if (self->request != NULL)
    {
      error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                                   "Nobody waits for this call any more");
      reply_error (message, error);
    }
  reap_fds (message, handoff_caller_get_uid (self->caller));
  g_clear_pointer (&self->relay.base.place, handoff_place_free);
  g_clear_pointer (&self->arguments, g_variant_unref);
  g_variant_unref (self->body);
  g_object_unref (self->caller);
  g_free (self);
}

static const HandoffCallMessageFuncs funcs = {
  .count_fds = count_fds,
  .take_fd = take_fd,
  .reap_fds = reap_fds,
  .waits = waits,
  .note_read = note_read,
  .reply = reply,
  .reply_error = reply_error,
  .free = call_free,
};

HandoffRelayCall *
handoff_relay_call_new (HandoffLinkMessage *message,
                        HandoffCaller *(*find_caller) (guint64 number, gpointer user_data),
                        gpointer user_data,
                        GError **error)
{
  g_autoptr (GVariant) sent = NULL;
  HandoffCaller *caller;
  guint64 caller_number;
  guint32 flags;
  gboolean is_large;
  Call *self;
  guint i;
  int fd = -1;

  g_variant_get_child (message->body, 1, "t", &caller_number);
  caller = find_caller (caller_number, user_data);
  if (caller == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "a call of nobody's");
      return NULL;
    }

  self = g_new0 (Call, 1);
  self->relay.base.funcs = &funcs;
  self->caller = g_object_ref (caller);
  self->relay.base.caller = self->caller;
  self->relay.base.sender = handoff_caller_get_bus_name (self->caller);
  self->request = g_steal_pointer (&message->call);
  self->body = g_variant_ref (message->body);
  g_variant_get (self->body, "(tt&s&s&s&svbuu)", &self->number, NULL, &self->relay.base.object_path,
                 &self->relay.object, &self->relay.interface_name, &self->relay.method_name, &sent,
                 &is_large, &self->relay.base.serial, &flags);
  self->relay.base.interactive = (flags & HANDOFF_HANDSHAKER_CALL_INTERACTIVE) != 0;
  self->n_fds = message->n_fds;
  for (i = 0; i < message->n_fds; i++)
    self->fds[i] = handoff_link_message_steal_fd (message, i);

  if (is_large && self->n_fds > 0)
    fd = self->fds[--self->n_fds];
  if (!is_large || fd >= 0)
    self->arguments = handoff_large_value_unpack (sent, fd, error);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         "a large value without a file");
  if (fd >= 0)
    handoff_descriptor_reap (fd, handoff_caller_get_uid (caller));
  if (self->arguments == NULL)
    {
      call_free (&self->relay.base);
      return NULL;
    }
  self->relay.base.parameters = self->arguments;
  return &self->relay;
}
