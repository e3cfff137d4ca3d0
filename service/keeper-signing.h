/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "keeping/keeper.h"
#include "signing/signing.h"

/* The keeper as one of the programs that sign: the book of grants hears when it starts and ends,
 * and what it refuses. Main thread. */

/* signing: (unowned). keeper: it is not started yet. */
void handoff_keeper_signing_begin (HandoffKeeper *keeper, HandoffSigning *signing);
/* The book hears of the keeper no more. */
void handoff_keeper_signing_end (HandoffKeeper *keeper, HandoffSigning *signing);
