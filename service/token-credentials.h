/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshakers.h"
#include "credential/credentials.h"
#include "signing/grant-giver.h"
#include "tokens/pin-hold.h"
#include "tokens/tokens.h"

/* The credentials whose keys are in tokens: they are known to the processes of the modules as long
 * as they are there, and grants for them go to those. Main thread. */

/* For a grant giver; its finder_self is the HandoffTokens. */
extern const HandoffTokenFinder handoff_token_credentials_finder;

/* The credentials may be others now. */
void handoff_token_credentials_update (HandoffTokens *tokens, HandoffCredentials *credentials);

/* Who has to know what the processes of modules tell. All (unowned). */
typedef struct
{
  HandoffSigning *signing;
  HandoffHandshakers *handshakers; /* (nullable) */
  HandoffPinHold *pin_hold;        /* (nullable) */
} HandoffTokenEvents;

/* user_data: HandoffTokenEvents */
extern const HandoffModulesFunctions handoff_token_events;
