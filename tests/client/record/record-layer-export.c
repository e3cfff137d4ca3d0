/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Handing a live connection on: the same state, once, and nothing left behind. */

#include <string.h>
#include <unistd.h>

#include "keyblob-fixture.h"
#include "keyblob/key-blob.h"
#include "keyblob/sealed-memfd.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "support/record-test-fixture.h"

static const RecordTestConfig tls13_client = { 0x0304, HANDOFF_NONCE_XOR, HANDOFF_ROLE_CLIENT };
static const RecordTestConfig tls13_server = { 0x0304, HANDOFF_NONCE_XOR, HANDOFF_ROLE_SERVER };
static const RecordTestConfig tls12_client = { 0x0303, HANDOFF_NONCE_EXPLICIT,
                                               HANDOFF_ROLE_CLIENT };
static const RecordTestConfig cbc_server = { 0x0303, HANDOFF_NONCE_RANDOM_IV, HANDOFF_ROLE_SERVER,
                                             TRUE };

static const struct
{
  const char *name;
  const RecordTestConfig *config;
} configs[] = {
  { "tls13-client", &tls13_client },
  { "tls13-server", &tls13_server },
  { "tls12-client", &tls12_client },
  { "cbc-server", &cbc_server },
};

/* Hands f->layer on to a new one, which takes its place. */
static void
hand_on (RecordFixture *f, GBytes *unread_data, GBytes *unread_records)
{
  TlsHandoffRecordLayer *next = record_test_hand_on (f->layer, unread_data, unread_records);

  g_object_unref (f->layer);
  f->layer = next;
}

static void
assert_writes (RecordFixture *f, const char *data)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const guint8 *records;
  gsize size;

  record_test_protect (f->layer, (const guint8 *) data, strlen (data), out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, data, strlen (data));
}

static void
assert_works (RecordFixture *f)
{
  record_fixture_seal (f, RECORD_DATA, "to layer", 8);
  record_fixture_assert_reads (f, "to layer");
  assert_writes (f, "from layer");
}

static void
assert_unread (GBytes *bytes, const char *expected)
{
  g_autoptr (GBytes) owned = bytes;

  g_assert_nonnull (owned);
  g_assert_cmpmem (g_bytes_get_data (owned, NULL), g_bytes_get_size (owned), expected,
                   strlen (expected));
}

static void
assert_export_fails (
    RecordFixture *f, GBytes *recipient_key, GBytes *unread_data, GBytes *unread_records, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (tls_handoff_record_layer_export (f->layer, recipient_key, unread_data,
                                                    unread_records, &error),
                   ==, -1);
  g_assert_error (error, TLS_HANDOFF_ERROR, code);
}

/* (transfer full) */
static GBytes *
new_recipient_key (void)
{
  g_autoptr (TlsHandoffImportKey) import_key = tls_handoff_import_key_new (NULL);

  return tls_handoff_import_key_dup_public_key (import_key);
}

static void
make_live (HandoffKeyState *state)
{
  handoff_secret_bytes_set (&state->unread_data, "unread", 6);
  handoff_secret_bytes_set (&state->unread_records, "\27\3\3\1", 4);
  handoff_secret_bytes_set (&state->handshake_prefix, state->protocol == 0x0304 ? "\30\0" : "\0\0",
                            2);
  state->key_update_owed = state->protocol == 0x0304;
  state->no_renegotiation_owed = state->protocol == 0x0303;
}

/* Import, then export: the same in every field, for every suite and role, and with what only a live
 * connection has. */
static void
test_same_state (void)
{
  gsize n;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n);

  for (gsize i = 0; i < 16 * n; i++)
    {
      const HandoffCipherSuite *suite = &suites[i / 16];
      g_autoptr (HandoffKeyState) state =
          record_test_state_new (suite, i & 1 ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT);
      g_autoptr (HandoffKeyState) exported = NULL;
      g_autoptr (TlsHandoffRecordLayer) layer = NULL;

      state->read.max_plaintext_size = 16000;
      state->write.max_plaintext_size = 63;
      if (i & 2)
        make_live (state);
      if (i & 4)
        {
          state->encrypt_then_mac = FALSE;
          state->key_update_requested = suite->protocol == 0x0304;
        }
      if (i & 8)
        fixture_add_bindings (state);
      g_test_message ("%s %" G_GSIZE_FORMAT, suite->name, i % 16);
      layer = record_test_import (state);
      exported = record_test_export_state (layer);
      g_assert_true (handoff_key_state_equal (state, exported));
    }
}

