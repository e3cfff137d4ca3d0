/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential-store.h"

/* The store, as those see it who choose a credential for a handshake. */

static HandoffCredential *
lookup (HandoffCredentials *self, const char *id)
{
  return handoff_credential_store_lookup (HANDOFF_CREDENTIAL_STORE (self), id);
}

static HandoffCredential *
find (HandoffCredentials *self, guint owner, const char *label)
{
  return handoff_credential_store_find (HANDOFF_CREDENTIAL_STORE (self), owner, label);
}

static GPtrArray *
list (HandoffCredentials *self, const guint *owner)
{
  return handoff_credential_store_list (HANDOFF_CREDENTIAL_STORE (self), owner);
}

void
handoff_credential_store_be_credentials (HandoffCredentialsInterface *iface)
{
  iface->lookup = lookup;
  iface->find = find;
  iface->list = list;
}
