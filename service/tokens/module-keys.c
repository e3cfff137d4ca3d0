/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/module-keys.h"

#include "keyblob/tls-handoff-error.h"
#include "link/token-messages.h"
#include "token-text/token-uri.h"
#include "tokens/key-digest.h"

/* Reference-counted, since a search may end after its owner's handle: then there are no keys. */
struct _HandoffModuleKeys
{
  grefcount ref_count;
  HandoffTokenPlaces *places; /* (owned) */
  GHashTable *keys;           /* (owned) (element-type utf8 Key): by the credential's id */
};

/* The key of a credential. */
typedef struct
{
  char *uri;                    /* (owned) */
  char *label;                  /* (owned): of its token; NULL: the URI is none */
  GBytes *digest;               /* (owned): of its public key */
  HandoffModuleProcess *module; /* (unowned) (nullable): whose process has learnt of it */
  guint64 number;               /* of that process, which may be gone */
} Key;

/* The module's process forgets the key. */
static void
withdraw_key (Key *key, const char *id)
{
  HandoffLink *link;

  if (key->module == NULL)
    return;
  handoff_module_process_leave_token (key->module, key->label);
  if (handoff_module_process_get_number (key->module) == key->number)
    {
      link = handoff_module_process_get_link (key->module);
      handoff_link_send (link, HANDOFF_TOKEN_REMOVE_KEY, g_variant_new ("(s)", id), NULL, 0, NULL);
    }
  key->module = NULL;
}

/* The module's process learns of the key. */
static void
add_to (Key *key, const char *id, HandoffModuleProcess *module, HandoffLink *link, guint64 number)
{
  if (key->module != module)
    {
      withdraw_key (key, id);
      key->module = module;
      key->number = 0;
      handoff_module_process_enter_token (module, key->label);
    }
  if (key->number != number)
    handoff_link_send (
        link, HANDOFF_TOKEN_ADD_KEY,
        g_variant_new ("(ss@ay)", id, key->uri, handoff_key_digest_to_variant (key->digest)), NULL,
        0, NULL);
  key->number = number;
}

/* If it runs. */
static void
add_to_running (Key *key, const char *id, HandoffModuleProcess *module)
{
  HandoffLink *link = handoff_module_process_get_link (module);

  if (link != NULL)
    add_to (key, id, module, link, handoff_module_process_get_number (module));
}

static void
free_key (gpointer data)
{
  Key *key = data;

  g_free (key->uri);
  g_free (key->label);
  g_bytes_unref (key->digest);
  g_free (key);
}

HandoffModuleKeys *
handoff_module_keys_new (HandoffTokenPlaces *places)
{
  HandoffModuleKeys *self = g_new0 (HandoffModuleKeys, 1);

  g_ref_count_init (&self->ref_count);
  self->places = handoff_token_places_ref (places);
  self->keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_key);
  return self;
}

static HandoffModuleKeys *
ref_keys (HandoffModuleKeys *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

static void
unref_keys (HandoffModuleKeys *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  handoff_token_places_unref (self->places);
  g_hash_table_unref (self->keys);
  g_free (self);
}

void
handoff_module_keys_free (HandoffModuleKeys *self)
{
  g_hash_table_remove_all (self->keys);
  unref_keys (self);
}

void
handoff_module_keys_attach (HandoffModuleKeys *self,
                            const char *label,
                            HandoffModuleProcess *module)
{
  GHashTableIter iter;
  gpointer id, value;

  g_hash_table_iter_init (&iter, self->keys);
  while (g_hash_table_iter_next (&iter, &id, &value))
    {
      if (g_strcmp0 (((Key *) value)->label, label) == 0)
        add_to_running (value, id, module);
    }
}

void
handoff_module_keys_drop_module (HandoffModuleKeys *self, HandoffModuleProcess *module)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->keys);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      if (((Key *) value)->module == module)
        ((Key *) value)->module = NULL;
    }
}

void
handoff_module_keys_add (HandoffModuleKeys *self,
                         const char *id,
                         const char *uri,
                         GBytes *public_key)
{
  g_autoptr (HandoffTokenUri) parsed = handoff_token_uri_parse (uri, NULL);
  const Key *old = g_hash_table_lookup (self->keys, id);
  g_autoptr (GBytes) digest = handoff_key_digest_dup (public_key);
  HandoffModuleProcess *module = NULL;
  Key *key;

  if (old != NULL && g_str_equal (old->uri, uri) && g_bytes_equal (old->digest, digest))
    return;
  handoff_module_keys_remove (self, id);
  key = g_new0 (Key, 1);
  key->uri = g_strdup (uri);
  key->label = parsed != NULL ? g_strdup (handoff_token_uri_get_token (parsed)) : NULL;
  key->digest = g_steal_pointer (&digest);
  g_hash_table_insert (self->keys, g_strdup (id), key);
  if (key->label != NULL)
    module = handoff_token_places_lookup (self->places, key->label);
  if (module != NULL)
    add_to_running (key, id, module);
}

