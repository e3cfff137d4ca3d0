/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"
#include "resumption.h"
HandoffResumption *
handoff_resumption_new (HandoffSessionFunc closed, gpointer user_data)
{
  return NULL;
}
void
handoff_resumption_free (HandoffResumption *self)
{
}
void
handoff_resumption_prepare (HandoffResumption *self,
                            HandoffSession *session,
                            HandoffHandshakeRequest *request)
{
}
void
handoff_resumption_keep (HandoffResumption *self,
                         HandoffSession *session,
                         HandoffHandshakeProgress *progress)
{
}
gboolean
handoff_resumption_take_tickets (HandoffResumption *self,
                                 HandoffSession *session,
                                 const guint8 *messages,
                                 gsize size,
                                 GError **error)
{
  return TRUE;
}
void
handoff_resumption_forget (HandoffResumption *self, HandoffSession *session)
{
}
void
handoff_resumption_forget_caller (HandoffResumption *self, HandoffCaller *caller)
{
}
guint
handoff_resumption_get_n_sessions (HandoffResumption *self)
{
  return 0;
}
void
handoff_session_cache_key_free (HandoffSessionCacheKey *k)
{
}
