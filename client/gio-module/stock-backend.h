/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * handoff_stock_backend_get:
 *
 * The backend that has what the library does not make: certificates, trust databases and DTLS. It
 * is glib-networking's, or, where that is not installed, GIO's own, which supports no TLS; a
 * warning then says so, once. It is looked for on the first call, and the process keeps it.
 *
 * Any thread. It takes no lock that GIO holds while it calls a backend.
 *
 * Returns: (transfer none): the backend, never this module's
 */
GTlsBackend *handoff_stock_backend_get (void);

G_END_DECLS
