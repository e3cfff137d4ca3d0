/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Bulk data costs no allocation per record, with any suite. The test counts in place of the C
 * library. */

#include <stddef.h>

#include "support/record-test-utils.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZER_HAS_MALLOC
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZER_HAS_MALLOC
#endif

static guint64 n_allocations;

#ifndef SANITIZER_HAS_MALLOC
void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *old, size_t size);
void *malloc (size_t size);
void *calloc (size_t n, size_t size);
void *realloc (void *old, size_t size);

void *
malloc (size_t size)
{
  n_allocations++;
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  n_allocations++;
  return __libc_calloc (n, size);
}

void *
realloc (void *old, size_t size)
{
  n_allocations++;
  return __libc_realloc (old, size);
}
#endif

static void
run (const HandoffCipherSuite *suite, gboolean mac_then_encrypt)
{
  g_autoptr (HandoffKeyState) state = record_test_state_new (suite, HANDOFF_ROLE_CLIENT);
  g_autoptr (HandoffKeyState) peer_state = record_test_state_new (suite, HANDOFF_ROLE_SERVER);
  g_autoptr (TlsHandoffRecordLayer) writer = NULL;
  g_autoptr (TlsHandoffRecordLayer) reader = NULL;
  g_autoptr (GBytes) bytes = record_test_data (8 * 16384);
  const guint8 *content = g_bytes_get_data (bytes, NULL);
  g_autofree guint8 *records = NULL;
  gsize records_size;

#ifdef SANITIZER_HAS_MALLOC
  g_test_skip ("the sanitizer has its own malloc()");
  return;
#endif
  if (mac_then_encrypt)
    state->encrypt_then_mac = peer_state->encrypt_then_mac = FALSE;
  peer_state->read = state->write;
  writer = record_test_import (state);
  reader = record_test_import (peer_state);
  records_size = tls_handoff_record_layer_get_protected_size (writer, 8 * 16384);
  records = g_malloc (records_size);

  for (guint i = 0; i < 10; i++)
    {
      guint64 before = n_allocations;
      TlsHandoffRecordStatus status;
      gsize consumed;
      gsize size;
      gboolean protected;
      gboolean opened;

      protected = tls_handoff_record_layer_protect (writer, content, 8 * 16384, &consumed, records,
                                                    records_size, &size, NULL);
      opened = protected && tls_handoff_record_layer_unprotect (reader, records, size, &consumed,
                                                                &size, &status, NULL);
      g_assert_true (opened);
      /* The first pass may load something. */
      if (i > 0)
        g_assert_cmpuint (n_allocations - before, ==, 0);
      g_assert_cmpmem (records, size, content, 8 * 16384);
    }
  /* It does count. */
  {
    guint64 before = n_allocations;
    g_autofree char *string = g_strdup (suite->name);

    g_assert_nonnull (string);
    g_assert_cmpuint (n_allocations, >, before);
  }
}

static void
test_allocations (gconstpointer data)
{
  run (data, FALSE);
}

static void
test_mac_then_encrypt (gconstpointer data)
{
  run (data, TRUE);
}

int
main (int argc, char **argv)
{
  gsize n;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n);

  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *path = g_strdup_printf ("/record-layer/allocations/%s", suites[i].name);
      g_autofree char *mte_path = g_strconcat (path, "/mac-then-encrypt", NULL);

      g_test_add_data_func (path, &suites[i], test_allocations);
      if (handoff_cipher_suite_is_cbc (&suites[i]))
        g_test_add_data_func (mte_path, &suites[i], test_mac_then_encrypt);
    }
  return g_test_run ();
}
