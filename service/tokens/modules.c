/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/modules.h"

#include "token-text/token-uri.h"
#include "tokens/module-process.h"
#include "tokens/pin-book.h"
#include "tokens/system-modules.h"

struct _HandoffModules
{
  const HandoffModulesFunctions *functions;
  gpointer user_data;
  HandoffPinBook *book; /* (owned) */
  guint64 last_number;  /* of a process */

  GPtrArray *modules;         /* (owned) (element-type HandoffModuleProcess): see set_modules() */
  HandoffTokenPlaces *places; /* (owned) */
  HandoffModuleKeys *keys;    /* (owned) */
};

static void
process_started (guint64 number, HandoffLink *link, gpointer user_data)
{
  HandoffModules *self = user_data;

  self->functions->started (number, link, self->user_data);
}

static void
process_ended (guint64 number, gpointer user_data)
{
  HandoffModules *self = user_data;

  self->functions->ended (number, self->user_data);
}

static void
process_violated (guint64 number, guint64 holder, const char *why, gpointer user_data)
{
  HandoffModules *self = user_data;

  self->functions->violated (number, holder, why, self->user_data);
}

static void
pins_changed (gpointer user_data)
{
  HandoffModules *self = user_data;

  self->functions->pins_changed (self->user_data);
}

static void
token_lost (HandoffModuleProcess *module, const char *label, gpointer user_data)
{
  HandoffModules *self = user_data;

  handoff_token_places_forget (self->places, label, module);
}

static const HandoffModuleFunctions process_functions = { process_started, process_ended,
                                                          process_violated, pins_changed,
                                                          token_lost };

static void
token_found (const char *label, HandoffModuleProcess *module, gpointer user_data)
{
  HandoffModules *self = user_data;

  handoff_module_keys_attach (self->keys, label, module);
}

HandoffModules *
handoff_modules_new (const char *state_directory,
                     const HandoffModulesFunctions *functions,
                     gpointer user_data)
{
  HandoffModules *self = g_new0 (HandoffModules, 1);

  self->functions = functions;
  self->user_data = user_data;
  self->book = handoff_pin_book_new (state_directory);
  self->modules = g_ptr_array_new ();
  self->places = handoff_token_places_new ();
  self->keys = handoff_module_keys_new (self->places);
  handoff_token_places_set_found (self->places, token_found, self);
  return self;
}

/* old: those that are not used any more: everybody forgets them, then they end. modules: (transfer
 * full) */
static void
set_modules (HandoffModules *self, GPtrArray *modules, GPtrArray *old)
{
  guint i;

  self->modules = modules;
  handoff_token_places_set_modules (self->places, modules);
  for (i = 0; i < old->len; i++)
    {
      handoff_module_keys_drop_module (self->keys, g_ptr_array_index (old, i));
      handoff_module_process_free (g_ptr_array_index (old, i));
    }
}

void
handoff_modules_free (HandoffModules *self)
{
  g_autoptr (GPtrArray) old = g_steal_pointer (&self->modules);

  handoff_token_places_set_found (self->places, NULL, NULL);
  set_modules (self, g_ptr_array_new (), old);
  handoff_module_keys_free (self->keys);
  handoff_token_places_unref (self->places);
  handoff_pin_book_free (self->book);
  g_ptr_array_unref (self->modules);
  g_free (self);
}

/* One that is there already and may do the same. (transfer full) (nullable) */
static HandoffModuleProcess *
take_same (GPtrArray *modules, const HandoffTokenModule *wanted)
{
  guint i;

  for (i = 0; i < modules->len; i++)
    {
      HandoffModuleProcess *module = g_ptr_array_index (modules, i);

      if (handoff_token_module_equal (handoff_module_process_get_module (module), wanted))
        return g_ptr_array_steal_index (modules, i);
    }
  return NULL;
}

void
handoff_modules_configure (HandoffModules *self, const HandoffConfiguration *configuration)
{
  g_autoptr (GPtrArray) old = g_steal_pointer (&self->modules);
  g_auto (GStrv) system_paths = NULL;
  char **paths = configuration->token_modules;
  GPtrArray *modules;
  guint i;

  handoff_pin_book_set_file (self->book, configuration->pin_file);
  if (paths[0] != NULL && g_str_equal (paths[0], HANDOFF_TOKEN_MODULES_SYSTEM))
    paths = system_paths = handoff_system_modules_find (handoff_system_modules_get_folders ());

  modules = g_ptr_array_new ();
  for (i = 0; paths[i] != NULL; i++)
    {
      g_autoptr (HandoffTokenModule) wanted =
          handoff_configuration_dup_token_module (configuration, paths[i]);
      HandoffModuleProcess *module = take_same (old, wanted);

      if (module == NULL)
        module = handoff_module_process_new (g_steal_pointer (&wanted), self->book,
                                             &self->last_number, &process_functions, self);
      g_ptr_array_add (modules, module);
    }
  set_modules (self, modules, old);
}

HandoffTokenPlaces *
handoff_modules_get_places (HandoffModules *self)
{
  return self->places;
}

HandoffModuleKeys *
handoff_modules_get_keys (HandoffModules *self)
{
  return self->keys;
}

gboolean
handoff_modules_is_locked (HandoffModules *self, const char *uri)
{
  g_autoptr (HandoffTokenUri) parsed = handoff_token_uri_parse (uri, NULL);

  return parsed == NULL ||
         !handoff_pin_book_can_open (self->book, handoff_token_uri_get_token (parsed));
}

gboolean
handoff_modules_holds_pins (HandoffModules *self)
{
  return handoff_pin_book_has_given (self->book);
}

void
handoff_modules_describe (HandoffModules *self, GVariantBuilder *programs)
{
  guint i;

  for (i = 0; i < self->modules->len; i++)
    {
      HandoffModuleProcess *module = g_ptr_array_index (self->modules, i);
      g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

      if (!handoff_module_process_describe (module, &dict))
        continue;
      g_variant_dict_insert (&dict, "credentials", "u",
                             handoff_module_keys_count (self->keys, module));
      g_variant_builder_add_value (programs, g_variant_dict_end (&dict));
    }
}
