/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "policy/tls-policy.h"

/* What a handshake of the service says to its peer, in text. Both: (transfer full).
 * minimum, maximum: "TLS1.2" or "TLS1.3": what the caller allows; the policy may allow less. */

/* The ClientHello, and what is different in that of a session that is resumed. */
char *client_offer (HandoffTlsPolicy *policy, const char *minimum, const char *maximum);
/* What the server answers, and all that it would take, the best first. */
char *server_offer (HandoffTlsPolicy *policy, const char *minimum, const char *maximum);

/* The options of both, as handoff_handshake_request_new() has them. (transfer full): NULL if policy
 * refuses them, with why in text. */
char *offer_options (HandoffRole role,
                     HandoffTlsPolicy *policy,
                     const char *minimum,
                     const char *maximum,
                     GString *text);
