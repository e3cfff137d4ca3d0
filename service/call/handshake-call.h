/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "gate/dispatcher.h"

/* Manager.HandshakeAsClient(), HandshakeAsServer() and CreateSession(), from their arguments to
 * their replies. The handshake begins when the caller is authorized and the credential is known.
 * Ends with a zeroed row. */
extern const HandoffMethod handoff_handshake_methods[];
