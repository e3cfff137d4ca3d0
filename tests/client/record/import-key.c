/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The import of a key blob: once, in one process, and only what is sealed. */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keyblob/key-blob.h"
#include "keyblob/sealed-memfd.h"
#include "keyblob/tls-handoff-error.h"
#include "record/import-key.h"
#include "record/record-layer.h"
#include "support/record-test-utils.h"

typedef struct
{
  HandoffKeyState *state;
  TlsHandoffImportKey *key;
  int fd; /* a good blob for key */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->state =
      record_test_state_new (record_test_suite (0x0304, HANDOFF_NONCE_XOR), HANDOFF_ROLE_CLIENT);
  f->key = tls_handoff_import_key_new (&error);
  g_assert_no_error (error);
  f->fd = record_test_blob_fd (f->state, f->key);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  handoff_key_state_free (f->state);
  g_clear_object (&f->key);
  close (f->fd);
}

static void
assert_import_fails (TlsHandoffImportKey *key, int fd, TlsHandoffError code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffRecordLayer) layer = NULL;

  layer = tls_handoff_record_layer_new_from_key_blob (key, fd, &error);
  g_assert_null (layer);
  g_assert_error (error, TLS_HANDOFF_ERROR, (int) code);
}

/* A good import tells protocol and suite. The descriptor is not closed, nor its offset used. */
static void
test_import (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffRecordLayer) layer = NULL;

  lseek (f->fd, 10, SEEK_SET);
  layer = tls_handoff_record_layer_new_from_key_blob (f->key, f->fd, &error);
  g_assert_no_error (error);
  g_assert_cmpint (tls_handoff_record_layer_get_protocol_version (layer), ==,
                   G_TLS_PROTOCOL_VERSION_TLS_1_3);
  g_assert_cmpstr (tls_handoff_record_layer_get_ciphersuite_name (layer), ==,
                   handoff_cipher_suite_by_id (f->state->cipher_suite)->name);
  g_assert_cmpint (lseek (f->fd, 0, SEEK_CUR), ==, 10);
}

/* Two keys differ, and a key's public half stays the same when it was used. */
static void
test_public_key (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) before = tls_handoff_import_key_dup_public_key (f->key);
  g_autoptr (TlsHandoffImportKey) other = tls_handoff_import_key_new (NULL);
  g_autoptr (GBytes) of_other = tls_handoff_import_key_dup_public_key (other);
  g_autoptr (GBytes) after = NULL;
  g_autoptr (TlsHandoffRecordLayer) layer = NULL;

  g_assert_cmpuint (g_bytes_get_size (before), ==, 32);
  g_assert_false (g_bytes_equal (before, of_other));
  layer = tls_handoff_record_layer_new_from_key_blob (f->key, f->fd, NULL);
  after = tls_handoff_import_key_dup_public_key (f->key);
  g_assert_true (g_bytes_equal (before, after));
}

/* A second import would use every nonce twice. */
static void
test_twice (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffRecordLayer) layer = NULL;

  layer = tls_handoff_record_layer_new_from_key_blob (f->key, f->fd, &error);
  g_assert_no_error (error);
  assert_import_fails (f->key, f->fd, TLS_HANDOFF_ERROR_KEY_USED);
  assert_import_fails (f->key, -1, TLS_HANDOFF_ERROR_KEY_USED);
}

/* A failed import uses the key up as well: nobody can try blobs on it. */
static void
test_failure_uses_key (Fixture *f, gconstpointer data)
{
  assert_import_fails (f->key, -1, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  assert_import_fails (f->key, f->fd, TLS_HANDOFF_ERROR_KEY_USED);
}

/* A blob for another key. */
static void
test_wrong_key (Fixture *f, gconstpointer data)
{
  g_autoptr (TlsHandoffImportKey) other = tls_handoff_import_key_new (NULL);

  assert_import_fails (other, f->fd, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
}

/* A forked child cannot import; the parent still can. */
static void
test_fork (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffRecordLayer) layer = NULL;
  int status;
  pid_t pid = fork ();

  if (pid == 0)
    {
      layer = tls_handoff_record_layer_new_from_key_blob (f->key, f->fd, &error);
      _exit (layer == NULL && g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_USED)
                 ? 0
                 : 1);
    }
  g_assert_cmpint (pid, >, 0);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);

  layer = tls_handoff_record_layer_new_from_key_blob (f->key, f->fd, &error);
  g_assert_no_error (error);
}

