/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "gate/dispatcher.h"

/* The methods of Properties on a session. Ends with a zeroed row. */
extern const HandoffMethod handoff_session_property_methods[];
