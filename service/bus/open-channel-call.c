/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/open-channel-call.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
  int fd;                    /* (owned): the application's end */
} Opening;

static void
opening_free (Opening *self)
{
  if (self->fd >= 0)
    close (self->fd); /* ours: nobody has sent anything on it */
  g_clear_pointer (&self->call, handoff_call_free);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Opening, opening_free)

static void
opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Opening) opening = user_data;
  guint8 encapsulated_key[HANDOFF_HPKE_KEY_SIZE];
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_auto (GVariantDict) details = G_VARIANT_DICT_INIT (NULL);

  if (!handoff_channels_open_finish (opening->channels, result, encapsulated_key, &error))
    {
      handoff_call_fail (g_steal_pointer (&opening->call), error);
      return;
    }
  if (handoff_call_is_cancelled (opening->call))
    return;
  fds = g_unix_fd_list_new_from_array (&opening->fd, 1);
  opening->fd = -1; /* the list has it now */
  g_variant_dict_insert_value (&details, HANDOFF_DETAIL_ENCAPSULATED_KEY,
                               g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, encapsulated_key,
                                                          sizeof encapsulated_key, 1));
  g_variant_dict_insert (&details, HANDOFF_DETAIL_MAXIMUM_CALLS, "u",
                         HANDOFF_CHANNEL_MAXIMUM_CALLS);
  handoff_call_return (g_steal_pointer (&opening->call),
                       g_variant_new ("(h@a{sv})", 0, g_variant_dict_end (&details)), fds);
}

/* fds: (out): the service's end, and the application's */
static gboolean
make_pair (int fds[2], GError **error)
{
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot make a channel: %s",
               g_strerror (errno));
  return FALSE;
}

void
handoff_open_channel_call_run (HandoffCall *call, const HandoffCallContext *context)
{
  g_autofree guint8 *recipient_key = handoff_call_steal_data (call);
  HandoffCaller *caller = handoff_call_get_caller (call);
  g_autoptr (HandoffPlace) place = NULL;
  g_autoptr (GError) error = NULL;
  Opening *opening;
  int fds[2];

  place = handoff_channels_take_place (context->channels, handoff_caller_get_uid (caller), &error);
  if (place == NULL || !make_pair (fds, &error))
    {
      handoff_call_fail (call, error);
      return;
    }
  opening = g_new (Opening, 1);
  opening->call = call;
  opening->channels = context->channels;
  opening->fd = fds[1];
  handoff_channels_open_async (context->channels, caller, g_steal_pointer (&place), fds[0],
                               recipient_key, opened, opening);
}
