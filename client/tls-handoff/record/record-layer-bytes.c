/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The record layer for callers that have no buffers to work in: language bindings. */

#include "record/record-layer.h"

#include "keyblob/secret-memory.h"

/**
 * tls_handoff_record_layer_protect_bytes:
 * @self: a record layer
 * @data: (nullable): data to send; %NULL for only what the layer itself wants sent
 * @error: return location for an error
 *
 * Makes records of all of @data, preceded by what [method@RecordLayer.take_output] would have
 * returned. They must be sent, in order. This is tls_handoff_record_layer_protect() for callers
 * that cannot give it a buffer, such as language bindings.
 *
 * Errors: as those of tls_handoff_record_layer_protect(). After an error nothing more can be sent.
 *
 * Returns: (transfer full): the records, of which there may be none if there is no data; or %NULL
 *   with @error set
 *
 * Since: 0.2
 */
GBytes *
tls_handoff_record_layer_protect_bytes (TlsHandoffRecordLayer *self, GBytes *data, GError **error)
{
  g_autofree guint8 *records = NULL;
  gsize records_size = 0;
  const guint8 *rest = NULL;
  gsize size = 0;

  g_return_val_if_fail (handoff_record_layer_is_imported (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (data != NULL)
    rest = g_bytes_get_data (data, &size);
  /* One round, unless another thread makes the layer owe another message meanwhile. */
  do
    {
      const gsize room = tls_handoff_record_layer_get_protected_size (self, size);
      gsize consumed;
      gsize made;

      records = g_realloc (records, records_size + room);
      if (!tls_handoff_record_layer_protect (self, rest, size, &consumed, records + records_size,
                                             room, &made, error))
        return NULL;
      records_size += made;
      size -= consumed;
      if (size > 0)
        rest += consumed;
    }
  while (size > 0);

  return g_bytes_new_take (g_steal_pointer (&records), records_size);
}

typedef struct
{
  guint8 *data; /* (owned) */
  gsize size;   /* bytes, all of which are wiped */
} Buffer;

static void
buffer_free (gpointer user_data)
{
  Buffer *buffer = user_data;

  handoff_wipe (buffer->data, buffer->size);
  g_free (buffer->data);
  g_free (buffer);
}

/**
 * tls_handoff_record_layer_unprotect_bytes:
 * @self: a record layer
 * @records: what was received and not yet consumed
 * @consumed: (out): bytes of complete records that were taken from the start of @records
 * @status: (out): whether the peer closed its side
 * @error: return location for an error
 *
 * Opens all complete records at the start of @records, which stay as they are. This is
 * tls_handoff_record_layer_unprotect() for callers that have no buffer to work in, such as language
 * bindings. What its documentation says of incomplete records, of what to send afterwards, and of
 * errors holds here too.
 *
 * Errors: as those of tls_handoff_record_layer_unprotect().
 *
 * Returns: (transfer full): the data that the records carried, which may be none, and which is
 *   wiped when it is freed; or %NULL with @error set
 *
 * Since: 0.2
 */
GBytes *
tls_handoff_record_layer_unprotect_bytes (TlsHandoffRecordLayer *self,
                                          GBytes *records,
                                          gsize *consumed,
                                          TlsHandoffRecordStatus *status,
                                          GError **error)
{
  Buffer *buffer;
  gconstpointer data;
  gsize plaintext_size;

  g_return_val_if_fail (handoff_record_layer_is_imported (self), NULL);
  g_return_val_if_fail (records != NULL, NULL);
  g_return_val_if_fail (consumed != NULL && status != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  buffer = g_new0 (Buffer, 1);
  data = g_bytes_get_data (records, &buffer->size);
  buffer->data = g_memdup2 (data, buffer->size);
  if (!tls_handoff_record_layer_unprotect (self, buffer->data, buffer->size, consumed,
                                           &plaintext_size, status, error))
    {
      buffer_free (buffer);
      return NULL;
    }

  return g_bytes_new_with_free_func (buffer->data, plaintext_size, buffer_free, buffer);
}
