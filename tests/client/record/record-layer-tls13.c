/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What only TLS 1.3 has: tickets, key updates, hidden types. */

#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "support/record-test-fixture.h"

static const RecordTestConfig client = { 0x0304, HANDOFF_NONCE_XOR, HANDOFF_ROLE_CLIENT };
static const RecordTestConfig server = { 0x0304, HANDOFF_NONCE_XOR, HANDOFF_ROLE_SERVER };

/* The most records under one key, as the library has it. */
#define MAX_RECORDS_PER_KEY (G_GUINT64_CONSTANT (1) << 23)

static const guint8 update_not_requested[5] = { 24, 0, 0, 1, 0 };
static const guint8 update_requested[5] = { 24, 0, 0, 1, 1 };

/* lifetime, age_add, nonce (1 byte), ticket (3 bytes), one extension (early_data, 4 bytes) */
static const guint8 ticket[] = { 4, 0,   0,   25,  0, 0, 28, 32, 1, 2, 3, 4, 1,  0, 0,
                                 3, 't', 'i', 'c', 0, 8, 0,  42, 0, 4, 0, 0, 64, 0 };
/* where the lengths are in it */
enum
{
  TICKET_NONCE_LENGTH = 12,
  TICKET_LENGTH = 15,
  TICKET_EXTENSIONS_LENGTH = 20,
  TICKET_EXTENSION_LENGTH = 24,
};

static void
reset (RecordFixture *f)
{
  g_byte_array_set_size (f->records, 0);
  record_fixture_import_again (f);
}

/* A new connection gets a record with this handshake message, or the beginning of one. */
static void
assert_refuses_message (
    RecordFixture *f, const guint8 *message, gsize size, guint8 alert, const char *alert_name)
{
  reset (f);
  record_fixture_seal (f, RECORD_HANDSHAKE, message, size);
  record_fixture_assert_refuses (f, alert, alert_name);
}

/* Tickets: alone, two in a record, split over records in every way, between data. */
static void
test_tickets (RecordFixture *f, gconstpointer data)
{
  guint8 two[2 * sizeof ticket];

  memcpy (two, ticket, sizeof ticket);
  memcpy (two + sizeof ticket, ticket, sizeof ticket);

  record_fixture_seal (f, RECORD_HANDSHAKE, ticket, sizeof ticket);
  record_fixture_seal (f, RECORD_DATA, "a", 1);
  record_fixture_seal (f, RECORD_HANDSHAKE, two, sizeof two);
  record_fixture_seal (f, RECORD_DATA, "b", 1);
  for (gsize split = 1; split < sizeof two; split++)
    {
      record_fixture_seal (f, RECORD_HANDSHAKE, two, split);
      record_fixture_seal (f, RECORD_HANDSHAKE, two + split, sizeof two - split);
    }
  for (gsize i = 0; i < sizeof two; i++)
    record_fixture_seal (f, RECORD_HANDSHAKE, two + i, 1);
  record_fixture_seal (f, RECORD_DATA, "c", 1);
  record_fixture_assert_reads (f, "abc");
  record_fixture_assert_nothing_to_say (f);
}

/* The largest ticket there can be, over many records. */
static void
test_large_ticket (RecordFixture *f, gconstpointer data)
{
  const gsize ticket_size = 65535;
  const gsize body_size = 4 + 4 + 1 + 2 + ticket_size + 2;
  g_autofree guint8 *message = g_malloc0 (4 + body_size);

  message[0] = 4;
  message[1] = body_size >> 16;
  message[2] = (body_size >> 8) & 0xff;
  message[3] = body_size & 0xff;
  message[13] = message[14] = 0xff;
  for (gsize done = 0; done < 4 + body_size; done += 1000)
    record_fixture_seal (f, RECORD_HANDSHAKE, message + done, MIN (1000, 4 + body_size - done));
  record_fixture_seal (f, RECORD_DATA, "data", 4);
  record_fixture_assert_reads (f, "data");
}

/* Every length of a ticket one too large or too small. Fails if something is read beyond its end.
 */
