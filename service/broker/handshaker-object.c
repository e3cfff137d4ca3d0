/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/handshaker-object.h"

HandoffHandshaker *
handoff_handshaker_ref (HandoffHandshaker *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_handshaker_unref (HandoffHandshaker *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->state == HANDOFF_HANDSHAKER_ENDED);
  self->free_parts (self);
  g_free (self);
}

void
handoff_handshaker_send (HandoffHandshaker *self, HandoffHandshakerMessage message, GVariant *body)
{
  g_autoptr (GError) error = NULL;

  if (self->link == NULL)
    g_variant_unref (g_variant_ref_sink (body));
  else if (!handoff_link_send (self->link, message, body, NULL, 0, &error))
    g_debug ("Nothing is sent to a handshaker any more: %s", error->message);
}

void
handoff_handshaker_sessions_changed (HandoffHandshaker *self)
{
  if (self->support->sessions_changed != NULL)
    self->support->sessions_changed (self->uid, self->support->sessions_changed_data);
}

guint64
handoff_handshaker_next_number (void)
{
  static guint64 last;

  return ++last;
}

guint64 *
handoff_number_key_new (guint64 number)
{
  return g_memdup2 (&number, sizeof number);
}
