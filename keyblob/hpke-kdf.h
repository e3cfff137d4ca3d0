/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What HPKE derives everything with: HKDF-SHA256 with labels (RFC 9180 4). */

#define HANDOFF_HPKE_HASH_SIZE 32       /* Nh, and Nsecret: bytes */
#define HANDOFF_HPKE_MAX_INPUT_SIZE 256 /* of what is hashed beside the label: bytes */

/* suite_id says for what (RFC 9180 4.1 and 5.1); at most this long. */
#define HANDOFF_HPKE_MAX_SUITE_ID_SIZE 10

/* LabeledExtract. salt: (nullable): the empty one, or HANDOFF_HPKE_HASH_SIZE bytes. FALSE with
 * TLS_HANDOFF_ERROR_FAILED, as all here. */
gboolean handoff_hpke_labeled_extract (const guint8 *suite_id,
                                       gsize suite_id_size,
                                       const guint8 *salt,
                                       const char *label,
                                       gconstpointer input,
                                       gsize input_size,
                                       guint8 prk[HANDOFF_HPKE_HASH_SIZE],
                                       GError **error);
/* LabeledExpand. output must not be where prk is. */
gboolean handoff_hpke_labeled_expand (const guint8 *suite_id,
                                      gsize suite_id_size,
                                      const guint8 prk[HANDOFF_HPKE_HASH_SIZE],
                                      const char *label,
                                      gconstpointer input,
                                      gsize input_size,
                                      guint8 *output,
                                      gsize output_size,
                                      GError **error);
/* Whether a call of GnuTLS succeeded; else what failed. */
gboolean handoff_hpke_check_gnutls (int code, const char *what, GError **error);
