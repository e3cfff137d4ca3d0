/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credentials.h"

G_DEFINE_INTERFACE (HandoffCredentials, handoff_credentials, G_TYPE_OBJECT)

static void
handoff_credentials_default_init (HandoffCredentialsInterface *iface)
{
}

HandoffCredential *
handoff_credentials_lookup (HandoffCredentials *self, const char *id)
{
  return HANDOFF_CREDENTIALS_GET_IFACE (self)->lookup (self, id);
}

HandoffCredential *
handoff_credentials_find (HandoffCredentials *self, guint owner, const char *label)
{
  return HANDOFF_CREDENTIALS_GET_IFACE (self)->find (self, owner, label);
}

GPtrArray *
handoff_credentials_list (HandoffCredentials *self, const guint *owner)
{
  return HANDOFF_CREDENTIALS_GET_IFACE (self)->list (self, owner);
}
