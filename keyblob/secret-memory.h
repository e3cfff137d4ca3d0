/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Memory for secrets: whole pages of their own, zeroed, locked against swapping where the limit
 * (RLIMIT_MEMLOCK) allows it, left out of core dumps (MADV_DONTDUMP), wiped when freed.
 * Aligned to 64 bytes, so a GVariant made from it is never copied for alignment. */

typedef enum
{
  HANDOFF_SECRET_DEFAULT = 0,
  /* A child process finds zeros in it (MADV_WIPEONFORK): for what must be used once only. */
  HANDOFF_SECRET_WIPE_ON_FORK = 1 << 0,
} HandoffSecretFlags;

/* Never NULL; aborts when out of memory, as g_malloc() does. */
gpointer handoff_secret_new (gsize size, HandoffSecretFlags flags);
/* Wipes, and gives the pages back; NULL is fine. */
void handoff_secret_free (gpointer secret);
/* The size that was asked for. */
gsize handoff_secret_get_size (gconstpointer secret);

/* Overwrites size bytes in a way that the compiler keeps. */
void handoff_wipe (gpointer data, gsize size);
/* Overwrites the stack below the caller, and the vector registers: what GnuTLS and nettle leave in
 * dead frames, and what would be saved into new ones. */
void handoff_wipe_stack (void);
/* The same after X25519, HKDF and AES-GCM, which need little stack. */
void handoff_wipe_near_stack (void);

/* Bytes of any number, in secret memory. Starts as zeros. */
typedef struct
{
  guint8 *data; /* (owned) (nullable) NULL if there are none */
  gsize size;
} HandoffSecretBytes;

/* Replaces what there was with a copy of data; a size of 0 leaves nothing. */
void handoff_secret_bytes_set (HandoffSecretBytes *bytes, gconstpointer data, gsize size);
/* Puts a copy of data behind what there is. */
void handoff_secret_bytes_append (HandoffSecretBytes *bytes, gconstpointer data, gsize size);
/* What there was, to be wiped when it is freed; NULL if there was nothing. Leaves nothing. */
GBytes *handoff_secret_bytes_take (HandoffSecretBytes *bytes);
/* Wipes and frees. */
void handoff_secret_bytes_clear (HandoffSecretBytes *bytes);
