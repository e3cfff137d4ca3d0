/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The real writer and the real reader of key blobs, for check-key-blob-page.py:
 *
 *   key-blob-peer write          a line for each suite and role, new and in use, of both formats:
 *                                private key, blob
 *   key-blob-peer read           such lines from standard input; a line for each: the state, or
 *                                "refused"
 *   key-blob-peer write-channel  a line for each kind: private key, encapsulated key, the blobs of
 * a channel: of all suites and roles key-blob-peer read-channel   such lines from standard input; a
 * line for each blob: likewise
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel-seal.h"
#include "key-blob.h"
#include "keyblob-fixture.h"
#include "sealed-memfd.h"

static HandoffKeyState *
make_sample (const HandoffCipherSuite *suite,
             HandoffRole role,
             gboolean live,
             gboolean has_bindings)
{
  HandoffKeyState *state = fixture_key_state (suite, role, (guint8) suite->id);

  if (live)
    fixture_make_live (state);
  if (has_bindings)
    fixture_add_bindings (state);
  return state;
}

static void
write_sample (const HandoffCipherSuite *suite,
              HandoffRole role,
              gboolean live,
              gboolean has_bindings)
{
  g_autoptr (HandoffKeyState) state = make_sample (suite, role, live, has_bindings);
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  g_autofree char *private_hex = NULL;
  g_autofree char *blob_hex = NULL;
  g_autoptr (GBytes) blob = NULL;
  g_autoptr (GError) error = NULL;

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
print_hex (const guint8 *data, gsize size, const char *end)
{
  g_autofree char *hex = fixture_to_hex (data, size);

  g_print ("%s%s", hex, end);
}

/* kind: bit 0: in use; bit 1: with channel bindings */
static void
write_channel (guint kind)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  g_autoptr (HandoffBlobSealer) sealer = NULL;
  const HandoffCipherSuite *suites;
  gsize n_suites;
  gsize i;

  g_assert_true (handoff_hpke_generate_key_pair (private_key, public_key, NULL));
  sealer = handoff_blob_sealer_new (public_key, enc, NULL);
  print_hex (private_key, sizeof private_key, " ");
  print_hex (enc, sizeof enc, "");
  suites = handoff_cipher_suites (&n_suites);
  for (i = 0; i < 2 * n_suites; i++)
    {
      g_autoptr (HandoffKeyState) state =
          make_sample (&suites[i / 2], i & 1 ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT,
                       (kind & 1) != 0, (kind & 2) != 0);
      g_autoptr (GBytes) blob = handoff_blob_sealer_seal (sealer, state, NULL);

      g_print (" ");
      print_hex (g_bytes_get_data (blob, NULL), g_bytes_get_size (blob), "");
    }
  g_print ("\n");
}

static void
write_channels (void)
{
  for (guint kind = 0; kind < 4; kind++)
    write_channel (kind);
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
read_channel_line (const char *line)
{
  g_auto (GStrv) parts = g_strsplit (line, " ", -1);
  gsize size;
  g_autofree guint8 *private_key = NULL;
  g_autofree guint8 *enc = NULL;
  g_autoptr (HandoffBlobOpener) opener = NULL;
  gsize i;

  g_assert_cmpuint (g_strv_length (parts), >=, 2);
  private_key = fixture_from_hex (parts[0], &size);
  g_assert_cmpuint (size, ==, HANDOFF_HPKE_KEY_SIZE);
  enc = fixture_from_hex (g_strchomp (parts[1]), &size);
  g_assert_cmpuint (size, ==, HANDOFF_HPKE_KEY_SIZE);
  opener = handoff_blob_opener_new (private_key, enc, NULL);
  for (i = 2; parts[i] != NULL; i++)
    {
      g_autofree guint8 *data = fixture_from_hex (g_strchomp (parts[i]), &size);
      g_autoptr (GBytes) blob = g_bytes_new (data, size);
      int fd = handoff_sealed_memfd_new (blob, NULL);
      g_autoptr (HandoffKeyState) state =
          opener != NULL ? handoff_blob_opener_open (opener, fd, NULL) : NULL;

      if (state != NULL)
        print_state (state);
      else
        g_print ("refused\n");
      close (fd);
    }
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
read_lines (void (*read_one) (const char *line))
{
  char *line = NULL;
  size_t size = 0;

  while (getline (&line, &size, stdin) > 0)
    read_one (line);
  free (line);
}

int
main (int argc, char *argv[])
{
  if (argc == 2 && strcmp (argv[1], "write") == 0)
    write_samples ();
  else if (argc == 2 && strcmp (argv[1], "read") == 0)
    read_lines (read_line);
  else if (argc == 2 && strcmp (argv[1], "write-channel") == 0)
    write_channels ();
  else if (argc == 2 && strcmp (argv[1], "read-channel") == 0)
    read_lines (read_channel_line);
  else
    return 2;

  return 0;
}
