/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "gate/call.h"

/* Replies to Properties.Get() or GetAll(). properties: all that the object has, an a{sv}. call:
 * (transfer full). properties: (transfer full) */
void handoff_properties_reply (HandoffCall *call, GVariant *properties);
