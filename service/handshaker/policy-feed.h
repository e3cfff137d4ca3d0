/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "policy/tls-policy.h"

/* The policy that the broker sends: it has read the files, and knows nothing of what is in the
 * trust store. */

/* The descriptors with the configuration's text and with the trust store's certificates, PEM:
 * sealed memory files, (transfer full). The paths are for messages. Parses both on a thread of its
 * own, since a trust store takes long. */
void handoff_policy_feed_read_async (const char *configuration_path,
                                     const char *trust_path,
                                     int configuration_fd,
                                     int trust_fd,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/* (transfer full) */
HandoffTlsPolicy *handoff_policy_feed_read_finish (GAsyncResult *result, GError **error);

/* What the broker wants to know of it: the names of the cipher suites that it allows. (transfer
 * floating): "as" */
GVariant *handoff_policy_feed_list_suites (HandoffTlsPolicy *policy);
