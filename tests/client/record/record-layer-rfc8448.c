/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The published trace of RFC 8448 section 3: exactly its records, made and read, in both roles. */

#include <string.h>

#include "support/record-test-utils.h"

typedef struct
{
  char *json;
} Trace;

static guint8 *
from_hex (const char *hex, gsize *size)
{
  guint8 *bytes = g_malloc (strlen (hex) / 2 + 1);

  *size = strlen (hex) / 2;
  for (gsize i = 0; i < *size; i++)
    bytes[i] = g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]);
  return bytes;
}

/* The value of the first key of that name behind what, in hex. */
static guint8 *
get_bytes (const char *json, const char *what, const char *key, gsize *size)
{
  g_autofree char *pattern = g_strdup_printf ("\"%s\": \"([0-9a-f]+)\"", key);
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *hex = NULL;
  const char *start = strstr (json, what);

  g_assert_nonnull (start);
  g_assert_true (g_regex_match (regex, start, 0, &match));
  hex = g_match_info_fetch (match, 1);
  return from_hex (hex, size);
}

static void
set_up (Trace *trace, gconstpointer data)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "vectors", "rfc8448-section3.json", NULL);
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &trace->json, NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Trace *trace, gconstpointer data)
{
  g_free (trace->json);
}

static void
set_secret (const Trace *trace, const char *key, HandoffDirectionState *state)
{
  gsize size;
  g_autofree guint8 *secret = get_bytes (trace->json, "{", key, &size);

  memcpy (state->traffic_secret, secret, size);
  state->traffic_secret_size = size;
  record_test_derive (handoff_cipher_suite_by_id (0x1301), state);
}

static TlsHandoffRecordLayer *
import (const Trace *trace, HandoffRole role)
{
  g_autoptr (HandoffKeyState) state = handoff_key_state_new ();
  HandoffDirectionState *by_client = role == HANDOFF_ROLE_CLIENT ? &state->write : &state->read;
  HandoffDirectionState *by_server = role == HANDOFF_ROLE_CLIENT ? &state->read : &state->write;
  gsize size;
  g_autofree guint8 *key = get_bytes (trace->json, "{", "server_write_key", &size);
  g_autofree guint8 *iv = NULL;

  state->role = role;
  state->protocol = 0x0304;
  state->cipher_suite = 0x1301;
  state->read.max_plaintext_size = state->write.max_plaintext_size = 16384;
  set_secret (trace, "client_application_traffic_secret_0", by_client);
  set_secret (trace, "server_application_traffic_secret_0", by_server);
  g_assert_cmpmem (by_server->key, by_server->key_size, key, size);
  iv = get_bytes (trace->json, "{", "server_write_iv", &size);
  g_assert_cmpmem (by_server->iv, by_server->iv_size, iv, size);
  /* The server sent its ticket before the crossing. */
  if (role == HANDOFF_ROLE_SERVER)
    state->write.sequence_number = 1;
  return record_test_import (state);
}

/* The record that sender sent, by its description. */
static GByteArray *
get_record (const Trace *trace, const char *sender, const char *what)
{
  g_autofree char *head =
      g_strdup_printf ("\"sender\": \"%s\",\n   \"what\": \"%s\"", sender, what);
  gsize size;
  guint8 *record = get_bytes (trace->json, head, "record", &size);

  return g_byte_array_new_take (record, size);
}

static void
assert_makes (TlsHandoffRecordLayer *layer, const Trace *trace, const char *sender)
{
  guint8 payload[50];
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GByteArray) data_record = get_record (trace, sender, "application_data");
  g_autoptr (GByteArray) close_record = get_record (trace, sender, "alert close_notify");
  g_autoptr (GBytes) close_output = NULL;

  for (guint i = 0; i < sizeof payload; i++)
    payload[i] = i;
  record_test_protect (layer, payload, sizeof payload, out);
  g_assert_cmpmem (out->data, out->len, data_record->data, data_record->len);
  g_assert_true (tls_handoff_record_layer_close (layer, NULL));
  close_output = tls_handoff_record_layer_take_output (layer);
  g_assert_cmpmem (g_bytes_get_data (close_output, NULL), g_bytes_get_size (close_output),
                   close_record->data, close_record->len);
}

/* The NewSessionTicket as it is printed there, as far as its nonce and the length of its ticket. */
static void
assert_ticket (TlsHandoffRecordLayer *layer)
{
  static const guint8 start[] = { 0x04, 0x00, 0x00, 0xc9, 0x00, 0x00, 0x00, 0x1e, 0xfa,
                                  0xd6, 0xaa, 0xc5, 0x02, 0x00, 0x00, 0x00, 0xb2 };
  g_autoptr (GBytes) tickets = tls_handoff_record_layer_take_session_tickets (layer);

  g_assert_nonnull (tickets);
  g_assert_cmpuint (g_bytes_get_size (tickets), ==, 205);
  g_assert_cmpmem (g_bytes_get_data (tickets, NULL), sizeof start, start, sizeof start);
}

static void
assert_reads (TlsHandoffRecordLayer *layer, const Trace *trace, const char *sender)
{
  g_autoptr (GByteArray) records = g_byte_array_new ();
  g_autoptr (GByteArray) data_record = get_record (trace, sender, "application_data");
  g_autoptr (GByteArray) close_record = get_record (trace, sender, "alert close_notify");
  g_autoptr (GBytes) received = NULL;
  g_autoptr (GError) error = NULL;
  TlsHandoffRecordStatus status;
  const guint8 *payload;
  gsize size;

  if (g_str_equal (sender, "server"))
    {
      g_autoptr (GByteArray) ticket_record = get_record (trace, sender, "NewSessionTicket");

      g_byte_array_append (records, ticket_record->data, ticket_record->len);
    }
  g_byte_array_append (records, data_record->data, data_record->len);
  g_byte_array_append (records, close_record->data, close_record->len);
  received = record_test_unprotect (layer, records, &status, &error);
  g_assert_no_error (error);
  if (g_str_equal (sender, "server"))
    assert_ticket (layer);
  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_CLOSED);
  payload = g_bytes_get_data (received, &size);
  g_assert_cmpuint (size, ==, 50);
  for (guint i = 0; i < size; i++)
    g_assert_cmpuint (payload[i], ==, i);
}

static void
test_client (Trace *trace, gconstpointer data)
{
  g_autoptr (TlsHandoffRecordLayer) layer = import (trace, HANDOFF_ROLE_CLIENT);

  assert_makes (layer, trace, "client");
  assert_reads (layer, trace, "server");
}

static void
test_server (Trace *trace, gconstpointer data)
{
  g_autoptr (TlsHandoffRecordLayer) layer = import (trace, HANDOFF_ROLE_SERVER);

  assert_reads (layer, trace, "client");
  assert_makes (layer, trace, "server");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/record-layer/rfc8448/client", Trace, NULL, set_up, test_client, tear_down);
  g_test_add ("/record-layer/rfc8448/server", Trace, NULL, set_up, test_server, tear_down);
  return g_test_run ();
}
