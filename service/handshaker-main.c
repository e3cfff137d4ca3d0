/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The program tls-handoff-handshaker: the handshakes of one user. */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "handshaker/handshaker.h"
#include "key/gnutls-support.h"
#include "program/program.h"
#include "wiping-allocator.h"

static gboolean
prepare (char **arguments, HandoffLockUpNeeds *needs, gpointer *state, GError **error)
{
  if (!handoff_wiping_allocator_is_used ())
    handoff_gnutls_wipe_freed_memory ();
  *needs = HANDOFF_LOCK_UP_HANDSHAKES;
  return TRUE;
}

static int
run (int socket, gpointer state)
{
  HandoffHandshaker *handshaker = handoff_handshaker_new (socket);

  if (handoff_handshaker_run (handshaker) != HANDOFF_HANDSHAKER_END_DONE)
    {
      fflush (NULL);
      _exit (EXIT_FAILURE);
    }
  handoff_handshaker_free (handshaker);
  return EXIT_SUCCESS;
}

static const HandoffProgramMain program = { "tls-handoff-handshaker", prepare, run };

int
main (int argc, char *argv[])
{
  return handoff_program_main (argc, argv, &program);
}
