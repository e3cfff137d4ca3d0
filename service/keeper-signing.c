/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeper-signing.h"

#include "link/keeper-messages.h"

static void
started (HandoffKeeper *keeper, gpointer user_data)
{
  static const HandoffSigningRows rows = { HANDOFF_KEEPER_HOLDER, HANDOFF_KEEPER_HOLDER_SOCKET,
                                           HANDOFF_KEEPER_HOLDER_GONE, HANDOFF_KEEPER_GRANT,
                                           HANDOFF_KEEPER_GRANT_OVER };

  handoff_signing_add_program (user_data, HANDOFF_SIGNING_KEEPER, handoff_keeper_get_link (keeper),
                               &rows);
}

static void
ended (HandoffKeeper *keeper, gpointer user_data)
{
  handoff_signing_remove_program (user_data, HANDOFF_SIGNING_KEEPER, FALSE);
}

static void
refused (HandoffKeeper *keeper, guint64 holder, guint64 grant, const char *why, gpointer user_data)
{
  handoff_signing_violated (user_data, HANDOFF_SIGNING_KEEPER, holder, why);
}

static gboolean
is_used (gpointer user_data)
{
  return handoff_signing_is_used (user_data, HANDOFF_SIGNING_KEEPER);
}

void
handoff_keeper_signing_begin (HandoffKeeper *keeper, HandoffSigning *signing)
{
  handoff_keeper_set_is_used (keeper, is_used, signing);
  g_signal_connect (keeper, "started", G_CALLBACK (started), signing);
  g_signal_connect (keeper, "ended", G_CALLBACK (ended), signing);
  g_signal_connect (keeper, "violation", G_CALLBACK (refused), signing);
}

void
handoff_keeper_signing_end (HandoffKeeper *keeper, HandoffSigning *signing)
{
  handoff_keeper_set_is_used (keeper, NULL, NULL);
  g_signal_handlers_disconnect_by_data (keeper, signing);
  if (handoff_keeper_get_link (keeper) != NULL)
    ended (keeper, signing);
}
