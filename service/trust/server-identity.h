/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Who the server must prove to be. */
typedef struct
{
  /* (owned): for people, polkit's rules and the audit log. One spelling for each identity (lower
   * case, A-labels, no final dot), so that another spelling does not evade a rule about a server.
   */
  char *text;
  char *host_name; /* (owned) (nullable): A-labels, no final dot; NULL for an address */
  guint8 address[16];
  gsize address_size; /* 4, 16; 0 for a name */
} HandoffServerIdentity;

HandoffServerIdentity *handoff_server_identity_parse (const char *text, GError **error);
void handoff_server_identity_free (HandoffServerIdentity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServerIdentity, handoff_server_identity_free)
