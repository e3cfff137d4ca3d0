/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/x509.h>

/* A private key on its way from who read it in a stranger's file to who keeps it: PKCS #8's
 * PrivateKeyInfo (RFC 5958) of version 0, in DER, without attributes, in the one way that
 * handoff_pkcs8_write() writes it. Any thread. */

/* In secret memory. (transfer full): FAILED if GnuTLS cannot write it. */
GBytes *handoff_pkcs8_write (gnutls_x509_privkey_t key, GError **error);
/* Who wrote it may have been taken over: kind and sizes are checked before GnuTLS reads it, then
 * whether its numbers fit each other, and whether it would be written in the same bytes. Takes as
 * long as some signatures. (transfer full): INVALID_ARGUMENT says what is wrong. */
gnutls_x509_privkey_t handoff_pkcs8_read (GBytes *der, GError **error);
