/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A key state as a GVariant and back.
 *
 * GLib must not copy a secret onto the ordinary heap. So a variant that holds a secret is made with
 * g_variant_new_from_data() over secret memory. It is aligned (GLib copies what is not), written
 * with g_variant_store() only, and read with functions that return pointers into it only.
 *
 * Numbers are little-endian on every machine: each is swapped by itself where needed, because
 * g_variant_byteswap() copies the whole. (The rest of the format is little-endian by definition.)
 */

#include "key-state.h"

#include <string.h>

#include "secret-memory.h"
#include "tls-handoff-error.h"

typedef enum
{
  FIELD_ROLE,   /* s: "client" or "server" */
  FIELD_UINT16, /* q */
  FIELD_UINT64, /* t */
  FIELD_FLAG,   /* b */
  FIELD_BYTES,  /* ay; its size is in a guint8 of the state */
  FIELD_SECRET, /* ay, of any number of bytes: a HandoffSecretBytes */
} FieldKind;

static const GVariantType *const field_types[] = {
  [FIELD_ROLE] = G_VARIANT_TYPE_STRING,      [FIELD_UINT16] = G_VARIANT_TYPE_UINT16,
  [FIELD_UINT64] = G_VARIANT_TYPE_UINT64,    [FIELD_FLAG] = G_VARIANT_TYPE_BOOLEAN,
  [FIELD_BYTES] = G_VARIANT_TYPE_BYTESTRING, [FIELD_SECRET] = G_VARIANT_TYPE_BYTESTRING,
};

typedef enum
{
  ALWAYS,
  IN_TLS1_3,
  WITH_AEAD,
  WITH_CBC,
  IF_ANY, /* left out where it says nothing: a flag that is not set, bytes where there are none */
} FieldPresence;

typedef struct
{
  const char *key;
  FieldKind kind;
  FieldPresence presence;
  guint format;      /* of the key blob, that has it first */
  gsize offset;      /* of the value in HandoffKeyState */
  gsize size_offset; /* FIELD_BYTES: of its size */
  gsize min_size;    /* FIELD_BYTES: bytes; the suite's exact sizes are checked afterwards */
  gsize max_size;
} Field;

#define VALUE(key, kind, presence, member)                                                         \
  {                                                                                                \
    key, kind, presence, 1, G_STRUCT_OFFSET (HandoffKeyState, member), 0, 0, 0                     \
  }
