/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Who the server must prove to be. Both sides know what an identity is: the service takes no other,
 * and the library tells it of nobody where an application names somebody whom no server can be. */
typedef struct
{
  /* (owned): for people, polkit's rules and the audit log. One spelling for each identity (lower
   * case, A-labels, no final dot), so that another spelling does not evade a rule about a server.
   * Empty for nobody.
   */
  char *text;
  char *host_name; /* (owned) (nullable): A-labels, no final dot; NULL for an address */
  guint8 address[16];
  gsize address_size; /* 4, 16; 0 for a name */
} HandoffServerIdentity;

HandoffServerIdentity *handoff_server_identity_parse (const char *text, GError **error);
/* For a caller who cannot say who the server is: nobody can prove to be that one. */
HandoffServerIdentity *handoff_server_identity_new_for_nobody (void);
gboolean handoff_server_identity_is_nobody (const HandoffServerIdentity *self);
/* What people call the server. (transfer none) */
const char *handoff_server_identity_describe (const HandoffServerIdentity *self);
void handoff_server_identity_free (HandoffServerIdentity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServerIdentity, handoff_server_identity_free)
