/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/signing-desk.h"

#include "broker/watch.h"

/* A grant that it was asked to use no more. */
typedef struct
{
  HandoffHandshaker *handshaker; /* (owned) */
  guint64 grant;
} Return;

static void
returned (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autofree Return *back = user_data;
  g_autoptr (HandoffHandshaker) self = back->handshaker;

  if (reply != NULL && self->holder != NULL)
    handoff_signing_over (self->support->signing, self->holder, back->grant);
}

static void
take_back (HandoffHolder *holder, guint64 grant, gpointer user_data)
{
  HandoffHandshaker *self = user_data;
  Return *back = g_new (Return, 1);

  *back = (Return){ handoff_handshaker_ref (self), grant };
  handoff_handshaker_request (self, HANDOFF_HANDSHAKER_TAKE_BACK, g_variant_new ("(t)", grant),
                              NULL, 0, returned, back);
}

static void
broke_rules (HandoffHolder *holder, const char *why, gpointer user_data)
{
  HandoffHandshaker *self = user_data;

  handoff_handshaker_breach (self, "a signature that it may not have: %s", why);
}

static const HandoffHolderFunctions functions = { take_back, broke_rules };

void
handoff_handshaker_become_holder (HandoffHandshaker *self)
{
  self->holder = handoff_signing_add_holder (self->support->signing, self->uid, &functions, self);
}

void
handoff_handshaker_leave_holders (HandoffHandshaker *self)
{
  if (self->holder != NULL)
    handoff_signing_remove_holder (self->support->signing, g_steal_pointer (&self->holder));
}

/* If the handshaker has ended, nobody gets the answer. */
static void
opened (int socket, const GError *error, gpointer user_data)
{
  HandoffLinkCall *call = user_data;

  if (socket >= 0)
    handoff_link_call_return (call, g_variant_new ("()"), &socket, 1);
  else
    handoff_link_call_fail (call, error);
}

void
handoff_handshaker_take_open_signing (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  guint64 signer;

  g_variant_get (message->body, "(t)", &signer);
  handoff_signing_open_socket (self->support->signing, self->holder, signer, opened,
                               g_steal_pointer (&message->call));
}

void
handoff_handshaker_take_grant_over (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  guint64 grant;

  g_variant_get (message->body, "(t)", &grant);
  handoff_signing_over (self->support->signing, self->holder, grant);
}
