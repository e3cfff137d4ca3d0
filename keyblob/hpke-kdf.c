/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "hpke-kdf.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "secret-memory.h"
#include "tls-handoff-error.h"

/* What is hashed: two bytes of length, "HPKE-v1", the suite, the label and the input. */
#define MAX_LABEL_SIZE 32
#define MAX_LABELED_SIZE                                                                           \
  (2 + 7 + HANDOFF_HPKE_MAX_SUITE_ID_SIZE + MAX_LABEL_SIZE + HANDOFF_HPKE_MAX_INPUT_SIZE)

typedef struct
{
  guint8 data[MAX_LABELED_SIZE];
  gsize size;
} Buffer;

static void
buffer_add (Buffer *buffer, gconstpointer data, gsize size)
{
  g_assert (size <= sizeof buffer->data - buffer->size);

  if (size > 0)
    memcpy (buffer->data + buffer->size, data, size);
  buffer->size += size;
}

static void
buffer_add_labeled (Buffer *buffer,
                    const guint8 *suite_id,
                    gsize suite_id_size,
                    const char *label,
                    gconstpointer input,
                    gsize input_size)
{
  buffer_add (buffer, "HPKE-v1", 7);
  buffer_add (buffer, suite_id, suite_id_size);
  buffer_add (buffer, label, strlen (label));
  buffer_add (buffer, input, input_size);
}

gboolean
handoff_hpke_check_gnutls (int code, const char *what, GError **error)
{
  if (code >= 0)
    return TRUE;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "%s failed: %s", what,
               gnutls_strerror (code));
  return FALSE;
}

/* LabeledExtract (RFC 9180 4). salt: NULL for the empty one, or HANDOFF_HPKE_HASH_SIZE bytes. */
gboolean
handoff_hpke_labeled_extract (const guint8 *suite_id,
                              gsize suite_id_size,
                              const guint8 *salt,
                              const char *label,
                              gconstpointer input,
                              gsize input_size,
                              guint8 prk[HANDOFF_HPKE_HASH_SIZE],
                              GError **error)
{
  Buffer labeled = { .size = 0 };
  gnutls_datum_t key_datum;
  gnutls_datum_t salt_datum = { (guint8 *) salt, salt != NULL ? HANDOFF_HPKE_HASH_SIZE : 0 };
  gboolean ok;

  buffer_add_labeled (&labeled, suite_id, suite_id_size, label, input, input_size);
  key_datum.data = labeled.data;
  key_datum.size = (unsigned int) labeled.size;
  ok = handoff_hpke_check_gnutls (
      gnutls_hkdf_extract (GNUTLS_MAC_SHA256, &key_datum, &salt_datum, prk), "HKDF-Extract", error);
  handoff_wipe (&labeled, sizeof labeled);

  return ok;
}

/* LabeledExpand (RFC 9180 4). */
gboolean
handoff_hpke_labeled_expand (const guint8 *suite_id,
                             gsize suite_id_size,
                             const guint8 prk[HANDOFF_HPKE_HASH_SIZE],
                             const char *label,
                             gconstpointer input,
                             gsize input_size,
                             guint8 *output,
                             gsize output_size,
                             GError **error)
{
  Buffer labeled = { .size = 0 };
  guint8 length[2];
  gnutls_datum_t prk_datum = { (guint8 *) prk, HANDOFF_HPKE_HASH_SIZE };
  gnutls_datum_t info_datum;

  length[0] = (guint8) (output_size >> 8);
  length[1] = (guint8) output_size;
  buffer_add (&labeled, length, sizeof length);
  buffer_add_labeled (&labeled, suite_id, suite_id_size, label, input, input_size);
  info_datum.data = labeled.data;
  info_datum.size = (unsigned int) labeled.size;

  return handoff_hpke_check_gnutls (
      gnutls_hkdf_expand (GNUTLS_MAC_SHA256, &prk_datum, &info_datum, output, output_size),
      "HKDF-Expand", error);
}
