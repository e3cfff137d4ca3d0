/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "wiping-allocator.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER
#endif

gboolean
handoff_wiping_allocator_is_used (void)
{
#ifdef HAS_SANITIZER
  return FALSE;
#else
  return TRUE;
#endif
}

#ifndef HAS_SANITIZER

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* The C library's own, which it exports for this purpose. malloc(), calloc() and the like stay its
 * own as well: what they return is for free() whoever has that. */
extern void __libc_free (void *memory);

/* M_PERTURB would be simpler, but does not reach what goes into a thread's cache of small blocks,
 * which is most. */
void
free (void *memory)
{
  if (memory == NULL)
    return;
  explicit_bzero (memory, malloc_usable_size (memory));
  __libc_free (memory);
}

/* A block stays where it is if it fits and does not waste half of it; otherwise the old one is
 * wiped, which the C library's realloc() leaves behind as it was. */
void *
realloc (void *memory, size_t size)
{
  size_t usable;
  void *moved;

  if (memory == NULL)
    return malloc (size);
  if (size == 0)
    {
      free (memory);
      return NULL;
    }
  usable = malloc_usable_size (memory);
  if (size <= usable && size >= usable / 2)
    return memory;
  moved = malloc (size);
  if (moved == NULL)
    return NULL;
  memcpy (moved, memory, MIN (size, usable));
  free (memory);
  return moved;
}

#endif
