/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * TlsHandoffBackend:
 *
 * A #GTlsBackend whose TLS connections are the library's: the TLS Handoff service does their
 * handshakes. Certificates, databases and DTLS are the stock backend's (stock-backend.h). Without a
 * stock backend it supports no TLS, since nobody could make a certificate.
 *
 * g_tls_backend_set_default_database() is GIO's alone: it sets the database of the process,
 * whatever the backend, and the library's connections obey it.
 */
#define TLS_HANDOFF_TYPE_BACKEND (tls_handoff_backend_get_type ())
G_DECLARE_FINAL_TYPE (TlsHandoffBackend, tls_handoff_backend, TLS_HANDOFF, BACKEND, GObject)

/**
 * tls_handoff_backend_register:
 * @module: the module that the type lives in, which has to stay loaded
 *
 * Makes the backend known to GIO, under the name `handoff`.
 */
void tls_handoff_backend_register (GIOModule *module);

G_END_DECLS
