/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "handshake/handshake-outcome.h"
#include "keyblob/key-state.h"
#include "resumption/ticket-window.h"

/* The states of a handshake, and where they lead. Each but EXPORTED may lead to FAILED.
 *
 * - CONTINUE: it needs more bytes; nobody outside sees this of one on a socket. → REVIEW, REQUEST;
 *   stepwise COMPLETE; on a socket EXPORTED
 * - REVIEW: the caller decides about the peer's certificate. → as CONTINUE, or back to it
 * - REQUEST: the caller chooses the credential for the server. → likewise
 * - COMPLETE: stepwise: the keys wait for export. → EXPORTED
 * - EXPORTED: nothing is left
 * - FAILED: nothing is left
 *
 * REVIEW and REQUEST come once at the most, in the order of the protocol. */
typedef enum
{
  HANDOFF_HANDSHAKE_CONTINUE,
  HANDOFF_HANDSHAKE_REVIEW,
  HANDOFF_HANDSHAKE_REQUEST,
  HANDOFF_HANDSHAKE_COMPLETE,
  HANDOFF_HANDSHAKE_EXPORTED,
  HANDOFF_HANDSHAKE_FAILED,
} HandoffHandshakeState;

/* How far an operation got. */
typedef struct
{
  HandoffHandshakeState state;
  GBytes *output; /* (owned): stepwise: bytes for the peer; otherwise empty */
  gsize consumed; /* stepwise: how many bytes of the input were used */
  HandoffHandshakeOutcome
      *outcome;  /* (owned) (nullable): in REVIEW, REQUEST, COMPLETE and EXPORTED */
  GError *error; /* (owned) (nullable): in FAILED */

  /* In EXPORTED: */
  int key_blob_fd;             /* (owned): sealed memfd; -1 once taken, or if there is key_state */
  HandoffKeyState *key_state;  /* (owned) (nullable): what the caller's channel is to seal */
  HandoffTicketWindow *window; /* (owned) (nullable): TLS 1.3, if tickets are wanted */
  guint8 *session_data;   /* (owned) (nullable): TLS 1.2, if sessions are kept; secret memory */
  guint session_lifetime; /* seconds: how long either may be kept at most */
} HandoffHandshakeProgress;

/* An operation has ended. progress: (transfer full) */
typedef void (*HandoffHandshakeProgressFunc) (HandoffHandshakeProgress *progress,
                                              gpointer user_data);
/* A handshake has ended. */
typedef void (*HandoffHandshakeFunc) (gpointer user_data);

void handoff_handshake_progress_free (HandoffHandshakeProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeProgress, handoff_handshake_progress_free)
