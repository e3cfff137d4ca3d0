/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "authority/authority.h"

G_DEFINE_INTERFACE (HandoffAuthority, handoff_authority, G_TYPE_OBJECT)

static void
handoff_authority_default_init (HandoffAuthorityInterface *iface)
{
}

void
handoff_authority_check_async (HandoffAuthority *self,
                               const HandoffAuthorityCheck *check,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  HANDOFF_AUTHORITY_GET_IFACE (self)->check_async (self, check, cancellable, callback, user_data);
}

gboolean
handoff_authority_check_finish (HandoffAuthority *self, GAsyncResult *result, GError **error)
{
  return HANDOFF_AUTHORITY_GET_IFACE (self)->check_finish (self, result, error);
}
