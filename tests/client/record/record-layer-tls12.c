/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What only TLS 1.2 has: requests to renegotiate, sequence numbers that end. */

#include <string.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "support/record-test-fixture.h"

static const RecordTestConfig client = { 0x0303, HANDOFF_NONCE_EXPLICIT, HANDOFF_ROLE_CLIENT };
static const RecordTestConfig server = { 0x0303, HANDOFF_NONCE_EXPLICIT, HANDOFF_ROLE_SERVER };
static const RecordTestConfig xor_client = { 0x0303, HANDOFF_NONCE_XOR, HANDOFF_ROLE_CLIENT };

/* TLS 1.2: sequence numbers end before they wrap; alerts still fit. */
static void
test_sequence_numbers_end (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint8 buffer[64];
  const guint8 *records;
  gsize consumed;
  gsize size;

  f->state->write.sequence_number = G_MAXUINT64 - 17;
  f->state->read.sequence_number = G_MAXUINT64 - 1;
  record_fixture_import_again (f);
  record_test_protect (f->layer, (const guint8 *) "last", 4, out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, "last", 4);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (tls_handoff_record_layer_protect (
          f->layer, (const guint8 *) "x", 1, &consumed, buffer, sizeof buffer, &size, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
      g_clear_error (&error);
    }
  record_fixture_seal (f, RECORD_DATA, "last", 4);
  record_fixture_assert_reads (f, "last");
  record_fixture_seal (f, RECORD_DATA, "too many", 8);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
}

/* TLS 1.2: a server that wants to renegotiate gets one no_renegotiation, put before the next data.
 */
static void
test_hello_request (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const guint8 *records;
  gsize size;

  record_fixture_seal (f, RECORD_HANDSHAKE, "\0\0\0\0", 4);
  record_fixture_seal (f, RECORD_HANDSHAKE, "\0\0\0\0\0\0\0\0", 8);
  record_fixture_seal (f, RECORD_DATA, "data", 4);
  record_fixture_assert_reads (f, "data");
  record_fixture_assert_alert (f, 1, 100);

  record_fixture_seal (f, RECORD_HANDSHAKE, "\0\0\0\0", 4);
  record_fixture_assert_reads (f, "");
  record_test_protect (f->layer, (const guint8 *) "answer", 6, out);
  records = out->data;
  size = out->len;
  record_fixture_assert_record (f, &records, &size, RECORD_ALERT, "\1\144", 2);
  record_fixture_assert_record (f, &records, &size, RECORD_DATA, "answer", 6);
  record_fixture_assert_nothing_to_say (f);

  for (guint i = 0; i < 33; i++)
    record_fixture_seal (f, RECORD_HANDSHAKE, "\0\0\0\0", 4);
  {
    /* The answer to the 32 requests goes out with the alert. */
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) output = NULL;
    TlsHandoffRecordStatus status;

    g_assert_null (record_test_unprotect (f->layer, f->records, &status, &error));
    g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);
    output = tls_handoff_record_layer_take_output (f->layer);
    records = g_bytes_get_data (output, &size);
    record_fixture_assert_record (f, &records, &size, RECORD_ALERT, "\1\144", 2);
    record_fixture_assert_record (f, &records, &size, RECORD_ALERT, "\2\12", 2);
    g_assert_cmpuint (size, ==, 0);
  }
}

/* TLS 1.2: a client that renegotiates, its message split over two records. */
static void
test_client_hello (RecordFixture *f, gconstpointer data)
{
  record_fixture_seal (f, RECORD_HANDSHAKE, "\1\0\0\5he", 6);
  record_fixture_assert_reads (f, "");
  record_fixture_assert_nothing_to_say (f);
  /* Other types may come between. */
  record_fixture_seal (f, RECORD_DATA, "in between", 10);
  record_fixture_assert_reads (f, "in between");
  record_fixture_seal (f, RECORD_HANDSHAKE, "llo", 3);
  record_fixture_seal (f, RECORD_DATA, "data", 4);
  record_fixture_assert_reads (f, "data");
  record_fixture_assert_alert (f, 1, 100);
  record_fixture_seal (f, RECORD_HANDSHAKE, "\0\0\0\0", 4);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
}

/* TLS 1.2: warnings say nothing that matters, and any description may be one; a level that is
 * neither warning nor fatal is an error. */
static void
test_warning_alerts (RecordFixture *f, gconstpointer data)
{
  static const guint8 descriptions[] = { 41, 90, 100, 112, 200 };

  for (gsize i = 0; i < sizeof descriptions; i++)
    {
      const guint8 alert[2] = { 1, descriptions[i] };

      record_fixture_seal (f, RECORD_ALERT, alert, sizeof alert);
    }
  record_fixture_seal (f, RECORD_DATA, "go on", 5);
  record_fixture_assert_reads (f, "go on");
  record_fixture_assert_nothing_to_say (f);

  record_fixture_seal (f, RECORD_ALERT, "\3\132", 2);
  record_fixture_assert_refuses (f, 47, "illegal_parameter");
}

/* Of every two alerts in a row that have the first record's size in one record and the rest in the
 * next: breaks if a peer that joins or splits them is refused, or taken for one that says something
 * else. */
