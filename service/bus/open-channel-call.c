/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/open-channel-call.h"

#include <string.h>

#include "broker/channel-relay.h"
#include "keyblob/channel-message.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "work/descriptor-reaper.h"

/* (transfer full) (nullable): the 32 bytes */
static guint8 *
dup_recipient_key (GVariant *value, GError **error)
{
  gsize size = 0;
  gconstpointer data = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    data = g_variant_get_fixed_array (value, &size, 1);
  if (size == HANDOFF_RECIPIENT_KEY_SIZE)
    return g_memdup2 (data, size);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "Option %s: must be an X25519 public key: %d bytes, as ay",
               HANDOFF_OPTION_RECIPIENT_KEY, HANDOFF_RECIPIENT_KEY_SIZE);
  return NULL;
}

/* (transfer full) (nullable): the recipient key */
static guint8 *
parse (GVariant *options, GError **error)
{
  g_autoptr (GVariant) key_value =
      g_variant_lookup_value (options, HANDOFF_OPTION_RECIPIENT_KEY, NULL);
  GVariantIter iter;
  const char *key;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &key, NULL))
    {
      if (g_str_equal (key, HANDOFF_OPTION_RECIPIENT_KEY))
        continue;
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "There is no option “%.64s” in this version of the service", key);
      return NULL;
    }
  if (key_value == NULL)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "Option " HANDOFF_OPTION_RECIPIENT_KEY " is required");
      return NULL;
    }
  return dup_recipient_key (key_value, error);
}

gboolean
handoff_open_channel_call_prepare (HandoffCall *call,
                                   const HandoffCallContext *context,
                                   GError **error)
{
  g_autoptr (GVariant) options = NULL;
  guint8 *recipient_key;

  g_variant_get (handoff_call_get_parameters (call), "(@a{sv})", &options);
  recipient_key = parse (options, error);
  if (recipient_key == NULL)
    return FALSE;
  handoff_call_set_data (call, recipient_key, g_free);
  return TRUE;
}

/* A call whose channel is being opened. */
typedef struct
{
  HandoffCall *call;            /* (owned) */
  HandoffPlace *place;          /* (owned) (nullable): NULL once the channel has it */
  GVariant *recipient_key;      /* (owned) */
  HandoffIdleTimer *idle_timer; /* (unowned): held */
} Opening;

static void
opening_free (Opening *self)
{
  g_clear_pointer (&self->call, handoff_call_free);
  g_clear_pointer (&self->place, handoff_place_free);
  g_variant_unref (self->recipient_key);
  handoff_idle_timer_release (self->idle_timer);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Opening, opening_free)

static void
opened (int fd, GVariant *encapsulated_key, const GError *error, gpointer user_data)
{
  g_autoptr (Opening) self = user_data;
  g_autoptr (GUnixFDList) fds = NULL;
  g_auto (GVariantDict) details = G_VARIANT_DICT_INIT (NULL);

  if (handoff_call_is_cancelled (self->call))
    {
      handoff_descriptor_reap (fd, handoff_caller_get_uid (handoff_call_get_caller (self->call)));
      return;
    }
  if (error != NULL)
    {
      handoff_call_pass_error (g_steal_pointer (&self->call), error);
      return;
    }
  fds = g_unix_fd_list_new_from_array (&fd, 1);
  g_variant_dict_insert_value (&details, HANDOFF_DETAIL_ENCAPSULATED_KEY, encapsulated_key);
  g_variant_dict_insert (&details, HANDOFF_DETAIL_MAXIMUM_CALLS, "u",
                         HANDOFF_CHANNEL_MAXIMUM_CALLS);
  handoff_call_return (g_steal_pointer (&self->call),
                       g_variant_new ("(h@a{sv})", 0, g_variant_dict_end (&details)), fds);
}

static void
got_handshaker (HandoffHandshaker *handshaker, const GError *error, gpointer user_data)
{
  g_autoptr (Opening) self = user_data;
  HandoffPlace *place;
  Opening *opening;

  if (handoff_call_is_cancelled (self->call))
    return;
  if (handshaker == NULL)
    {
      handoff_call_fail (g_steal_pointer (&self->call), error);
      return;
    }
  place = g_steal_pointer (&self->place);
  opening = g_steal_pointer (&self);
  handoff_handshaker_open_channel (handshaker, handoff_call_get_caller (opening->call),
                                   opening->recipient_key, place, opened, opening);
}

void
handoff_open_channel_call_run (HandoffCall *call, const HandoffCallContext *context)
{
  g_autofree guint8 *recipient_key = handoff_call_steal_data (call);
  const guint uid = handoff_caller_get_uid (handoff_call_get_caller (call));
  g_autoptr (GError) error = NULL;
  HandoffPlace *place = handoff_quota_take (
      context->channel_quota, uid,
      handoff_policy_source_get_configuration (context->policy_source)->channels_per_user,
      context->channels_total, &error);
  Opening *self;

  if (place == NULL)
    {
      handoff_call_fail (call, error);
      return;
    }
  self = g_new0 (Opening, 1);
  self->call = call;
  self->place = place;
  self->recipient_key = g_variant_ref_sink (g_variant_new_fixed_array (
      G_VARIANT_TYPE_BYTE, recipient_key, HANDOFF_RECIPIENT_KEY_SIZE, 1));
  self->idle_timer = context->broker.gate.idle_timer;
  handoff_idle_timer_hold (self->idle_timer);
  handoff_handshakers_get (context->broker.handshakers, uid, got_handshaker, self);
}