static void
test_malformed_tickets (RecordFixture *f, gconstpointer data)
{
  static const guint lengths[] = {
    TICKET_NONCE_LENGTH,
    TICKET_LENGTH,
    TICKET_EXTENSIONS_LENGTH,
    TICKET_EXTENSION_LENGTH,
  };
  guint8 bad[sizeof ticket];
  guint8 trailing[sizeof ticket + 1] = { 0 };
  static const guint8 empty_ticket[] = { 4, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  static const guint8 too_large[4] = { 4, 2, 1, 10 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (int change = -1; change <= 1; change += 2)
      {
        memcpy (bad, ticket, sizeof ticket);
        bad[lengths[i]] += change;
        assert_refuses_message (f, bad, sizeof bad, 50, "decode_error");
      }
  for (guint8 size = 0; size < sizeof ticket - 4; size++)
    {
      memcpy (bad, ticket, sizeof ticket);
      bad[3] = size;
      assert_refuses_message (f, bad, 4 + size, 50, "decode_error");
    }
  memcpy (trailing, ticket, sizeof ticket);
  trailing[3]++;
  assert_refuses_message (f, trailing, sizeof trailing, 50, "decode_error");
  assert_refuses_message (f, empty_ticket, sizeof empty_ticket, 50, "decode_error");
  /* Refused by its header, not waited for. */
  assert_refuses_message (f, too_large, sizeof too_large, 50, "decode_error");
}

/* Nothing may come between the parts of a message (RFC 8446 5.1). */
static void
test_interleaved (RecordFixture *f, gconstpointer data)
{
  record_fixture_seal (f, RECORD_HANDSHAKE, ticket, 10);
  record_fixture_seal (f, RECORD_DATA, "data", 4);
  record_fixture_assert_refuses (f, 10, "unexpected_message");

  reset (f);
  record_fixture_seal (f, RECORD_HANDSHAKE, ticket, 3);
  record_fixture_seal (f, RECORD_ALERT, "\1\0", 2);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
}

/* Messages that this side must not get: a server no tickets, nobody a CertificateRequest, … */
static void
test_unexpected_handshake (RecordFixture *f, gconstpointer data)
{
  const RecordTestConfig *config = data;
  static const guint8 types[] = { 0, 1, 2, 5, 8, 11, 13, 15, 20, 254, 255 };

  for (gsize i = 0; i < sizeof types; i++)
    {
      const guint8 message[5] = { types[i], 0, 0, 1, 0 };

      assert_refuses_message (f, message, sizeof message, 10, "unexpected_message");
    }
  if (config->role == HANDOFF_ROLE_SERVER)
    assert_refuses_message (f, ticket, sizeof ticket, 10, "unexpected_message");
}

/* The peer's new keys are followed; ours stay as they are. */
static void
test_key_update (RecordFixture *f, gconstpointer data)
{
  record_fixture_seal (f, RECORD_DATA, "old ", 4);
  for (guint i = 0; i < 3; i++)
    {
      record_fixture_seal (f, RECORD_HANDSHAKE, update_not_requested, 5);
      record_peer_update (&f->peer, &f->peer.state);
      record_fixture_seal (f, RECORD_DATA, "new ", 4);
    }
  record_fixture_assert_reads (f, "old new new new ");
  record_fixture_assert_nothing_to_say (f);
}

/* Split over records, and behind a ticket. */
static void
test_key_update_split (RecordFixture *f, gconstpointer data)
{
  guint8 message[sizeof ticket + 5];

  memcpy (message, ticket, sizeof ticket);
  memcpy (message + sizeof ticket, update_not_requested, 5);
  record_fixture_seal (f, RECORD_HANDSHAKE, message, sizeof ticket + 2);
  record_fixture_seal (f, RECORD_HANDSHAKE, message + sizeof ticket + 2, 3);
  record_peer_update (&f->peer, &f->peer.state);
  record_fixture_seal (f, RECORD_DATA, "new", 3);
  record_fixture_assert_reads (f, "new");
}

/* Asked for an answer: one KeyUpdate, before the next data, which comes under our new keys. */
static void
test_key_update_requested (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GBytes) output = NULL;
  const guint8 *records;
  gsize size;

  for (guint i = 0; i < 3; i++)
    {
      record_fixture_seal (f, RECORD_HANDSHAKE, update_requested, 5);
      record_peer_update (&f->peer, &f->peer.state);
    }
  record_fixture_assert_reads (f, "");
  record_test_protect (f->layer, (const guint8 *) "data", 4, out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, update_not_requested, 5);
  record_peer_update (&f->peer, &f->peer.read);
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, "data", 4);
  g_assert_cmpuint (size, ==, 0);
  record_fixture_assert_nothing_to_say (f);

  /* Without data to send, the answer can be had by itself. */
  record_fixture_seal (f, RECORD_HANDSHAKE, update_requested, 5);
  record_peer_update (&f->peer, &f->peer.state);
  record_fixture_assert_reads (f, "");
  output = tls_handoff_record_layer_take_output (f->layer);
  records = g_bytes_get_data (output, &size);
  record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, update_not_requested, 5);
  record_peer_update (&f->peer, &f->peer.read);
  g_assert_cmpuint (size, ==, 0);
  record_fixture_assert_nothing_to_say (f);

  g_byte_array_set_size (out, 0);
  record_test_protect (f->layer, (const guint8 *) "more", 4, out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, "more", 4);
}

