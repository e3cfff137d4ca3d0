/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The record layer, both protocols, against a peer that makes single records of every kind, good
 * and bad. */

#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "support/record-test-fixture.h"

static const RecordTestConfig tls13_client = { 0x0304, HANDOFF_NONCE_XOR, HANDOFF_ROLE_CLIENT };
static const RecordTestConfig tls13_server = { 0x0304, HANDOFF_NONCE_XOR, HANDOFF_ROLE_SERVER };
static const RecordTestConfig tls12_client = { 0x0303, HANDOFF_NONCE_EXPLICIT,
                                               HANDOFF_ROLE_CLIENT };
static const RecordTestConfig tls12_server = { 0x0303, HANDOFF_NONCE_EXPLICIT,
                                               HANDOFF_ROLE_SERVER };
static const RecordTestConfig tls12_xor_client = { 0x0303, HANDOFF_NONCE_XOR, HANDOFF_ROLE_CLIENT };
static const RecordTestConfig tls12_etm_client = { 0x0303, HANDOFF_NONCE_RANDOM_IV,
                                                   HANDOFF_ROLE_CLIENT };
static const RecordTestConfig tls12_mte_server = { 0x0303, HANDOFF_NONCE_RANDOM_IV,
                                                   HANDOFF_ROLE_SERVER, TRUE };

static const struct
{
  const char *name;
  const RecordTestConfig *config;
} configs[] = {
  { "tls13-client", &tls13_client },         { "tls13-server", &tls13_server },
  { "tls12-client", &tls12_client },         { "tls12-server", &tls12_server },
  { "tls12-xor-client", &tls12_xor_client }, { "tls12-etm-client", &tls12_etm_client },
  { "tls12-mte-server", &tls12_mte_server },
};

/* Data both ways, several records at once, joined. Fails if nonces, additional data or joining are
 * wrong. */
static void
test_data (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const guint8 *records;
  gsize size;

  record_fixture_seal (f, RECORD_DATA, "one ", 4);
  record_fixture_seal (f, RECORD_DATA, "two ", 4);
  record_peer_seal (&f->peer, RECORD_DATA, "three", 5, 200, f->records);
  record_fixture_assert_reads (f, "one two three");

  record_test_protect (f->layer, (const guint8 *) "four", 4, out);
  record_test_protect (f->layer, NULL, 0, out);
  record_test_protect (f->layer, (const guint8 *) "five", 4, out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, "four", 4);
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, "five", 4);
  g_assert_cmpuint (size, ==, 0);
  record_fixture_assert_nothing_to_say (f);
}

/* The same without buffers of the caller's own. Fails if a part of the data is lost, or the records
 * that were given are overwritten. */
