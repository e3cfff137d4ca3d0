/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "keyblob/key-state.h"

/* Takes the channel bindings of a completed session (RFC 5929, RFC 9266), full or resumed, into
 * state: those that are defined for it. server_certificate: (nullable): DER. */
gboolean handoff_channel_bindings_take (gnutls_session_t session,
                                        const gnutls_datum_t *server_certificate,
                                        HandoffKeyState *state,
                                        GError **error);