/* In the middle of everything: data not read, half a record, half a handshake message, an answer
 * owed, and sequence numbers and keys that have moved on. */
static void
test_in_the_middle (RecordFixture *f, gconstpointer data)
{
  const RecordTestConfig *config = data;
  const guint8 *message = (const guint8 *) (f->tls13                              ? "\30\0\0\1\1"
                                            : config->role == HANDOFF_ROLE_CLIENT ? "\0\0\0\0"
                                                                                  : "\1\0\0\0");
  gsize message_size = f->tls13 ? 5 : 4;
  g_autoptr (GBytes) unread_data = g_bytes_new_static ("read this first", 15);
  g_autoptr (GBytes) unread_records = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GBytes) records = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const guint8 *output;
  gsize size;

  assert_works (f);
  /* The whole of a message, so that an answer is owed, and the start of another. */
  record_fixture_seal (f, RECORD_HANDSHAKE, message, message_size);
  if (f->tls13)
    record_peer_update (&f->peer, &f->peer.state);
  record_fixture_seal (f, RECORD_HANDSHAKE, message, 2);
  record_fixture_assert_reads (f, "");
  /* The rest of it, of which half a record has arrived. */
  record_fixture_seal (f, RECORD_HANDSHAKE, message + 2, message_size - 2);
  unread_records = g_bytes_new (f->records->data, f->records->len - 3);
  rest = g_bytes_new (f->records->data + f->records->len - 3, 3);
  g_byte_array_set_size (f->records, 0);

  hand_on (f, unread_data, unread_records);
  assert_unread (tls_handoff_record_layer_take_unread_data (f->layer), "read this first");
  g_assert_null (tls_handoff_record_layer_take_unread_data (f->layer));
  records = tls_handoff_record_layer_take_unread_records (f->layer);
  g_assert_true (g_bytes_equal (records, unread_records));
  g_assert_null (tls_handoff_record_layer_take_unread_records (f->layer));

  g_byte_array_append (f->records, g_bytes_get_data (records, NULL), g_bytes_get_size (records));
  g_byte_array_append (f->records, g_bytes_get_data (rest, NULL), g_bytes_get_size (rest));
  if (f->tls13)
    record_peer_update (&f->peer, &f->peer.state);
  record_fixture_seal (f, RECORD_DATA, "goes on", 7);
  record_fixture_assert_reads (f, "goes on");

  record_test_protect (f->layer, (const guint8 *) "so do we", 8, out);
  output = out->data;
  size = out->len;
  if (f->tls13)
    {
      record_fixture_assert_record (f, &output, &size, RECORD_HANDSHAKE, "\30\0\0\1\0", 5);
      record_peer_update (&f->peer, &f->peer.read);
    }
  else
    {
      record_fixture_assert_record (f, &output, &size, RECORD_ALERT, "\1\144", 2);
    }
  record_fixture_assert_record (f, &output, &size, RECORD_DATA, "so do we", 8);
  g_assert_cmpuint (size, ==, 0);
}

/* The answer that was owed before goes out by itself, too. */
static void
test_owed (RecordFixture *f, gconstpointer data)
{
  const RecordTestConfig *config = data;

  if (f->tls13)
    {
      g_autoptr (GBytes) output = NULL;
      const guint8 *records;
      gsize size;

      g_assert_true (tls_handoff_record_layer_update_keys (f->layer, TRUE, NULL));
      hand_on (f, NULL, NULL);
      output = tls_handoff_record_layer_take_output (f->layer);
      g_assert_nonnull (output);
      records = g_bytes_get_data (output, &size);
      record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, "\30\0\0\1\1", 5);
      record_peer_update (&f->peer, &f->peer.read);
    }
  else
    {
      record_fixture_seal (f, RECORD_HANDSHAKE,
                           config->role == HANDOFF_ROLE_CLIENT ? "\0\0\0\0" : "\1\0\0\0", 4);
      record_fixture_assert_reads (f, "");
      hand_on (f, NULL, NULL);
      record_fixture_assert_alert (f, 1, 100);
    }
  assert_works (f);
}

