/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "authority/authority.h"

G_DEFINE_INTERFACE (HandoffAuthority, handoff_authority, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
handoff_authority_default_init (HandoffAuthorityInterface *iface)
{
  signals[CHANGED] = g_signal_new ("changed", HANDOFF_TYPE_AUTHORITY, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

void
handoff_authority_emit_changed (HandoffAuthority *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
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
handoff_authority_check_finish (HandoffAuthority *self,
                                GAsyncResult *result,
                                gboolean *is_plain,
                                GError **error)
{
  return HANDOFF_AUTHORITY_GET_IFACE (self)->check_finish (self, result, is_plain, error);
}

HandoffSigningGrant *
handoff_authority_take_grant (HandoffAuthority *self, GAsyncResult *result)
{
  HandoffAuthorityInterface *iface = HANDOFF_AUTHORITY_GET_IFACE (self);

  return iface->take_grant != NULL ? iface->take_grant (self, result) : NULL;
}
