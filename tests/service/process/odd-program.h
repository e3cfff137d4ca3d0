/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-message.h"

/* What odd-program says on its link. */

enum
{
  ODD_SAY,
};

static const HandoffLinkRow odd_rows[] = { [ODD_SAY] = { "say", HANDOFF_LINK_UP, "(s)" } };
static const HandoffLinkTable odd_table = { "odd", odd_rows, G_N_ELEMENTS (odd_rows) };
