/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "key-file/der-values.h"
#include "key-file/passphrase.h"

/* What passphrases protect, besides what GnuTLS opens of PKCS#12: PKCS #5's PBES2 and PBMAC1
 * (RFC 8018, RFC 9579), and OpenSSL's traditional PEM. GnuTLS has them too, but would not say what
 * is wrong, nor let us look at a key before it computes with it. All errors are INVALID_ARGUMENT.
 */

/* Whether what is encrypted by such an AlgorithmIdentifier is for handoff_encryption_open(). */
gboolean handoff_encryption_is_pbes2 (const HandoffDer *algorithm);

/* algorithm: the AlgorithmIdentifier of PBES2. first_tag: of the first element in the SEQUENCE that
 * was encrypted, by which a right passphrase is known: that of a key's version, or of the first
 * bag. (transfer full): that SEQUENCE, in secret memory */
GBytes *handoff_encryption_open (const HandoffDer *algorithm,
                                 const HandoffDer *ciphertext,
                                 guint8 first_tag,
                                 HandoffPassphrase *passphrase,
                                 GError **error);

/* dek_info: the value of the header DEK-Info (RFC 1421 section 4.6.1.3). As above. */
GBytes *handoff_encryption_open_traditional (const char *dek_info,
                                             const HandoffDer *ciphertext,
                                             HandoffPassphrase *passphrase,
                                             GError **error);

/* Says that an AlgorithmIdentifier names what is not possible here, by its name: "is encrypted with
 * scrypt, …". Always FALSE. */
gboolean handoff_encryption_refuse (const HandoffDer *algorithm, GError **error);

/* If the error is of an algorithm, says the command ("; “openssl …” rewrites it"), as
 * INVALID_ARGUMENT. Always FALSE. */
gboolean handoff_encryption_add_command (GError **error, const char *command);

/* parameters: PBMAC1-params. is_right: (out): whether mac is that of content, with this passphrase.
 * FALSE: that cannot be found out. */
gboolean handoff_encryption_check_pbmac1 (const HandoffDer *parameters,
                                          const HandoffDer *content,
                                          const HandoffDer *mac,
                                          HandoffPassphrase *passphrase,
                                          gboolean *is_right,
                                          GError **error);
