/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/pin-hold.h"

struct _HandoffPinHold
{
  HandoffTokens *tokens;        /* (unowned) */
  HandoffIdleTimer *idle_timer; /* (unowned) */
  gboolean held;
  gboolean ended;
};

HandoffPinHold *
handoff_pin_hold_new (HandoffTokens *tokens, HandoffIdleTimer *idle_timer)
{
  HandoffPinHold *self = g_new0 (HandoffPinHold, 1);

  self->tokens = tokens;
  self->idle_timer = idle_timer;
  return self;
}

static void
set_held (HandoffPinHold *self, gboolean held)
{
  if (held && !self->held)
    handoff_idle_timer_hold (self->idle_timer);
  else if (!held && self->held)
    handoff_idle_timer_release (self->idle_timer);
  self->held = held;
}

void
handoff_pin_hold_free (HandoffPinHold *self)
{
  set_held (self, FALSE);
  g_free (self);
}

void
handoff_pin_hold_end (HandoffPinHold *self)
{
  self->ended = TRUE;
  set_held (self, FALSE);
}

void
handoff_pin_hold_update (HandoffPinHold *self)
{
  set_held (self, !self->ended && handoff_tokens_holds_pins (self->tokens));
}
