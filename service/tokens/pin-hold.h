/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "work/idle-timer.h"
#include "tokens/tokens.h"

/* Keeps the service running while it remembers a PIN: a later process would not have it. Main
 * thread. */
typedef struct _HandoffPinHold HandoffPinHold;

/* Both must outlive it. */
HandoffPinHold *handoff_pin_hold_new (HandoffTokens *tokens, HandoffIdleTimer *idle_timer);
void handoff_pin_hold_free (HandoffPinHold *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPinHold, handoff_pin_hold_free)

/* The service ends: self holds it no longer. */
void handoff_pin_hold_end (HandoffPinHold *self);
/* Call this after anything that may have changed which PINs are known. */
void handoff_pin_hold_update (HandoffPinHold *self);
