/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/text-agent.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "terminal/secret-input.h"

/* polkit asks on the desktop if there is one. Elsewhere, such as in a login over SSH, its own agent
 * asks on the terminal, as it does for systemctl(1). */

/* Whether polkit finds a session for this process, in which a desktop may have an agent: its own,
 * or that of the user whose slice it is in. The second may be another user than ours, or none: a
 * process that a system service started is in no slice of a user, whatever sessions its user has.
 * If there is one, our agent is registered as the agent to fall back on. Without a session, polkit
 * does not ask such an agent. */
static gboolean
has_session (void)
{
  char *session = NULL;
  uid_t owner;
  gboolean found =
      sd_pid_get_session (0, &session) >= 0 ||
      (sd_pid_get_owner_uid (0, &owner) >= 0 && sd_uid_get_display (owner, &session) >= 0);

  free (session);
  return found;
}

/* In the new process: the agent is of no use without us. */
static void
end_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

/* pkttyagent closes the descriptor when polkit knows it, or when it ends. */
static void
wait_until_closed (int fd)
{
  char byte;
  gssize n;

  do
    n = read (fd, &byte, 1);
  while (n > 0 || (n < 0 && errno == EINTR));
}

static void
start_agent (void)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *pid = g_strdup_printf ("%d", (int) getpid ());
  int fds[2];

  if (!g_unix_open_pipe (fds, FD_CLOEXEC, &error))
    {
      g_debug ("No text agent: %s", error->message);
      return;
    }
  g_subprocess_launcher_set_child_setup (launcher, end_with_parent, NULL, NULL);
  g_subprocess_launcher_take_fd (launcher, fds[1], 3);
  process =
      g_subprocess_launcher_spawn (launcher, &error, "pkttyagent", "--process", pid, "--notify-fd",
                                   "3", has_session () ? "--fallback" : NULL, NULL);
  /* The launcher holds the other end. */
  g_subprocess_launcher_close (launcher);
  if (process != NULL)
    wait_until_closed (fds[0]);
  else
    g_debug ("No text agent: %s", error->message);
  close (fds[0]);
}

static gboolean wanted;

/**
 * cli_text_agent_is_wanted:
 *
 * Returns: whether the user wanted to be asked, at the last cli_text_agent_start()
 */
gboolean
cli_text_agent_is_wanted (void)
{
  return wanted;
}

/**
 * cli_text_agent_start:
 * @interactive: whether the user wants to be asked
 *
 * Makes sure that polkit can ask the user, on the terminal if need be. Without an agent, polkit
 * refuses what it would ask about, and the service's error says so.
 *
 * Returns: the flags of calls to the service
 */
TlsHandoffHandshakeFlags
cli_text_agent_start (gboolean interactive)
{
  wanted = interactive;
  if (!interactive)
    return TLS_HANDOFF_HANDSHAKE_NONE;
  if (cli_secret_can_prompt ())
    start_agent ();
  return TLS_HANDOFF_HANDSHAKE_INTERACTIVE;
}
