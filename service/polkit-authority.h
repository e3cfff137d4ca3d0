/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority.h"

/* polkit, on the system bus. */
#define HANDOFF_TYPE_POLKIT_AUTHORITY (handoff_polkit_authority_get_type ())
G_DECLARE_FINAL_TYPE (
    HandoffPolkitAuthority, handoff_polkit_authority, HANDOFF, POLKIT_AUTHORITY, GObject)

HandoffAuthority *handoff_polkit_authority_new (void);