/* The answer does not fit into the caller's buffer: it is not lost, and the data waits for it. */
static void
test_key_update_small_buffer (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint8 buffer[29];
  const guint8 *records = buffer;
  gsize consumed;
  gsize size;

  record_fixture_seal (f, RECORD_HANDSHAKE, update_requested, 5);
  record_peer_update (&f->peer, &f->peer.state);
  record_fixture_assert_reads (f, "");

  g_assert_false (tls_handoff_record_layer_protect (f->layer, (const guint8 *) "data", 4, &consumed,
                                                    buffer, 26, &size, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  tls_handoff_record_layer_protect (f->layer, (const guint8 *) "data", 4, &consumed, buffer,
                                    sizeof buffer, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (consumed, ==, 0);
  record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, update_not_requested, 5);
  record_peer_update (&f->peer, &f->peer.read);
  g_assert_cmpuint (size, ==, 0);
  tls_handoff_record_layer_protect (f->layer, (const guint8 *) "data", 4, &consumed, buffer,
                                    sizeof buffer, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (consumed, ==, 4);
  records = buffer;
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, "data", 4);
}

/* The same holds for a request of our own, behind an answer: buffers that hold one message each. */
static void
test_update_keys_small_buffer (RecordFixture *f, gconstpointer data)
{
  const guint8 *const expected[] = { update_not_requested, update_requested };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint8 buffer[29];
  const guint8 *records;
  gsize consumed;
  gsize size;

  g_assert_true (tls_handoff_record_layer_update_keys (f->layer, FALSE, NULL));
  g_assert_true (tls_handoff_record_layer_update_keys (f->layer, TRUE, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (tls_handoff_record_layer_protect (f->layer, (const guint8 *) "data", 4,
                                                        &consumed, buffer, 26, &size, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_assert_true (tls_handoff_record_layer_protect (
          f->layer, (const guint8 *) "data", 4, &consumed, buffer, sizeof buffer, &size, NULL));
      g_assert_cmpuint (consumed, ==, 0);
      records = buffer;
      record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, expected[i], 5);
      record_peer_update (&f->peer, &f->peer.read);
    }
  record_test_protect (f->layer, (const guint8 *) "data", 4, out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, "data", 4);
}

/* KeyUpdates that must be refused. */
static void
test_malformed_key_updates (RecordFixture *f, gconstpointer data)
{
  static const guint8 unknown_request[5] = { 24, 0, 0, 1, 2 };
  static const guint8 empty[4] = { 24, 0, 0, 0 };
  static const guint8 too_long[6] = { 24, 0, 0, 2, 0, 0 };
  /* A message must not span a change of keys (RFC 8446 5.1). */
  static const guint8 not_last[6] = { 24, 0, 0, 1, 0, 24 };

  assert_refuses_message (f, unknown_request, sizeof unknown_request, 47, "illegal_parameter");
  assert_refuses_message (f, empty, sizeof empty, 50, "decode_error");
  assert_refuses_message (f, too_long, sizeof too_long, 50, "decode_error");
  assert_refuses_message (f, not_last, sizeof not_last, 10, "unexpected_message");
}

/* After a KeyUpdate the old keys are gone. */
static void
test_old_keys (RecordFixture *f, gconstpointer data)
{
  record_fixture_seal (f, RECORD_HANDSHAKE, update_not_requested, 5);
  record_fixture_seal (f, RECORD_DATA, "old", 3);
  record_fixture_assert_refuses (f, 20, "bad_record_mac");
}

/* Eight in a moment are accepted, nine are not. */
static void
test_key_update_flood (RecordFixture *f, gconstpointer data)
{
  for (guint i = 0; i < 8; i++)
    {
      record_fixture_seal (f, RECORD_HANDSHAKE, update_not_requested, 5);
      record_peer_update (&f->peer, &f->peer.state);
    }
  record_fixture_assert_reads (f, "");
  record_fixture_seal (f, RECORD_HANDSHAKE, update_not_requested, 5);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
}

/* A key that is worn out is replaced in the middle of a large write, at exactly the limit. */
static void
test_usage_limit (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GBytes) bytes = record_test_data (3 * 16384);
  const guint8 *content = g_bytes_get_data (bytes, NULL);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const guint8 *records;
  gsize size;

  f->state->write.sequence_number = MAX_RECORDS_PER_KEY - 2;
  record_fixture_import_again (f);
  record_test_protect (f->layer, content, 3 * 16384, out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, content, 16384);
  record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, update_not_requested, 5);
  record_peer_update (&f->peer, &f->peer.read);
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, content + 16384, 16384);
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, content + 2 * 16384, 16384);
  g_assert_cmpuint (size, ==, 0);
}

