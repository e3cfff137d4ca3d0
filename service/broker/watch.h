/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker-object.h"

/* The watchdog of handshakers: whoever is waited for has to answer a question that takes no time,
 * now and then. One that hangs is ended: it would keep the calls of its user for ever. So is one
 * that answers that question alone: whoever reloads, changes a credential, or needs its place would
 * wait for ever. Nobody asks one that is not waited for: it need not wake up. */

/* Seconds after which it is asked, and then again. */
#define HANDOFF_HANDSHAKER_WATCH_SECONDS 10

/* As handoff_link_request(); the process is watched until it answers. function: may be called when
 * it has ended, with an error. */
void handoff_handshaker_request (HandoffHandshaker *self,
                                 HandoffHandshakerMessage message,
                                 GVariant *body,
                                 const int *fds,
                                 guint n_fds,
                                 HandoffLinkReplyFunc function,
                                 gpointer user_data);
