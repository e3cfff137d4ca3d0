/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-message.h"

/* What odd-program says on its link. */

enum
{
  ODD_SAY,
  ODD_ASK,
};

static const HandoffLinkRow odd_rows[] = {
  [ODD_SAY] = { "say", HANDOFF_LINK_UP, "(s)" },
  [ODD_ASK] = { "ask", HANDOFF_LINK_DOWN, "()", "(s)", .max_waiting = 1 },
};
static const HandoffLinkTable odd_table = { "odd", odd_rows, G_N_ELEMENTS (odd_rows) };
