/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/probe-many.h"

#include <glib/gi18n.h>
#include <string.h>

#include "terminal/json-output.h"
#include "terminal/output.h"
#include "terminal/report.h"
#include "terminal/table.h"

/* What a line says of a server. */
enum
{
  SERVER,
  TRUST,
  PROTOCOL,
  SUITE,
  END,
  PROBLEM,
  N_COLUMNS
};

#define ALIGNMENT "llllll"

/* (nullable): of an object that may lack it, or have null */
static const char *
get_string (JsonObject *object, const char *member)
{
  return json_object_has_member (object, member) && !json_object_get_null_member (object, member)
             ? json_object_get_string_member (object, member)
             : NULL;
}

/* The server's own certificate. (nullable) */
static JsonObject *
get_certificate (JsonObject *found)
{
  JsonArray *certificates = json_object_has_member (found, "certificates")
                                ? json_object_get_array_member (found, "certificates")
                                : NULL;

  return certificates != NULL && json_array_get_length (certificates) > 0
             ? json_array_get_object_element (certificates, 0)
             : NULL;
}

static const char *
describe_trust (const CliProbed *probed)
{
  if (!json_object_has_member (probed->found, "trusted"))
    return _ ("no answer");
  if (json_object_get_null_member (probed->found, "trusted"))
    return _ ("not known");
  return json_object_get_boolean_member (probed->found, "trusted") ? _ ("trusted")
                                                                   : _ ("NOT trusted");
}

/* What is wrong, without the server's name, which the line begins with. */
static const char *
describe_problem (const CliProbed *probed)
{
  const char *text = probed->problem != NULL ? probed->problem : "";
  const char *rest = text;

  if (!g_str_has_prefix (text, probed->server))
    return text;
  rest += strlen (probed->server);
  if (*rest == ':' && g_ascii_isdigit (rest[1]))
    rest += 1 + strspn (rest + 1, "0123456789");
  return g_str_has_prefix (rest, ": ") ? rest + strlen (": ") : text;
}

/* cells: (out): as long as probed */
static void
describe (const CliProbed *probed, const char *cells[N_COLUMNS])
{
  JsonObject *certificate = get_certificate (probed->found);
  guint i;

  cells[SERVER] = probed->server;
  cells[TRUST] = describe_trust (probed);
  cells[PROTOCOL] = get_string (probed->found, "protocol");
  cells[SUITE] = get_string (probed->found, "cipher-suite");
  cells[END] = certificate != NULL ? get_string (certificate, "not-after") : NULL;
  cells[PROBLEM] = describe_problem (probed);
  for (i = 0; i < N_COLUMNS; i++)
    {
      if (cells[i] == NULL)
        cells[i] = "-";
    }
}

/* By which a change is seen: all of the line, and which certificate it is. (transfer full) */
static char *
identify (const CliProbed *probed)
{
  JsonObject *certificate = get_certificate (probed->found);
  const char *sha256 = certificate != NULL ? get_string (certificate, "sha256") : NULL;
  const char *cells[N_COLUMNS + 2];

  describe (probed, cells);
  cells[N_COLUMNS] = sha256 != NULL ? sha256 : "";
  cells[N_COLUMNS + 1] = NULL;
  return g_strjoinv ("\n", (char **) cells);
}

static void
print_table (GPtrArray *all)
{
  const char *cells[N_COLUMNS] = { _ ("SERVER"),       _ ("TRUST"),       _ ("PROTOCOL"),
                                   _ ("CIPHER SUITE"), _ ("VALID UNTIL"), _ ("PROBLEM") };
  g_autoptr (CliTable) table = cli_table_new (ALIGNMENT);
  guint i;

  cli_table_add (table, cells);
  for (i = 0; i < all->len; i++)
    {
      describe (g_ptr_array_index (all, i), cells);
      cli_table_add (table, cells);
    }
  cli_table_print (table, "");
}

static void
print_json (GPtrArray *all)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  guint i;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "servers");
  json_builder_begin_array (builder);
  for (i = 0; i < all->len; i++)
    {
      const CliProbed *probed = g_ptr_array_index (all, i);
      JsonNode *node = json_node_new (JSON_NODE_OBJECT);

      json_object_set_string_member (probed->found, "server", probed->server);
      json_object_set_int_member (probed->found, "exit-status", probed->status);
      if (probed->problem != NULL)
        json_object_set_string_member (probed->found, "problem", probed->problem);
      else
        json_object_set_null_member (probed->found, "problem");
      json_node_set_object (node, probed->found);
      json_builder_add_value (builder, node);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  cli_json_print (builder);
}

/* The status of the first that has a problem. */
static CliExitStatus
judge (GPtrArray *all)
{
  CliExitStatus status = CLI_EXIT_OK;
  guint i, n_problems = 0;

  for (i = 0; i < all->len; i++)
    {
      const CliProbed *probed = g_ptr_array_index (all, i);

      if (probed->status == CLI_EXIT_OK)
        continue;
      n_problems++;
      if (status == CLI_EXIT_OK)
        status = probed->status;
    }
  if (n_problems > 0)
    cli_report (
        ngettext ("%u of %u servers has a problem", "%u of %u servers have a problem", n_problems),
        n_problems, all->len);
  return status;
}

/**
 * cli_probe_many:
 * @servers: as the user gave them
 *
 * Probes all at the same time, and prints a table, or JSON.
 *
 * Returns: the status of the first one that is not %CLI_EXIT_OK
 */
CliExitStatus
cli_probe_many (char **servers, gboolean json, CliProbeFunc func, gpointer user_data)
{
  g_autoptr (GPtrArray) all = cli_probe_processes_run (servers, func, user_data);

  if (json)
    print_json (all);
  else
    print_table (all);
  return judge (all);
}

/* Prints those servers of which something is new. before: (element-type utf8): what identified
 * each, which is brought up to date; empty at first */
static void
print_changes (GPtrArray *all, GPtrArray *before)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *moment = g_date_time_format (now, "%F %T  ");
  g_autoptr (CliTable) table = cli_table_new (ALIGNMENT);
  guint i;

  for (i = 0; i < all->len; i++)
    {
      const char *cells[N_COLUMNS];
      char *identity = identify (g_ptr_array_index (all, i));

      if (before->len <= i)
        g_ptr_array_add (before, NULL);
      if (g_strcmp0 (g_ptr_array_index (before, i), identity) != 0)
        {
          describe (g_ptr_array_index (all, i), cells);
          cli_table_add (table, cells);
        }
      g_free (g_ptr_array_index (before, i));
      before->pdata[i] = identity;
    }
  cli_table_print (table, moment);
}

/**
 * cli_probe_watch:
 * @servers: as the user gave them
 * @seconds: from the end of one round to the begin of the next
 *
 * Probes all again and again, until a signal ends the process, or nobody reads any more what it
 * prints: a line when something about a server is new.
 */
CliExitStatus
cli_probe_watch (char **servers, guint seconds, CliProbeFunc func, gpointer user_data)
{
  g_autoptr (GPtrArray) before = g_ptr_array_new_with_free_func (g_free);

  do
    {
      g_autoptr (GPtrArray) all = cli_probe_processes_run (servers, func, user_data);

      print_changes (all, before);
    }
  while (cli_output_wait (seconds));
  return CLI_EXIT_FAILED;
}
