/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once
#include <gio/gio.h>
#include <gnutls/gnutls.h>
typedef struct _HandoffTicketWindow HandoffTicketWindow;
static inline HandoffTicketWindow *
handoff_ticket_window_open (gnutls_session_t s)
{
  return NULL;
}
static inline void
handoff_ticket_window_free (HandoffTicketWindow *w)
{
}
