/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Session tickets of a TLS 1.3 server: kept for whoever did the handshake. */

#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "support/record-test-fixture.h"

#define MAX_SIZE (64 * 1024)

static const RecordTestConfig client = { 0x0304, HANDOFF_NONCE_XOR, HANDOFF_ROLE_CLIENT };

/* (transfer full) a NewSessionTicket whose ticket has size bytes, all of them fill */
static GByteArray *
make_ticket (gsize size, guint8 fill)
{
  gsize body_size = 4 + 4 + 1 + 2 + size + 2;
  const guint8 head[] = { 4,
                          body_size >> 16,
                          (body_size >> 8) & 0xff,
                          body_size & 0xff,
                          0,
                          0,
                          28,
                          32,
                          1,
                          2,
                          3,
                          4,
                          0,
                          size >> 8,
                          size & 0xff };
  GByteArray *message = g_byte_array_new ();

  g_byte_array_append (message, head, sizeof head);
  g_byte_array_set_size (message, sizeof head + size);
  memset (message->data + sizeof head, fill, size);
  g_byte_array_append (message, (const guint8 *) "\0\0", 2);
  return message;
}

static void
send_ticket (RecordFixture *f, const GByteArray *message)
{
  for (gsize done = 0; done < message->len; done += 16384)
    record_fixture_seal (f, RECORD_HANDSHAKE, message->data + done,
                         MIN (16384, message->len - done));
}

static void
assert_tickets (RecordFixture *f, const GByteArray *expected)
{
  g_autoptr (GBytes) tickets = tls_handoff_record_layer_take_session_tickets (f->layer);
  g_autoptr (GBytes) again = tls_handoff_record_layer_take_session_tickets (f->layer);

  g_assert_nonnull (tickets);
  g_assert_cmpmem (g_bytes_get_data (tickets, NULL), g_bytes_get_size (tickets), expected->data,
                   expected->len);
  g_assert_null (again);
}

static void
assert_no_tickets (RecordFixture *f)
{
  g_assert_null (tls_handoff_record_layer_take_session_tickets (f->layer));
}

/* Messages whole, with their headers, in order, each once. Fails if they are skipped, cut or kept.
 */
static void
test_order (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();

  assert_no_tickets (f);
  for (guint round = 0; round < 2; round++)
    {
      g_byte_array_set_size (all, 0);
      for (guint8 i = 1; i <= 4; i++)
        {
          g_autoptr (GByteArray) ticket = make_ticket (i * 10, i);

          send_ticket (f, ticket);
          g_byte_array_append (all, ticket->data, ticket->len);
        }
      record_fixture_seal (f, RECORD_DATA, "data", 4);
      record_fixture_assert_reads (f, "data");
      assert_tickets (f, all);
    }
}

/* Several in one record, cut anywhere; a message that is not complete yet is not handed out. */
static void
test_split (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) first = make_ticket (20, 1);
  g_autoptr (GByteArray) second = make_ticket (30, 2);
  g_autoptr (GByteArray) both = g_byte_array_new ();

  g_byte_array_append (both, first->data, first->len);
  g_byte_array_append (both, second->data, second->len);
  for (gsize split = 1; split < both->len; split++)
    {
      gboolean first_is_there = split >= first->len;

      record_fixture_seal (f, RECORD_HANDSHAKE, both->data, split);
      record_fixture_assert_reads (f, "");
      if (first_is_there)
        assert_tickets (f, first);
      else
        assert_no_tickets (f);
      record_fixture_seal (f, RECORD_HANDSHAKE, both->data + split, both->len - split);
      record_fixture_assert_reads (f, "");
      assert_tickets (f, first_is_there ? second : both);
    }
}

/* 64 KiB and no more, and then room again. A ticket that does not fit is no error. */
static void
test_bound (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) large = make_ticket (40000, 1);
  g_autoptr (GByteArray) too_large = make_ticket (65535, 4);
  /* The 15 bytes before and 2 behind it. */
  g_autoptr (GByteArray) fitting = make_ticket (MAX_SIZE - (40000 + 17) - 17, 3);
  g_autoptr (GByteArray) small = make_ticket (1, 2);
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  send_ticket (f, too_large);
  record_fixture_assert_reads (f, "");
  assert_no_tickets (f);

  send_ticket (f, large);
  send_ticket (f, large);
  send_ticket (f, fitting);
  send_ticket (f, small);
  record_fixture_seal (f, RECORD_DATA, "data", 4);
  record_fixture_assert_reads (f, "data");
  g_byte_array_append (expected, large->data, large->len);
  g_byte_array_append (expected, fitting->data, fitting->len);
  g_assert_cmpuint (expected->len, ==, MAX_SIZE);
  assert_tickets (f, expected);

  send_ticket (f, small);
  record_fixture_assert_reads (f, "");
  assert_tickets (f, small);
}

