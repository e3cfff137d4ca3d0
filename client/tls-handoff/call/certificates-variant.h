/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Lists of certificates (DER): a GPtrArray of GBytes, which frees them, and the D-Bus type aay.
 *
 * An application lends a list for the time of a call: then the list and its elements may be freed.
 * Some language bindings put NULL where they cannot convert an element. So the library keeps a
 * copy. An element that is NULL stays NULL, and handoff_certificates_to_variant() reports it. */

/* certificates: (array length=n_certificates) (nullable). (transfer full) */
GPtrArray *handoff_certificates_copy (GBytes *const *certificates, gsize n_certificates);
/* certificates: (nullable): with or without a function that frees its elements. (transfer full)
 * (nullable) */
GPtrArray *handoff_certificates_copy_ptr_array (GPtrArray *certificates);

/* Copies an aay. (transfer full) */
GPtrArray *handoff_certificates_from_variant (GVariant *certificates);
/* The reverse; floating. NULL with TLS_HANDOFF_ERROR_INVALID_ARGUMENT if an element is NULL: what
 * names the list in the message. */
GVariant *
handoff_certificates_to_variant (GPtrArray *certificates, const char *what, GError **error);
/* The certificates at positions (an au, nullable), in that order. All certificates, if positions is
 * NULL or empty, or says one that does not exist. (transfer full) */
GPtrArray *handoff_certificates_select (GPtrArray *certificates, GVariant *positions);
