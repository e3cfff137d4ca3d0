/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/gio-status.h"

#include <glib/gi18n.h>

#include "terminal/escape.h"
#include "terminal/json-output.h"
#include "terminal/report.h"
#include "verb/gio-choice.h"

/* By CliGioReason, for JSON */
static const char *const reasons[] = {
  [CLI_GIO_TAKEN] = NULL,
  [CLI_GIO_NOT_NAMED] = "not-named",
  [CLI_GIO_OTHER_NAMED] = "other-named",
  [CLI_GIO_UNKNOWN_NAME] = "unknown-name",
  [CLI_GIO_MODULE_MISSING] = "module-missing",
  [CLI_GIO_MODULE_NOT_LOADED] = "module-not-loaded",
  [CLI_GIO_NO_CERTIFICATES] = "no-certificates",
};

/* By CliGioCache: for JSON, and translatable for people */
static const char *const caches[][2] = {
  [CLI_GIO_CACHE_LISTED] = { "listed", N_ ("lists the module") },
  [CLI_GIO_CACHE_NOT_LISTED] = { "not-listed", N_ ("does not list the module") },
  [CLI_GIO_CACHE_OUTDATED] = { "outdated", N_ ("is older than the module") },
  [CLI_GIO_CACHE_MISSING] = { "missing", N_ ("does not exist") },
};

static void
print_text (const CliGioChoice *choice)
{
  g_autofree char *use_tls = choice->use_tls != NULL ? cli_escape (choice->use_tls, -1) : NULL;
  g_autofree char *module = choice->module != NULL ? cli_escape (choice->module, -1) : NULL;
  GList *item;

  g_print (_ ("backend:         %s\n"), g_io_extension_get_name (choice->chosen));
  g_print (_ ("GIO_USE_TLS:     %s\n"), use_tls != NULL ? use_tls : _ ("not set"));
  g_print (_ ("certificates:    %s\n"), choice->certificate_type);
  g_print (_ ("module:          %s\n"), module != NULL ? module : _ ("not found"));
  if (module != NULL)
    g_print (_ ("module cache:    %s\n"), _ (caches[choice->cache][1]));
  g_print (_ ("backends:\n"));
  for (item = choice->backends; item != NULL; item = item->next)
    g_print (_ ("  %s: priority %d\n"), g_io_extension_get_name (item->data),
             g_io_extension_get_priority (item->data));
}

static void
print_json (const CliGioChoice *choice)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  GList *item;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "taken");
  json_builder_add_boolean_value (builder, choice->reason == CLI_GIO_TAKEN);
  cli_json_add_string (builder, "reason", reasons[choice->reason]);
  cli_json_add_string (builder, "backend", g_io_extension_get_name (choice->chosen));
  cli_json_add_string (builder, "gio-use-tls", choice->use_tls);
  cli_json_add_string (builder, "certificate-type", choice->certificate_type);
  cli_json_add_string (builder, "module", choice->module);
  cli_json_add_string (builder, "module-cache",
                       choice->module != NULL ? caches[choice->cache][0] : NULL);
  json_builder_set_member_name (builder, "backends");
  json_builder_begin_array (builder);
  for (item = choice->backends; item != NULL; item = item->next)
    {
      json_builder_begin_object (builder);
      cli_json_add_string (builder, "name", g_io_extension_get_name (item->data));
      json_builder_set_member_name (builder, "priority");
      json_builder_add_int_value (builder, g_io_extension_get_priority (item->data));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  cli_json_print (builder);
}

static void
report_reason (const CliGioChoice *choice)
{
  const char *chosen = g_io_extension_get_name (choice->chosen);

  switch (choice->reason)
    {
    case CLI_GIO_TAKEN:
      break;
    case CLI_GIO_NOT_NAMED:
      cli_report (_ ("GIO takes “%s”, since GIO_USE_TLS is not set"), chosen);
      cli_hint (_ ("set GIO_USE_TLS=handoff in the environment of the program or the session"));
      break;
    case CLI_GIO_OTHER_NAMED:
      cli_report (_ ("GIO takes “%s”, which GIO_USE_TLS names"), chosen);
      cli_hint (_ ("set GIO_USE_TLS=handoff in the environment of the program or the session"));
      break;
    case CLI_GIO_UNKNOWN_NAME:
      cli_report (_ ("GIO takes “%s”: GIO_USE_TLS names “%s”, and there is no such backend"),
                  chosen, choice->use_tls);
      cli_hint (_ ("set GIO_USE_TLS=handoff in the environment of the program or the session"));
      break;
    case CLI_GIO_MODULE_MISSING:
      cli_report (_ ("GIO takes “%s”, since there is no module “handoff” in %s"), chosen,
                  choice->folders);
      if (g_getenv ("GIO_MODULE_DIR") != NULL)
        cli_hint (
            _ ("unset GIO_MODULE_DIR: because of it, GIO does not look in its own folder, %s"),
            GIO_MODULE_FOLDER);
      else
        cli_hint (_ ("install the module there, or name its folder in GIO_EXTRA_MODULES"));
      break;
    case CLI_GIO_MODULE_NOT_LOADED:
      cli_report (_ ("GIO takes “%s”, since it cannot load the module %s: %s"), chosen,
                  choice->module, choice->load_error);
      break;
    case CLI_GIO_NO_CERTIFICATES:
      cli_report (_ ("GIO takes “%s”, which needs glib-networking: programs have no TLS"), chosen);
      cli_hint (_ ("install glib-networking"));
      break;
    }
}

/* Where it costs something, or will surprise. */
static void
report_flaws (const CliGioChoice *choice)
{
  if (choice->module != NULL && choice->cache != CLI_GIO_CACHE_LISTED)
    cli_hint (_ ("run gio-querymodules on the module's folder: without its cache, every program "
                 "that uses GIO loads the module"));
  if (choice->reason == CLI_GIO_TAKEN && choice->use_tls != NULL && choice->named == NULL)
    cli_hint (_ ("GIO_USE_TLS names “%s”, and there is no such backend: GIO goes by priority"),
              choice->use_tls);
}

/**
 * cli_gio_status:
 * @json: whether to print JSON
 *
 * Shows which TLS backend GIO takes in this environment.
 *
 * Returns: %CLI_EXIT_OK if it is ours, and works; %CLI_EXIT_FAILED if not
 */
CliExitStatus
cli_gio_status (gboolean json)
{
  g_autoptr (CliGioChoice) choice = cli_gio_choice_new ();

  if (json)
    print_json (choice);
  else
    print_text (choice);
  report_reason (choice);
  report_flaws (choice);
  return choice->reason == CLI_GIO_TAKEN ? CLI_EXIT_OK : CLI_EXIT_FAILED;
}
