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

  /* (transfer none) (element-type utf8 HandoffCredential): all there are, by id. Called each time
   * that somebody looks. */
  GHashTable *(*get_table) (HandoffCredentials *self);
};

/* (transfer none) (nullable) */
HandoffCredential *handoff_credentials_lookup (HandoffCredentials *self, const char *id);
HandoffCredential *
handoff_credentials_find (HandoffCredentials *self, guint owner, const char *label);
/* name: the value of the option: the label of a credential of uid's or else of the machine's, or an
 * object path. (transfer none) (nullable) */
HandoffCredential *
handoff_credentials_find_by_name (HandoffCredentials *self, guint uid, const char *name);
/* (transfer full) (element-type HandoffCredential): sorted by label, then id. owner: NULL for all
 */
GPtrArray *handoff_credentials_list (HandoffCredentials *self, const guint *owner);
