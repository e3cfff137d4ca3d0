/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <gnutls/x509.h>

/* Parses a certificate in DER. Any thread. (transfer full) (nullable): NULL if it cannot be read */
gnutls_x509_crt_t handoff_certificate_parse (GBytes *der);
