/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* How much work a stranger's certificates may be, looked at in their DER, before GnuTLS reads them:
 * importing one already costs more than its size says. Added up over all of a handshake. What the
 * limits are good for, with times of one core of a server of 2023:
 *
 *   a name of 10,000 attributes      500 ms to import, 380 ms to verify (quadratic)
 *   10,000 key purposes              290 ms to verify
 *   10,000 subject alternative names 12 ms each time they are imported, which is up to four times
 *   1,000 names against 1,000 name constraints   14 ms, and their product
 *   10,000 extensions                15 ms
 *   RSA, of 16,384 bits, to verify   0.45 ms with the exponent 65,537; 7 ms with one of 256 bits;
 *                                    380 ms with one of 16,384 bits
 */

/* Bytes. A usual certificate has 1 to 8 KiB. */
#define HANDOFF_MAX_CERTIFICATE_SIZE (64 * 1024)
/* In a subject or issuer; in all certificates together. */
#define HANDOFF_MAX_NAME_ATTRIBUTES 64
#define HANDOFF_MAX_ATTRIBUTES 512
#define HANDOFF_MAX_CERTIFICATE_EXTENSIONS 64
#define HANDOFF_MAX_EXTENSIONS 512

/* In all certificates together: subject and issuer alternative names; extended key usages; name
 * constraints, and names times them; verifications of signatures, as bits of the modulus squared
 * times bits of the exponent, here as much as 16 RSA keys of 8,192 bits or 4 of 16,384 with the
 * exponent that all have. That is some 2.5 ms. */
#define HANDOFF_MAX_ALTERNATIVE_NAMES 4096
#define HANDOFF_MAX_KEY_PURPOSES 128
#define HANDOFF_MAX_NAME_CONSTRAINTS 512
#define HANDOFF_MAX_NAME_COMPARISONS (512 * 1024)
#define HANDOFF_MAX_VERIFICATION_WORK (16 * G_GUINT64_CONSTANT (8192) * 8192 * 17)

/* The sums; begins with zeros. */
typedef struct
{
  guint64 n_attributes;
  guint64 n_extensions;
  guint64 n_names;
  guint64 n_constraints;
  guint64 n_purposes;
  guint64 work;
  gboolean is_unreadable; /* one certificate could not be read */
} HandoffCertificateSum;

/* Adds a certificate, DER. FALSE with INVALID_ARGUMENT if it is too much, or all certificates
 * together are ("has …"), or if it is no certificate ("is …"). */
gboolean handoff_certificate_sum_add (HandoffCertificateSum *self,
                                      const guint8 *der,
                                      gsize size,
                                      GError **error);
