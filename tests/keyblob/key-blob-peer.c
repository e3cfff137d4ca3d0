/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The real writer and the real reader of key blobs, for check-key-blob-page.py:
 *
 *   key-blob-peer write   a line for each suite and role, new and in use, of both formats: private
 * key, blob key-blob-peer read    such lines from standard input; a line for each: the state, or
 * "refused"
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key-blob.h"
#include "keyblob-fixture.h"

static void
write_sample (const HandoffCipherSuite *suite,
              HandoffRole role,
              gboolean live,
              gboolean has_bindings)
{
  g_autoptr (HandoffKeyState) state = fixture_key_state (suite, role, (guint8) suite->id);
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  g_autofree char *private_hex = NULL;
  g_autofree char *blob_hex = NULL;
  g_autoptr (GBytes) blob = NULL;
  g_autoptr (GError) error = NULL;

  if (live)
    fixture_make_live (state);
  if (has_bindings)
    fixture_add_bindings (state);
  handoff_hpke_generate_key_pair (private_key, public_key, &error);
  g_assert_no_error (error);
  blob = handoff_key_blob_seal (state, public_key, &error);
  g_assert_no_error (error);

  private_hex = fixture_to_hex (private_key, sizeof private_key);
  blob_hex = fixture_to_hex (g_bytes_get_data (blob, NULL), g_bytes_get_size (blob));
  g_print ("%s %s\n", private_hex, blob_hex);
}

static void
write_samples (void)
{
  const HandoffCipherSuite *suites;
  gsize n_suites;
  gsize i;

  suites = handoff_cipher_suites (&n_suites);
  for (i = 0; i < 8 * n_suites; i++)
    write_sample (&suites[i / 8], i & 1 ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT, (i & 2) != 0,
                  (i & 4) != 0);
}

static void
print_bytes (const char *prefix, const char *name, const guint8 *data, gsize size)
{
  g_autofree char *hex = fixture_to_hex (data, size);

  if (size > 0)
    g_print (" %s%s=%s", prefix, name, hex);
}

static void
print_direction (const char *prefix, const HandoffDirectionState *direction)
{
  print_bytes (prefix, "key", direction->key, direction->key_size);
  print_bytes (prefix, "mac-key", direction->mac_key, direction->mac_key_size);
  print_bytes (prefix, "iv", direction->iv, direction->iv_size);
  print_bytes (prefix, "traffic-secret", direction->traffic_secret, direction->traffic_secret_size);
  g_print (" %ssequence-number=%" G_GUINT64_FORMAT " %smax-plaintext-size=%u", prefix,
           direction->sequence_number, prefix, direction->max_plaintext_size);
}

static void
print_state (const HandoffKeyState *state)
{
  g_print ("role=%s protocol=%04x cipher-suite=%04x",
           state->role == HANDOFF_ROLE_CLIENT ? "client" : "server", state->protocol,
           state->cipher_suite);
  print_direction ("read-", &state->read);
  print_direction ("write-", &state->write);
  if (state->read.mac_key_size > 0)
    g_print (" encrypt-then-mac=%d", state->encrypt_then_mac);
  print_bytes ("", "unread-data", state->unread_data.data, state->unread_data.size);
  print_bytes ("", "unread-records", state->unread_records.data, state->unread_records.size);
  print_bytes ("", "handshake-prefix", state->handshake_prefix.data, state->handshake_prefix.size);
  g_print ("%s%s%s", state->key_update_owed ? " key-update-owed=1" : "",
           state->key_update_requested ? " key-update-requested=1" : "",
           state->no_renegotiation_owed ? " no-renegotiation-owed=1" : "");
  print_bytes ("", "tls-exporter", state->tls_exporter, state->tls_exporter_size);
  print_bytes ("", "tls-unique", state->tls_unique, state->tls_unique_size);
  print_bytes ("", "tls-server-end-point", state->tls_server_end_point,
               state->tls_server_end_point_size);
  g_print ("\n");
}

static void
read_line (const char *line)
{
  g_auto (GStrv) parts = g_strsplit (line, " ", 2);
  gsize key_size;
  gsize blob_size;
  g_autofree guint8 *private_key = NULL;
  g_autofree guint8 *blob = NULL;
  g_autoptr (HandoffKeyState) state = NULL;

  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  private_key = fixture_from_hex (parts[0], &key_size);
  blob = fixture_from_hex (g_strchomp (parts[1]), &blob_size);
  g_assert_cmpuint (key_size, ==, HANDOFF_HPKE_KEY_SIZE);

  state = handoff_key_blob_open (blob, blob_size, private_key, NULL);
  if (state != NULL)
    print_state (state);
  else
    g_print ("refused\n");
}

static void
read_lines (void)
{
  char *line = NULL;
  size_t size = 0;

  while (getline (&line, &size, stdin) > 0)
    read_line (line);
  free (line);
}

int
main (int argc, char *argv[])
{
  if (argc == 2 && strcmp (argv[1], "write") == 0)
    write_samples ();
  else if (argc == 2 && strcmp (argv[1], "read") == 0)
    read_lines ();
  else
    return 2;

  return 0;
}
