/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker/handshaker-inbox.h"

#include "call/handshake-call.h"
#include "call/session-call.h"
#include "call/session-properties.h"
#include "channel/channels.h"
#include "handshaker/relay-call.h"
#include "keyblob/handoff-names.h"
#include "link/handshaker-messages.h"

static HandoffCaller *
find_caller (guint64 number, gpointer user_data)
{
  HandoffHandshaker *self = user_data;

  return handoff_caller_table_find (self->callers, number);
}

/* ---- Whom it works for. ---- */

void
handoff_handshaker_received_user (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  guint slot;
  guint64 holder;

  if (self->context.policy_source == NULL)
    {
      handoff_link_breach (self->link, "a user before a policy");
      return;
    }
  g_variant_get (message->body, "(uut)", &self->uid, &slot, &holder);
  handoff_link_set_user (self->link, self->uid);
  handoff_session_book_set_slot (self->sessions.book, slot, HANDOFF_HANDSHAKER_SLOTS);
  self->callers = handoff_caller_table_new (self->uid);
  self->places = handoff_places_socket_new (handoff_link_message_steal_fd (message, 0));
  handoff_places_socket_serve (self->places, HANDOFF_PLACES_HANDSHAKES,
                               self->context.handshake_quota);
  handoff_places_socket_serve (self->places, HANDOFF_PLACES_SESSIONS, self->context.session_quota);
  handoff_places_socket_serve (self->places, HANDOFF_PLACES_OUTLIVING,
                               self->context.outliving_quota);
}

void
handoff_handshaker_received_places_free (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  HandoffQuota *const quotas[HANDOFF_N_PLACES] = {
    [HANDOFF_PLACES_HANDSHAKES] = self->context.handshake_quota,
    [HANDOFF_PLACES_SESSIONS] = self->context.session_quota,
    [HANDOFF_PLACES_OUTLIVING] = self->context.outliving_quota,
  };
  guint which;

  g_variant_get (message->body, "(u)", &which);
  if (which < HANDOFF_N_PLACES)
    handoff_quota_note_reserve (quotas[which]);
  else
    handoff_link_breach (self->link, "places of an unknown kind");
}

/* ---- Callers. ---- */

void
handoff_handshaker_received_caller (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  guint64 number;
  const char *bus_name;
  guint pid;

  g_variant_get (message->body, "(t&su)", &number, &bus_name, &pid);
  if (!handoff_caller_table_add (self->callers, number, bus_name, pid))
    handoff_link_breach (self->link, "a second caller of the same number");
}

void
handoff_handshaker_caller_left (HandoffCaller *caller, gpointer user_data)
{
  HandoffHandshaker *self = user_data;

  handoff_channels_close_all_of (self->context.channels, caller);
  handoff_session_store_remove_all_of (self->sessions.sessions, caller);
  handoff_session_homes_remove_all_of (self->context.homes, caller);
  handoff_resumption_store_remove_all_of (self->sessions.kept,
                                          handoff_caller_get_bus_name (caller));
}

void
handoff_handshaker_received_caller_gone (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  g_autoptr (HandoffCaller) caller = NULL;
  guint64 number;

  g_variant_get (message->body, "(t)", &number);
  caller = handoff_caller_table_remove (self->callers, number);
  if (caller != NULL)
    handoff_handshaker_caller_left (caller, self);
  else if (!self->is_leaving)
    /* Otherwise all have left here already. */
    handoff_link_breach (self->link, "an unknown caller has left");
}

/* ---- Calls and channels. ---- */

static const HandoffMethod *const manager_methods[] = { handoff_handshake_methods, NULL };
static const HandoffMethod *const session_methods[] = { handoff_session_methods,
                                                        handoff_session_property_methods, NULL };

