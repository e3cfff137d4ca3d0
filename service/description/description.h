/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* All that has to be known of a credential's key and certificates by who may not parse any. The
 * importer makes it of the certificates (describe/description-maker.h); who reads it takes it for
 * what a process wrote that may have been taken over: sizes, texts and times are within bounds, and
 * fit each other. Whether they are true nobody else knows: a lie harms the credential that it is
 * about, and no other. Immutable, reference-counted; any thread. */

/* public key, algorithm, certificates, not before, not after, OCSP response, its end, its problem:
 * as in the struct, with 0, "" and nothing for what is missing. */
#define HANDOFF_DESCRIPTION_TYPE "(aysaayxxayxs)"

/* Peers with OpenSSL take chains of 100 KiB, those with GnuTLS 128. Larger ones would take long to
 * parse. All bytes together, so that a description fits into a message of a link. */
#define HANDOFF_MAX_CHAIN_SIZE (96 * 1024)
/* Bytes. Usual responses have 0.5 to 3 KiB. */
#define HANDOFF_MAX_STAPLE_SIZE (16 * 1024)
/* Bytes: an RSA key of 16,384 bits has less. */
#define HANDOFF_MAX_PUBLIC_KEY_SIZE (4 * 1024)
/* The last second that a certificate can name (RFC 5280 4.1.2.5): in 9999. */
#define HANDOFF_MAX_CERTIFICATE_TIME G_GINT64_CONSTANT (253402300799)

typedef struct
{
  gatomicrefcount ref_count;
  GVariant *variant;        /* (owned): of HANDOFF_DESCRIPTION_TYPE: the same */
  GBytes *public_key;       /* (owned): SubjectPublicKeyInfo, DER */
  const char *algorithm;    /* "ecdsa-p256", as the property KeyAlgorithm has it */
  GPtrArray *certificates;  /* (owned) (element-type GBytes): DER, its own first; may be empty */
  gint64 not_before;        /* seconds since 1970, of the first certificate; 0 without */
  gint64 not_after;         /* likewise */
  GBytes *ocsp_response;    /* (owned) (nullable): DER, good, for the first certificate */
  gint64 ocsp_not_after;    /* seconds since 1970: when it is out of date; 0 without */
  const char *ocsp_problem; /* (nullable): why one that is there is not stapled, for people */
} HandoffDescription;

/* variant: (transfer none): a floating reference is sunk. FAILED says what is wrong. */
HandoffDescription *handoff_description_read (GVariant *variant, GError **error);
/* certificates: (element-type GBytes) (nullable). ocsp_response, ocsp_problem: (nullable).
 * Otherwise the same. */
HandoffDescription *handoff_description_new (GBytes *public_key,
                                             const char *algorithm,
                                             GPtrArray *certificates,
                                             gint64 not_before,
                                             gint64 not_after,
                                             GBytes *ocsp_response,
                                             gint64 ocsp_not_after,
                                             const char *ocsp_problem,
                                             GError **error);
HandoffDescription *handoff_description_ref (HandoffDescription *self);
void handoff_description_unref (HandoffDescription *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffDescription, handoff_description_unref)

/* Whether number and size of the certificates (element-type GBytes) are small enough for a chain:
 * INVALID_ARGUMENT, with "certificates: …". Check this before any work with them. */
gboolean handoff_description_check_chain (GPtrArray *certificates, GError **error);
