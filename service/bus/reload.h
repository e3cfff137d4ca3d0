/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/bus-context.h"

/* Reads the configuration, the trust store and the credentials again. If one of the first two has
 * an error, the old ones stay in force; the credentials are read in any case. A reload keeps the
 * service running. */
void handoff_reload_async (const HandoffCallContext *context,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean handoff_reload_finish (GAsyncResult *result, GError **error);