static void
test_split_alerts (RecordFixture *f, gconstpointer data)
{
  const guint8 warning_and_close[] = { 1, 100, 1, 0 };
  const guint8 warning_and_fatal[] = { 1, 90, 2, 40 };

  for (gsize first = 0; first <= 4; first++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) read = NULL;
      TlsHandoffRecordStatus status;

      g_byte_array_set_size (f->records, 0);
      record_fixture_import_again (f);
      if (first > 0)
        record_fixture_seal (f, RECORD_ALERT, warning_and_close, first);
      /* Other types may come between. */
      if (first < 4)
        {
          record_fixture_seal (f, RECORD_DATA, "data", 4);
          record_fixture_assert_reads (f, "data");
          record_fixture_seal (f, RECORD_ALERT, warning_and_close + first, 4 - first);
        }
      read = record_test_unprotect (f->layer, f->records, &status, &error);
      g_assert_no_error (error);
      g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_CLOSED);

      g_byte_array_set_size (f->records, 0);
      record_fixture_import_again (f);
      if (first > 0)
        record_fixture_seal (f, RECORD_ALERT, warning_and_fatal, first);
      if (first < 4)
        record_fixture_seal (f, RECORD_ALERT, warning_and_fatal + first, 4 - first);
      g_assert_null (record_test_unprotect (f->layer, f->records, &status, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_ALERT_RECEIVED);
      g_assert_nonnull (strstr (error->message, "handshake_failure"));
    }
}

/* Joined, they are counted all the same: 32 in a row and no more. */
static void
test_joined_flood (RecordFixture *f, gconstpointer data)
{
  guint8 warnings[66];

  for (gsize i = 0; i < sizeof warnings; i += 2)
    memcpy (warnings + i, "\1\132", 2);
  record_fixture_seal (f, RECORD_ALERT, warnings, 64);
  record_fixture_seal (f, RECORD_DATA, "data", 4);
  record_fixture_assert_reads (f, "data");
  record_fixture_seal (f, RECORD_ALERT, warnings, 66);
  record_fixture_assert_refuses (f, 10, "unexpected_message");
}

/* A key blob has no place for half an alert: nothing is lost, the export has to wait. */
static void
test_export_within_alert (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint8 zeros[32] = { 9 };
  g_autoptr (GBytes) key = g_bytes_new (zeros, sizeof zeros);
  int fd;

  record_fixture_seal (f, RECORD_ALERT, "\1", 1);
  record_fixture_assert_reads (f, "");
  g_assert_cmpint (tls_handoff_record_layer_export (f->layer, key, NULL, NULL, &error), ==, -1);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_clear_error (&error);
  record_fixture_seal (f, RECORD_ALERT, "\132", 1);
  record_fixture_assert_reads (f, "");
  fd = tls_handoff_record_layer_export (f->layer, key, NULL, NULL, &error);
  g_assert_no_error (error);
  close (fd);
}

/* TLS 1.2 has no new keys. */
static void
test_update_keys (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (tls_handoff_record_layer_update_keys (f->layer, TRUE, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED);
  record_fixture_assert_nothing_to_say (f);
  g_assert_null (tls_handoff_record_layer_take_session_tickets (f->layer));
}

/* TLS 1.2 knows neither tickets nor key updates after the handshake. */
static void
test_unexpected_handshake (RecordFixture *f, gconstpointer data)
{
  static const char *const messages[] = { "\4", "\30", "\2", "\13", "\24", "\377" };

  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      guint8 message[5] = { messages[i][0], 0, 0, 1, 0 };

      g_byte_array_set_size (f->records, 0);
      record_fixture_import_again (f);
      record_fixture_seal (f, RECORD_HANDSHAKE, message, sizeof message);
      record_fixture_assert_refuses (f, 10, "unexpected_message");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  record_fixture_add ("/record-layer/tls12/client/sequence-numbers-end", &client,
                      test_sequence_numbers_end);
  record_fixture_add ("/record-layer/tls12/xor-client/sequence-numbers-end", &xor_client,
                      test_sequence_numbers_end);
  record_fixture_add ("/record-layer/tls12/client/hello-request", &client, test_hello_request);
  record_fixture_add ("/record-layer/tls12/server/client-hello", &server, test_client_hello);
  record_fixture_add ("/record-layer/tls12/client/warning-alerts", &client, test_warning_alerts);
  record_fixture_add ("/record-layer/tls12/client/split-alerts", &client, test_split_alerts);
  record_fixture_add ("/record-layer/tls12/client/joined-flood", &client, test_joined_flood);
  record_fixture_add ("/record-layer/tls12/client/export-within-alert", &client,
                      test_export_within_alert);
  record_fixture_add ("/record-layer/tls12/client/update-keys", &client, test_update_keys);
  record_fixture_add ("/record-layer/tls12/client/unexpected-handshake", &client,
                      test_unexpected_handshake);
  record_fixture_add ("/record-layer/tls12/server/unexpected-handshake", &server,
                      test_unexpected_handshake);
  return g_test_run ();
}
