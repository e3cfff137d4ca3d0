/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "keyblob-fixture.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK_SIZE (1024 * 1024)

static void
fill (guint8 *target, gsize size, guint8 start)
{
  gsize i;

  for (i = 0; i < size; i++)
    target[i] = (guint8) (start + 7 * i);
}

static void
fill_direction (HandoffDirectionState *direction, const HandoffCipherSuite *suite, guint8 seed)
{
  direction->key_size = suite->key_size;
  direction->iv_size = suite->iv_size;
  if (suite->protocol == 0x0304)
    direction->traffic_secret_size = (guint8) gnutls_hash_get_len (suite->prf);
  direction->mac_key_size = suite->mac_key_size;

  fill (direction->key, direction->key_size, (guint8) (seed + 1));
  fill (direction->iv, direction->iv_size, (guint8) (seed + 2));
  fill (direction->traffic_secret, direction->traffic_secret_size, (guint8) (seed + 3));
  fill (direction->mac_key, direction->mac_key_size, (guint8) (seed + 4));
}

HandoffKeyState *
fixture_key_state (const HandoffCipherSuite *suite, HandoffRole role, guint8 seed)
{
  HandoffKeyState *state = handoff_key_state_new ();

  state->role = role;
  state->protocol = suite->protocol;
  state->cipher_suite = suite->id;
  fill_direction (&state->read, suite, seed);
  fill_direction (&state->write, suite, (guint8) (seed + 101));
  state->read.sequence_number = 1;
  state->read.max_plaintext_size = 16384;
  state->write.sequence_number = G_GUINT64_CONSTANT (0x0102030405060708);
  state->write.max_plaintext_size = 4097;
  state->encrypt_then_mac = handoff_cipher_suite_is_cbc (suite) && role == HANDOFF_ROLE_CLIENT;

  return state;
}

void
fixture_make_live (HandoffKeyState *state)
{
  static const guint8 record[] = { 23, 3, 3, 0, 64, 1, 2, 3 };
  static const guint8 prefix[] = { 4, 0, 1 };

  handoff_secret_bytes_set (&state->unread_data, "unread", strlen ("unread"));
  handoff_secret_bytes_set (&state->unread_records, record, sizeof record);
  handoff_secret_bytes_set (&state->handshake_prefix, prefix, sizeof prefix);
  state->key_update_owed = state->key_update_requested = state->protocol == 0x0304;
  state->no_renegotiation_owed = state->protocol == 0x0303;
}

void
fixture_add_bindings (HandoffKeyState *state)
{
  state->tls_exporter_size = HANDOFF_TLS_EXPORTER_SIZE;
  state->tls_unique_size = state->protocol == 0x0303 ? HANDOFF_TLS_UNIQUE_SIZE : 0;
  state->tls_server_end_point_size = 48;
  fill (state->tls_exporter, state->tls_exporter_size, 201);
  fill (state->tls_unique, state->tls_unique_size, 202);
  fill (state->tls_server_end_point, state->tls_server_end_point_size, 203);
}

guint8 *
fixture_from_hex (const char *hex, gsize *size)
{
  guint8 *data = g_malloc (strlen (hex) / 2 + 1);

  for (*size = 0; hex[2 * *size] != '\0'; (*size)++)
    data[*size] = (guint8) (g_ascii_xdigit_value (hex[2 * *size]) << 4 |
                            g_ascii_xdigit_value (hex[2 * *size + 1]));

  return data;
}

char *
fixture_to_hex (const guint8 *data, gsize size)
{
  GString *hex = g_string_new (NULL);
  gsize i;

  for (i = 0; i < size; i++)
    g_string_append_printf (hex, "%02x", data[i]);

  return g_string_free (hex, FALSE);
}

gboolean
fixture_mapping_has_flag (gconstpointer address, const char *flag)
{
  g_autofree char *contents = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean inside = FALSE;
  unsigned long start, end;
  gsize i;

  g_assert_true (g_file_get_contents ("/proc/self/smaps", &contents, NULL, NULL));
  lines = g_strsplit (contents, "\n", -1);
  for (i = 0; lines[i] != NULL; i++)
    {
      if (sscanf (lines[i], "%lx-%lx ", &start, &end) == 2)
        inside = (gsize) address >= start && (gsize) address < end;
      else if (inside && g_str_has_prefix (lines[i], "VmFlags:"))
        {
          g_auto (GStrv) flags = g_strsplit (lines[i], " ", -1);

          return g_strv_contains ((const char *const *) flags, flag);
        }
    }

  g_test_message ("nothing is mapped at %p", address);
  return FALSE;
}

