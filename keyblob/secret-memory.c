/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "secret-memory.h"

#include <string.h>
#include <unistd.h>

#include "secret-pages.h"

/* What GnuTLS and nettle leave below a call: HMAC and AES contexts, bignums, the tables of the
 * X25519 ladder. The deepest of our calls uses some 40 KiB. */
#define STACK_TO_WIPE (128 * 1024)
/* X25519, HKDF and AES-GCM use some 5 KiB. */
#define NEAR_STACK_TO_WIPE (32 * 1024)

/* Lies right before the secret, in the same mapping. */
typedef struct
{
  HandoffSecretPages pages; /* the mapping */
  gsize secret_size;        /* bytes; 0: it was freed */
} SecretHeader;

/* A multiple of any type's alignment, and of a cache line. */
#define HEADER_SPACE 64

G_STATIC_ASSERT (sizeof (SecretHeader) <= HEADER_SPACE);

static SecretHeader *
header_of (gconstpointer secret)
{
  return (SecretHeader *) ((guint8 *) secret - HEADER_SPACE);
}

/**
 * handoff_secret_new:
 * @size: bytes, at least 1
 * @flags: what else the memory must do
 *
 * Gives zeroed memory for a secret, aligned to 64 bytes at least. Locking it is best effort: with
 * the usual limit of 8 MiB there is room for some two thousand secrets.
 *
 * Returns: (transfer full) (not nullable): the memory, to be freed with handoff_secret_free()
 */
gpointer
handoff_secret_new (gsize size, HandoffSecretFlags flags)
{
  const gsize page_size = (gsize) sysconf (_SC_PAGESIZE);
  const gboolean is_private = (flags & HANDOFF_SECRET_WIPE_ON_FORK) != 0;
  /* A child has to find the header, which says what there is to unmap: it gets a page of its own.
   */
  const gsize offset = is_private ? page_size : HEADER_SPACE;
  HandoffSecretPages pages;
  SecretHeader *header;

  g_return_val_if_fail (size > 0, NULL);

  if (size > G_MAXSIZE - 2 * page_size)
    g_error ("Out of memory: cannot map %" G_GSIZE_FORMAT " bytes for a secret", size);

  pages = handoff_secret_pages_take ((offset + size + page_size - 1) / page_size * page_size,
                                     is_private ? page_size : 0);
  header = header_of (pages.start + offset);
  header->pages = pages;
  header->secret_size = size;

  return pages.start + offset;
}

/**
 * handoff_secret_free:
 * @secret: (transfer full) (nullable): what handoff_secret_new() returned
 *
 * Wipes the memory, and gives it back. Aborts if it was freed already.
 */
void
handoff_secret_free (gpointer secret)
{
  SecretHeader header;

  if (secret == NULL)
    return;

  header = *header_of (secret);
  if (header.secret_size == 0)
    g_error ("A secret was freed twice");
  handoff_wipe (secret, header.secret_size);
  memset (header_of (secret), 0, sizeof header);
  handoff_secret_pages_give (&header.pages);
}

/**
 * handoff_secret_get_size:
 * @secret: what handoff_secret_new() returned
 *
 * Returns: the size that was asked for, in bytes
 */
gsize
handoff_secret_get_size (gconstpointer secret)
{
  g_return_val_if_fail (secret != NULL, 0);

  return header_of (secret)->secret_size;
}

/**
 * handoff_wipe:
 * @data: (nullable): memory
 * @size: bytes
 *
 * Overwrites memory with zeros, in a way that the compiler does not optimise away.
 */
void
handoff_wipe (gpointer data, gsize size)
{
  if (size > 0)
    explicit_bzero (data, size);
}

/* The registers still hold what memcpy() and the ciphers moved last. When the dynamic linker
 * resolves a function, it saves all registers on the stack, which may have been wiped by then. No
 * compiler of Debian 12 clears them portably: zero_call_used_regs clears the registers that every
 * machine of the target has, not all that memcpy() finds at run time. */
