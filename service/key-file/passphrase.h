/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The passphrase of a key file, in the forms in which programs may have used it, and what the
 * trying of them may cost. */
typedef struct HandoffPassphrase HandoffPassphrase;

/* passphrase: (nullable). INVALID_ARGUMENT: it cannot be anybody's. */
HandoffPassphrase *handoff_passphrase_new (GBytes *passphrase, GError **error);
/* Wipes. */
void handoff_passphrase_free (HandoffPassphrase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPassphrase, handoff_passphrase_free)

/* The bytes themselves: what PBES2 and traditional PEM use. Empty without a passphrase. */
gconstpointer handoff_passphrase_get_bytes (HandoffPassphrase *self, gsize *size);

/* What PKCS#12 may have used, which wants text (RFC 7292 appendix B.1): number index, UTF-8 in
 * secret memory, NUL-terminated. FALSE after the last.
 * - An empty passphrase, or none, is two zero bytes to some programs, and no byte to others: the
 *   empty text, and NULL, which is how GnuTLS tells them apart.
 * - What is not UTF-8 is taken for Latin-1, as OpenSSL does.
 * - What is UTF-8 and not ASCII was taken for Latin-1 by OpenSSL before 1.1. */
gboolean handoff_passphrase_get_text (HandoffPassphrase *self, guint index, const char **text);
/* Leaves number index only: the one that proved right. */
void handoff_passphrase_choose (HandoffPassphrase *self, guint index);

/* Before a key derivation. FALSE, with INVALID_ARGUMENT, if all derivations together would be more
 * than HANDOFF_MAX_KDF_ITERATIONS. */
gboolean handoff_passphrase_spend (HandoffPassphrase *self, guint64 iterations, GError **error);
/* INVALID_ARGUMENT: a file asks for so many. Returns FALSE. */
gboolean handoff_passphrase_refuse_iterations (guint64 iterations, GError **error);

/* What to say when nothing could be opened with it: that it is wrong, or that there is none. what:
 * "is encrypted", and so on. Always FALSE. */
gboolean handoff_passphrase_refuse (HandoffPassphrase *self, const char *what, GError **error);