static gboolean
matches_inverted (const guint8 *data, const guint8 *inverted, gsize size)
{
  gsize i;

  for (i = 0; i < size; i++)
    {
      if ((data[i] ^ inverted[i]) != 0xff)
        return FALSE;
    }

  return TRUE;
}

static guint
count_in_range (
    int memory, gsize start, gsize end, guint8 *chunk, const guint8 *inverted, gsize size)
{
  guint n_found = 0;
  gssize n;
  gssize i;

  while (end - start >= size)
    {
      n = pread (memory, chunk, MIN (CHUNK_SIZE, end - start), (off_t) start);
      if (n < (gssize) size)
        break;

      for (i = 0; i + (gssize) size <= n; i++)
        {
          if ((chunk[i] ^ inverted[0]) == 0xff && matches_inverted (chunk + i, inverted, size))
            n_found++;
        }

      /* The next chunk starts where a match could not yet be complete. */
      start += (gsize) n - size + 1;
    }

  return n_found;
}

guint
fixture_count_in_memory (const guint8 *inverted, gsize size)
{
  g_autofree char *contents = NULL;
  g_auto (GStrv) lines = NULL;
  unsigned long start, end;
  guint n_found = 0;
  guint8 *chunk;
  char mode[5];
  int memory;
  gsize i;

  chunk = mmap (NULL, CHUNK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (chunk != MAP_FAILED);
  memory = open ("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (memory, >=, 0);
  g_assert_true (g_file_get_contents ("/proc/self/maps", &contents, NULL, NULL));

  lines = g_strsplit (contents, "\n", -1);
  for (i = 0; lines[i] != NULL; i++)
    {
      if (sscanf (lines[i], "%lx-%lx %4s", &start, &end, mode) == 3 && mode[1] == 'w' &&
          start != (gsize) chunk)
        n_found += count_in_range (memory, start, end, chunk, inverted, size);
    }

  close (memory);
  munmap (chunk, CHUNK_SIZE);

  return n_found;
}

gboolean
fixture_is_sanitized (void)
{
#if defined(__SANITIZE_ADDRESS__)
  return TRUE;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  return TRUE;
#endif
#endif
  return FALSE;
}

void
fixture_run_in_child (void (*function) (gpointer data), gpointer data)
{
  int status = 0;
  pid_t pid;

  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      function (data);
      _exit (0);
    }

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

gboolean
fixture_hpke_seal (guint16 aead_id,
                   const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                   const guint8 *info,
                   gsize info_size,
                   const guint8 *aad,
                   gsize aad_size,
                   const guint8 *plaintext,
                   gsize plaintext_size,
                   const guint8 *ephemeral_private_key,
                   guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                   guint8 *ciphertext,
                   GError **error)
{
  HandoffHpkeContext context;
  gboolean ok;

  ok = handoff_hpke_setup_sender (&context, aead_id, public_key, info, info_size,
                                  ephemeral_private_key, enc, error) &&
       handoff_hpke_context_seal (&context, aad, aad_size, plaintext, plaintext_size, ciphertext,
                                  error);
  handoff_hpke_context_clear (&context);

  return ok;
}

gboolean
fixture_hpke_open (guint16 aead_id,
                   const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                   const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                   const guint8 *info,
                   gsize info_size,
                   const guint8 *aad,
                   gsize aad_size,
                   const guint8 *ciphertext,
                   gsize ciphertext_size,
                   guint8 *plaintext,
                   GError **error)
{
  HandoffHpkeContext context;
  gboolean ok;

  g_return_val_if_fail (ciphertext_size >= HANDOFF_HPKE_TAG_SIZE, FALSE);

  ok = handoff_hpke_setup_recipient (&context, aead_id, private_key, enc, info, info_size, error) &&
       handoff_hpke_context_open (&context, aad, aad_size, ciphertext, ciphertext_size, plaintext,
                                  error);
  if (!ok)
    handoff_wipe (plaintext, ciphertext_size - HANDOFF_HPKE_TAG_SIZE);
  handoff_hpke_context_clear (&context);

  return ok;
}
