/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/channel-opening.h"

#include <gio/gunixfdlist.h>
#include <sys/socket.h>
#include <unistd.h>

#include "call/service-call.h"
#include "keyblob/bus-failure.h"
#include "keyblob/handoff-names.h"
#include "record/import-key.h"

#define REPLY_TYPE "(ha{sv})"

/* (transfer full) */
static GDBusMessage *
new_call (HandoffServiceBus *bus, TlsHandoffImportKey *key)
{
  g_autoptr (GBytes) public_key = tls_handoff_import_key_dup_public_key (key);
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert_value (
      &options, HANDOFF_OPTION_RECIPIENT_KEY,
      g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, public_key, TRUE));
  return handoff_service_call_new (bus, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "OpenChannel",
                                   g_variant_new ("(@a{sv})", g_variant_dict_end (&options)),
                                   FALSE);
}

/* Whether fd is one end of a pair as it should be. */
static gboolean
is_channel (int fd)
{
  int type = 0, domain = 0;
  socklen_t size = sizeof type;

  return getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET &&
         getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

/* (transfer full) (nullable): NULL if the reply is none that this version understands */
static HandoffServiceChannel *
new_channel (GDBusMessage *reply, TlsHandoffImportKey *key, GError **error)
{
  GUnixFDList *fds = g_dbus_message_get_unix_fd_list (reply);
  g_autoptr (GVariant) details = NULL;
  g_autoptr (GVariant) enc = NULL;
  HandoffBlobOpener *opener;
  gconstpointer enc_data;
  gsize enc_size;
  gint32 handle;
  int socket;

  if (!handoff_service_call_check_reply (reply, REPLY_TYPE, error))
    return NULL;
  g_variant_get (g_dbus_message_get_body (reply), "(h@a{sv})", &handle, &details);
  enc =
      g_variant_lookup_value (details, HANDOFF_DETAIL_ENCAPSULATED_KEY, G_VARIANT_TYPE_BYTESTRING);
  if (enc == NULL || fds == NULL || handle < 0 || handle >= g_unix_fd_list_get_length (fds))
    return NULL;
  enc_data = g_variant_get_fixed_array (enc, &enc_size, 1);
  if (enc_size != HANDOFF_HPKE_KEY_SIZE)
    return NULL;
  socket = g_unix_fd_list_get (fds, handle, error);
  if (socket < 0)
    return NULL;
  opener = is_channel (socket) ? handoff_import_key_new_opener (key, enc_data, error) : NULL;
  if (opener != NULL)
    return handoff_service_channel_new (socket, opener);

  close (socket);
  return NULL;
}

/* Errors of the bus that say that there is no service. A call on the bus would have them, too, and
 * would wait for the service's start again. */
static gboolean
says_nobody (const GError *error)
{
  switch (handoff_bus_failure_from_error (error))
    {
    case HANDOFF_BUS_FAILURE_NOBODY:
    case HANDOFF_BUS_FAILURE_NOT_STARTED:
      return TRUE;
    default:
      return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_SERVER) ||
             g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED);
    }
}

HandoffChannelOpening
handoff_channel_open (HandoffServiceBus *bus,
                      HandoffServiceChannel **channel,
                      char **refuser,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (TlsHandoffImportKey) key = tls_handoff_import_key_new (NULL);
  g_autoptr (GDBusMessage) call = NULL;
  g_autoptr (GDBusMessage) reply = NULL;
  g_autoptr (GError) cause = NULL;
  HandoffBusFailure failure;
  gboolean is_from_service;

  if (key == NULL)
    return HANDOFF_CHANNEL_MISSED;
  call = new_call (bus, key);
  reply = handoff_service_bus_send_sync (bus, call, NULL, cancellable, &cause);
  if (reply == NULL && g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return HANDOFF_CHANNEL_CANCELLED;
    }
  if (reply != NULL)
    *channel = new_channel (reply, key, &cause);
  if (reply != NULL && *channel != NULL)
    return HANDOFF_CHANNEL_OPENED;

  g_debug ("No channel to the service: %s", cause != NULL ? cause->message : "not understood");
  is_from_service = reply != NULL && g_dbus_message_get_sender (reply) != NULL &&
                    g_dbus_is_unique_name (g_dbus_message_get_sender (reply));
  if (cause != NULL && !is_from_service && says_nobody (cause))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return HANDOFF_CHANNEL_NOBODY;
    }
  /* Nobody replied: the service ended, or the connection; or it is about to end; or too many calls
   * wait for a reply. */
  failure = cause != NULL ? handoff_bus_failure_from_error (cause) : HANDOFF_BUS_FAILURE_OTHER;
  if (reply == NULL || failure == HANDOFF_BUS_FAILURE_WENT_AWAY ||
      failure == HANDOFF_BUS_FAILURE_CROWDED)
    return HANDOFF_CHANNEL_MISSED;
  *refuser = g_strdup (g_dbus_message_get_sender (reply));
  return HANDOFF_CHANNEL_REFUSED;
}