static void
test_bytes (RecordFixture *f, gconstpointer data)
{
  g_autofree guint8 *much = g_malloc0 (40000);
  g_autoptr (GBytes) to_send = g_bytes_new_static (much, 40000);
  g_autoptr (GBytes) sent = NULL;
  g_autoptr (GBytes) nothing = NULL;
  g_autoptr (GBytes) received = NULL;
  g_autoptr (GBytes) plaintext = NULL;
  g_autofree guint8 *before = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *records;
  gsize size, consumed, rest;
  TlsHandoffRecordStatus status;

  sent = tls_handoff_record_layer_protect_bytes (f->layer, to_send, &error);
  g_assert_no_error (error);
  records = g_bytes_get_data (sent, &size);
  for (rest = 40000; rest > 0; rest -= MIN (rest, 16384))
    record_fixture_assert_record (f, &records, &size, RECORD_DATA, much, MIN (rest, 16384));
  g_assert_cmpuint (size, ==, 0);
  nothing = tls_handoff_record_layer_protect_bytes (f->layer, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (nothing), ==, 0);

  record_fixture_seal (f, RECORD_DATA, "one ", 4);
  record_fixture_seal (f, RECORD_DATA, "two", 3);
  size = f->records->len;
  g_byte_array_append (f->records, (const guint8 *) "\x17\x03", 2);
  before = g_memdup2 (f->records->data, f->records->len);
  received = g_bytes_new_static (f->records->data, f->records->len);
  plaintext =
      tls_handoff_record_layer_unprotect_bytes (f->layer, received, &consumed, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (plaintext, NULL), g_bytes_get_size (plaintext), "one two", 7);
  g_assert_cmpuint (consumed, ==, size);
  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_DATA);
  g_assert_cmpmem (f->records->data, f->records->len, before, g_bytes_get_size (received));

  g_assert_true (tls_handoff_record_layer_close (f->layer, &error));
  g_assert_null (tls_handoff_record_layer_protect_bytes (f->layer, to_send, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
}

/* A record that comes byte by byte is waited for. Fails if a part is taken for the whole, or
 * consumed early. */
static void
test_incomplete (RecordFixture *f, gconstpointer data)
{
  record_fixture_seal (f, RECORD_DATA, "whole", 5);
  for (gsize n = 0; n < f->records->len; n++)
    {
      g_autoptr (GError) error = NULL;
      gsize consumed;
      gsize size;
      TlsHandoffRecordStatus status;

      tls_handoff_record_layer_unprotect (f->layer, f->records->data, n, &consumed, &size, &status,
                                          &error);
      g_assert_no_error (error);
      g_assert_cmpuint (consumed, ==, 0);
      g_assert_cmpuint (size, ==, 0);
    }
  record_fixture_assert_reads (f, "whole");
}

/* One flipped bit anywhere behind the header. Fails if something is not authenticated, or decrypted
 * text stays. */
static void
test_tampered (RecordFixture *f, gconstpointer data)
{
  gsize record_size;

  record_fixture_seal (f, RECORD_DATA, "secret secret secret", 20);
  record_size = f->records->len;
  for (gsize i = 5; i < record_size; i++)
    {
      g_byte_array_set_size (f->records, 0);
      record_fixture_import_again (f);
      record_fixture_seal (f, RECORD_DATA, "secret secret secret", 20);
      f->records->data[i] ^= 0x10;
      record_fixture_assert_refuses (f, 20, "bad_record_mac");
      for (gsize j = 0; j < record_size; j++)
        g_assert_cmpuint (f->records->data[j], ==, 0);
    }
}

/* A record again, one left out, and one from the other direction. Fails if sequence numbers are not
 * checked. */
static void
test_replayed (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) copy = g_byte_array_new ();

  record_fixture_seal (f, RECORD_DATA, "again", 5);
  g_byte_array_append (copy, f->records->data, f->records->len);
  record_fixture_assert_reads (f, "again");
  g_byte_array_append (f->records, copy->data, copy->len);
  record_fixture_assert_refuses (f, 20, "bad_record_mac");

  record_fixture_import_again (f);
  g_byte_array_set_size (f->records, 0);
  record_fixture_seal (f, RECORD_DATA, "lost", 4);
  g_byte_array_set_size (f->records, 0);
  record_fixture_seal (f, RECORD_DATA, "kept", 4);
  record_fixture_assert_refuses (f, 20, "bad_record_mac");

  record_fixture_import_again (f);
  g_byte_array_set_size (f->records, 0);
  record_test_protect (f->layer, (const guint8 *) "mirror", 6, f->records);
  {
    guint8 type;
    const guint8 *records = f->records->data;
    gsize size = f->records->len;
    g_autoptr (GBytes) content = record_peer_open (&f->peer, &records, &size, &type);

    g_assert_cmpuint (g_bytes_get_size (content), ==, 6);
  }
  record_fixture_assert_refuses (f, 20, "bad_record_mac");
}

/* Headers that are refused before the record is there: only five bytes are given. */
static void
test_headers (RecordFixture *f, gconstpointer data)
{
  static const guint8 unknown_type[5] = { 24, 3, 3, 0, 32 };
  static const guint8 change_cipher_spec[5] = { 20, 3, 3, 0, 1 };
  static const guint8 zero_type[5] = { 0, 3, 3, 0, 32 };
  static const guint8 old_version[5] = { 23, 3, 1, 0, 32 };
  static const guint8 plain_alert[5] = { 21, 3, 3, 0, 2 };
  static const guint8 too_large[5] = { 23, 3, 3, 0x42, 0x01 };

  g_byte_array_append (f->records, unknown_type, 5);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
  g_byte_array_set_size (f->records, 0);

  record_fixture_import_again (f);
  g_byte_array_append (f->records, zero_type, 5);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
  g_byte_array_set_size (f->records, 0);

  record_fixture_import_again (f);
  g_byte_array_append (f->records, change_cipher_spec, 5);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
  g_byte_array_set_size (f->records, 0);

  record_fixture_import_again (f);
  g_byte_array_append (f->records, too_large, 5);
  record_fixture_assert_refuses (f, 22, "record_overflow");
  g_byte_array_set_size (f->records, 0);

  record_fixture_import_again (f);
  if (f->tls13)
    {
      g_byte_array_append (f->records, plain_alert, 5);
      record_fixture_assert_refuses (f, 10, "unexpected_message");
    }
  else
    {
      g_byte_array_append (f->records, old_version, 5);
      record_fixture_assert_refuses (f, 70, "protocol_version");
    }
}

