/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/bus-context.h"

/* The properties of a Credential object, an a{sv}. (transfer full) */
GVariant *handoff_credential_dup_properties (const HandoffCallContext *context,
                                             const HandoffCredential *credential);
