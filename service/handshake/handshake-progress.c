/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-progress.h"

#include <unistd.h>

#include "keyblob/secret-memory.h"

void
handoff_handshake_progress_free (HandoffHandshakeProgress *self)
{
  g_bytes_unref (self->output);
  g_clear_pointer (&self->outcome, handoff_handshake_outcome_free);
  g_clear_error (&self->error);
  if (self->key_blob_fd >= 0)
    close (self->key_blob_fd);
  g_clear_pointer (&self->key_state, handoff_key_state_free);
  g_clear_pointer (&self->window, handoff_ticket_window_free);
  handoff_secret_free (self->session_data);
  g_free (self);
}
