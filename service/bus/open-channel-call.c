/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/open-channel-call.h"

#include <string.h>

#include "channel/channels.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

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
  HandoffCall *call;         /* (owned) */
  HandoffChannels *channels; /* (unowned) */
} Opening;

static void
opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Opening *opening = user_data;
  HandoffCall *call = opening->call;
  HandoffOpenedChannel channel;
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_auto (GVariantDict) details = G_VARIANT_DICT_INIT (NULL);

  if (!handoff_channels_open_finish (opening->channels, result, &channel, &error))
    {
      handoff_call_fail (call, error);
      return;
    }
  fds = g_unix_fd_list_new_from_array (&channel.fd, 1);
  if (handoff_call_is_cancelled (call))
    {
      handoff_call_free (call);
      return;
    }
  g_variant_dict_insert_value (&details, HANDOFF_DETAIL_ENCAPSULATED_KEY,
                               g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE,
                                                          channel.encapsulated_key,
                                                          sizeof channel.encapsulated_key, 1));
  g_variant_dict_insert (&details, HANDOFF_DETAIL_MAXIMUM_CALLS, "u",
                         HANDOFF_CHANNEL_MAXIMUM_CALLS);
  handoff_call_return (call, g_variant_new ("(h@a{sv})", 0, g_variant_dict_end (&details)), fds);
}

void
handoff_open_channel_call_run (HandoffCall *call, const HandoffCallContext *context)
{
  g_autofree guint8 *recipient_key = handoff_call_steal_data (call);
  Opening *opening = g_new (Opening, 1);

  opening->call = call;
  opening->channels = context->channels;
  handoff_channels_open_async (context->channels, handoff_call_get_caller (call), recipient_key,
                               opened, opening);
}
