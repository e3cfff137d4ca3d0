/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The names that IANA's registries have for the numbers in TLS messages: "TLS Parameters" and
 * "TLS ExtensionType Values". Written down here once more, and not taken from keyblob/ or from
 * GnuTLS: what both had wrong would not be seen otherwise. "(no name here)" for other numbers. */

const char *tls_name_of_version (guint number);
const char *tls_name_of_suite (guint number);
const char *tls_name_of_group (guint number);
const char *tls_name_of_scheme (guint number);
const char *tls_name_of_extension (guint number);
const char *tls_name_of_point_format (guint number);
const char *tls_name_of_psk_mode (guint number);
const char *tls_name_of_certificate_type (guint number);
const char *tls_name_of_alert (guint number);

/* For offers of everything that has a name, the highest number first: a server that chooses a lower
 * one has an order of its own. (transfer full) (element-type guint16) */
GArray *tls_numbers_of_groups (void);
GArray *tls_numbers_of_schemes (void);