static void
assert_writes (RecordFixture *f, const char *data, guint n_updates, const guint8 *update)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const guint8 *records;
  gsize size;

  record_test_protect (f->layer, (const guint8 *) data, strlen (data), out);
  records = out->data;
  size = out->len;
  for (guint i = 0; i < n_updates; i++)
    {
      record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, update, 5);
      record_peer_update (&f->peer, &f->peer.read);
    }
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, data, strlen (data));
  g_assert_cmpuint (size, ==, 0);
}

/* On the application's request: one message before the next data, however often it was asked for,
 * then new keys. */
static void
test_update_keys (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GBytes) output = NULL;
  const guint8 *records;
  gsize size;

  assert_writes (f, "old", 0, NULL);
  for (guint i = 0; i < 10; i++)
    g_assert_true (tls_handoff_record_layer_update_keys (f->layer, FALSE, NULL));
  assert_writes (f, "new", 1, update_not_requested);
  assert_writes (f, "same", 0, NULL);
  g_assert_true (tls_handoff_record_layer_update_keys (f->layer, TRUE, NULL));
  g_assert_true (tls_handoff_record_layer_update_keys (f->layer, TRUE, NULL));
  assert_writes (f, "newer", 1, update_requested);

  g_assert_true (tls_handoff_record_layer_update_keys (f->layer, TRUE, NULL));
  output = tls_handoff_record_layer_take_output (f->layer);
  records = g_bytes_get_data (output, &size);
  record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, update_requested, 5);
  record_peer_update (&f->peer, &f->peer.read);
  g_assert_cmpuint (size, ==, 0);
  assert_writes (f, "last", 0, NULL);
}

/* Between the two halves of a large write, of which the buffer took one. */
static void
test_update_keys_in_write (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GBytes) bytes = record_test_data (20000);
  const guint8 *content = g_bytes_get_data (bytes, NULL);
  guint8 buffer[11000];
  const guint8 *records = buffer;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  gsize first;
  gsize size;

  g_assert_true (tls_handoff_record_layer_protect (f->layer, content, 20000, &first, buffer,
                                                   sizeof buffer, &size, NULL));
  g_assert_cmpuint (first, <, 20000);
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, content, first);
  g_assert_true (tls_handoff_record_layer_update_keys (f->layer, FALSE, NULL));
  record_test_protect (f->layer, content + first, 20000 - first, out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, update_not_requested, 5);
  record_peer_update (&f->peer, &f->peer.read);
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, content + first, 20000 - first);
}

/* The peer's update_requested crosses ours: each is answered once, and that is the end of it (RFC
 * 8446 4.6.3). */
static void
test_update_keys_crossing (RecordFixture *f, gconstpointer data)
{
  g_assert_true (tls_handoff_record_layer_update_keys (f->layer, TRUE, NULL));
  assert_writes (f, "ours", 1, update_requested);
  record_fixture_seal (f, RECORD_HANDSHAKE, update_requested, 5);
  record_peer_update (&f->peer, &f->peer.state);
  record_fixture_assert_reads (f, "");
  assert_writes (f, "answer", 1, update_not_requested);
  /* The peer's answer. */
  record_fixture_seal (f, RECORD_HANDSHAKE, update_not_requested, 5);
  record_peer_update (&f->peer, &f->peer.state);
  record_fixture_seal (f, RECORD_DATA, "data", 4);
  record_fixture_assert_reads (f, "data");
  record_fixture_assert_nothing_to_say (f);
  assert_writes (f, "quiet", 0, NULL);
}

