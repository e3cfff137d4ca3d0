/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "policy/handshake-options.h"
#include "policy/tls-policy.h"

/* The options of the last handshake, parsed. An application that connects again and again gives the
 * same ones again and again. Belongs to one thread; made and freed on any. */
typedef struct _HandoffKnownOptions HandoffKnownOptions;

HandoffKnownOptions *handoff_known_options_new (void);
void handoff_known_options_free (HandoffKnownOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKnownOptions, handoff_known_options_free)

/* As handoff_handshake_options_parse() does it with the policy's configuration: or did it before,
 * if these are the options of the last handshake, of the same role, under the same policy. self:
 * (nullable): NULL: nothing is remembered. (transfer full) */
HandoffHandshakeOptions *handoff_known_options_parse (HandoffKnownOptions *self,
                                                      GVariant *options,
                                                      HandoffRole role,
                                                      HandoffTlsPolicy *policy,
                                                      GError **error);