/* Exported, the layer is of no use: else a nonce could be used twice. */
static void
test_afterwards (RecordFixture *f, gconstpointer data)
{
  g_autoptr (TlsHandoffRecordLayer) next = record_test_hand_on (f->layer, NULL, NULL);
  g_autoptr (GBytes) recipient_key = new_recipient_key ();
  g_autoptr (GError) read_error = NULL;
  g_autoptr (GError) write_error = NULL;
  g_autoptr (GError) close_error = NULL;
  g_autoptr (GError) update_error = NULL;
  TlsHandoffRecordStatus status;
  guint8 buffer[200];
  gsize consumed;
  gsize size;

  record_fixture_seal (f, RECORD_DATA, "data", 4);
  g_assert_null (record_test_unprotect (f->layer, f->records, &status, &read_error));
  g_assert_error (read_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
  g_assert_false (tls_handoff_record_layer_protect (f->layer, (const guint8 *) "x", 1, &consumed,
                                                    buffer, sizeof buffer, &size, &write_error));
  g_assert_error (write_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
  g_assert_cmpuint (size, ==, 0);
  g_assert_false (tls_handoff_record_layer_close (f->layer, &close_error));
  g_assert_error (close_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
  if (f->tls13)
    {
      g_assert_false (tls_handoff_record_layer_update_keys (f->layer, FALSE, &update_error));
      g_assert_error (update_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
    }
  assert_export_fails (f, recipient_key, NULL, NULL, TLS_HANDOFF_ERROR_CLOSED);
  record_fixture_assert_nothing_to_say (f);
  g_assert_null (tls_handoff_record_layer_take_session_tickets (f->layer));
  g_assert_null (tls_handoff_record_layer_take_unread_data (f->layer));

  g_set_object (&f->layer, next);
  g_byte_array_set_size (f->records, 0);
  record_peer_init (&f->peer, f->state);
  assert_works (f);
}

/* No key, and nothing that was not read, is left in this process's memory. */
static void
test_nothing_left (RecordFixture *f, gconstpointer data)
{
  const gsize key_size = f->state->read.key_size;
  const gboolean cbc = handoff_cipher_suite_is_cbc (f->peer.suite);
  g_autoptr (GBytes) recipient_key = new_recipient_key ();
  guint8 inverted[4][HANDOFF_MAX_KEY_SIZE];
  g_autoptr (GError) error = NULL;
  int fd;

  if (fixture_is_sanitized ())
    {
      g_test_skip ("Not with the address sanitizer");
      return;
    }
  for (gsize i = 0; i < key_size; i++)
    {
      inverted[0][i] = ~f->state->read.key[i];
      inverted[1][i] = ~f->state->write.key[i];
      inverted[2][i] = ~(f->tls13 ? f->state->read.traffic_secret[i] : f->state->read.key[i]);
      inverted[3][i] = ~(cbc ? f->state->read.mac_key[i] : f->state->read.key[i]);
    }
  handoff_secret_bytes_set (&f->state->unread_data, f->state->read.key, key_size);
  record_fixture_import_again (f);
  assert_works (f);
  g_clear_pointer (&f->state, handoff_key_state_free);
  handoff_wipe (&f->peer, sizeof f->peer);
  handoff_wipe_stack ();
  for (gsize i = 0; i < G_N_ELEMENTS (inverted); i++)
    g_assert_cmpuint (fixture_count_in_memory (inverted[i], key_size), >, 0);

  fd = tls_handoff_record_layer_export (f->layer, recipient_key, NULL, NULL, &error);
  g_assert_no_error (error);
  close (fd);
  for (gsize i = 0; i < G_N_ELEMENTS (inverted); i++)
    g_assert_cmpuint (fixture_count_in_memory (inverted[i], key_size), ==, 0);
}

/* What cannot be exported leaves the connection as it is. */
static void
test_refused (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GBytes) good = new_recipient_key ();
  g_autoptr (GBytes) too_short = g_bytes_new_from_bytes (good, 0, 31);
  guint8 zeros[32] = { 0 };
  g_autoptr (GBytes) small_order = g_bytes_new_static (zeros, sizeof zeros);
  g_autoptr (GBytes) too_much = record_test_data (65536);
  g_autoptr (GBytes) half = record_test_data (32768);

  assert_export_fails (f, too_short, NULL, NULL, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  assert_works (f);
  assert_export_fails (f, small_order, NULL, NULL, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  assert_works (f);
  assert_export_fails (f, good, too_much, NULL, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  assert_works (f);
  assert_export_fails (f, good, half, half, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  assert_works (f);
  hand_on (f, half, NULL);
  assert_works (f);
  {
    g_autoptr (GBytes) unread = tls_handoff_record_layer_take_unread_data (f->layer);

    g_assert_true (g_bytes_equal (unread, half));
  }
}

/* A connection of which a side is closed, or that has failed, is not handed on. */
static void
test_closed (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GBytes) recipient_key = new_recipient_key ();
  g_autoptr (GBytes) received = NULL;
  TlsHandoffRecordStatus status;

  g_assert_true (tls_handoff_record_layer_close (f->layer, NULL));
  assert_export_fails (f, recipient_key, NULL, NULL, TLS_HANDOFF_ERROR_CLOSED);
  record_fixture_assert_alert (f, 1, 0);

  record_fixture_import_again (f);
  record_fixture_seal (f, RECORD_ALERT, "\1\0", 2);
  received = record_test_unprotect (f->layer, f->records, &status, NULL);
  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_CLOSED);
  assert_export_fails (f, recipient_key, NULL, NULL, TLS_HANDOFF_ERROR_CLOSED);
  assert_writes (f, "still open");

  g_byte_array_set_size (f->records, 0);
  record_fixture_import_again (f);
  record_fixture_seal (f, 99, "?", 1);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
  assert_export_fails (f, recipient_key, NULL, NULL, TLS_HANDOFF_ERROR_CLOSED);
}

/* Nobody takes the unread data, and the connection is handed on again: the older data comes
 * first. */
static void
test_not_taken (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GBytes) older = g_bytes_new_static ("older ", 6);
  g_autoptr (GBytes) newer = g_bytes_new_static ("newer", 5);

  hand_on (f, older, NULL);
  hand_on (f, newer, older);
  hand_on (f, NULL, newer);
  assert_unread (tls_handoff_record_layer_take_unread_data (f->layer), "older newer");
  assert_unread (tls_handoff_record_layer_take_unread_records (f->layer), "older newer");
  assert_works (f);
  hand_on (f, NULL, NULL);
  g_assert_null (tls_handoff_record_layer_take_unread_data (f->layer));
  g_assert_null (tls_handoff_record_layer_take_unread_records (f->layer));
  assert_works (f);
}

/* The descriptor can be read by anybody who has it, but opened with the one key only, and once. */
static void
test_sealed (RecordFixture *f, gconstpointer data)
{
  g_autoptr (TlsHandoffImportKey) import_key = tls_handoff_import_key_new (NULL);
  g_autoptr (TlsHandoffImportKey) other_key = tls_handoff_import_key_new (NULL);
  g_autoptr (GBytes) recipient_key = tls_handoff_import_key_dup_public_key (import_key);
  g_autoptr (TlsHandoffRecordLayer) layer = NULL;
  g_autoptr (GError) other_error = NULL;
  g_autoptr (GError) again_error = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *seals = NULL;
  int fd;

  fd = tls_handoff_record_layer_export (f->layer, recipient_key, NULL, NULL, &error);
  g_assert_no_error (error);
  seals = handoff_sealed_memfd_describe_seals (fd);
  for (gsize i = 0; i < 4; i++)
    {
      static const char *const expected[] = { "seal", "shrink", "grow", "write" };

      g_assert_nonnull (strstr (seals, expected[i]));
    }
  g_assert_null (tls_handoff_record_layer_new_from_key_blob (other_key, fd, &other_error));
  g_assert_error (other_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  layer = tls_handoff_record_layer_new_from_key_blob (import_key, fd, &error);
  g_assert_no_error (error);
  g_assert_null (tls_handoff_record_layer_new_from_key_blob (import_key, fd, &again_error));
  g_assert_error (again_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_USED);
  close (fd);
}

static void
add_for_all (const char *name, void (*function) (RecordFixture *f, gconstpointer data))
{
  for (gsize i = 0; i < G_N_ELEMENTS (configs); i++)
    {
      g_autofree char *path = g_strdup_printf ("/record-layer/export/%s/%s", configs[i].name, name);

      record_fixture_add (path, configs[i].config, function);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/record-layer/export/same-state", test_same_state);
  add_for_all ("in-the-middle", test_in_the_middle);
  add_for_all ("owed", test_owed);
  add_for_all ("afterwards", test_afterwards);
  add_for_all ("nothing-left", test_nothing_left);
  add_for_all ("refused", test_refused);
  add_for_all ("closed", test_closed);
  add_for_all ("not-taken", test_not_taken);
  add_for_all ("sealed", test_sealed);
  return g_test_run ();
}