void
handoff_handshaker_received_call (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  g_autoptr (GError) error = NULL;
  HandoffRelayCall *call = handoff_relay_call_new (message, find_caller, self, &error);

  if (call == NULL)
    handoff_link_breach (self->link, "%s", error->message);
  else
    handoff_dispatcher_dispatch (
        self->context.gate.dispatcher, &call->base, call->object, call->interface_name,
        call->method_name,
        g_str_equal (call->object, HANDOFF_SESSION_INTERFACE) ? session_methods : manager_methods,
        &self->context);
}

/* A channel: its place is free when nothing is left of it. */
typedef struct
{
  HandoffLink *link; /* (unowned): outlives it */
  guint64 number;
} ChannelPlace;

static void
channel_over (gpointer data)
{
  ChannelPlace *place = data;

  handoff_link_send (place->link, HANDOFF_HANDSHAKER_CHANNEL_OVER,
                     g_variant_new ("(t)", place->number), NULL, 0, NULL);
  g_free (place);
}

typedef struct
{
  HandoffChannels *channels; /* (unowned) */
  HandoffLinkCall *request;  /* (owned) */
} Opening;

static void
channel_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Opening *opening = user_data;
  guint8 key[HANDOFF_HPKE_KEY_SIZE];
  g_autoptr (GError) error = NULL;

  if (handoff_channels_open_finish (opening->channels, result, key, &error))
    handoff_link_call_return (opening->request,
                              g_variant_new ("(@ay)", g_variant_new_fixed_array (
                                                          G_VARIANT_TYPE_BYTE, key, sizeof key, 1)),
                              NULL, 0);
  else
    handoff_link_call_fail (opening->request, error);
}

void
handoff_handshaker_received_open_channel (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  g_autoptr (GVariant) key = NULL;
  HandoffCaller *caller;
  ChannelPlace *place;
  Opening *opening;
  guint64 number, caller_number;
  gconstpointer data;
  gsize size;

  g_variant_get (message->body, "(tt@ay)", &number, &caller_number, &key);
  caller = find_caller (caller_number, self);
  data = g_variant_get_fixed_array (key, &size, 1);
  if (caller == NULL || size != HANDOFF_HPKE_KEY_SIZE)
    {
      handoff_link_breach (self->link, "a channel of nobody's, or without a key");
      return;
    }
  place = g_new (ChannelPlace, 1);
  place->link = self->link;
  place->number = number;
  opening = g_new (Opening, 1);
  opening->channels = self->context.channels;
  opening->request = g_steal_pointer (&message->call);
  handoff_channels_open_async (
      self->context.channels, caller, handoff_place_new (channel_over, place),
      handoff_link_message_steal_fd (message, 0), data, channel_opened, opening);
}

/* ---- Credentials, and what is remembered of polkit. ---- */

void
handoff_handshaker_return_nothing (HandoffLinkMessage *message)
{
  handoff_link_call_return (g_steal_pointer (&message->call), g_variant_new ("()"), NULL, 0);
}

void
handoff_handshaker_received_credential (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  g_autoptr (GError) error = NULL;
  guint owner;

  if (!handoff_credential_mirror_put (self->mirror, message->body, &owner, &error))
    {
      handoff_link_breach (self->link, "a credential: %s", error->message);
      return;
    }
  handoff_grant_book_forget_credentials (self->context.grants, owner);
  handoff_handshaker_return_nothing (message);
}

void
handoff_handshaker_received_credential_gone (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  const char *id;
  guint owner;

  g_variant_get (message->body, "(&s)", &id);
  if (handoff_credential_mirror_remove (self->mirror, id, &owner))
    handoff_grant_book_forget_credentials (self->context.grants, owner);
  handoff_handshaker_return_nothing (message);
}

void
handoff_handshaker_received_forget (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  handoff_grant_book_forget_all (self->context.grants);
  handoff_handshaker_return_nothing (message);
}

void
handoff_handshaker_received_take_back (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  guint64 number;

  g_variant_get (message->body, "(t)", &number);
  handoff_grant_desk_take_back (self->desk, number, g_steal_pointer (&message->call));
}
