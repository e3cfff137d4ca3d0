/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeper/key-making.h"

#include "key/key-type.h"
#include "key/pkcs8.h"
#include "keyblob/tls-handoff-error.h"
#include "link/import-messages.h"
#include "link/keeper-messages.h"

struct _HandoffKeyMaking
{
  HandoffKeyRing *ring;    /* (unowned) */
  HandoffUserTurns *turns; /* (unowned) */
  GHashTable *under_way;   /* (owned) (element-type utf8 Making): by id */
};

/* One new key. */
typedef struct
{
  HandoffKeyMaking *all; /* (unowned) */
  HandoffLinkCall *call; /* (owned) (nullable): NULL when it is answered */
  char *id;              /* (owned) */
  guint uid;
  HandoffLink *import;  /* (owned) (nullable): on which it comes */
  GBytes *der;          /* (owned) (nullable): as it came */
  char *key_type;       /* (owned) (nullable): of a key that is made here */
  HandoffKeptKey *key;  /* (owned) (nullable) */
  gboolean is_released; /* nobody wants it any more */
  GError *error;        /* (owned) (nullable) */
} Making;

static void
making_free (Making *making)
{
  g_free (making->id);
  g_clear_pointer (&making->import, handoff_link_free);
  g_clear_pointer (&making->der, g_bytes_unref);
  g_free (making->key_type);
  g_clear_pointer (&making->key, handoff_kept_key_unref);
  g_clear_error (&making->error);
  g_free (making);
}

static GVariant *
new_bytes (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1);
}

static void
answer (Making *making)
{
  GVariant *public_key = new_bytes (handoff_kept_key_get_public_key (making->key));
  g_autofree char *algorithm = NULL;

  if (making->key_type == NULL)
    handoff_link_call_return (making->call, g_variant_new ("(@ay)", public_key), NULL, 0);
  else
    {
      algorithm = handoff_kept_key_dup_algorithm (making->key);
      handoff_link_call_return (making->call, g_variant_new ("(@ays)", public_key, algorithm), NULL,
                                0);
    }
}

/* The key is there, or will not come. */
static void
finish (Making *making)
{
  HandoffKeyMaking *self = making->all;

  if (making->is_released && making->error == NULL)
    g_set_error_literal (&making->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                         "The key is not needed any more");
  if (making->error == NULL)
    handoff_key_ring_hold (self->ring, making->id, making->key, &making->error);
  if (making->error == NULL)
    answer (making);
  else
    handoff_link_call_fail (making->call, making->error);
  g_hash_table_remove (self->under_way, making->id);
}

static void
make_key (gpointer data)
{
  Making *making = data;
  gnutls_x509_privkey_t key = making->key_type != NULL
                                  ? handoff_key_type_generate (making->key_type, &making->error)
                                  : handoff_pkcs8_read (making->der, &making->error);

  if (key != NULL)
    making->key = handoff_kept_key_new (key, &making->error);
  g_clear_pointer (&making->der, g_bytes_unref);
}

static void
key_made (gpointer data)
{
  finish (data);
}

static void
key_came (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  Making *making = user_data;
  g_autoptr (GVariant) der = g_variant_get_child_value (message->body, 0);

  making->der = g_variant_get_data_as_bytes (der);
  g_clear_pointer (&making->import, handoff_link_free);
  handoff_user_turns_add (making->all->turns, making->uid, make_key, key_made, making);
}

static void
import_ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  Making *making = user_data;

  making->error = g_error_copy (error);
  finish (making);
}

static const HandoffLinkFunctions import_functions = { key_came, import_ended };

/* (nullable): NULL: the request is answered by an error */
static Making *
making_new (HandoffKeyMaking *self, HandoffLinkMessage *message, const char *id, guint uid)
{
  Making *making;

  if (g_hash_table_contains (self->under_way, id))
    {
      g_autoptr (GError) error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                                                      "There is a key with that id already");

      handoff_link_call_fail (g_steal_pointer (&message->call), error);
      return NULL;
    }
  making = g_new0 (Making, 1);
  making->all = self;
  making->call = g_steal_pointer (&message->call);
  making->id = g_strdup (id);
  making->uid = uid;
  g_hash_table_insert (self->under_way, making->id, making);
  return making;
}

static void
receive_hold (HandoffKeyMaking *self, HandoffLinkMessage *message)
{
  const char *id;
  guint32 uid;
  Making *making;

  g_variant_get (message->body, "(&su)", &id, &uid);
  making = making_new (self, message, id, uid);
  if (making == NULL)
    return;
  making->import = handoff_link_new (handoff_link_message_steal_fd (message, 0),
                                     &handoff_import_messages, HANDOFF_LINK_LOWER, NULL,
                                     "tls-handoff-importer", &import_functions, making);
  handoff_link_set_user (making->import, uid);
}

static void
receive_generate (HandoffKeyMaking *self, HandoffLinkMessage *message)
{
  const char *id, *key_type;
  guint32 uid;
  Making *making;

  g_variant_get (message->body, "(&su&s)", &id, &uid, &key_type);
  making = making_new (self, message, id, uid);
  if (making == NULL)
    return;
  making->key_type = g_strdup (key_type);
  handoff_user_turns_add (self->turns, uid, make_key, key_made, making);
}

static void
receive_release (HandoffKeyMaking *self, HandoffLinkMessage *message)
{
  const char *id;
  Making *making;

  g_variant_get (message->body, "(&s)", &id);
  making = g_hash_table_lookup (self->under_way, id);
  handoff_key_ring_release (self->ring, id);
  if (making == NULL)
    return;
  making->is_released = TRUE;
  if (making->import != NULL)
    finish (making);
}

gboolean
handoff_key_making_receive (HandoffKeyMaking *self, HandoffLinkMessage *message)
{
  switch (message->number)
    {
    case HANDOFF_KEEPER_HOLD:
      receive_hold (self, message);
      return TRUE;
    case HANDOFF_KEEPER_GENERATE:
      receive_generate (self, message);
      return TRUE;
    case HANDOFF_KEEPER_RELEASE:
      receive_release (self, message);
      return TRUE;
    default:
      return FALSE;
    }
}

HandoffKeyMaking *
handoff_key_making_new (HandoffKeyRing *ring, HandoffUserTurns *turns)
{
  HandoffKeyMaking *self = g_new0 (HandoffKeyMaking, 1);

  self->ring = ring;
  self->turns = turns;
  self->under_way =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) making_free);
  return self;
}

void
handoff_key_making_free (HandoffKeyMaking *self)
{
  g_hash_table_unref (self->under_way);
  g_free (self);
}
