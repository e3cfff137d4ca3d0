/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Lists of certificates (DER): a GPtrArray of GBytes, which frees them, and the D-Bus type aay.
 *
 * Applications lend lists that go when the call returns, elements included, and some language
 * bindings put NULL where they cannot convert an element. So what is kept is a copy, and an element
 * that is NULL stays one until somebody can be told. */

/* certificates: (array length=n_certificates) (nullable). (transfer full) */
GPtrArray *handoff_certificates_copy (GBytes *const *certificates, gsize n_certificates);
/* certificates: (nullable) whoever frees the elements. (transfer full) (nullable) */
GPtrArray *handoff_certificates_copy_ptr_array (GPtrArray *certificates);

/* A copy of an aay as certificates. (transfer full) */
GPtrArray *handoff_certificates_from_variant (GVariant *certificates);
/* The reverse; floating. NULL with TLS_HANDOFF_ERROR_INVALID_ARGUMENT if an element is NULL: what
 * names the list in the message. */
GVariant *
handoff_certificates_to_variant (GPtrArray *certificates, const char *what, GError **error);
/* Those at positions (an au), in that order; all of them if it is NULL, or cannot be. (transfer
 * full)
 */
GPtrArray *handoff_certificates_select (GPtrArray *certificates, GVariant *positions);
