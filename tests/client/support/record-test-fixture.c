/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/record-test-fixture.h"

#include <string.h>

#include "keyblob/tls-handoff-error.h"

void
record_fixture_set_up (RecordFixture *f, gconstpointer data)
{
  const RecordTestConfig *config = data;

  f->state =
      record_test_state_new (record_test_suite (config->protocol, config->layout), config->role);
  if (config->mac_then_encrypt)
    f->state->encrypt_then_mac = FALSE;
  f->layer = record_test_import (f->state);
  record_peer_init (&f->peer, f->state);
  f->records = g_byte_array_new ();
  f->tls13 = config->protocol == 0x0304;
}

void
record_fixture_tear_down (RecordFixture *f, gconstpointer data)
{
  handoff_key_state_free (f->state);
  g_clear_object (&f->layer);
  g_byte_array_unref (f->records);
}

void
record_fixture_import_again (RecordFixture *f)
{
  g_object_unref (f->layer);
  f->layer = record_test_import (f->state);
  record_peer_init (&f->peer, f->state);
}

void
record_fixture_seal (RecordFixture *f, guint8 type, const void *content, gsize size)
{
  record_peer_seal (&f->peer, type, content, size, 0, f->records);
}

void
record_fixture_assert_reads (RecordFixture *f, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = NULL;
  TlsHandoffRecordStatus status;

  data = record_test_unprotect (f->layer, f->records, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_DATA);
  g_assert_cmpmem (g_bytes_get_data (data, NULL), g_bytes_get_size (data), expected,
                   strlen (expected));
  g_byte_array_set_size (f->records, 0);
}

void
record_fixture_assert_record (RecordFixture *f,
                              const guint8 **output,
                              gsize *size,
                              guint8 expected_type,
                              const void *expected,
                              gsize expected_size)
{
  guint8 type;
  g_autoptr (GBytes) content = record_peer_open (&f->peer, output, size, &type);

  g_assert_cmpuint (type, ==, expected_type);
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), expected,
                   expected_size);
}

void
record_fixture_assert_alert (RecordFixture *f, guint8 level, guint8 description)
{
  g_autoptr (GBytes) output = tls_handoff_record_layer_take_output (f->layer);
  g_autoptr (GBytes) more = NULL;
  const guint8 alert[2] = { level, description };
  const guint8 *records;
  gsize size;

  g_assert_nonnull (output);
  records = g_bytes_get_data (output, &size);
  record_fixture_assert_record (f, &records, &size, RECORD_ALERT, alert, sizeof alert);
  g_assert_cmpuint (size, ==, 0);
  more = tls_handoff_record_layer_take_output (f->layer);
  g_assert_null (more);
}

void
record_fixture_assert_nothing_to_say (RecordFixture *f)
{
  g_autoptr (GBytes) output = tls_handoff_record_layer_take_output (f->layer);

  g_assert_null (output);
}

void
record_fixture_assert_refuses (RecordFixture *f, guint8 description, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;
  g_autoptr (GError) write_error = NULL;
  guint8 out[64];
  gsize consumed;
  gsize size;
  TlsHandoffRecordStatus status;
  g_autoptr (GByteArray) before = g_byte_array_new ();

  g_byte_array_append (before, f->records->data, f->records->len);
  g_assert_false (tls_handoff_record_layer_unprotect (f->layer, f->records->data, f->records->len,
                                                      &consumed, &size, &status, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);
  g_assert_nonnull (strstr (error->message, name));
  g_assert_cmpuint (size, ==, 0);
  /* Of the record that was refused, ciphertext is left or zeros. */
  for (gsize i = consumed; i < f->records->len; i++)
    g_assert_true (f->records->data[i] == before->data[i] || f->records->data[i] == 0);
  record_fixture_assert_alert (f, 2, description);

  g_assert_false (
      tls_handoff_record_layer_unprotect (f->layer, NULL, 0, &consumed, &size, &status, &again));
  g_assert_error (again, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);
  g_assert_cmpstr (again->message, ==, error->message);
  g_assert_false (tls_handoff_record_layer_protect (f->layer, (const guint8 *) "x", 1, &consumed,
                                                    out, sizeof out, &size, &write_error));
  g_assert_error (write_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
}

void
record_fixture_add (const char *path,
                    const RecordTestConfig *config,
                    void (*function) (RecordFixture *f, gconstpointer data))
{
  g_test_add (path, RecordFixture, config, record_fixture_set_up, function,
              record_fixture_tear_down);
}