void
handoff_module_keys_remove (HandoffModuleKeys *self, const char *id)
{
  Key *key = g_hash_table_lookup (self->keys, id);

  if (key == NULL)
    return;
  withdraw_key (key, id);
  g_hash_table_remove (self->keys, id);
}

void
handoff_module_keys_prune (HandoffModuleKeys *self,
                           gboolean (*is_needed) (const char *id, gpointer user_data),
                           gpointer user_data)
{
  GHashTableIter iter;
  gpointer id, key;

  g_hash_table_iter_init (&iter, self->keys);
  while (g_hash_table_iter_next (&iter, &id, &key))
    {
      if (is_needed (id, user_data))
        continue;
      withdraw_key (key, id);
      g_hash_table_iter_remove (&iter);
    }
}

/* Owned by the task. */
typedef struct
{
  HandoffModuleKeys *keys; /* (owned) */
  char *id;                /* (owned) */
} Opening;

static void
free_opening (gpointer data)
{
  Opening *opening = data;

  unref_keys (opening->keys);
  g_free (opening->id);
  g_free (opening);
}

static void
key_placed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Opening *opening = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  HandoffModuleProcess *module =
      handoff_token_places_find_finish (opening->keys->places, result, &error);
  HandoffLink *link = NULL;
  guint64 number = 0;
  Key *key;

  /* This may end one, and tell others so. */
  if (module != NULL)
    link = handoff_module_process_start (module, &number, &error);
  key = g_hash_table_lookup (opening->keys->keys, opening->id);
  if (key == NULL)
    {
      g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                               "The credential is not there any more");
      return;
    }
  if (link == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  add_to (key, opening->id, module, link, number);
  g_task_return_pointer (task, g_memdup2 (&number, sizeof number), g_free);
}

void
handoff_module_keys_open_async (HandoffModuleKeys *self,
                                const char *id,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  const Key *key = g_hash_table_lookup (self->keys, id);
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = key != NULL ? handoff_token_uri_canonicalize (key->uri, &error) : NULL;
  Opening *opening;

  g_task_set_source_tag (task, handoff_module_keys_open_async);
  if (key == NULL)
    {
      g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                               "The credential is not there any more");
      return;
    }
  /* Somebody has damaged what is stored of it. */
  if (uri == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  opening = g_new0 (Opening, 1);
  opening->keys = ref_keys (self);
  opening->id = g_strdup (id);
  g_task_set_task_data (task, opening, free_opening);
  handoff_token_places_find_async (self->places, uri, key->label, key_placed,
                                   g_steal_pointer (&task));
}

guint64
handoff_module_keys_open_finish (GAsyncResult *result, GError **error)
{
  g_autofree guint64 *number = g_task_propagate_pointer (G_TASK (result), error);

  return number != NULL ? *number : 0;
}

/* A certificate request. Owned by the task. */
typedef struct
{
  HandoffModuleKeys *keys; /* (owned) */
  GVariant *body;          /* (owned) */
} Request;

static void
free_request (gpointer data)
{
  Request *request = data;

  unref_keys (request->keys);
  g_variant_unref (request->body);
  g_free (request);
}

static void
request_answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GVariant) der = NULL;

  if (reply == NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      return;
    }
  der = g_variant_get_child_value (reply->body, 0);
  g_task_return_pointer (task, g_variant_get_data_as_bytes (der), (GDestroyNotify) g_bytes_unref);
}

static void
opened_for_request (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Request *request = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  const guint64 number = handoff_module_keys_open_finish (result, &error);
  const Key *key = NULL;
  const char *id;

  g_variant_get_child (request->body, 0, "&s", &id);
  if (number != 0)
    key = g_hash_table_lookup (request->keys->keys, id);
  if (key != NULL && key->module != NULL &&
      handoff_module_process_get_number (key->module) == number)
    handoff_link_request (handoff_module_process_get_link (key->module),
                          HANDOFF_TOKEN_REQUEST_CERTIFICATE, request->body, NULL, 0,
                          request_answered, g_steal_pointer (&task));
  else if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                             "The process of the token's module ended");
}

void
handoff_module_keys_request_certificate_async (HandoffModuleKeys *self,
                                               GVariant *body,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Request *request = g_new0 (Request, 1);
  const char *id;

  g_task_set_source_tag (task, handoff_module_keys_request_certificate_async);
  request->keys = ref_keys (self);
  request->body = g_variant_ref_sink (body);
  g_task_set_task_data (task, request, free_request);
  g_variant_get_child (body, 0, "&s", &id);
  handoff_module_keys_open_async (self, id, opened_for_request, g_steal_pointer (&task));
}

GBytes *
handoff_module_keys_request_certificate_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

guint
handoff_module_keys_count (HandoffModuleKeys *self, HandoffModuleProcess *module)
{
  const guint64 number = handoff_module_process_get_number (module);
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->keys);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Key *key = value;

      n += key->module == module && key->number == number;
    }
  return n;
}
