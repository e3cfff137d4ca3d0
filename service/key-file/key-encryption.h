/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "key/der-values.h"
#include "key-file/passphrase.h"

/* Opens what a passphrase protects, except for the parts of PKCS#12 that GnuTLS opens: PBES2 and
 * PBMAC1 of PKCS #5 (RFC 8018, RFC 9579), and traditional PEM of OpenSSL. GnuTLS has these too,
 * but would not say what is wrong, and would compute with a key before we can look at it. All
 * errors are INVALID_ARGUMENT. */

/* Whether handoff_encryption_open() opens what such an AlgorithmIdentifier encrypts. */
gboolean handoff_encryption_is_pbes2 (const HandoffDer *algorithm);

/* algorithm: the AlgorithmIdentifier of PBES2. first_tag: of the first element in the encrypted
 * SEQUENCE: that of a key's version, or of the first bag. It shows whether the passphrase is
 * right. (transfer full): that SEQUENCE, in secret memory */
GBytes *handoff_encryption_open (const HandoffDer *algorithm,
                                 const HandoffDer *ciphertext,
                                 guint8 first_tag,
                                 HandoffPassphrase *passphrase,
                                 GError **error);

/* dek_info: the value of the header DEK-Info (RFC 1421 section 4.6.1.3). Otherwise as above. */
GBytes *handoff_encryption_open_traditional (const char *dek_info,
                                             const HandoffDer *ciphertext,
                                             HandoffPassphrase *passphrase,
                                             GError **error);

/* Says that the service cannot do what an AlgorithmIdentifier names: "is encrypted with scrypt,
 * …". Always FALSE. */
gboolean handoff_encryption_refuse (const HandoffDer *algorithm, GError **error);

/* If the error is about an algorithm, adds the command ("; “openssl …” rewrites it"), as
 * INVALID_ARGUMENT. Always FALSE. */
gboolean handoff_encryption_add_command (GError **error, const char *command);

/* parameters: PBMAC1-params. is_right: (out): whether mac is the MAC of content, with this
 * passphrase. FALSE: the MAC cannot be computed. */
gboolean handoff_encryption_check_pbmac1 (const HandoffDer *parameters,
                                          const HandoffDer *content,
                                          const HandoffDer *mac,
                                          HandoffPassphrase *passphrase,
                                          gboolean *is_right,
                                          GError **error);