/* The right content in a file that somebody could still change. */
static void
test_unsealed (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) blob = handoff_sealed_memfd_read (f->fd, 1, 65536, NULL);
  int fd = memfd_create ("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (write (fd, g_bytes_get_data (blob, NULL), g_bytes_get_size (blob)), ==,
                   g_bytes_get_size (blob));
  assert_import_fails (f->key, fd, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  close (fd);
}

/* What is no memfd, is empty, or is too large. */
static void
test_not_a_blob (Fixture *f, gconstpointer data)
{
  g_autoptr (TlsHandoffImportKey) second = tls_handoff_import_key_new (NULL);
  g_autoptr (TlsHandoffImportKey) third = tls_handoff_import_key_new (NULL);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr (GBytes) much = record_test_data (65537);
  int fd = open ("/dev/zero", O_RDONLY | O_CLOEXEC);

  assert_import_fails (f->key, fd, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  close (fd);
  fd = handoff_sealed_memfd_new (nothing, NULL);
  assert_import_fails (second, fd, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  close (fd);
  fd = handoff_sealed_memfd_new (much, NULL);
  assert_import_fails (third, fd, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  close (fd);
}

/* One flipped bit anywhere in the blob. */
static void
test_tampered (Fixture *f, gconstpointer data)
{
  gsize size;

  {
    g_autoptr (GBytes) blob = handoff_sealed_memfd_read (f->fd, 1, 65536, NULL);

    size = g_bytes_get_size (blob);
  }
  for (gsize i = 0; i < size; i++)
    {
      g_autoptr (TlsHandoffImportKey) key = tls_handoff_import_key_new (NULL);
      int good_fd = record_test_blob_fd (f->state, key);
      g_autoptr (GBytes) good = handoff_sealed_memfd_read (good_fd, 1, 65536, NULL);
      g_autofree guint8 *bytes = g_memdup2 (g_bytes_get_data (good, NULL), size);
      g_autoptr (GBytes) bad = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (TlsHandoffRecordLayer) layer = NULL;
      int fd;

      bytes[i] ^= 1;
      bad = g_bytes_new (bytes, size);
      fd = handoff_sealed_memfd_new (bad, &error);
      g_assert_no_error (error);
      layer = tls_handoff_record_layer_new_from_key_blob (key, fd, &error);
      g_assert_null (layer);
      /* The header's versions may be those of a newer format. */
      if (!g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED))
        g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
      else
        g_assert_cmpuint (i, <, 16);
      close (fd);
      close (good_fd);
    }
}

#define N_THREADS 2
#define N_ROUNDS 500

/* Threads that all want the same key at the same moment. */
typedef struct
{
  TlsHandoffImportKey *key;
  int fd;
  int n_ready; /* atomic */
} Race;

static gpointer
race (gpointer data)
{
  Race *self = data;
  g_autoptr (GError) error = NULL;
  TlsHandoffRecordLayer *layer;

  g_atomic_int_inc (&self->n_ready);
  while (g_atomic_int_get (&self->n_ready) < N_THREADS)
    ;
  layer = tls_handoff_record_layer_new_from_key_blob (self->key, self->fd, &error);
  if (layer == NULL)
    g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_USED);
  return layer;
}

/* Breaks if two threads can both open the blob: two record layers would use every nonce twice. */
static void
test_threads (Fixture *f, gconstpointer data)
{
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_autoptr (GError) error = NULL;
      Race shared = { tls_handoff_import_key_new (&error), -1, 0 };
      GThread *threads[N_THREADS];
      guint n_imported = 0;

      g_assert_no_error (error);
      shared.fd = record_test_blob_fd (f->state, shared.key);
      for (guint i = 0; i < N_THREADS; i++)
        threads[i] = g_thread_new ("import", race, &shared);
      for (guint i = 0; i < N_THREADS; i++)
        {
          g_autoptr (TlsHandoffRecordLayer) layer = g_thread_join (threads[i]);

          if (layer != NULL)
            n_imported++;
        }
      g_assert_cmpuint (n_imported, ==, 1);
      close (shared.fd);
      g_object_unref (shared.key);
    }
}

