/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/recent-blocks.h"

#include <gnutls/gnutls.h>

/* What signature-input.c looks for is among the last two in GnuTLS 3.7.9. */
#define N_BLOCKS 4
/* Others are not noted, so that they do not displace those that may be looked for: 64 bytes are the
 * randoms or the spaces before what is signed; three numbers of 8192 bits are in the longest
 * parameters (RFC 5246 7.4.3), and GnuTLS makes buffers larger than needed. */
#define MIN_SIZE 64
#define MAX_SIZE 8192

typedef struct
{
  guint8 *data; /* (unowned) (nullable): NULL once it is freed */
  gsize size;
} Block;

/* A ring: the next one to be noted takes the place of the oldest. */
static _Thread_local Block blocks[N_BLOCKS];
static _Thread_local guint next;

static gnutls_alloc_function allocate;
static gnutls_realloc_function reallocate;
static gnutls_free_function release;

static void
note (gpointer data, gsize size)
{
  if (data == NULL || size < MIN_SIZE || size > MAX_SIZE)
    return;
  blocks[next] = (Block){ data, size };
  next = (next + 1) % N_BLOCKS;
}

/* The address alone counts: the block may be freed already. */
static void
forget (gconstpointer data)
{
  guint i;

  for (i = 0; i < N_BLOCKS; i++)
    {
      if (blocks[i].data == data)
        blocks[i].data = NULL;
    }
}

static void *
watched_malloc (size_t size)
{
  void *data = allocate (size);

  note (data, size);
  return data;
}

static void *
watched_realloc (void *old, size_t size)
{
  void *data;

  if (old != NULL)
    forget (old);
  data = reallocate (old, size);
  note (data, size);
  return data;
}

static void
watched_free (void *data)
{
  if (data != NULL)
    forget (data);
  release (data);
}

/* Before there is another thread: GnuTLS reads these variables without a lock. The memory is the C
 * library's as before, so what was allocated before this can be freed after it. */
__attribute__ ((constructor)) static void
watch (void)
{
  allocate = gnutls_malloc;
  reallocate = gnutls_realloc;
  release = gnutls_free;
  gnutls_malloc = watched_malloc;
  gnutls_realloc = watched_realloc;
  gnutls_free = watched_free;
}

const guint8 *
handoff_recent_blocks_find (HandoffBlockMatch match, gpointer user_data, gsize *size)
{
  guint i;

  for (i = 1; i <= N_BLOCKS; i++)
    {
      const Block *block = &blocks[(next + N_BLOCKS - i) % N_BLOCKS];

      *size = block->data != NULL ? match (block->data, block->size, user_data) : 0;
      if (*size > 0 && *size <= block->size)
        return block->data;
    }
  return NULL;
}