static void
wipe_vector_registers (void)
{
#if defined(__x86_64__)
  if (__builtin_cpu_supports ("avx512f"))
    __asm__ volatile("vpxorq %%zmm16, %%zmm16, %%zmm16\n\t"
                     "vpxorq %%zmm17, %%zmm17, %%zmm17\n\t"
                     "vpxorq %%zmm18, %%zmm18, %%zmm18\n\t"
                     "vpxorq %%zmm19, %%zmm19, %%zmm19\n\t"
                     "vpxorq %%zmm20, %%zmm20, %%zmm20\n\t"
                     "vpxorq %%zmm21, %%zmm21, %%zmm21\n\t"
                     "vpxorq %%zmm22, %%zmm22, %%zmm22\n\t"
                     "vpxorq %%zmm23, %%zmm23, %%zmm23\n\t"
                     "vpxorq %%zmm24, %%zmm24, %%zmm24\n\t"
                     "vpxorq %%zmm25, %%zmm25, %%zmm25\n\t"
                     "vpxorq %%zmm26, %%zmm26, %%zmm26\n\t"
                     "vpxorq %%zmm27, %%zmm27, %%zmm27\n\t"
                     "vpxorq %%zmm28, %%zmm28, %%zmm28\n\t"
                     "vpxorq %%zmm29, %%zmm29, %%zmm29\n\t"
                     "vpxorq %%zmm30, %%zmm30, %%zmm30\n\t"
                     "vpxorq %%zmm31, %%zmm31, %%zmm31\n\t"
                     :
                     :
                     : "memory");
  if (__builtin_cpu_supports ("avx"))
    __asm__ volatile("vzeroall"
                     :
                     :
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory");
#endif
}

/**
 * handoff_wipe_stack:
 *
 * Overwrites 128 KiB of the stack below the caller, and on x86-64 the vector registers. To be
 * called after an operation of GnuTLS or nettle on a secret has returned. The calling thread's
 * stack must have that much room.
 */
__attribute__ ((noinline, no_sanitize_address)) void
handoff_wipe_stack (void)
{
  guint8 dead_frames[STACK_TO_WIPE];

  explicit_bzero (dead_frames, sizeof dead_frames);
  wipe_vector_registers ();
}

/**
 * handoff_wipe_near_stack:
 *
 * Overwrites 32 KiB of the stack below the caller, and on x86-64 the vector registers: enough after
 * X25519, HKDF and AES-GCM. In an application's thread, handoff_wipe_stack() is likely the first to
 * touch that much: a sixtieth of the memory of an application that is small.
 */
__attribute__ ((noinline, no_sanitize_address)) void
handoff_wipe_near_stack (void)
{
  guint8 dead_frames[NEAR_STACK_TO_WIPE];

  explicit_bzero (dead_frames, sizeof dead_frames);
  wipe_vector_registers ();
}

/**
 * handoff_secret_bytes_set:
 * @bytes: what is set
 * @data: (array length=size) (nullable): not part of @bytes
 * @size: bytes of @data; with 0, @bytes becomes empty
 *
 * Makes @bytes a copy of @data, and wipes what was there.
 */
void
handoff_secret_bytes_set (HandoffSecretBytes *bytes, gconstpointer data, gsize size)
{
  handoff_secret_bytes_clear (bytes);
  if (size == 0)
    return;

  bytes->data = handoff_secret_new (size, HANDOFF_SECRET_DEFAULT);
  bytes->size = size;
  memcpy (bytes->data, data, size);
}

/**
 * handoff_secret_bytes_append:
 * @bytes: what gets longer
 * @data: (array length=size): not part of @bytes
 * @size: bytes of @data
 *
 * Puts a copy of @data behind what @bytes has. That moves, so this is for rare cases.
 */
void
handoff_secret_bytes_append (HandoffSecretBytes *bytes, gconstpointer data, gsize size)
{
  HandoffSecretBytes longer;

  if (size == 0)
    return;

  longer.size = bytes->size + size;
  longer.data = handoff_secret_new (longer.size, HANDOFF_SECRET_DEFAULT);
  if (bytes->size > 0)
    memcpy (longer.data, bytes->data, bytes->size);
  memcpy (longer.data + bytes->size, data, size);
  handoff_secret_bytes_clear (bytes);
  *bytes = longer;
}

/**
 * handoff_secret_bytes_take:
 * @bytes: what becomes empty
 *
 * Returns: (transfer full) (nullable): what @bytes had, or %NULL if it was empty; it is wiped when
 *   the last reference goes
 */
GBytes *
handoff_secret_bytes_take (HandoffSecretBytes *bytes)
{
  gsize size = bytes->size;
  guint8 *data = g_steal_pointer (&bytes->data);

  bytes->size = 0;
  return data != NULL ? g_bytes_new_with_free_func (data, size, handoff_secret_free, data) : NULL;
}

/**
 * handoff_secret_bytes_clear:
 * @bytes: what becomes empty
 *
 * Wipes and frees what @bytes holds.
 */
void
handoff_secret_bytes_clear (HandoffSecretBytes *bytes)
{
  g_clear_pointer (&bytes->data, handoff_secret_free);
  bytes->size = 0;
}