/* Fragments too short for tag and nonce: nothing may be read beyond them (ASan). */
static void
test_short (RecordFixture *f, gconstpointer data)
{
  for (guint8 n = 0; n < f->peer.suite->tag_size; n++)
    {
      const guint8 header[5] = { 23, 3, 3, 0, n };
      const guint8 zeros[64] = { 0 };

      g_byte_array_set_size (f->records, 0);
      g_byte_array_append (f->records, header, sizeof header);
      g_byte_array_append (f->records, zeros, n);
      record_fixture_import_again (f);
      record_fixture_assert_refuses (f, 20, "bad_record_mac");
    }
}

/* The negotiated limits, both ways. Fails if the content type or the padding is counted wrongly. */
static void
test_size_limits (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GBytes) bytes = record_test_data (1300);
  const guint8 *content = g_bytes_get_data (bytes, NULL);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GBytes) received = NULL;
  g_autoptr (GError) error = NULL;
  TlsHandoffRecordStatus status;
  const guint8 *records;
  gsize size;

  f->state->read.max_plaintext_size = 600;
  f->state->write.max_plaintext_size = 512;
  record_fixture_import_again (f);

  record_test_protect (f->layer, content, 1300, out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, content, 512);
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, content + 512, 512);
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, content + 1024, 276);
  g_assert_cmpuint (size, ==, 0);

  record_fixture_seal (f, RECORD_DATA, content, 600);
  record_peer_seal (&f->peer, RECORD_DATA, content, 500, f->tls13 ? 100 : 0, f->records);
  received = record_test_unprotect (f->layer, f->records, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (received), ==, 1100);
  g_byte_array_set_size (f->records, 0);

  if (f->tls13)
    record_peer_seal (&f->peer, RECORD_DATA, content, 500, 101, f->records);
  else
    record_fixture_seal (f, RECORD_DATA, content, 601);
  record_fixture_assert_refuses (f, 22, "record_overflow");
}

/* As much as fits, and a clear error if nothing does. Fails if a short buffer is overrun (ASan) or
 * data is lost. */
static void
test_small_buffers (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GBytes) bytes = record_test_data (20000);
  const guint8 *content = g_bytes_get_data (bytes, NULL);

  const gboolean cbc = handoff_cipher_suite_is_cbc (f->peer.suite);

  for (gsize room = 0; room < 150; room++)
    {
      g_autofree guint8 *records = g_malloc (room + 1);
      g_autoptr (GError) error = NULL;
      gsize consumed;
      gsize size;

      if (tls_handoff_record_layer_protect (f->layer, content, 20000, &consumed, records, room,
                                            &size, &error))
        {
          const guint8 *out = records;

          g_assert_cmpuint (consumed, >, 0);
          /* AES-CBC's records grow by blocks. */
          g_assert_cmpuint (size, <=, room);
          g_assert_cmpuint (size, >, room - (cbc ? 16 : 1));
          record_fixture_assert_record (f, &out, &size, RECORD_DATA, content, consumed);
        }
      else
        {
          g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
          g_assert_cmpuint (consumed, ==, 0);
          g_assert_cmpuint (size, ==, 0);
          g_assert_cmpuint (room, <, cbc ? 5 + 16 + 16 + 64 : 31);
        }
    }
}

