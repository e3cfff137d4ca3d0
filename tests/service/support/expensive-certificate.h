/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Certificates that make much work when they are read or verified. Nobody signed them, and nobody
 * has their keys: they are refused before that matters. */
typedef struct
{
  guint rsa_bits;      /* 0: 2048 */
  guint exponent_bits; /* 0: 17 */
  guint dsa_bits;      /* in place of an RSA key, with a subgroup of subgroup_bits */
  guint subgroup_bits;
  guint n_subject_attributes; /* 0: one */
  guint n_issuer_attributes;
  guint n_extensions; /* that nobody knows */
  guint n_names;
  guint n_constraints;
  guint n_purposes;
} TestCertificate;

/* DER. (transfer full) */
GBytes *test_certificate_build (const TestCertificate *certificate);

/* An OCSP response with these certificates in it, and a signature that is none. (transfer full)
 * certificates: (array length=n) */
GBytes *test_ocsp_response_build (GBytes *const *certificates, guint n);
