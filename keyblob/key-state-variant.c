/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A key state as a dictionary (vardict.h) and back. Secrets are copied from one secret memory to
 * the other, and nowhere else. */

#include "key-state.h"

#include <string.h>

#include "secret-memory.h"
#include "tls-handoff-error.h"
#include "vardict.h"

typedef enum
{
  FIELD_ROLE,   /* s: "client" or "server" */
  FIELD_UINT16, /* q */
  FIELD_UINT64, /* t */
  FIELD_FLAG,   /* b */
  FIELD_BYTES,  /* ay; its size is in a guint8 of the state */
  FIELD_SECRET, /* ay, of any number of bytes: a HandoffSecretBytes */
} FieldKind;

static const char *const field_types[] = {
  [FIELD_ROLE] = "s", [FIELD_UINT16] = "q", [FIELD_UINT64] = "t",
  [FIELD_FLAG] = "b", [FIELD_BYTES] = "ay", [FIELD_SECRET] = "ay",
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

/* A number as it is written. */
typedef guint8 Number[8];

/* value: (unowned), like state, to which the entry refers: for a number. */
static HandoffVardictEntry
make_entry (const Field *field, const HandoffKeyState *state, Number number)
{
  const char *type = field_types[field->kind];
  HandoffVardictEntry entry = { field->key, type, strlen (type), number, 0 };
  const guint8 *base = (const guint8 *) state;
  const guint8 *value = base + field->offset;
  guint64 wide = 0;
  guint16 narrow = 0;

  switch (field->kind)
    {
    case FIELD_ROLE:
      entry.value = state->role == HANDOFF_ROLE_CLIENT ? CLIENT : SERVER;
      entry.size = strlen (entry.value) + 1;
      break;
    case FIELD_UINT16:
      narrow = GUINT16_TO_LE (*(const guint16 *) value);
      entry.size = sizeof narrow;
      memcpy (number, &narrow, sizeof narrow);
      break;
    case FIELD_UINT64:
      wide = GUINT64_TO_LE (*(const guint64 *) value);
      entry.size = sizeof wide;
      memcpy (number, &wide, sizeof wide);
      break;
    case FIELD_FLAG:
      entry.size = 1;
      number[0] = *(const gboolean *) value ? 1 : 0;
      break;
    case FIELD_BYTES:
      entry.value = value;
      entry.size = base[field->size_offset];
      break;
    case FIELD_SECRET:
      entry.value = ((const HandoffSecretBytes *) value)->data;
      entry.size = ((const HandoffSecretBytes *) value)->size;
      break;
    default:
      g_assert_not_reached ();
    }
  return entry;
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
  HandoffVardictEntry entries[G_N_ELEMENTS (fields)];
  Number numbers[G_N_ELEMENTS (fields)];
  gsize n_entries = 0;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (must_be_present (&fields[i], state->protocol, suite) ||
          (fields[i].presence == IF_ANY && is_any (&fields[i], state)))
        {
          entries[n_entries] = make_entry (&fields[i], state, numbers[n_entries]);
          n_entries++;
        }
    }
  return handoff_vardict_write (entries, n_entries, size);
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
refuse_form (GError **error)
{
  return refuse (error, "is not a dictionary in normal form");
}

static gboolean
is_string (const HandoffVardictEntry *entry, const char *string)
{
  return entry->size == strlen (string) + 1 && memcmp (entry->value, string, entry->size) == 0;
}

static gboolean
check_type (const Field *field, const HandoffVardictEntry *entry, GError **error)
{
  const char *type = field_types[field->kind];
  g_autofree char *found = NULL;

  if (entry->type_size == strlen (type) && memcmp (entry->type, type, entry->type_size) == 0)
    return TRUE;
  found = g_strndup (entry->type, entry->type_size);
  if (!g_variant_type_string_is_valid (found))
    return refuse_form (error);
  return refuse (error, "has a value of type %s for “%s”, it must be %s", found, field->key, type);
}

static gboolean
read_number (const HandoffVardictEntry *entry, gpointer number, gsize size, GError **error)
{
  if (entry->size != size)
    return refuse_form (error);
  memcpy (number, entry->value, size);
  return TRUE;
}

static gboolean
read_value (const Field *field,
            const HandoffVardictEntry *entry,
            HandoffKeyState *state,
            GError **error)
{
  guint8 *base = (guint8 *) state;
  guint8 *target = base + field->offset;
  guint64 wide = 0;
  guint16 narrow = 0;
  guint8 flag = 0;

  if (!check_type (field, entry, error))
    return FALSE;

  switch (field->kind)
    {
    case FIELD_ROLE:
      if (!is_string (entry, CLIENT) && !is_string (entry, SERVER))
        return refuse (error, "has neither of the roles client and server");
      state->role = is_string (entry, CLIENT) ? HANDOFF_ROLE_CLIENT : HANDOFF_ROLE_SERVER;
      return TRUE;
    case FIELD_UINT16:
      if (!read_number (entry, &narrow, sizeof narrow, error))
        return FALSE;
      *(guint16 *) target = GUINT16_FROM_LE (narrow);
      return TRUE;
    case FIELD_UINT64:
      if (!read_number (entry, &wide, sizeof wide, error))
        return FALSE;
      *(guint64 *) target = GUINT64_FROM_LE (wide);
      return TRUE;
    case FIELD_FLAG:
      if (!read_number (entry, &flag, sizeof flag, error))
        return FALSE;
      *(gboolean *) target = flag != 0;
      return TRUE;
    case FIELD_BYTES:
      if (entry->size < field->min_size || entry->size > field->max_size)
        return refuse (error, "has %" G_GSIZE_FORMAT " bytes for “%s”", entry->size, field->key);
      memcpy (target, entry->value, entry->size);
      base[field->size_offset] = (guint8) entry->size;
      return TRUE;
    case FIELD_SECRET:
      handoff_secret_bytes_set ((HandoffSecretBytes *) target, entry->value, entry->size);
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
refuse_key (const char *key, GError **error)
{
  if (!g_utf8_validate (key, -1, NULL))
    return refuse_form (error);
  return refuse (error, "has the unknown key “%s”", key);
}

static gboolean
read_all (HandoffVardictReader *reader,
          guint format,
          HandoffKeyState *state,
          gboolean *seen,
          gboolean *in_order,
          GError **error)
{
  int last_index = -1;
  gsize i;

  *in_order = TRUE;

  for (i = 0; i < reader->n_entries; i++)
    {
      HandoffVardictEntry entry;
      int index;

      if (!handoff_vardict_reader_next (reader, &entry))
        return refuse_form (error);
      index = find_field (entry.key, format);
      if (index < 0)
        return refuse_key (entry.key, error);
      if (seen[index])
        return refuse (error, "has the key “%s” twice", entry.key);
      if (!read_value (&fields[index], &entry, state, error))
        return FALSE;
      seen[index] = TRUE;
      *in_order = *in_order && index > last_index;
      last_index = index;
    }

  return TRUE;
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

/* A state has one form only. */
static gboolean
check_form (const HandoffKeyState *state, const guint8 *data, gsize size, GError **error)
{
  gsize normal_size;
  guint8 *normal = handoff_key_state_serialize (state, &normal_size);
  const gboolean is_normal = normal_size == size && memcmp (normal, data, size) == 0;

  handoff_secret_free (normal);
  return is_normal || refuse_form (error);
}

/**
 * handoff_key_state_parse:
 * @data: (array length=size): what handoff_key_state_serialize() wrote, in secret memory
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
  g_autoptr (HandoffKeyState) state = handoff_key_state_new ();
  HandoffVardictReader reader;
  gboolean seen[G_N_ELEMENTS (fields)] = { FALSE };
  gboolean in_order;

  if (!handoff_vardict_reader_init (&reader, data, size))
    {
      refuse_form (error);
      return NULL;
    }
  if (!read_all (&reader, format, state, seen, &in_order, error) ||
      !check_presence (seen, state, error) || !handoff_key_state_validate (state, error))
    return NULL;
  if (!in_order)
    {
      refuse (error, "has its keys in another order");
      return NULL;
    }
  return check_form (state, data, size, error) ? g_steal_pointer (&state) : NULL;
}
