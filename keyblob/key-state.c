/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "key-state.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "secret-memory.h"
#include "tls-handoff-error.h"

#define TLS1_3 0x0304

/**
 * handoff_key_state_new:
 *
 * Returns: (transfer full): an empty state, in secret memory
 */
HandoffKeyState *
handoff_key_state_new (void)
{
  return handoff_secret_new (sizeof (HandoffKeyState), HANDOFF_SECRET_DEFAULT);
}

/**
 * handoff_key_state_free:
 * @state: (transfer full) (nullable): a state
 *
 * Wipes and frees @state.
 */
void
handoff_key_state_free (HandoffKeyState *state)
{
  if (state == NULL)
    return;

  handoff_secret_bytes_clear (&state->unread_data);
  handoff_secret_bytes_clear (&state->unread_records);
  handoff_secret_bytes_clear (&state->handshake_prefix);
  handoff_secret_free (state);
}

static gboolean
check_size (const char *direction, const char *what, gsize size, gsize expected, GError **error)
{
  if (size == expected)
    return TRUE;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
               "The key state's %s %s has %" G_GSIZE_FORMAT
               " bytes, the cipher suite needs %" G_GSIZE_FORMAT,
               direction, what, size, expected);
  return FALSE;
}

static gboolean
validate_direction (const HandoffDirectionState *direction,
                    const char *name,
                    const HandoffCipherSuite *suite,
                    GError **error)
{
  gsize traffic_secret_size = suite->protocol == TLS1_3 ? gnutls_hash_get_len (suite->prf) : 0;

  if (!check_size (name, "key", direction->key_size, suite->key_size, error) ||
      !check_size (name, "IV", direction->iv_size, suite->iv_size, error) ||
      !check_size (name, "traffic secret", direction->traffic_secret_size, traffic_secret_size,
                   error) ||
      !check_size (name, "MAC key", direction->mac_key_size, suite->mac_key_size, error))
    return FALSE;

  /* RFC 8446 5.3: sequence numbers do not wrap, and this one would with its first record. */
  if (direction->sequence_number == G_MAXUINT64)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                   "The key state's %s sequence number is used up", name);
      return FALSE;
    }

  if (direction->max_plaintext_size < HANDOFF_MIN_MAX_PLAINTEXT_SIZE ||
      direction->max_plaintext_size > HANDOFF_MAX_MAX_PLAINTEXT_SIZE)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                   "The key state's %s record size limit is %u bytes, it must be %u to %u", name,
                   direction->max_plaintext_size, HANDOFF_MIN_MAX_PLAINTEXT_SIZE,
                   HANDOFF_MAX_MAX_PLAINTEXT_SIZE);
      return FALSE;
    }

  return TRUE;
}

/**
 * handoff_key_state_get_format:
 * @state: a state
 *
 * Returns: the oldest format of the key blob that has all of @state
 */
guint
handoff_key_state_get_format (const HandoffKeyState *state)
{
  return state->tls_exporter_size > 0 || state->tls_unique_size > 0 ||
                 state->tls_server_end_point_size > 0
             ? 2
             : 1;
}

/**
 * handoff_key_state_copy_bindings:
 * @state: a state
 * @source: another one
 *
 * Replaces the channel bindings of @state with those of @source.
 */
void
handoff_key_state_copy_bindings (HandoffKeyState *state, const HandoffKeyState *source)
{
  memcpy (state->tls_exporter, source->tls_exporter, sizeof state->tls_exporter);
  memcpy (state->tls_unique, source->tls_unique, sizeof state->tls_unique);
  memcpy (state->tls_server_end_point, source->tls_server_end_point,
          sizeof state->tls_server_end_point);
  state->tls_exporter_size = source->tls_exporter_size;
  state->tls_unique_size = source->tls_unique_size;
  state->tls_server_end_point_size = source->tls_server_end_point_size;
}

/**
 * handoff_key_state_clear_bindings:
 * @state: a state
 *
 * Wipes the channel bindings of @state.
 */
void
handoff_key_state_clear_bindings (HandoffKeyState *state)
{
  handoff_wipe (state->tls_exporter, sizeof state->tls_exporter);
  handoff_wipe (state->tls_unique, sizeof state->tls_unique);
  handoff_wipe (state->tls_server_end_point, sizeof state->tls_server_end_point);
  state->tls_exporter_size = state->tls_unique_size = state->tls_server_end_point_size = 0;
}

static gboolean
validate_bindings (const HandoffKeyState *state, GError **error)
{
  const char *what = NULL;

  if (state->tls_exporter_size != 0 && state->tls_exporter_size != HANDOFF_TLS_EXPORTER_SIZE)
    what = "tls-exporter";
  else if (state->tls_unique_size != 0 && state->tls_unique_size != HANDOFF_TLS_UNIQUE_SIZE)
    what = "tls-unique";
  else if (state->tls_server_end_point_size != 0 &&
           (state->tls_server_end_point_size < HANDOFF_MIN_SERVER_END_POINT_SIZE ||
            state->tls_server_end_point_size > HANDOFF_MAX_SERVER_END_POINT_SIZE))
    what = "tls-server-end-point";

  if (what != NULL)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                 "The key state's channel binding %s has the wrong size", what);
  return what == NULL;
}