#define BYTES(key, presence, format, member, min, max)                                             \
  {                                                                                                \
    key, FIELD_BYTES, presence, format, G_STRUCT_OFFSET (HandoffKeyState, member),                 \
        G_STRUCT_OFFSET (HandoffKeyState, member##_size), min, max                                 \
  }
#define DIRECTION(name)                                                                            \
  BYTES (#name "-key", ALWAYS, 1, name.key, 16, HANDOFF_MAX_KEY_SIZE),                             \
      BYTES (#name "-mac-key", WITH_CBC, 1, name.mac_key, 20, HANDOFF_MAX_MAC_KEY_SIZE),           \
      BYTES (#name "-iv", WITH_AEAD, 1, name.iv, 4, HANDOFF_MAX_IV_SIZE),                          \
      BYTES (#name "-traffic-secret", IN_TLS1_3, 1, name.traffic_secret, 32,                       \
             HANDOFF_MAX_TRAFFIC_SECRET_SIZE),                                                     \
      VALUE (#name "-sequence-number", FIELD_UINT64, ALWAYS, name.sequence_number),                \
      VALUE (#name "-max-plaintext-size", FIELD_UINT16, ALWAYS, name.max_plaintext_size)

/* The format: every field there is, in the order in which they are written and must be read. */
static const Field fields[] = {
  VALUE ("role", FIELD_ROLE, ALWAYS, role),
  VALUE ("protocol", FIELD_UINT16, ALWAYS, protocol),
  VALUE ("cipher-suite", FIELD_UINT16, ALWAYS, cipher_suite),
  DIRECTION (read),
  DIRECTION (write),
  VALUE ("encrypt-then-mac", FIELD_FLAG, WITH_CBC, encrypt_then_mac),
  VALUE ("unread-data", FIELD_SECRET, IF_ANY, unread_data),
  VALUE ("unread-records", FIELD_SECRET, IF_ANY, unread_records),
  VALUE ("handshake-prefix", FIELD_SECRET, IF_ANY, handshake_prefix),
  VALUE ("key-update-owed", FIELD_FLAG, IF_ANY, key_update_owed),
  VALUE ("key-update-requested", FIELD_FLAG, IF_ANY, key_update_requested),
  VALUE ("no-renegotiation-owed", FIELD_FLAG, IF_ANY, no_renegotiation_owed),
  BYTES ("tls-exporter",
         IF_ANY,
         2,
         tls_exporter,
         HANDOFF_TLS_EXPORTER_SIZE,
         HANDOFF_TLS_EXPORTER_SIZE),
  BYTES ("tls-unique", IF_ANY, 2, tls_unique, HANDOFF_TLS_UNIQUE_SIZE, HANDOFF_TLS_UNIQUE_SIZE),
  BYTES ("tls-server-end-point",
         IF_ANY,
         2,
         tls_server_end_point,
         HANDOFF_MIN_SERVER_END_POINT_SIZE,
         HANDOFF_MAX_SERVER_END_POINT_SIZE),
};

#define TLS1_3 0x0304
#define CLIENT "client"
#define SERVER "server"

/* Whether a state of that protocol and suite has the field; suite: NULL for one that we do not
 * have.
 */
static gboolean
may_be_present (const Field *field, guint16 protocol, const HandoffCipherSuite *suite)
{
  switch (field->presence)
    {
    case IN_TLS1_3:
      return protocol == TLS1_3;
    case WITH_AEAD:
      return suite == NULL || !handoff_cipher_suite_is_cbc (suite);
    case WITH_CBC:
      return suite == NULL || handoff_cipher_suite_is_cbc (suite);
    default:
      return TRUE;
    }
}

static gboolean
must_be_present (const Field *field, guint16 protocol, const HandoffCipherSuite *suite)
{
  switch (field->presence)
    {
    case IF_ANY:
      return FALSE;
    case WITH_AEAD:
    case WITH_CBC:
      /* Of an unknown suite we only want to say that it is unknown. */
      return suite != NULL && may_be_present (field, protocol, suite);
    default:
      return may_be_present (field, protocol, suite);
    }
}

/* For fields that are only written if there is something. */
static gboolean
is_any (const Field *field, const HandoffKeyState *state)
{
  const guint8 *base = (const guint8 *) state;
  gconstpointer value = base + field->offset;

  switch (field->kind)
    {
    case FIELD_FLAG:
      return *(const gboolean *) value;
    case FIELD_BYTES:
      return base[field->size_offset] > 0;
    default:
      return ((const HandoffSecretBytes *) value)->size > 0;
    }
}

/* (transfer floating) */
static GVariant *
new_value (const Field *field, const HandoffKeyState *state)
{
  const guint8 *base = (const guint8 *) state;
  const guint8 *value = base + field->offset;
  const HandoffSecretBytes *secret = (const HandoffSecretBytes *) value;

  switch (field->kind)
    {
    case FIELD_ROLE:
      return g_variant_new_string (state->role == HANDOFF_ROLE_CLIENT ? CLIENT : SERVER);
    case FIELD_UINT16:
      return g_variant_new_uint16 (GUINT16_TO_LE (*(const guint16 *) value));
    case FIELD_UINT64:
      return g_variant_new_uint64 (GUINT64_TO_LE (*(const guint64 *) value));
    case FIELD_FLAG:
      return g_variant_new_boolean (*(const gboolean *) value);
    case FIELD_BYTES:
      /* It has no destroy function: it refers to the state's memory, and must not outlive the
       * caller. */
      return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, value, base[field->size_offset],
                                      TRUE, NULL, NULL);
    case FIELD_SECRET:
      return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, secret->data, secret->size, TRUE,
                                      NULL, NULL);
    default:
      g_return_val_if_reached (NULL);
    }
}

/**
 * handoff_key_state_serialize:
 * @state: a valid state
 * @size: (out): bytes written
 *
 * Writes @state as the plaintext of a key blob.
 *
 * Returns: (transfer full) (array length=size): secret memory
 */
guint8 *
handoff_key_state_serialize (const HandoffKeyState *state, gsize *size)
{
  const HandoffCipherSuite *suite = handoff_cipher_suite_by_id (state->cipher_suite);
  g_autoptr (GVariant) variant = NULL;
  GVariantBuilder builder;
  guint8 *data;
  gsize i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (must_be_present (&fields[i], state->protocol, suite) ||
          (fields[i].presence == IF_ANY && is_any (&fields[i], state)))
        g_variant_builder_add (&builder, "{sv}", fields[i].key, new_value (&fields[i], state));
    }
  variant = g_variant_ref_sink (g_variant_builder_end (&builder));

  *size = g_variant_get_size (variant);
  data = handoff_secret_new (*size, HANDOFF_SECRET_DEFAULT);
  g_variant_store (variant, data);

  return data;
}

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (GError **error, const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list arguments;

  va_start (arguments, format);
  reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "The key state %s",
               reason);

  return FALSE;
}

static gboolean
read_role (GVariant *value, HandoffRole *role, GError **error)
{
  const char *name = g_variant_get_string (value, NULL);

  if (strcmp (name, CLIENT) == 0)
    *role = HANDOFF_ROLE_CLIENT;
  else if (strcmp (name, SERVER) == 0)
    *role = HANDOFF_ROLE_SERVER;
  else
    return refuse (error, "has neither of the roles client and server");

  return TRUE;
}

static gboolean
read_value (const Field *field, GVariant *value, HandoffKeyState *state, GError **error)
{
  guint8 *base = (guint8 *) state;
  guint8 *target = base + field->offset;
  const guint8 *data;
  gsize size;

  if (!g_variant_is_of_type (value, field_types[field->kind]))
    return refuse (error, "has a value of type %s for “%s”, it must be %.*s",
                   g_variant_get_type_string (value), field->key,
                   (int) g_variant_type_get_string_length (field_types[field->kind]),
                   g_variant_type_peek_string (field_types[field->kind]));

  switch (field->kind)
    {
    case FIELD_ROLE:
      return read_role (value, &state->role, error);
    case FIELD_UINT16:
      *(guint16 *) target = GUINT16_FROM_LE (g_variant_get_uint16 (value));
      return TRUE;
    case FIELD_UINT64:
      *(guint64 *) target = GUINT64_FROM_LE (g_variant_get_uint64 (value));
      return TRUE;
    case FIELD_FLAG:
      *(gboolean *) target = g_variant_get_boolean (value);
      return TRUE;
    case FIELD_BYTES:
      data = g_variant_get_fixed_array (value, &size, 1);
      if (size < field->min_size || size > field->max_size)
        return refuse (error, "has %" G_GSIZE_FORMAT " bytes for “%s”", size, field->key);
      memcpy (target, data, size);
      base[field->size_offset] = (guint8) size;
      return TRUE;
    case FIELD_SECRET:
      data = g_variant_get_fixed_array (value, &size, 1);
      handoff_secret_bytes_set ((HandoffSecretBytes *) target, data, size);
      return TRUE;
    default:
      g_return_val_if_reached (FALSE);
    }
}

/* The index of the field, or -1 if that format has it not. */
static int
find_field (const char *key, guint format)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (strcmp (fields[i].key, key) == 0)
        return fields[i].format <= format ? (int) i : -1;
    }

  return -1;
}

