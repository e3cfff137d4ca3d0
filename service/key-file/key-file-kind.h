/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Says what a file is that we cannot read as a key file. There are many kinds of key files, and
 * whoever has one wants to know what it is, and which command converts it. Always FALSE, with
 * INVALID_ARGUMENT. */

/* For a file that is neither PEM nor PKCS#12. is_pem_alone: whether PKCS#12 would have been
 * refused too */
gboolean
handoff_key_file_refuse (const guint8 *data, gsize size, gboolean is_pem_alone, GError **error);

/* The same for a block of a PEM file. TRUE if the block is something else, which may stand beside
 * key and certificate. */
gboolean handoff_key_file_check_label (const char *label, GError **error);

/* Whether it is DER or BER that begins as PKCS#12 does. */
gboolean handoff_key_file_is_pkcs12 (const guint8 *data, gsize size);
