/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* GTlsCertificates: those that we show to applications, and those that they want to show to peers.
 * Their class is the default backend's. */

/* chain: (element-type GBytes): DER, each issued by the next. (transfer full) (nullable): NULL if
 * it is empty, or the backend cannot parse it */
GTlsCertificate *handoff_tls_certificate_new (GPtrArray *chain);

/* Of an application's own certificate: the private key and the chain, in PEM. (transfer full)
 * (nullable): NULL if the key cannot be had */
GBytes *handoff_tls_certificate_to_pem (GTlsCertificate *certificate);
/* Whether it has a key that stays in a PKCS#11 token of the application's. */
gboolean handoff_tls_certificate_is_in_token (GTlsCertificate *certificate);

/* A certificate that stands for a credential which the service keeps: it has no key itself. path:
 * the credential's object. Before anybody else has the certificate. */
void handoff_tls_certificate_set_credential (GTlsCertificate *certificate, const char *path);
/* (transfer none) (nullable) */
const char *handoff_tls_certificate_get_credential (GTlsCertificate *certificate);
