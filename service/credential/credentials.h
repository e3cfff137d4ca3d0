/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credential.h"

/* The credentials that a handshake may choose from, wherever they are kept: those that its user and
 * the machine have, at least. Main thread. */
#define HANDOFF_TYPE_CREDENTIALS (handoff_credentials_get_type ())
G_DECLARE_INTERFACE (HandoffCredentials, handoff_credentials, HANDOFF, CREDENTIALS, GObject)

struct _HandoffCredentialsInterface
{
  GTypeInterface parent;

  HandoffCredential *(*lookup) (HandoffCredentials *self, const char *id);
  HandoffCredential *(*find) (HandoffCredentials *self, guint owner, const char *label);
  GPtrArray *(*list) (HandoffCredentials *self, const guint *owner);
};

/* (transfer none) (nullable) */
HandoffCredential *handoff_credentials_lookup (HandoffCredentials *self, const char *id);
HandoffCredential *
handoff_credentials_find (HandoffCredentials *self, guint owner, const char *label);
/* (transfer full) (element-type HandoffCredential): sorted by label, then id. owner: NULL for all
 */
GPtrArray *handoff_credentials_list (HandoffCredentials *self, const guint *owner);
