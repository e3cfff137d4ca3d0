/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token-text/token-module.h"

#include <string.h>

#include "keyblob/tls-handoff-error.h"

#define GROUP "Module "

typedef enum
{
  KEY_NAMES, /* separated by semicolons */
  KEY_PATHS,
  KEY_BOOLEAN,
} KeyKind;

static const struct
{
  const char *name;
  KeyKind kind;
  gsize offset; /* in HandoffTokenModule */
} keys[] = {
  { "Libraries", KEY_NAMES, G_STRUCT_OFFSET (HandoffTokenModule, libraries) },
  { "ReadFiles", KEY_PATHS, G_STRUCT_OFFSET (HandoffTokenModule, read_files) },
  { "WriteFiles", KEY_PATHS, G_STRUCT_OFFSET (HandoffTokenModule, write_files) },
  { "Devices", KEY_PATHS, G_STRUCT_OFFSET (HandoffTokenModule, devices) },
  { "UnixSockets", KEY_BOOLEAN, G_STRUCT_OFFSET (HandoffTokenModule, unix_sockets) },
  { "Network", KEY_BOOLEAN, G_STRUCT_OFFSET (HandoffTokenModule, network) },
};

HandoffTokenModule *
handoff_token_module_new (const char *path)
{
  HandoffTokenModule *self = g_new0 (HandoffTokenModule, 1);
  gsize i;

  self->path = g_strdup (path);
  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (keys[i].kind != KEY_BOOLEAN)
        G_STRUCT_MEMBER (char **, self, keys[i].offset) = g_new0 (char *, 1);
    }
  return self;
}

void
handoff_token_module_free (HandoffTokenModule *self)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (keys[i].kind != KEY_BOOLEAN)
        g_strfreev (G_STRUCT_MEMBER (char **, self, keys[i].offset));
    }
  g_free (self->path);
  g_free (self);
}

HandoffTokenModule *
handoff_token_module_copy (const HandoffTokenModule *self)
{
  g_auto (GStrv) arguments = handoff_token_module_to_arguments (self);

  return handoff_token_module_from_arguments ((const char *const *) arguments, NULL);
}

const char *
handoff_token_module_find_path (const char *group)
{
  const char *path = group + strlen (GROUP);

  return g_str_has_prefix (group, GROUP) && g_path_is_absolute (path) ? path : NULL;
}

/* (transfer full) (nullable): NULL if one is no absolute path, but must be */
static char **
parse_list (const char *text, gboolean are_paths)
{
  g_auto (GStrv) words = g_strsplit (text, ";", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gsize i;

  for (i = 0; words[i] != NULL; i++)
    {
      if (*g_strstrip (words[i]) == '\0')
        continue;
      if (are_paths && !g_path_is_absolute (words[i]))
        return NULL;
      g_strv_builder_add (builder, words[i]);
    }
  return g_strv_builder_end (builder);
}

static gboolean
set_key (HandoffTokenModule *self, gsize key, const char *text, GError **error)
{
  gpointer field = G_STRUCT_MEMBER_P (self, keys[key].offset);
  const char *allowed = "true or false";
  char **list;

  if (keys[key].kind == KEY_BOOLEAN)
    {
      if (g_str_equal (text, "true") || g_str_equal (text, "false") || *text == '\0')
        {
          *(gboolean *) field = g_str_equal (text, "true");
          return TRUE;
        }
    }
  else
    {
      list = parse_list (text, keys[key].kind == KEY_PATHS);
      if (list != NULL)
        {
          g_strfreev (*(char ***) field);
          *(char ***) field = list;
          return TRUE;
        }
      allowed = "absolute paths, separated by semicolons";
    }
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "%s=%s: the value must be %s", keys[key].name, text, allowed);
  return FALSE;
}

gboolean
handoff_token_module_set (HandoffTokenModule *self,
                          const char *key,
                          const char *text,
                          GError **error)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (g_str_equal (keys[i].name, key))
        return set_key (self, i, text, error);
    }
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "%s: there is no such key; see tls-handoffd.conf(5)", key);
  return FALSE;
}

char **
handoff_token_module_to_arguments (const HandoffTokenModule *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gsize i;

  g_strv_builder_add (builder, self->path);
  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      gconstpointer field = G_STRUCT_MEMBER_P (self, keys[i].offset);
      g_autofree char *text = keys[i].kind == KEY_BOOLEAN
                                  ? g_strdup (*(const gboolean *) field ? "true" : "")
                                  : g_strjoinv (";", *(char **const *) field);
      g_autofree char *argument = g_strconcat (keys[i].name, "=", text, NULL);

      if (*text != '\0')
        g_strv_builder_add (builder, argument);
    }
  return g_strv_builder_end (builder);
}

HandoffTokenModule *
handoff_token_module_from_arguments (const char *const *arguments, GError **error)
{
  g_autoptr (HandoffTokenModule) self = NULL;
  gsize i;

  if (arguments[0] == NULL || !g_path_is_absolute (arguments[0]))
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "The first argument must be the absolute path of a PKCS#11 module");
      return NULL;
    }
  self = handoff_token_module_new (arguments[0]);
  for (i = 1; arguments[i] != NULL; i++)
    {
      const char *equals = strchr (arguments[i], '=');
      g_autofree char *key = equals != NULL ? g_strndup (arguments[i], equals - arguments[i])
                                            : g_strdup (arguments[i]);

      if (!handoff_token_module_set (self, key, equals != NULL ? equals + 1 : "", error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

gboolean
handoff_token_module_equal (const HandoffTokenModule *a, const HandoffTokenModule *b)
{
  g_auto (GStrv) a_arguments = handoff_token_module_to_arguments (a);
  g_auto (GStrv) b_arguments = handoff_token_module_to_arguments (b);

  return g_strv_equal ((const char *const *) a_arguments, (const char *const *) b_arguments);
}
