/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Channel bindings: what came with the import, for the application to prove with. */

#include "record/record-layer.h"

#include "keyblob/secret-memory.h"
#include "phrasebook/library-text.h"

/* With the lock. A copy that is wiped when freed, or NULL with the reason why there is none. */
static GBytes *
copy_binding (const HandoffKeyState *state,
              const guint8 *binding,
              gsize size,
              int code,
              const char *reason,
              GError **error)
{
  HandoffSecretBytes copy = { NULL, 0 };

  if (size == 0 && handoff_key_state_get_format (state) < 2)
    {
      g_set_error_literal (
          error, G_TLS_CHANNEL_BINDING_ERROR, G_TLS_CHANNEL_BINDING_ERROR_NOT_AVAILABLE,
          _ ("The key blob has no channel bindings: the service is older than this "
             "library, or this connection has none"));
      return NULL;
    }
  if (size == 0)
    {
      g_set_error_literal (error, G_TLS_CHANNEL_BINDING_ERROR, code, _ (reason));
      return NULL;
    }
  handoff_secret_bytes_set (&copy, binding, size);
  return handoff_secret_bytes_take (&copy);
}

/* With the lock. */
static GBytes *
dup_binding (const HandoffKeyState *state, GTlsChannelBindingType type, GError **error)
{
  switch (type)
    {
    case G_TLS_CHANNEL_BINDING_TLS_UNIQUE:
      return copy_binding (
          state, state->tls_unique, state->tls_unique_size,
          G_TLS_CHANNEL_BINDING_ERROR_NOT_AVAILABLE,
          state->protocol == TLS_PROTOCOL_1_3
              ? N_ ("TLS 1.3 has no channel binding tls-unique; it has tls-exporter")
              : N_ ("There is no channel binding tls-unique: the session was resumed "
                    "without the extended master secret, so it would prove nothing"),
          error);
    case G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT:
      return copy_binding (state, state->tls_server_end_point, state->tls_server_end_point_size,
                           G_TLS_CHANNEL_BINDING_ERROR_NOT_SUPPORTED,
                           N_ ("The channel binding tls-server-end-point is not defined for the "
                               "signature of the server's certificate"),
                           error);
    case G_TLS_CHANNEL_BINDING_TLS_EXPORTER:
      return copy_binding (
          state, state->tls_exporter, state->tls_exporter_size,
          G_TLS_CHANNEL_BINDING_ERROR_NOT_AVAILABLE,
          N_ ("There is no channel binding tls-exporter: the peer does not have the "
              "extended master secret, without which it would prove nothing"),
          error);
    default:
      g_set_error_literal (error, G_TLS_CHANNEL_BINDING_ERROR,
                           G_TLS_CHANNEL_BINDING_ERROR_NOT_IMPLEMENTED,
                           _ ("There is no channel binding of that type"));
      return NULL;
    }
}

/* With the lock. */
static gboolean
check_state (TlsHandoffRecordLayer *self, GError **error)
{
  if (!self->handed_on)
    return TRUE;
  g_set_error_literal (
      error, G_TLS_CHANNEL_BINDING_ERROR, G_TLS_CHANNEL_BINDING_ERROR_INVALID_STATE,
      _ ("This connection was handed on to another process, and its channel bindings "
         "with it"));
  return FALSE;
}

/**
 * tls_handoff_record_layer_dup_channel_binding_data:
 * @self: a record layer
 * @type: which channel binding
 * @error: return location for an error
 *
 * What binds an authentication inside of the connection to it, such as a password with SCRAM (RFC
 * 5802): both ends compute the same, and whoever is between two connections cannot make them the
 * same. It was computed with the handshake, and stays as it is until the record layer is freed,
 * also when the connection is closed.
 *
 *  - %G_TLS_CHANNEL_BINDING_TLS_EXPORTER (RFC 9266): 32 bytes; TLS 1.3, and TLS 1.2 where both
 *    sides have the extended master secret (RFC 7627);
 *  - %G_TLS_CHANNEL_BINDING_TLS_UNIQUE (RFC 5929 3): 12 bytes; TLS 1.2 only, and not if a session
 * was resumed without the extended master secret (RFC 7627 5.4);
 *  - %G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT (RFC 5929 4): the hash of the server's
 *    certificate, which is no secret. With another connection to the same server it is the same.
 *
 * A #GTlsConnection has g_tls_connection_get_channel_binding_data() for it.
 *
 * Errors: %G_TLS_CHANNEL_BINDING_ERROR_NOT_AVAILABLE if this connection has no such binding, or the
 * service that did the handshake is older than version 0.2;
 * %G_TLS_CHANNEL_BINDING_ERROR_NOT_SUPPORTED if the signature of the server's certificate has no
 * hash, or an unknown one; %G_TLS_CHANNEL_BINDING_ERROR_NOT_IMPLEMENTED for another @type;
 * %G_TLS_CHANNEL_BINDING_ERROR_INVALID_STATE after [method@RecordLayer.export].
 *
 * Returns: (transfer full): the binding, wiped when freed, or %NULL with @error set
 *
 * Since: 0.2
 */
GBytes *
tls_handoff_record_layer_dup_channel_binding_data (TlsHandoffRecordLayer *self,
                                                   GTlsChannelBindingType type,
                                                   GError **error)
{
  GBytes *binding = NULL;

  g_return_val_if_fail (handoff_record_layer_is_imported (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  g_mutex_lock (&self->receiver.lock);
  if (check_state (self, error))
    binding = dup_binding (self->state, type, error);
  g_mutex_unlock (&self->receiver.lock);
  return binding;
}
