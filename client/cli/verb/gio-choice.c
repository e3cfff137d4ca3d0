/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/gio-choice.h"

#include <glib/gstdio.h>
#include <link.h>
#include <string.h>

#define BACKEND_NAME "handoff"
#define MODULE_NAME "libgiohandoff.so"

static GString *printed_errors;

/* GIO prints why it cannot load a module, and tells nobody else. */
static void
take_printed_error (const char *text)
{
  g_string_append (printed_errors, text);
}

/* GIO_USE_TLS=help has GIO print its backends, as status does. */
static void
drop_text (const char *text)
{
}

/* GIO and the module warn of what this command says in its own words. */
static GLogWriterOutput
drop_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  return G_LOG_WRITER_HANDLED;
}

/* A callback of dl_iterate_phdr() */
static int
find_loaded (struct dl_phdr_info *info, size_t size, void *data)
{
  char **path = data;

  if (!g_str_has_suffix (info->dlpi_name, "/" MODULE_NAME))
    return 0;
  *path = g_strdup (info->dlpi_name);
  return 1;
}

/* folders: as in PATH, in GIO's order. (transfer full) (nullable) */
static char *
find_file (const char *folders)
{
  g_auto (GStrv) paths = g_strsplit (folders, G_SEARCHPATH_SEPARATOR_S, -1);
  char **path;

  for (path = paths; *path != NULL; path++)
    {
      g_autofree char *file = g_build_filename (*path, MODULE_NAME, NULL);

      if (**path != '\0' && g_file_test (file, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&file);
    }
  return NULL;
}

/* As GIO decides whether it need not load a module that nobody has asked for. */
static CliGioCache
look_into_cache (const char *module)
{
  g_autofree char *folder = g_path_get_dirname (module);
  g_autofree char *path = g_build_filename (folder, "giomodule.cache", NULL);
  g_autofree char *text = NULL;
  g_autofree char *lines = NULL;
  GStatBuf of_cache, of_module;

  if (g_stat (path, &of_cache) != 0 || !g_file_get_contents (path, &text, NULL, NULL))
    return CLI_GIO_CACHE_MISSING;
  lines = g_strconcat ("\n", text, NULL);
  if (strstr (lines, "\n" MODULE_NAME ":") == NULL)
    return CLI_GIO_CACHE_NOT_LISTED;
  if (g_stat (module, &of_module) == 0 &&
      of_module.st_ctime > MAX (of_cache.st_mtime, of_cache.st_ctime))
    return CLI_GIO_CACHE_OUTDATED;
  return CLI_GIO_CACHE_LISTED;
}

/* What GIO said of our module, on one line. (transfer full): "" if nothing */
static char *
find_load_error (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  char **line;

  for (line = lines; *line != NULL; line++)
    {
      if (strstr (*line, MODULE_NAME) != NULL)
        return g_strdup (*line);
    }
  return g_strdup ("");
}

static CliGioReason
find_reason (CliGioChoice *self, GIOExtension *ours, GTlsBackend *backend)
{
  if (ours != NULL && self->chosen == ours)
    return g_tls_backend_supports_tls (backend) ? CLI_GIO_TAKEN : CLI_GIO_NO_CERTIFICATES;
  if (self->named != NULL)
    return CLI_GIO_OTHER_NAMED;
  if (self->use_tls != NULL && !g_str_equal (self->use_tls, BACKEND_NAME))
    return CLI_GIO_UNKNOWN_NAME;
  if (self->module == NULL)
    return CLI_GIO_MODULE_MISSING;
  return ours == NULL ? CLI_GIO_MODULE_NOT_LOADED : CLI_GIO_NOT_NAMED;
}

/**
 * cli_gio_choice_new:
 *
 * Has GIO take a backend. It can be called once in a process, and GIO's messages are lost from then
 * on.
 *
 * Returns: (transfer full): what GIO took, and why
 */
CliGioChoice *
cli_gio_choice_new (void)
{
  CliGioChoice *self = g_new0 (CliGioChoice, 1);
  const char *extra = g_getenv ("GIO_EXTRA_MODULES");
  const char *folder = g_getenv ("GIO_MODULE_DIR");
  GIOExtensionPoint *point;
  GTlsBackend *backend;
  GPrintFunc print, print_error;
  GList *item;

  printed_errors = g_string_new (NULL);
  g_log_set_writer_func (drop_message, NULL, NULL);
  print = g_set_print_handler (drop_text);
  print_error = g_set_printerr_handler (take_printed_error);
  backend = g_tls_backend_get_default ();
  self->certificate_type = g_type_name (g_tls_backend_get_certificate_type (backend));
  g_set_print_handler (print);
  g_set_printerr_handler (print_error);
  self->load_error = find_load_error (printed_errors->str);
  g_string_free (g_steal_pointer (&printed_errors), TRUE);

  point = g_io_extension_point_lookup (G_TLS_BACKEND_EXTENSION_POINT_NAME);
  self->backends = g_io_extension_point_get_extensions (point);
  for (item = self->backends; item != NULL; item = item->next)
    {
      if (g_io_extension_get_type (item->data) == G_OBJECT_TYPE (backend))
        self->chosen = item->data;
    }
  self->use_tls = g_getenv ("GIO_USE_TLS");
  if (self->use_tls != NULL)
    self->named = g_io_extension_point_get_extension_by_name (point, self->use_tls);

  self->folders =
      g_strconcat (extra != NULL ? extra : "", extra != NULL ? G_SEARCHPATH_SEPARATOR_S : "",
                   folder != NULL ? folder : GIO_MODULE_FOLDER, NULL);
  dl_iterate_phdr (find_loaded, &self->module);
  if (self->module == NULL)
    self->module = find_file (self->folders);
  if (self->module != NULL)
    self->cache = look_into_cache (self->module);
  self->reason =
      find_reason (self, g_io_extension_point_get_extension_by_name (point, BACKEND_NAME), backend);
  return self;
}

void
cli_gio_choice_free (CliGioChoice *self)
{
  g_free (self->module);
  g_free (self->folders);
  g_free (self->load_error);
  g_free (self);
}