static gboolean
read_all (GVariant *variant,
          guint format,
          HandoffKeyState *state,
          gboolean *seen,
          gboolean *in_order,
          GError **error)
{
  gsize n_entries = g_variant_n_children (variant);
  gboolean ok = TRUE;
  int last_index = -1;
  gsize i;

  *in_order = TRUE;

  for (i = 0; ok && i < n_entries; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (variant, i);
      g_autoptr (GVariant) value = NULL;
      const char *key;
      int index;

      g_variant_get (entry, "{&sv}", &key, &value);
      index = find_field (key, format);
      if (index < 0)
        ok = refuse (error, "has the unknown key “%s”", key);
      else if (seen[index])
        ok = refuse (error, "has the key “%s” twice", key);
      else
        {
          ok = read_value (&fields[index], value, state, error);
          seen[index] = TRUE;
          *in_order = *in_order && index > last_index;
          last_index = index;
        }
    }

  return ok;
}

static gboolean
check_presence (const gboolean *seen, const HandoffKeyState *state, GError **error)
{
  const HandoffCipherSuite *suite = handoff_cipher_suite_by_id (state->cipher_suite);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (seen[i] && !may_be_present (&fields[i], state->protocol, suite))
        return refuse (error, "has the key “%s”, which its protocol or suite has not",
                       fields[i].key);
      if (!seen[i] && must_be_present (&fields[i], state->protocol, suite))
        return refuse (error, "lacks the key “%s”", fields[i].key);
      if (seen[i] && fields[i].presence == IF_ANY && !is_any (&fields[i], state))
        return refuse (error, "has the key “%s” with nothing in it", fields[i].key);
    }

  return TRUE;
}

/**
 * handoff_key_state_parse:
 * @data: (array length=size): what handoff_key_state_serialize() wrote, in secret memory, at the
 *   address that handoff_secret_new() returned
 * @size: bytes
 * @format: that of the key blob
 * @error: return location for an error
 *
 * Reads the plaintext of a key blob. It must be in normal form, have every key that its protocol
 * needs and no other that @format has not, and make a valid state.
 *
 * Returns: (transfer full): the state, or %NULL with %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID or
 *   %TLS_HANDOFF_ERROR_NOT_SUPPORTED (see handoff_key_state_validate())
 */
HandoffKeyState *
handoff_key_state_parse (const guint8 *data, gsize size, guint format, GError **error)
{
  g_autoptr (HandoffKeyState) state = NULL;
  g_autoptr (GVariant) variant = NULL;
  gboolean seen[G_N_ELEMENTS (fields)] = { FALSE };
  gboolean in_order;

  /* Else GLib would make an aligned copy on the heap. */
  g_return_val_if_fail ((gsize) data % 8 == 0, NULL);

  variant = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, data, size, FALSE, NULL, NULL));
  if (!g_variant_is_normal_form (variant))
    {
      refuse (error, "is not a dictionary in normal form");
      return NULL;
    }

  state = handoff_key_state_new ();
  if (!read_all (variant, format, state, seen, &in_order, error) ||
      !check_presence (seen, state, error) || !handoff_key_state_validate (state, error))
    return NULL;
  /* A state has one form only. */
  if (!in_order)
    {
      refuse (error, "has its keys in another order");
      return NULL;
    }

  return g_steal_pointer (&state);
}
