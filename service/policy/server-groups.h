/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/gnutls.h>

#include "keyblob/server-identity.h"

/* Which servers took another key exchange group than the first of our list (RFC 8446 4.2.8). A
 * client sends the key share of one group, because each share costs it a key pair. A server that
 * does not take that one asks for another by a HelloRetryRequest, which costs a round trip. So the
 * next handshake of the same user with the same server begins with the group that the server took.
 * It is one of our list in any case: what is remembered decides about the order alone. Any thread.
 */
typedef struct _HandoffServerGroups HandoffServerGroups;

/* Seconds of boot time after what a server took was found out. Then the first group of the list
 * gets another chance. */
#define HANDOFF_SERVER_GROUPS_MAX_AGE (24 * 60 * 60)
#define HANDOFF_SERVER_GROUPS_MAX_PER_USER 256
#define HANDOFF_SERVER_GROUPS_MAX_TOTAL 2048

HandoffServerGroups *handoff_server_groups_new (void);
void handoff_server_groups_free (HandoffServerGroups *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServerGroups, handoff_server_groups_free)

/* taken: what the server took in a complete handshake; GNUTLS_GROUP_INVALID forgets, for a server
 * that takes our first. */
void handoff_server_groups_set (HandoffServerGroups *self,
                                guint uid,
                                const HandoffServerIdentity *identity,
                                gnutls_group_t taken);
/* GNUTLS_GROUP_INVALID: nothing is known. */
gnutls_group_t handoff_server_groups_get (HandoffServerGroups *self,
                                          guint uid,
                                          const HandoffServerIdentity *identity);