/* Inner types that do not exist, and nothing but padding. */
static void
test_inner_types (RecordFixture *f, gconstpointer data)
{
  static const guint8 types[] = { 0, 20, 24, 25, 99, 255 };

  for (gsize i = 0; i < sizeof types; i++)
    {
      g_byte_array_set_size (f->records, 0);
      record_fixture_import_again (f);
      record_peer_seal (&f->peer, types[i], types[i] == 0 ? NULL : "hello", types[i] == 0 ? 0 : 5,
                        20, f->records);
      record_fixture_assert_refuses (f, 10, "unexpected_message");
    }
}

/* 1,000 records without data in a row are accepted, 1,001 are not; data in between starts the
 * count again. */
static void
test_empty_records (RecordFixture *f, gconstpointer data)
{
  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < 1000; i++)
        record_peer_seal (&f->peer, RECORD_DATA, NULL, 0, f->tls13 ? i % 32 : 0, f->records);
      record_fixture_seal (f, RECORD_DATA, "data", 4);
      record_fixture_assert_reads (f, "data");
    }
  for (guint i = 0; i < 1001; i++)
    record_fixture_seal (f, RECORD_DATA, NULL, 0);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
}

/* Good data before a bad record is delivered; then comes the error, without new input. */
static void
test_data_before_error (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  TlsHandoffRecordStatus status;
  gsize good_size;
  gsize consumed;
  gsize size;

  record_fixture_seal (f, RECORD_DATA, "good", 4);
  good_size = f->records->len;
  record_fixture_seal (f, RECORD_DATA, "bad", 3);
  f->records->data[f->records->len - 1] ^= 1;
  tls_handoff_record_layer_unprotect (f->layer, f->records->data, f->records->len, &consumed, &size,
                                      &status, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (f->records->data, size, "good", 4);
  g_assert_cmpuint (consumed, ==, good_size);
  g_byte_array_set_size (f->records, 0);
  record_fixture_assert_refuses (f, 20, "bad_record_mac");
}

/* close_notify: data before it is delivered, what follows it is ignored, and writing goes on. */
static void
test_peer_closes (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) received = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  TlsHandoffRecordStatus status;
  const guint8 *records;
  gsize size;

  record_fixture_seal (f, RECORD_DATA, "last words", 10);
  record_fixture_seal (f, RECORD_ALERT, "\1\0", 2);
  g_byte_array_append (f->records, (const guint8 *) "garbage", 7);
  received = record_test_unprotect (f->layer, f->records, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_CLOSED);
  g_assert_cmpuint (g_bytes_get_size (received), ==, 10);

  g_clear_pointer (&received, g_bytes_unref);
  received = record_test_unprotect (f->layer, f->records, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_CLOSED);
  g_assert_cmpuint (g_bytes_get_size (received), ==, 0);

  record_test_protect (f->layer, (const guint8 *) "still here", 10, out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, "still here", 10);
}

