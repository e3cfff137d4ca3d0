/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once
#include <glib.h>
typedef struct _HandoffSessionCacheKey HandoffSessionCacheKey;
void handoff_session_cache_key_free (HandoffSessionCacheKey *k);