/* A server that sends its answer, a ticket and its close at once is normal: the ticket is good. One
 * of a connection that failed is not. */
static void
test_end (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) ticket = make_ticket (10, 1);
  g_autoptr (GBytes) received = NULL;
  g_autoptr (GError) error = NULL;
  TlsHandoffRecordStatus status;

  send_ticket (f, ticket);
  record_fixture_seal (f, RECORD_ALERT, "\1\0", 2);
  received = record_test_unprotect (f->layer, f->records, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_CLOSED);
  assert_tickets (f, ticket);

  g_byte_array_set_size (f->records, 0);
  record_fixture_import_again (f);
  send_ticket (f, ticket);
  record_fixture_assert_reads (f, "");
  record_fixture_seal (f, RECORD_HANDSHAKE, "\15\0\0\0", 4);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
  assert_no_tickets (f);
}

/* A malformed ticket is not handed out with the good ones. */
static void
test_malformed (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) ticket = make_ticket (10, 1);

  ticket->data[14]++;
  send_ticket (f, ticket);
  record_fixture_assert_refuses (f, 50, "decode_error");
  assert_no_tickets (f);
}

/* An extension may be there once (RFC 8446 4.2), whether or not anybody knows it, and early_data
 * has a number of four bytes. */
static void
test_extensions (RecordFixture *f, gconstpointer data)
{
  static const guint8 extensions[][18] = {
    { 0, 10, 0x20, 0x20, 0, 0, 0x20, 0x21, 0, 2, 7, 7 },
    { 0, 8, 0x20, 0x20, 0, 0, 0x20, 0x20, 0, 0 },
    { 0, 16, 0, 42, 0, 4, 0, 0, 0, 1, 0, 42, 0, 4, 0, 0, 0, 1 },
    { 0, 7, 0, 42, 0, 3, 0, 0, 1 },
    { 0, 9, 0, 42, 0, 5, 0, 0, 0, 0, 1 },
  };
  static const guint8 alerts[] = { 0, 47, 47, 50, 50 };

  for (gsize i = 0; i < G_N_ELEMENTS (extensions); i++)
    {
      guint8 message[4 + 4 + 4 + 1 + 2 + 1 + sizeof *extensions] = { 4 };
      const gsize extensions_size = 2 + (gsize) extensions[i][1];

      message[3] = (guint8) (12 + extensions_size);
      message[14] = 1; /* the ticket's length */
      memcpy (message + 16, extensions[i], extensions_size);
      g_byte_array_set_size (f->records, 0);
      record_fixture_import_again (f);
      record_fixture_seal (f, RECORD_HANDSHAKE, message, 16 + extensions_size);
      if (alerts[i] == 0)
        record_fixture_assert_reads (f, "");
      else
        record_fixture_assert_refuses (f, alerts[i],
                                       alerts[i] == 47 ? "illegal_parameter" : "decode_error");
    }
}

/* Breaks if a server can keep the reader busy with tickets alone. */
static void
test_flood (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) ticket = make_ticket (10, 1);

  for (guint i = 0; i < 1001; i++)
    send_ticket (f, ticket);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  record_fixture_add ("/record-layer/tickets/order", &client, test_order);
  record_fixture_add ("/record-layer/tickets/split", &client, test_split);
  record_fixture_add ("/record-layer/tickets/bound", &client, test_bound);
  record_fixture_add ("/record-layer/tickets/end", &client, test_end);
  record_fixture_add ("/record-layer/tickets/malformed", &client, test_malformed);
  record_fixture_add ("/record-layer/tickets/extensions", &client, test_extensions);
  record_fixture_add ("/record-layer/tickets/flood", &client, test_flood);
  return g_test_run ();
}
