/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "handshake/handshake-outcome.h"
#include "resumption/ticket-window.h"

/* CONTINUE (more bytes are needed; for a socket never seen from outside) ⇄ REVIEW (the caller
 * decides about the peer's certificate); → COMPLETE (stepwise: the keys wait for export) → EXPORTED
 * (nothing is left); FAILED at any time (nothing is left). */
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
  GBytes *output; /* (owned): stepwise: what is to be sent to the peer; else empty */
  gsize consumed; /* stepwise: bytes of the input */
  HandoffHandshakeOutcome *outcome; /* (owned) (nullable): in REVIEW, COMPLETE and EXPORTED */
  GError *error;                    /* (owned) (nullable): in FAILED */

  /* In EXPORTED: */
  int key_blob_fd;             /* (owned): sealed memfd; -1 once taken */
  HandoffTicketWindow *window; /* (owned) (nullable): TLS 1.3, if tickets are wanted */
  guint8 *session_data;   /* (owned) (nullable): TLS 1.2, if sessions are kept; secret memory */
  guint session_lifetime; /* seconds that either may be kept at the most */
} HandoffHandshakeProgress;

void handoff_handshake_progress_free (HandoffHandshakeProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeProgress, handoff_handshake_progress_free)
