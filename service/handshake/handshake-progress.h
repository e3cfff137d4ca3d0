/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "handshake/handshake-outcome.h"
#include "resumption/ticket-window.h"

/* The states of a handshake, and where they lead. Each but EXPORTED may lead to FAILED.
 *
 *   CONTINUE  it needs more bytes; nobody outside   → REVIEW, stepwise COMPLETE, on a socket
 * EXPORTED sees this of one on a socket REVIEW    the caller decides about the peer's   → as
 * CONTINUE, or back to it certificate COMPLETE  stepwise: the keys wait for export    → EXPORTED
 *   EXPORTED  nothing is left
 *   FAILED    nothing is left */
typedef enum
{
  HANDOFF_HANDSHAKE_CONTINUE,
  HANDOFF_HANDSHAKE_REVIEW,
  HANDOFF_HANDSHAKE_COMPLETE,
  HANDOFF_HANDSHAKE_EXPORTED,
  HANDOFF_HANDSHAKE_FAILED,
} HandoffHandshakeState;

/* How far an operation got. */
typedef struct
{
  HandoffHandshakeState state;
  GBytes *output;                   /* (owned): stepwise: bytes for the peer; otherwise empty */
  gsize consumed;                   /* stepwise: how many bytes of the input were used */
  HandoffHandshakeOutcome *outcome; /* (owned) (nullable): in REVIEW, COMPLETE and EXPORTED */
  GError *error;                    /* (owned) (nullable): in FAILED */

  /* In EXPORTED: */
  int key_blob_fd;             /* (owned): sealed memfd; -1 once taken */
  HandoffTicketWindow *window; /* (owned) (nullable): TLS 1.3, if tickets are wanted */
  guint8 *session_data;   /* (owned) (nullable): TLS 1.2, if sessions are kept; secret memory */
  guint session_lifetime; /* seconds: how long either may be kept at most */
} HandoffHandshakeProgress;

void handoff_handshake_progress_free (HandoffHandshakeProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeProgress, handoff_handshake_progress_free)
