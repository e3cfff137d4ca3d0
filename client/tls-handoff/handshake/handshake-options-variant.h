/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gunixfdlist.h>

#include "handshake/handshake-request.h"

/* Whether application protocols can be offered; NULL for none. TLS_HANDOFF_ERROR_INVALID_ARGUMENT
 * says which one cannot, and why. */
gboolean handoff_application_protocols_check (const char *const *protocols, GError **error);

/* request's options as an a{sv} (floating). They always tell what we can take: the cipher suites
 * that our record layer speaks, and the blob format that we read. The session object is transient:
 * it goes by itself. fds: a key of the application's own is appended to it.
 * TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a protocol version that is neither TLS 1.2 nor 1.3. */
GVariant *handoff_handshake_options_to_variant (const HandoffHandshakeRequest *request,
                                                GUnixFDList *fds,
                                                GError **error);
