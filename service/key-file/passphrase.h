/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The passphrase of a key file, in the forms in which programs may have used it, and a limit of
 * the work that trying them may cost. */
typedef struct HandoffPassphrase HandoffPassphrase;

/* passphrase: (nullable). INVALID_ARGUMENT: no program can have used it. */
HandoffPassphrase *handoff_passphrase_new (GBytes *passphrase, GError **error);
/* Wipes. */
void handoff_passphrase_free (HandoffPassphrase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPassphrase, handoff_passphrase_free)

/* The bytes themselves, which PBES2 and traditional PEM use. Empty without a passphrase. */
gconstpointer handoff_passphrase_get_bytes (HandoffPassphrase *self, gsize *size);

/* What PKCS#12 may have used, which wants text (RFC 7292 appendix B.1): number index, UTF-8 in
 * secret memory, NUL-terminated. FALSE after the last.
 * - An empty passphrase, or none, is two zero bytes to some programs, and no byte to others: the
 *   empty text, and NULL, which is how GnuTLS tells them apart.
 * - What is not UTF-8 is taken for Latin-1, as OpenSSL does.
 * - What is UTF-8 and not ASCII was taken for Latin-1 by OpenSSL before 1.1. */
gboolean handoff_passphrase_get_text (HandoffPassphrase *self, guint index, const char **text);
/* Keeps only the form with number index, which proved right. */
void handoff_passphrase_choose (HandoffPassphrase *self, guint index);

/* Call it before a key derivation. FALSE, with INVALID_ARGUMENT, if all derivations together would
 * be more than HANDOFF_MAX_KDF_ITERATIONS. */
gboolean handoff_passphrase_spend (HandoffPassphrase *self, guint64 iterations, GError **error);
/* INVALID_ARGUMENT: a file asks for too many. Returns FALSE. */
gboolean handoff_passphrase_refuse_iterations (guint64 iterations, GError **error);

/* The error when the passphrase opened nothing: it is wrong, or there is none. what: "is
 * encrypted", and so on. Always FALSE. */
gboolean handoff_passphrase_refuse (HandoffPassphrase *self, const char *what, GError **error);
