/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <string.h>

#include "keyblob/handoff-names.h"
#include "support/broker-fixture.h"

typedef struct
{
  HandoffCallMessage base;
  HandshakerFixture *fixture;
  char *name; /* (owned) */
} TestMessage;

static guint
count_fds (HandoffCallMessage *message)
{
  return 0;
}

static int
take_fd (HandoffCallMessage *message, gint32 index)
{
  return -1;
}

static void
reap_fds (HandoffCallMessage *message, guint uid)
{
}

static void
reply (HandoffCallMessage *message, GVariant *value, GUnixFDList *fds)
{
  TestMessage *self = (TestMessage *) message;
  g_autofree char *text = g_variant_print (value, FALSE);

  if (strlen (text) > 40)
    text[40] = '\0';
  handshaker_note (self->fixture->events, "%s: %s", self->name, text);
}

static void
reply_error (HandoffCallMessage *message, const GError *error)
{
  TestMessage *self = (TestMessage *) message;

  handshaker_note (self->fixture->events, "%s: %s", self->name, error->message);
}

static void
message_free (HandoffCallMessage *message)
{
  TestMessage *self = (TestMessage *) message;

  g_variant_unref (message->parameters);
  g_clear_pointer (&message->place, handoff_place_free);
  g_free (self->name);
  g_free (self);
}

static const HandoffCallMessageFuncs message_funcs = {
  .count_fds = count_fds,
  .take_fd = take_fd,
  .reap_fds = reap_fds,
  .reply = reply,
  .reply_error = reply_error,
  .free = message_free,
};

HandoffCall *
handshaker_call_new (HandshakerFixture *f,
                     HandoffCaller *caller,
                     const char *name,
                     GVariant *parameters)
{
  TestMessage *message = g_new0 (TestMessage, 1);

  message->base.funcs = &message_funcs;
  message->base.caller = caller;
  message->base.sender = handoff_caller_get_bus_name (caller);
  message->base.object_path = HANDOFF_ROOT_PATH;
  message->base.parameters = g_variant_ref_sink (parameters);
  message->base.serial = 7;
  message->fixture = f;
  message->name = g_strdup (name);
  return handoff_call_new (&message->base, handoff_access_table_lookup (HANDOFF_MANAGER_INTERFACE,
                                                                        HANDOFF_MANAGER_INTERFACE,
                                                                        "CreateSession"));
}

void
handshaker_answer (TestHandshaker *self, GVariant *value, gboolean is_large)
{
  HandoffLinkCall *call = g_queue_pop_head (&self->calls);

  g_assert_nonnull (call);
  handoff_link_call_return (call, g_variant_new ("(vb)", value, is_large), NULL, 0);
}
