/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Whom the server must prove to be. */
typedef struct
{
  char *text; /* (owned): as the caller wrote it, for people, polkit's rules and the audit log */
  char *host_name; /* (owned) (nullable): A-labels, no final dot; NULL for an address */
  guint8 address[16];
  gsize address_size; /* 4, 16; 0 for a name */
} HandoffServerIdentity;

HandoffServerIdentity *handoff_server_identity_parse (const char *text, GError **error);
void handoff_server_identity_free (HandoffServerIdentity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServerIdentity, handoff_server_identity_free)
