/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/token-places.h"

#include "keyblob/tls-handoff-error.h"
#include "tokens/token-search.h"

struct _HandoffTokenPlaces
{
  grefcount ref_count;
  GPtrArray *modules;      /* (owned) (element-type HandoffModuleProcess) (unowned elements) */
  GHashTable *places;      /* (owned) (element-type utf8 HandoffModuleProcess): by label */
  HandoffTokenFound found; /* (nullable) */
  gpointer found_data;     /* (unowned) */
};

HandoffTokenPlaces *
handoff_token_places_new (void)
{
  HandoffTokenPlaces *self = g_new0 (HandoffTokenPlaces, 1);

  g_ref_count_init (&self->ref_count);
  self->modules = g_ptr_array_new ();
  self->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

HandoffTokenPlaces *
handoff_token_places_ref (HandoffTokenPlaces *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_token_places_unref (HandoffTokenPlaces *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->modules);
  g_hash_table_unref (self->places);
  g_free (self);
}

static gboolean
is_gone (gpointer label, gpointer module, gpointer modules)
{
  return !g_ptr_array_find (modules, module, NULL);
}

void
handoff_token_places_set_modules (HandoffTokenPlaces *self, GPtrArray *modules)
{
  g_ptr_array_unref (self->modules);
  self->modules = g_ptr_array_ref (modules);
  g_hash_table_foreach_remove (self->places, is_gone, modules);
}

void
handoff_token_places_set_found (HandoffTokenPlaces *self,
                                HandoffTokenFound found,
                                gpointer found_data)
{
  self->found = found;
  self->found_data = found_data;
}

void
handoff_token_places_note (HandoffTokenPlaces *self,
                           const char *label,
                           HandoffModuleProcess *module)
{
  g_hash_table_replace (self->places, g_strdup (label), module);
  if (self->found != NULL)
    self->found (label, module, self->found_data);
}

HandoffModuleProcess *
handoff_token_places_lookup (HandoffTokenPlaces *self, const char *label)
{
  return g_hash_table_lookup (self->places, label);
}

gboolean
handoff_token_places_forget (HandoffTokenPlaces *self,
                             const char *label,
                             HandoffModuleProcess *module)
{
  return g_hash_table_lookup (self->places, label) == module &&
         g_hash_table_remove (self->places, label);
}

/* Where the token is. Owned by the task. */
typedef struct
{
  HandoffTokenPlaces *places; /* (owned) */
  char *label;                /* (owned) */
} Placing;

static void
free_placing (gpointer data)
{
  Placing *placing = data;

  handoff_token_places_unref (placing->places);
  g_free (placing->label);
  g_free (placing);
}

static void
token_searched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Placing *placing = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  HandoffModuleProcess *module = handoff_token_search_finish (result, &error);

  /* The configuration may have changed meanwhile. */
  if (module != NULL && !g_ptr_array_find (placing->places->modules, module, NULL))
    {
      module = NULL;
      g_set_error (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                   "The module of the token “%s” is not used any more", placing->label);
    }
  if (module == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_hash_table_replace (placing->places->places, g_strdup (placing->label), module);
  g_task_return_pointer (task, module, NULL);
}

void
handoff_token_places_find_async (HandoffTokenPlaces *self,
                                 const char *uri,
                                 const char *label,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  HandoffModuleProcess *module = g_hash_table_lookup (self->places, label);
  Placing *placing = g_new0 (Placing, 1);

  g_task_set_source_tag (task, handoff_token_places_find_async);
  placing->places = handoff_token_places_ref (self);
  placing->label = g_strdup (label);
  g_task_set_task_data (task, placing, free_placing);
  if (module == NULL && self->modules->len == 1)
    module = g_ptr_array_index (self->modules, 0);
  if (module != NULL)
    g_task_return_pointer (task, module, NULL);
  else if (self->modules->len == 0)
    g_task_return_new_error (
        task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
        "The token “%s” is not there: no PKCS#11 module is loaded (see [Tokens] "
        "Modules in the configuration)",
        label);
  else
    handoff_token_search_async (self->modules, uri, label, token_searched, g_steal_pointer (&task));
}

HandoffModuleProcess *
handoff_token_places_find_finish (HandoffTokenPlaces *self, GAsyncResult *result, GError **error)
{
  HandoffModuleProcess *module = g_task_propagate_pointer (G_TASK (result), error);

  if (module == NULL || g_ptr_array_find (self->modules, module, NULL))
    return module;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
               "The module of the token is not used any more");
  return NULL;
}
