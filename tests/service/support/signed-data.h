/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What a TLS handshake has signed, and what looks like it. */

void test_append (GByteArray *array, gconstpointer data, gsize size);
/* A number of size bytes, big-endian. */
void test_append_number (GByteArray *array, guint number, guint size);
/* So many bytes. */
void test_append_filler (GByteArray *array, gsize size);

/* Of a CertificateVerify in TLS 1.3, with a hash of that size. */
GByteArray *test_signed_new_tls13 (const char *context, gsize hash_size);
#define TEST_SIGNED_CLIENT "TLS 1.3, client CertificateVerify"
#define TEST_SIGNED_SERVER "TLS 1.3, server CertificateVerify"
/* Of a ServerKeyExchange in TLS 1.2, with a point. size: as it is written before the point */
GByteArray *test_signed_new_ecdh (guint type, guint group, guint size, guint real_size);
/* The same, with the sizes of p, g and Ys. */
GByteArray *test_signed_new_dh (guint p, guint g, guint y);