/* Our close: exactly one close_notify, no data afterwards, reading goes on. */
static void
test_close (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gsize consumed;
  gsize size;
  guint8 out[64];

  g_assert_true (tls_handoff_record_layer_close (f->layer, &error));
  g_assert_no_error (error);
  g_assert_true (tls_handoff_record_layer_close (f->layer, &error));
  g_assert_no_error (error);
  record_fixture_assert_alert (f, 1, 0);
  g_assert_false (tls_handoff_record_layer_protect (f->layer, (const guint8 *) "x", 1, &consumed,
                                                    out, sizeof out, &size, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
  record_fixture_seal (f, RECORD_DATA, "reply", 5);
  record_fixture_assert_reads (f, "reply");
  /* Nothing may follow our close_notify, not even an alert about a bad record. */
  record_fixture_seal (f, RECORD_DATA, "bad", 3);
  f->records->data[f->records->len - 1] ^= 1;
  g_clear_error (&error);
  {
    TlsHandoffRecordStatus status;

    g_assert_null (record_test_unprotect (f->layer, f->records, &status, &error));
  }
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);
  record_fixture_assert_nothing_to_say (f);
}

/* A fatal alert is named in the error and not answered, and ends the other direction, too. */
static void
test_fatal_alert (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *alert;
  TlsHandoffRecordStatus status;
  guint8 out[64];
  gsize consumed;
  gsize size;

  record_fixture_seal (f, RECORD_ALERT, "\2\57", 2);
  g_assert_null (record_test_unprotect (f->layer, f->records, &status, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_ALERT_RECEIVED);
  g_assert_nonnull (strstr (error->message, "illegal_parameter"));
  record_fixture_assert_nothing_to_say (f);
  g_clear_error (&error);
  g_assert_false (tls_handoff_record_layer_protect (f->layer, (const guint8 *) "x", 1, &consumed,
                                                    out, sizeof out, &size, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);

  /* A server's judgement of its client's certificate. */
  g_clear_error (&error);
  g_byte_array_set_size (f->records, 0);
  record_fixture_import_again (f);
  record_fixture_seal (f, RECORD_ALERT, "\2\164", 2);
  g_assert_null (record_test_unprotect (f->layer, f->records, &status, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_ALERT_RECEIVED);
  g_assert_true (g_variant_lookup (tls_handoff_error_get_details (error), "alert", "&s", &alert));
  g_assert_cmpstr (alert, ==, "certificate_required");
  g_assert_nonnull (strstr (error->message, "credential"));

  /* One that no RFC names: fatal in TLS 1.3 whatever its level says. */
  g_clear_error (&error);
  g_byte_array_set_size (f->records, 0);
  record_fixture_import_again (f);
  record_fixture_seal (f, RECORD_ALERT, f->tls13 ? "\1\310" : "\2\310", 2);
  g_assert_null (record_test_unprotect (f->layer, f->records, &status, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_ALERT_RECEIVED);
  g_assert_nonnull (strstr (error->message, "200"));
}

/* Alerts that are split, joined (which TLS 1.2 allows), empty. */
static void
test_malformed_alerts (RecordFixture *f, gconstpointer data)
{
  if (f->tls13)
    {
      record_fixture_seal (f, RECORD_ALERT, "\2", 1);
      record_fixture_assert_refuses (f, 50, "decode_error");

      g_byte_array_set_size (f->records, 0);
      record_fixture_import_again (f);
      record_fixture_seal (f, RECORD_ALERT, "\1\132\1\132", 4);
      record_fixture_assert_refuses (f, 50, "decode_error");
    }

  g_byte_array_set_size (f->records, 0);
  record_fixture_import_again (f);
  record_fixture_seal (f, RECORD_ALERT, NULL, 0);
  record_fixture_assert_refuses (f, 10, "unexpected_message");

  g_byte_array_set_size (f->records, 0);
  record_fixture_import_again (f);
  record_fixture_seal (f, RECORD_HANDSHAKE, NULL, 0);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
}

/* user_canceled is ignored, a flood of it is not. */
static void
test_warnings (RecordFixture *f, gconstpointer data)
{
  for (guint i = 0; i < 32; i++)
    record_fixture_seal (f, RECORD_ALERT, "\1\132", 2);
  record_fixture_seal (f, RECORD_DATA, "go on", 5);
  record_fixture_assert_reads (f, "go on");
  record_fixture_assert_nothing_to_say (f);
  for (guint i = 0; i < 33; i++)
    record_fixture_seal (f, RECORD_ALERT, "\1\132", 2);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
}

static void
add_for_all (const char *name, void (*function) (RecordFixture *f, gconstpointer data))
{
  for (gsize i = 0; i < G_N_ELEMENTS (configs); i++)
    {
      g_autofree char *path = g_strdup_printf ("/record-layer/%s/%s", configs[i].name, name);

      record_fixture_add (path, configs[i].config, function);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_for_all ("data", test_data);
  add_for_all ("bytes", test_bytes);
  add_for_all ("incomplete", test_incomplete);
  add_for_all ("tampered", test_tampered);
  add_for_all ("replayed", test_replayed);
  add_for_all ("headers", test_headers);
  add_for_all ("short", test_short);
  add_for_all ("size-limits", test_size_limits);
  add_for_all ("small-buffers", test_small_buffers);
  add_for_all ("empty-records", test_empty_records);
  add_for_all ("data-before-error", test_data_before_error);
  add_for_all ("peer-closes", test_peer_closes);
  add_for_all ("close", test_close);
  add_for_all ("fatal-alert", test_fatal_alert);
  add_for_all ("malformed-alerts", test_malformed_alerts);
  add_for_all ("warnings", test_warnings);
  record_fixture_add ("/record-layer/tls13-client/inner-types", &tls13_client, test_inner_types);
  return g_test_run ();
}
