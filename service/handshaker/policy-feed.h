/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "policy/tls-policy.h"

/* The policy that the broker sends: it has read the files, and knows nothing of what is in the
 * trust store. */

typedef struct _HandoffPolicyFeed HandoffPolicyFeed;

/* The descriptors with the configuration's text and with the trust store's certificates, PEM:
 * sealed memory files, (transfer full). The paths are for messages. */
HandoffPolicyFeed *handoff_policy_feed_new (const char *configuration_path,
                                            const char *trust_path,
                                            int configuration_fd,
                                            int trust_fd);
void handoff_policy_feed_free (HandoffPolicyFeed *self);

/* self: (transfer full). Parses both, on a thread of its own if others are served meanwhile: a
 * trust store takes long. on_thread: FALSE: at once, which is faster: malloc() makes a thread's
 * heap larger page by page, with a system call for each. */
void handoff_policy_feed_read_async (HandoffPolicyFeed *self,
                                     gboolean on_thread,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/* (transfer full) */
HandoffTlsPolicy *handoff_policy_feed_read_finish (GAsyncResult *result, GError **error);

/* What the broker wants to know of it: the names of the cipher suites that it allows. (transfer
 * floating): "as" */
GVariant *handoff_policy_feed_list_suites (HandoffTlsPolicy *policy);