/* What only one protocol or kind of suite has. */
static gboolean
validate_combination (const HandoffKeyState *state, const HandoffCipherSuite *suite, GError **error)
{
  const char *what = NULL;

  if (state->encrypt_then_mac && !handoff_cipher_suite_is_cbc (suite))
    what = "encrypts before it authenticates, which only AES-CBC suites do";
  else if ((state->key_update_owed || state->key_update_requested) && state->protocol != TLS1_3)
    what = "owes a KeyUpdate, which only TLS 1.3 has";
  else if (state->no_renegotiation_owed && state->protocol == TLS1_3)
    what = "owes a no_renegotiation warning, which TLS 1.3 has not";
  else if (state->tls_unique_size > 0 && state->protocol == TLS1_3)
    what = "has the channel binding tls-unique, which TLS 1.3 has not";

  if (what != NULL)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "The key state %s",
                 what);
  return what == NULL;
}

/**
 * handoff_key_state_validate:
 * @state: a state
 * @error: return location for an error
 *
 * Checks everything that can be checked about a state without using its keys.
 *
 * Returns: whether a record layer can go on from @state; %FALSE with
 *   %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, or %TLS_HANDOFF_ERROR_NOT_SUPPORTED for a protocol or
 *   cipher suite that this version does not have
 */
gboolean
handoff_key_state_validate (const HandoffKeyState *state, GError **error)
{
  const HandoffCipherSuite *suite = handoff_cipher_suite_by_id (state->cipher_suite);

  if (state->role != HANDOFF_ROLE_CLIENT && state->role != HANDOFF_ROLE_SERVER)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                   "The key state's role is neither client nor server");
      return FALSE;
    }

  if (handoff_protocol_name (state->protocol) == NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
                   "This version does not support the key state's protocol 0x%04x",
                   state->protocol);
      return FALSE;
    }

  if (suite == NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
                   "This version does not support the key state's cipher suite 0x%04x",
                   state->cipher_suite);
      return FALSE;
    }

  if (suite->protocol != state->protocol)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                   "The key state's cipher suite %s is not one of %s", suite->name,
                   handoff_protocol_name (state->protocol));
      return FALSE;
    }

  return validate_direction (&state->read, "read", suite, error) &&
         validate_direction (&state->write, "write", suite, error) &&
         validate_bindings (state, error) && validate_combination (state, suite, error);
}

static gboolean
secret_equal (const guint8 *a, gsize a_size, const guint8 *b, gsize b_size)
{
  return a_size == b_size && (a_size == 0 || gnutls_memcmp (a, b, a_size) == 0);
}

static gboolean
direction_equal (const HandoffDirectionState *a, const HandoffDirectionState *b)
{
  return secret_equal (a->key, a->key_size, b->key, b->key_size) &&
         secret_equal (a->iv, a->iv_size, b->iv, b->iv_size) &&
         secret_equal (a->traffic_secret, a->traffic_secret_size, b->traffic_secret,
                       b->traffic_secret_size) &&
         secret_equal (a->mac_key, a->mac_key_size, b->mac_key, b->mac_key_size) &&
         a->sequence_number == b->sequence_number && a->max_plaintext_size == b->max_plaintext_size;
}

static gboolean
bytes_equal (const HandoffSecretBytes *a, const HandoffSecretBytes *b)
{
  return secret_equal (a->data, a->size, b->data, b->size);
}

/**
 * handoff_key_state_equal:
 * @a: a state
 * @b: another state
 *
 * Returns: whether both are the same in every field; bytes beyond a field's size do not count
 */
gboolean
handoff_key_state_equal (const HandoffKeyState *a, const HandoffKeyState *b)
{
  return a->role == b->role && a->protocol == b->protocol && a->cipher_suite == b->cipher_suite &&
         direction_equal (&a->read, &b->read) && direction_equal (&a->write, &b->write) &&
         a->encrypt_then_mac == b->encrypt_then_mac &&
         bytes_equal (&a->unread_data, &b->unread_data) &&
         bytes_equal (&a->unread_records, &b->unread_records) &&
         bytes_equal (&a->handshake_prefix, &b->handshake_prefix) &&
         a->key_update_owed == b->key_update_owed &&
         a->key_update_requested == b->key_update_requested &&
         a->no_renegotiation_owed == b->no_renegotiation_owed &&
         secret_equal (a->tls_exporter, a->tls_exporter_size, b->tls_exporter,
                       b->tls_exporter_size) &&
         secret_equal (a->tls_unique, a->tls_unique_size, b->tls_unique, b->tls_unique_size) &&
         secret_equal (a->tls_server_end_point, a->tls_server_end_point_size,
                       b->tls_server_end_point, b->tls_server_end_point_size);
}
