/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What a file is that is no key file of ours: key files of the field are many, and who has one
 * wants to know what it is, and what command makes of it what can be read. Always FALSE, with
 * INVALID_ARGUMENT. */

/* A file that is neither PEM nor PKCS#12. is_pem_alone: whether PKCS#12 would have been refused,
 * too */
gboolean
handoff_key_file_refuse (const guint8 *data, gsize size, gboolean is_pem_alone, GError **error);

/* The same for a block of a PEM file: TRUE if it is just something else, which may stand beside key
 * and certificate. */
gboolean handoff_key_file_check_label (const char *label, GError **error);

/* Whether it is DER or BER that begins as PKCS#12 does. */
gboolean handoff_key_file_is_pkcs12 (const guint8 *data, gsize size);
