/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib-unix.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "configuration-check.h"
#include "guard/bus-guard.h"
#include "lock-up/lock-up.h"
#include "policy/configuration.h"
#include "work/descriptor-reaper.h"
#include "key/gnutls-support.h"
#include "authority/polkit-authority.h"
#include "process/starter.h"
#include "service.h"
#include "wiping-allocator.h"

/* What the programs that it starts give up as well; and as many descriptors as we are allowed. That
 * holds without the unit's sandbox, too. */
static void
set_process_limits (void)
{
  g_autoptr (GError) error = NULL;
  struct rlimit files;

  if (!handoff_lock_up_process (STDERR_FILENO + 1, &error))
    g_warning ("%s", error->message);
  if (getrlimit (RLIMIT_NOFILE, &files) == 0)
    {
      files.rlim_cur = files.rlim_max;
      setrlimit (RLIMIT_NOFILE, &files);
    }
}

static gboolean
terminate (gpointer user_data)
{
  handoff_service_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
hang_up (gpointer user_data)
{
  handoff_service_reload (user_data);
  return G_SOURCE_CONTINUE;
}

/* What systemd made for us (StateDirectory=, the first of them), or the usual place. (transfer
 * full) */
static char *
dup_default_state_directory (void)
{
  const char *directories = g_getenv ("STATE_DIRECTORY");

  if (directories == NULL || *directories == '\0')
    return g_strdup (STATEDIR);
  return g_strndup (directories, strcspn (directories, ":"));
}

static HandoffBusGuard *
post_guard (GError **error)
{
  g_autofree char *address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SYSTEM, NULL, error);

  return address != NULL ? handoff_bus_guard_new (address, error) : NULL;
}

/* service: (transfer full). is_stuck: whether the process can end by _exit() alone. */
static gboolean
serve (HandoffService *service,
       HandoffBusGuard *guard,
       GDBusConnection *connection,
       gboolean *is_stuck,
       GError **error)
{
  G_GNUC_UNUSED g_autoptr (HandoffService) owned_service = service;
  g_autoptr (HandoffAuthority) authority = handoff_polkit_authority_new (connection);
  guint term_id, int_id, hup_id;
  gboolean success;

  if (!handoff_service_connect (service, connection, guard, authority, error))
    return FALSE;

  term_id = g_unix_signal_add (SIGTERM, terminate, service);
  int_id = g_unix_signal_add (SIGINT, terminate, service);
  hup_id = g_unix_signal_add (SIGHUP, hang_up, service);
  success = handoff_service_run (service, error);
  g_source_remove (term_id);
  g_source_remove (int_id);
  g_source_remove (hup_id);
  *is_stuck = handoff_service_is_stuck (service);
  if (*is_stuck)
    g_object_ref (service);
  return success;
}

static gboolean
run (const char *configuration_file,
     const char *state_directory,
     gboolean *is_stuck,
     GError **error)
{
  g_autoptr (HandoffBusGuard) guard = NULL;
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (HandoffService) service = NULL;
  gboolean success;

  /* Its programs start while the bus is asked who we are. */
  service = handoff_service_new (configuration_file, state_directory);
  guard = post_guard (error);
  if (guard == NULL)
    return FALSE;
  connection =
      g_dbus_connection_new_for_address_sync (handoff_bus_guard_get_address (guard),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, error);
  if (connection == NULL)
    return FALSE;
  success = serve (g_steal_pointer (&service), guard, connection, is_stuck, error);
  /* With that the guard knows that there is no more to be sent, and leaves the bus: what keeps the
   * process from ending does not keep the bus from starting another. If something does, it may be
   * this connection, and the guard waits for a second only. */
  if (!*is_stuck)
    g_dbus_connection_close_sync (connection, NULL, NULL);
  return success;
}

/* For people. */
static gboolean
check (const char *configuration_file, GError **error)
{
  if (!handoff_configuration_check (configuration_file, error))
    return FALSE;
  if (g_file_test (configuration_file, G_FILE_TEST_EXISTS))
    g_print ("%s has no error.\n", configuration_file);
  else
    g_print ("%s does not exist: every key has its default.\n", configuration_file);
  return TRUE;
}

int
main (int argc, char *argv[])
{
  g_autofree char *configuration_file = g_strdup (HANDOFF_CONFIGURATION_FILE);
  g_autofree char *state_directory = dup_default_state_directory ();
  gboolean show_version = FALSE;
  gboolean check_only = FALSE;
  gboolean is_stuck = FALSE;
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &configuration_file,
      "Read the configuration from FILE", "FILE" },
    { "state-directory", 0, 0, G_OPTION_ARG_FILENAME, &state_directory,
      "Keep the credentials in DIRECTORY", "DIRECTORY" },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &check_only,
      "Say whether the configuration has an error, and exit", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &show_version, "Print the version and exit", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context =
      g_option_context_new ("— do TLS handshakes for other processes");
  g_autoptr (GError) error = NULL;
  int status = EXIT_SUCCESS;

  setlocale (LC_ALL, "");
  /* The log's: as the journal has it. */
  setlocale (LC_CTYPE, "C.UTF-8");
  /* Otherwise the C library looks at that file for each line of the log. */
  g_setenv ("TZ", ":/etc/localtime", FALSE);
  set_process_limits ();
  if (!handoff_wiping_allocator_is_used ())
    handoff_gnutls_wipe_freed_memory ();

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc > 1)
    {
      g_printerr ("tls-handoffd: %s\n",
                  error != NULL ? error->message : "there are too many arguments");
      return 2;
    }
  if (show_version)
    {
      g_print ("tls-handoffd %s\n", PACKAGE_VERSION);
      return EXIT_SUCCESS;
    }

  /* Before anybody sends us descriptors. */
  if (!handoff_starter_begin (&error) ||
      !(check_only ? check (configuration_file, &error)
                   : run (configuration_file, state_directory, &is_stuck, &error)))
    {
      g_printerr ("tls-handoffd: %s\n", error->message);
      status = EXIT_FAILURE;
    }
  /* What a stranger made, and takes its time, does not keep us. */
  if (is_stuck || handoff_descriptor_reaper_is_busy ())
    {
      fflush (NULL);
      _exit (status);
    }
  return status;
}
