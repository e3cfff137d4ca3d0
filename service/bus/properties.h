/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/call.h"

/* The reply to Properties.Get() or GetAll() of an object whose properties are those, an a{sv}.
 * call: (transfer full). properties: (transfer full) */
void handoff_properties_reply (HandoffCall *call, GVariant *properties);