/* The service's end of a channel to the holder of f->key. */
static HandoffBlobSealer *
new_sealer (Fixture *f, guint8 enc[HANDOFF_HPKE_KEY_SIZE])
{
  g_autoptr (GBytes) public_key = tls_handoff_import_key_dup_public_key (f->key);
  HandoffBlobSealer *sealer =
      handoff_blob_sealer_new (g_bytes_get_data (public_key, NULL), enc, NULL);

  g_assert_nonnull (sealer);
  return sealer;
}

static void
assert_no_opener (TlsHandoffImportKey *key, const guint8 *enc, TlsHandoffError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (handoff_import_key_new_opener (key, enc, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, (int) code);
}

/* A channel opens nothing, or leaves the key that it was made of. */
static void
test_opener (Fixture *f, gconstpointer data)
{
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  g_autoptr (HandoffBlobSealer) sealer = new_sealer (f, enc);
  g_autoptr (HandoffBlobOpener) opener = NULL;
  g_autoptr (GError) error = NULL;

  opener = handoff_import_key_new_opener (f->key, enc, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GBytes) blob = handoff_blob_sealer_seal (sealer, f->state, &error);
      g_autoptr (TlsHandoffRecordLayer) layer = NULL;
      HandoffKeyState *state;
      int fd;

      g_assert_no_error (error);
      fd = handoff_sealed_memfd_new (blob, &error);
      g_assert_no_error (error);
      state = handoff_blob_opener_open (opener, fd, &error);
      g_assert_no_error (error);
      g_assert_true (handoff_key_state_equal (state, f->state));
      layer = handoff_record_layer_new_from_state (state, &error);
      g_assert_no_error (error);
      g_assert_cmpint (tls_handoff_record_layer_get_protocol_version (layer), ==,
                       G_TLS_PROTOCOL_VERSION_TLS_1_3);
      close (fd);
    }
  assert_no_opener (f->key, enc, TLS_HANDOFF_ERROR_KEY_USED);
  assert_import_fails (f->key, f->fd, TLS_HANDOFF_ERROR_KEY_USED);
}

/* A key that has opened a blob makes a channel, too. */
static void
test_opener_after_import (Fixture *f, gconstpointer data)
{
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  G_GNUC_UNUSED g_autoptr (HandoffBlobSealer) sealer = new_sealer (f, enc);
  g_autoptr (TlsHandoffRecordLayer) layer =
      tls_handoff_record_layer_new_from_key_blob (f->key, f->fd, NULL);

  g_assert_nonnull (layer);
  assert_no_opener (f->key, enc, TLS_HANDOFF_ERROR_KEY_USED);
}

/* What makes no channel leaves the key for another try. */
static void
test_opener_failure (Fixture *f, gconstpointer data)
{
  const guint8 zeros[HANDOFF_HPKE_KEY_SIZE] = { 0 };

  assert_no_opener (f->key, zeros, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  assert_import_fails (f->key, f->fd, TLS_HANDOFF_ERROR_KEY_USED);
}

/* A forked child makes its parent's channel. */
static void
test_opener_fork (Fixture *f, gconstpointer data)
{
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  G_GNUC_UNUSED g_autoptr (HandoffBlobSealer) sealer = new_sealer (f, enc);
  g_autoptr (HandoffBlobOpener) opener = NULL;
  int status;
  pid_t pid = fork ();

  if (pid == 0)
    {
      assert_no_opener (f->key, enc, TLS_HANDOFF_ERROR_KEY_USED);
      _exit (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  opener = handoff_import_key_new_opener (f->key, enc, NULL);
  g_assert_nonnull (opener);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function)                                                                        \
  g_test_add ("/import-key/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("import", test_import);
  ADD ("public-key", test_public_key);
  ADD ("twice", test_twice);
  ADD ("failure-uses-key", test_failure_uses_key);
  ADD ("wrong-key", test_wrong_key);
  ADD ("fork", test_fork);
  ADD ("unsealed", test_unsealed);
  ADD ("not-a-blob", test_not_a_blob);
  ADD ("tampered", test_tampered);
  ADD ("threads", test_threads);
  ADD ("opener", test_opener);
  ADD ("opener-after-import", test_opener_after_import);
  ADD ("opener-failure", test_opener_failure);
  ADD ("opener-fork", test_opener_fork);
  return g_test_run ();
}
