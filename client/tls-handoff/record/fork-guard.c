/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Counts lie on pages that are shared with processes forked later: to map a page for each
 * connection would cost it more than all its other system calls, but those of its socket.
 *
 * A place is used again only by the process that mapped the page, and only if that has not forked
 * since: after a fork, two processes may go on with different connections at one time, and their
 * counts must lie in different places. So a fork retires all pages; new guards get new ones.
 *
 * A process made without the C library's fork() retires none in its parent. There, a place may be
 * used again on which the child has a guard: its count never goes back, so the child's guard is
 * late, and can claim no more. */

#include "record/fork-guard.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

/* Threads send at one time: what each counts has a line of the processor's cache for itself. */
#define PLACE_SIZE 64
#define N_PLACES 64 /* the bits of free */
#define PAGE_BYTES (PLACE_SIZE * N_PLACES)

struct _HandoffForkGuardPage
{
  guint8 *memory; /* (owned): mapped, shared */
  guint64 free;   /* a bit for each place */
  pid_t process;  /* that mapped it */
  guint forks;    /* how often that had forked before */
};

/* Guards all below, and the pages. Held across a fork. */
static GMutex lock;
static GQueue pages = G_QUEUE_INIT; /* (element-type HandoffForkGuardPage): with free places */
static guint forks;

static void
before_fork (void)
{
  g_mutex_lock (&lock);
}

/* In both processes. */
static void
after_fork (void)
{
  forks++;
  g_mutex_unlock (&lock);
}

/* Before the first guard. */
static gboolean
watch_forks (GError **error)
{
  static gsize watched; /* 1: so it is, 2: it cannot be done */

  if (g_once_init_enter (&watched))
    g_once_init_leave (&watched, pthread_atfork (before_fork, after_fork, after_fork) == 0 ? 1 : 2);
  if (watched == 1)
    return TRUE;
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                       _ ("Cannot find out when this process is forked"));
  return FALSE;
}

/* With lock. */
static gboolean
is_retired (const HandoffForkGuardPage *page)
{
  return page->forks != forks || page->process != getpid ();
}

/* Nobody has a place on it, in this process. */
static void
page_free (HandoffForkGuardPage *page)
{
  munmap (page->memory, PAGE_BYTES);
  g_free (page);
}

/* With lock. */
static HandoffForkGuardPage *
page_new (GError **error)
{
  gpointer memory =
      mmap (NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  HandoffForkGuardPage *page;

  if (memory == MAP_FAILED)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   _ ("Cannot map memory to share with forked processes: %s"), g_strerror (errno));
      return NULL;
    }
  page = g_new0 (HandoffForkGuardPage, 1);
  page->memory = memory;
  page->free = ~G_GUINT64_CONSTANT (0);
  page->process = getpid ();
  page->forks = forks;
  return page;
}

/* With lock. (transfer none) (nullable): a page with a free place, in the queue */
static HandoffForkGuardPage *
find_page (GError **error)
{
  HandoffForkGuardPage *page;

  while ((page = g_queue_peek_head (&pages)) != NULL)
    {
      if (!is_retired (page))
        return page;
      g_queue_pop_head (&pages);
      if (page->free == ~G_GUINT64_CONSTANT (0))
        page_free (page);
    }
  page = page_new (error);
  if (page != NULL)
    g_queue_push_head (&pages, page);
  return page;
}

/* With lock. */
static void
take_place (HandoffForkGuard *self, HandoffForkGuardPage *page)
{
  const guint place = (guint) __builtin_ctzll (page->free);

  page->free &= ~(G_GUINT64_CONSTANT (1) << place);
  if (page->free == 0)
    g_queue_remove (&pages, page);
  self->page = page;
  self->shared = (guint64 *) (gpointer) (page->memory + place * PLACE_SIZE);
  /* A number that no guard on this place has. */
  self->mine = __atomic_add_fetch (self->shared, 1, __ATOMIC_SEQ_CST);
}

gboolean
handoff_fork_guard_init (HandoffForkGuard *self, GError **error)
{
  HandoffForkGuardPage *page;

  if (!watch_forks (error))
    return FALSE;
  g_mutex_lock (&lock);
  page = find_page (error);
  if (page != NULL)
    take_place (self, page);
  g_mutex_unlock (&lock);
  return page != NULL;
}

void
handoff_fork_guard_clear (HandoffForkGuard *self)
{
  HandoffForkGuardPage *page = self->page;
  gboolean was_full, is_empty;

  if (page == NULL)
    return;
  g_mutex_lock (&lock);
  was_full = page->free == 0;
  page->free |= G_GUINT64_CONSTANT (1) << ((guint8 *) self->shared - page->memory) / PLACE_SIZE;
  is_empty = page->free == ~G_GUINT64_CONSTANT (0);
  if (was_full && !is_retired (page))
    g_queue_push_head (&pages, page);
  /* One is kept, for the next connection. */
  else if (is_empty && (is_retired (page) || pages.length > 1))
    {
      g_queue_remove (&pages, page);
      page_free (page);
    }
  g_mutex_unlock (&lock);
  self->shared = NULL;
  self->page = NULL;
}
