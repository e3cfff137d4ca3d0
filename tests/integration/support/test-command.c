/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-command.h"

#include <string.h>

#include "test-system.h"

void
test_command_free (TestCommand *command)
{
  g_bytes_unref (command->output);
  g_free (command->errors);
  g_free (command);
}

static GSubprocess *
start (const char *user, GSubprocessFlags flags, const char *arguments)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) words = g_strsplit (arguments, " ", -1);
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_test_message ("as %s: tls-handoff %s", user, arguments);
  g_ptr_array_add (argv, g_strdup ("setpriv"));
  g_ptr_array_add (argv, g_strconcat ("--reuid=", user, NULL));
  g_ptr_array_add (argv, g_strconcat ("--regid=", user, NULL));
  g_ptr_array_add (argv, g_strdup ("--clear-groups"));
  g_ptr_array_add (argv, g_strdup ("tls-handoff"));
  for (guint i = 0; words[i] != NULL; i++)
    g_ptr_array_add (argv, g_str_has_suffix (words[i], ".pem") ? test_cert_path (words[i])
                                                               : g_strdup (words[i]));
  g_ptr_array_add (argv, NULL);
  process = g_subprocess_newv (
      (const char *const *) argv->pdata,
      flags | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  return process;
}

static char *
terminate (GBytes *bytes)
{
  gsize size = g_bytes_get_size (bytes);
  char *text = g_malloc0 (size + 1);

  if (size > 0)
    memcpy (text, g_bytes_get_data (bytes, NULL), size);
  return text;
}

TestCommand *
test_command_run (const char *user, const char *input, const char *format, ...)
{
  TestCommand *command = g_new0 (TestCommand, 1);
  g_autofree char *arguments = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GBytes) stdin_bytes = NULL;
  g_autoptr (GBytes) errors = NULL;
  g_autoptr (GBytes) output = NULL;
  g_autoptr (GError) error = NULL;
  va_list values;

  va_start (values, format);
  arguments = g_strdup_vprintf (format, values);
  va_end (values);
  process = start (user, input != NULL ? G_SUBPROCESS_FLAGS_STDIN_PIPE : G_SUBPROCESS_FLAGS_NONE,
                   arguments);
  if (input != NULL)
    stdin_bytes = g_bytes_new (input, strlen (input));
  g_subprocess_communicate (process, stdin_bytes, NULL, &output, &errors, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  command->status = g_subprocess_get_exit_status (process);
  command->errors = terminate (errors);
  command->output = g_bytes_new_take (terminate (output), g_bytes_get_size (output));
  g_test_message ("exit status %d\n%s", command->status, command->errors);
  return command;
}

GSubprocess *
test_command_start (const char *user, const char *format, ...)
{
  g_autofree char *arguments = NULL;
  va_list values;

  va_start (values, format);
  arguments = g_strdup_vprintf (format, values);
  va_end (values);
  return start (user, G_SUBPROCESS_FLAGS_STDIN_PIPE, arguments);
}

const char *
test_command_get_output (TestCommand *command)
{
  return g_bytes_get_data (command->output, NULL);
}

JsonObject *
test_command_parse_json (TestCommand *command)
{
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GError) error = NULL;

  root = json_from_string (test_command_get_output (command), &error);
  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (root));
  return json_node_dup_object (root);
}

void
test_command_assert_real (const char *location, TestCommand *command, int status, const char *text)
{
  if (command->status != status)
    g_error ("%s: exit status %d was expected, not %d; the command said: %s", location, status,
             command->status, command->errors);
  if (text == NULL && *command->errors != '\0')
    g_error ("%s: no message was expected, but: %s", location, command->errors);
  if (text != NULL && strstr (command->errors, text) == NULL)
    g_error ("%s: “%s” is not in what the command said: %s", location, text, command->errors);
}
