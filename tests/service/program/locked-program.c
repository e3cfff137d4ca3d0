/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the test of programs starts: locked-program DEED [ARGUMENT...]. */

#include "config.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "link/link-message.h"
#include "process/odd-program.h"
#include "program/program.h"

static gboolean
prepare (char **arguments, HandoffLockUpNeeds *needs, gpointer *state, GError **error)
{
  if (g_str_equal (arguments[0], "refuse"))
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "It cannot");
      return FALSE;
    }
  if (g_str_equal (arguments[0], "files"))
    *needs = HANDOFF_LOCK_UP_FILES;
  *state = arguments;
  return TRUE;
}

static void
say (int socket, const char *text)
{
  const HandoffLinkHead head = { HANDOFF_LINK_NOTICE, ODD_SAY, 0 };
  g_autoptr (GVariant) body = g_variant_ref_sink (g_variant_new ("(s)", text));
  HandoffLinkBytes bytes;

  if (!handoff_link_message_pack (&odd_table, &head, body, &bytes, NULL) ||
      send (socket, bytes.data, bytes.size, 0) != (gssize) bytes.size)
    exit (99);
  handoff_link_bytes_clear (&bytes);
}

static int
run (int link, gpointer state)
{
  struct pollfd end = { link, POLLIN, 0 };
  char **arguments = state;

  if (g_str_equal (arguments[0], "forbidden"))
    return socket (AF_INET, SOCK_STREAM, 0);
  if (g_str_equal (arguments[0], "log"))
    {
      g_debug ("Nobody wants to know.");
      g_message ("One line,\nand no more.");
      g_critical ("Ouch.");
    }
  if (g_str_equal (arguments[0], "files") && access ("/", X_OK) != 0)
    return 1;
  say (link, arguments[g_strv_length (arguments) - 1]);
  if (g_str_equal (arguments[0], "stay"))
    poll (NULL, 0, -1);
  return poll (&end, 1, -1) == 1 ? 7 : 1;
}

int
main (int argc, char *argv[])
{
  static const HandoffProgramMain program = { "locked-program", prepare, run };

  return handoff_program_main (argc, argv, &program);
}