/* What we owe and what the application asks for come at the same time: an answer must not ask. */
static void
test_update_keys_and_answer (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const guint8 *records;
  gsize size;

  record_fixture_seal (f, RECORD_HANDSHAKE, update_requested, 5);
  record_peer_update (&f->peer, &f->peer.state);
  record_fixture_assert_reads (f, "");
  g_assert_true (tls_handoff_record_layer_update_keys (f->layer, TRUE, NULL));
  record_test_protect (f->layer, (const guint8 *) "data", 4, out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, update_not_requested, 5);
  record_peer_update (&f->peer, &f->peer.read);
  record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, update_requested, 5);
  record_peer_update (&f->peer, &f->peer.read);
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, "data", 4);
}

/* What is owed when this side closes goes out before the close_notify; then there are no keys. */
static void
test_update_keys_and_close (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) output = NULL;
  const guint8 *records;
  gsize size;

  record_fixture_seal (f, RECORD_HANDSHAKE, update_requested, 5);
  record_peer_update (&f->peer, &f->peer.state);
  record_fixture_assert_reads (f, "");
  g_assert_true (tls_handoff_record_layer_update_keys (f->layer, TRUE, NULL));
  g_assert_true (tls_handoff_record_layer_close (f->layer, NULL));
  output = tls_handoff_record_layer_take_output (f->layer);
  records = g_bytes_get_data (output, &size);
  record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, update_not_requested, 5);
  record_peer_update (&f->peer, &f->peer.read);
  record_fixture_assert_record (f, &records, &size, RECORD_HANDSHAKE, update_requested, 5);
  record_peer_update (&f->peer, &f->peer.read);
  record_fixture_assert_record (f, &records, &size, RECORD_ALERT, "\1\0", 2);
  g_assert_cmpuint (size, ==, 0);
  g_assert_false (tls_handoff_record_layer_update_keys (f->layer, FALSE, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
}

/* A peer that never renews its keys: the sequence number does not wrap. */
static void
test_sequence_numbers_end (RecordFixture *f, gconstpointer data)
{
  f->state->read.sequence_number = G_MAXUINT64 - 1;
  record_fixture_import_again (f);
  record_fixture_seal (f, RECORD_DATA, "last", 4);
  record_fixture_assert_reads (f, "last");
  record_fixture_seal (f, RECORD_DATA, "too many", 8);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
}

/* The header's version means nothing, but is authenticated. */
static void
test_version (RecordFixture *f, gconstpointer data)
{
  record_fixture_seal (f, RECORD_DATA, "data", 4);
  f->records->data[2] = 1;
  record_fixture_assert_refuses (f, 20, "bad_record_mac");
}

static void
add (const char *name, void (*function) (RecordFixture *f, gconstpointer data))
{
  g_autofree char *client_path = g_strconcat ("/record-layer/tls13/client/", name, NULL);
  g_autofree char *server_path = g_strconcat ("/record-layer/tls13/server/", name, NULL);

  record_fixture_add (client_path, &client, function);
  record_fixture_add (server_path, &server, function);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  record_fixture_add ("/record-layer/tls13/client/tickets", &client, test_tickets);
  record_fixture_add ("/record-layer/tls13/client/large-ticket", &client, test_large_ticket);
  record_fixture_add ("/record-layer/tls13/client/malformed-tickets", &client,
                      test_malformed_tickets);
  record_fixture_add ("/record-layer/tls13/client/interleaved", &client, test_interleaved);
  record_fixture_add ("/record-layer/tls13/client/key-update-split", &client,
                      test_key_update_split);
  add ("unexpected-handshake", test_unexpected_handshake);
  add ("key-update", test_key_update);
  add ("key-update-requested", test_key_update_requested);
  add ("key-update-small-buffer", test_key_update_small_buffer);
  add ("malformed-key-updates", test_malformed_key_updates);
  add ("old-keys", test_old_keys);
  add ("key-update-flood", test_key_update_flood);
  add ("usage-limit", test_usage_limit);
  add ("update-keys", test_update_keys);
  add ("update-keys-small-buffer", test_update_keys_small_buffer);
  add ("update-keys-in-write", test_update_keys_in_write);
  add ("update-keys-crossing", test_update_keys_crossing);
  add ("update-keys-and-answer", test_update_keys_and_answer);
  add ("update-keys-and-close", test_update_keys_and_close);
  add ("sequence-numbers-end", test_sequence_numbers_end);
  add ("version", test_version);
  return g_test_run ();
}
