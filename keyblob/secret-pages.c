/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "secret-pages.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#define HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif

#ifdef HAS_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#define FORBID(start, size) __asan_poison_memory_region (start, size)
#define ALLOW(start, size) __asan_unpoison_memory_region (start, size)
#elif defined(HAVE_VALGRIND)
#include <valgrind/memcheck.h>
#define FORBID(start, size) ((void) VALGRIND_MAKE_MEM_NOACCESS (start, size))
#define ALLOW(start, size) ((void) VALGRIND_MAKE_MEM_DEFINED (start, size))
#else
#define FORBID(start, size) ((void) 0)
#define ALLOW(start, size) ((void) 0)
#endif

/* Lies in memory that a child process finds zeroed. There the pages that it inherits are not
 * locked; so it begins with none, whatever another thread did here when it was forked. */
typedef struct
{
  GMutex mutex;  /* zeros are an unlocked one */
  guint process; /* 0: not known yet; each process has another number than those it descends from */
  guint n_kept;
  gsize kept_bytes;
  HandoffSecretPages kept[HANDOFF_SECRET_PAGES_MAX_KEPT]; /* what was given back last is last */
} Pool;

/* Inherited, so that a child's number is greater. Under the lock. */
static guint last_process;

/* (nullable): NULL if the kernel cannot do it (it must be Linux 4.14 or newer); nothing is kept. */
static gpointer
make_pool (gpointer data)
{
  Pool *pool =
      mmap (NULL, sizeof *pool, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (pool == MAP_FAILED)
    return NULL;
  if (madvise (pool, sizeof *pool, MADV_WIPEONFORK) != 0)
    {
      munmap (pool, sizeof *pool);
      return NULL;
    }
  return pool;
}

static Pool *
lock_pool (void)
{
  static GOnce once = G_ONCE_INIT;
  Pool *pool = g_once (&once, make_pool, NULL);

  if (pool == NULL)
    return NULL;
  g_mutex_lock (&pool->mutex);
  if (pool->process == 0)
    pool->process = ++last_process;
  return pool;
}

static void
remove_kept (Pool *pool, guint position)
{
  pool->kept_bytes -= pool->kept[position].size;
  pool->n_kept--;
  memmove (&pool->kept[position], &pool->kept[position + 1],
           (pool->n_kept - position) * sizeof pool->kept[0]);
}

static void
unmap (const HandoffSecretPages *pages)
{
  ALLOW (pages->start, pages->size);
  munmap (pages->start, pages->size);
}

/* Whether there were such pages. What was given back last is still in the processor's caches. */
static gboolean
take_kept (Pool *pool, gsize size, gsize private_from, HandoffSecretPages *pages)
{
  guint i;

  for (i = pool->n_kept; i > 0; i--)
    {
      *pages = pool->kept[i - 1];
      if (pages->size == size && pages->private_from == private_from)
        {
          remove_kept (pool, i - 1);
          return TRUE;
        }
    }
  return FALSE;
}

/* What is kept counts against the limit for locked memory. FALSE: nothing was kept. */
static gboolean
unmap_kept (void)
{
  Pool *pool = lock_pool ();
  guint i, n;

  if (pool == NULL)
    return FALSE;
  n = pool->n_kept;
  for (i = 0; i < n; i++)
    unmap (&pool->kept[i]);
  pool->n_kept = 0;
  pool->kept_bytes = 0;
  g_mutex_unlock (&pool->mutex);
  return n > 0;
}

/* process: 0 if nothing is kept */
static HandoffSecretPages
map (gsize size, gsize private_from, guint process)
{
  HandoffSecretPages pages = { NULL, size, private_from, FALSE, process };

  pages.start = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages.start == MAP_FAILED)
    g_error ("Out of memory: cannot map %" G_GSIZE_FORMAT " bytes for a secret: %s", size,
             g_strerror (errno));
  /* Both are best effort: RLIMIT_MEMLOCK may be used up, and the secret works without either. */
  pages.is_locked =
      mlock (pages.start, size) == 0 || (unmap_kept () && mlock (pages.start, size) == 0);
  (void) madvise (pages.start, size, MADV_DONTDUMP);
  if (private_from > 0 &&
      madvise (pages.start + private_from, size - private_from, MADV_WIPEONFORK) != 0)
    g_error ("Cannot have a secret wiped in child processes (the kernel must be Linux 4.14 or "
             "newer): %s",
             g_strerror (errno));
  return pages;
}

static gboolean
is_zero (const guint8 *data, gsize size)
{
  return data[0] == 0 && memcmp (data, data + 1, size - 1) == 0;
}

HandoffSecretPages
handoff_secret_pages_take (gsize size, gsize private_from)
{
  Pool *pool = lock_pool ();
  HandoffSecretPages pages;
  gboolean is_kept = FALSE;
  guint process = 0;

  if (pool != NULL)
    {
      is_kept = take_kept (pool, size, private_from, &pages);
      process = pool->process;
      g_mutex_unlock (&pool->mutex);
    }
  if (!is_kept)
    return map (size, private_from, process);

  ALLOW (pages.start, pages.size);
  if (!is_zero (pages.start, pages.size))
    g_error ("A secret was written past its end, or after it was freed");
  return pages;
}

void
handoff_secret_pages_give (const HandoffSecretPages *pages)
{
  Pool *pool = lock_pool ();
  gboolean is_kept = pool != NULL && pages->is_locked && pages->process == pool->process &&
                     pool->n_kept < HANDOFF_SECRET_PAGES_MAX_KEPT &&
                     pool->kept_bytes + pages->size <= HANDOFF_SECRET_PAGES_MAX_KEPT_BYTES;

  if (is_kept)
    {
      FORBID (pages->start, pages->size);
      pool->kept[pool->n_kept++] = *pages;
      pool->kept_bytes += pages->size;
    }
  if (pool != NULL)
    g_mutex_unlock (&pool->mutex);
  if (!is_kept)
    unmap (pages);
}
