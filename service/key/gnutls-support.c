/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/gnutls-support.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

gboolean
handoff_gnutls_set_error (GError **error, int code, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "%s: %s", what,
               gnutls_strerror (code));
  return FALSE;
}

GBytes *
handoff_gnutls_dup_key_id (gnutls_pubkey_t key)
{
  guint8 id[32];
  size_t size = sizeof id;

  return gnutls_pubkey_get_key_id (key, GNUTLS_KEYID_USE_SHA256, id, &size) >= 0
             ? g_bytes_new (id, size)
             : NULL;
}

gboolean
handoff_gnutls_is_same_public_key (gnutls_pubkey_t a, gnutls_pubkey_t b)
{
  g_autoptr (GBytes) id_a = handoff_gnutls_dup_key_id (a);
  g_autoptr (GBytes) id_b = handoff_gnutls_dup_key_id (b);

  return id_a != NULL && id_b != NULL && g_bytes_equal (id_a, id_b);
}

/* What freed before: somebody else may watch what GnuTLS frees. */
static gnutls_free_function release = NULL;

static void
wiping_free (void *memory)
{
  if (memory == NULL)
    return;
  handoff_wipe (memory, malloc_usable_size (memory));
  release (memory);
}

/* realloc() may leave the old block in memory, so a growing block always moves through here. */
static void *
wiping_realloc (void *memory, size_t size)
{
  void *moved;
  size_t old_size;

  if (memory == NULL)
    return gnutls_malloc (size);
  if (size == 0)
    {
      wiping_free (memory);
      return NULL;
    }

  old_size = malloc_usable_size (memory);
  if (size <= old_size)
    return memory;

  moved = gnutls_malloc (size);
  if (moved == NULL)
    return NULL;
  memcpy (moved, memory, old_size);
  wiping_free (memory);
  return moved;
}

void
handoff_gnutls_wipe_freed_memory (void)
{
  release = gnutls_free;
  gnutls_free = wiping_free;
  gnutls_realloc = wiping_realloc;
}
