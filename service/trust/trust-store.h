/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

/* Certificates to trust, loaded once and shared, read-only, by all handshakes that use them. */
typedef struct _HandoffTrustStore HandoffTrustStore;

/* GnuTLS asks a session's certificate credentials for the session's own certificate, too. Ours are
 * shared, and have none. So what the pointer of a session that uses a trust store points to
 * (gnutls_session_set_ptr()) begins with this, which answers for that session. */
typedef struct
{
  gnutls_certificate_retrieve_function3 *retrieve;
} HandoffCertificateSource;

/* path: of a PEM bundle, or "" for the system's trust store: for messages. pem: (nullable): what is
 * in it; NULL if there is none. */
HandoffTrustStore *handoff_trust_store_new_for_pem (const char *path, GBytes *pem, GError **error);
/* anchors: (element-type GBytes): certificates, DER. */
HandoffTrustStore *handoff_trust_store_new_for_anchors (GPtrArray *anchors, GError **error);
HandoffTrustStore *handoff_trust_store_ref (HandoffTrustStore *self);
void handoff_trust_store_unref (HandoffTrustStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTrustStore, handoff_trust_store_unref)

/* (transfer none): what a session's certificate credentials must be; not to be changed. The
 * session's pointer points to a HandoffCertificateSource. */
gnutls_certificate_credentials_t handoff_trust_store_get_credentials (HandoffTrustStore *self);
