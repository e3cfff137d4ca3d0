/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Every suite, in both roles, against GnuTLS: its handshake, its state in a key blob, its record
 * layer at the other end. */

#include <string.h>

#include "support/gnutls-pair.h"
#include "support/record-test-utils.h"

typedef struct
{
  const HandoffCipherSuite *suite;
  HandoffRole role; /* the record layer's */
  gboolean mac_then_encrypt;
} Config;

typedef struct
{
  const HandoffCipherSuite *suite;
  GnutlsPair *pair;
  GnutlsSide *ours; /* as it was before the crossing */
  GnutlsSide *peer;
  TlsHandoffRecordLayer *layer;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const Config *config = data;
  g_autoptr (HandoffKeyState) state = NULL;

  f->suite = config->suite;
  f->pair = gnutls_pair_new_with (config->suite, config->mac_then_encrypt ? ":%NO_ETM" : "");
  f->ours = config->role == HANDOFF_ROLE_CLIENT ? &f->pair->client : &f->pair->server;
  f->peer = config->role == HANDOFF_ROLE_CLIENT ? &f->pair->server : &f->pair->client;
  state = gnutls_side_get_state (f->ours, config->suite);
  g_assert_cmpint (state->encrypt_then_mac, ==,
                   handoff_cipher_suite_is_cbc (config->suite) && !config->mac_then_encrypt);
  f->layer = record_test_import (state);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->layer);
  gnutls_pair_free (f->pair);
}

static void
layer_sends (Fixture *f, GBytes *data)
{
  g_autoptr (GByteArray) records = g_byte_array_new ();

  record_test_protect (f->layer, g_bytes_get_data (data, NULL), g_bytes_get_size (data), records);
  gnutls_pipe_write (f->ours->out, records->data, records->len);
}

static void
layer_sends_output (Fixture *f)
{
  g_autoptr (GBytes) output = tls_handoff_record_layer_take_output (f->layer);

  g_assert_nonnull (output);
  gnutls_pipe_write (f->ours->out, g_bytes_get_data (output, NULL), g_bytes_get_size (output));
}

/* All that the peer has sent, fed in pieces of step bytes, as sockets would. */
static GByteArray *
layer_receives (Fixture *f, gsize step, TlsHandoffRecordStatus *status)
{
  g_autoptr (GByteArray) records = gnutls_pipe_take (&f->ours->in);
  g_autoptr (GByteArray) buffer = g_byte_array_new ();
  GByteArray *data = g_byte_array_new ();

  for (gsize fed = 0; fed < records->len; fed += MIN (step, records->len - fed))
    {
      g_autoptr (GError) error = NULL;
      gsize consumed;
      gsize size;

      g_byte_array_append (buffer, records->data + fed, MIN (step, records->len - fed));
      tls_handoff_record_layer_unprotect (f->layer, buffer->data, buffer->len, &consumed, &size,
                                          status, &error);
      g_assert_no_error (error);
      g_byte_array_append (data, buffer->data, size);
      if (consumed > 0)
        g_byte_array_remove_range (buffer, 0, consumed);
    }
  g_assert_cmpuint (buffer->len, ==, 0);
  return data;
}

static void
assert_layer_receives (Fixture *f, GBytes *expected, gsize step)
{
  TlsHandoffRecordStatus status = TLS_HANDOFF_RECORD_STATUS_DATA;
  g_autoptr (GByteArray) received = layer_receives (f, step, &status);

  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_DATA);
  g_assert_cmpmem (received->data, received->len, g_bytes_get_data (expected, NULL),
                   g_bytes_get_size (expected));
}

static void
exchange (Fixture *f, gsize size, gsize step)
{
  g_autoptr (GBytes) data = record_test_data (size);
  g_autoptr (GBytes) received = NULL;

  layer_sends (f, data);
  received = gnutls_side_receive (f->peer, size);
  g_assert_true (g_bytes_equal (received, data));

  gnutls_side_send (f->peer, g_bytes_get_data (data, NULL), size);
  assert_layer_receives (f, data, step);
}

/* Sizes around the limits of a record. In the client role, tickets come first. */
static void
test_data (Fixture *f, gconstpointer data)
{
  static const gsize sizes[] = { 0, 1, 16383, 16384, 16385, 1024 * 1024 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    exchange (f, sizes[i], 30000);
  exchange (f, 1000, 1);
  exchange (f, 100000, 16384);
}

/* AES-CBC: every size around several blocks of cipher and hash. */
static void
test_every_size (Fixture *f, gconstpointer data)
{
  for (gsize size = 1; size < 300; size++)
    exchange (f, size, 1000);
}

/* Key updates from both sides, with and without an answer, with data in between. */
static void
test_key_update (Fixture *f, gconstpointer data)
{
  exchange (f, 1000, 1000);
  g_assert_cmpint (gnutls_session_key_update (f->peer->session, 0), ==, 0);
  exchange (f, 1000, 1000);
  g_assert_cmpint (gnutls_session_key_update (f->peer->session, GNUTLS_KU_PEER), ==, 0);
  exchange (f, 20000, 1000);

  /* The answer alone, then data. */
  g_assert_cmpint (gnutls_session_key_update (f->peer->session, GNUTLS_KU_PEER), ==, 0);
  {
    g_autoptr (GBytes) nothing = record_test_data (0);

    assert_layer_receives (f, nothing, 1000);
  }
  layer_sends_output (f);
  exchange (f, 20000, 1000);
}

/* Our own key update, where a key is worn out: GnuTLS follows it. */
static void
test_usage_limit (Fixture *f, gconstpointer data)
{
  const guint64 near_limit = (G_GUINT64_CONSTANT (1) << 23) - 3;
  g_autoptr (HandoffKeyState) state = gnutls_side_get_state (f->ours, f->suite);
  g_autoptr (HandoffKeyState) after = NULL;
  guint8 number[8];
  guint8 byte;

  /* Tickets that the server sent before the crossing have the old numbers. */
  g_assert_cmpint (gnutls_side_receive_some (f->peer, &byte, 1), ==, GNUTLS_E_AGAIN);
  for (guint i = 0; i < sizeof number; i++)
    number[i] = near_limit >> (56 - 8 * i);
  g_assert_cmpint (gnutls_record_set_state (f->peer->session, TRUE, number), ==, 0);
  state->write.sequence_number = near_limit;
  g_object_unref (f->layer);
  f->layer = record_test_import (state);

  exchange (f, 100, 1000);
  exchange (f, 5 * 16384, 1000);
  exchange (f, 100, 1000);

  /* GnuTLS would have gone on with the worn-out key. */
  after = record_test_export_state (f->layer);
  g_assert_cmpuint (after->write.sequence_number, <, 16);
  g_assert_cmpint (memcmp (after->write.traffic_secret, state->write.traffic_secret,
                           state->write.traffic_secret_size),
                   !=, 0);
}

/* Both sides close; each sees the other's close_notify. */
static void
test_close_first (Fixture *f, gconstpointer data)
{
  TlsHandoffRecordStatus status = TLS_HANDOFF_RECORD_STATUS_DATA;
  g_autoptr (GByteArray) received = NULL;
  guint8 byte;

  exchange (f, 10, 1000);
  g_assert_true (tls_handoff_record_layer_close (f->layer, NULL));
  layer_sends_output (f);
  g_assert_cmpint (gnutls_side_receive_some (f->peer, &byte, 1), ==, 0);
  g_assert_cmpint (gnutls_bye (f->peer->session, GNUTLS_SHUT_WR), ==, 0);
  received = layer_receives (f, 1000, &status);
  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_CLOSED);
  g_assert_cmpuint (received->len, ==, 0);
}

/* Import and export give the state that the handshake left, field by field; and whoever imports
 * that goes on, mid-stream and again. */
static void
test_handed_on (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffKeyState) state = gnutls_side_get_state (f->ours, f->suite);
  g_autoptr (HandoffKeyState) exported = record_test_export_state (f->layer);

  g_assert_true (handoff_key_state_equal (state, exported));
  /* Tickets, or the last messages of a handshake that were protected. */
  g_assert_true (f->suite->protocol == 0x0303 || f->ours->role == HANDOFF_ROLE_CLIENT ||
                 exported->write.sequence_number > 0);
  g_assert_true (f->suite->protocol == 0x0304 || exported->write.sequence_number == 1);
  g_object_unref (f->layer);
  f->layer = record_test_import (exported);
  for (guint i = 0; i < 3; i++)
    {
      TlsHandoffRecordLayer *next;

      exchange (f, 20000, 1000);
      if (f->suite->protocol == 0x0304)
        {
          g_assert_true (tls_handoff_record_layer_update_keys (f->layer, i % 2 == 0, NULL));
          g_assert_cmpint (gnutls_session_key_update (f->peer->session, 0), ==, 0);
        }
      next = record_test_hand_on (f->layer, NULL, NULL);
      g_object_unref (f->layer);
      f->layer = next;
    }
  exchange (f, 1000, 1000);
  test_close_first (f, data);
}

/* The peer closes first; what we send until we close still arrives. */
static void
test_close_second (Fixture *f, gconstpointer data)
{
  TlsHandoffRecordStatus status = TLS_HANDOFF_RECORD_STATUS_DATA;
  g_autoptr (GBytes) rest = record_test_data (1000);
  g_autoptr (GBytes) rest_received = NULL;
  g_autoptr (GByteArray) received = NULL;
  guint8 byte;

  gnutls_side_send (f->peer, (const guint8 *) "bye", 3);
  g_assert_cmpint (gnutls_bye (f->peer->session, GNUTLS_SHUT_WR), ==, 0);
  received = layer_receives (f, 100000, &status);
  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_CLOSED);
  g_assert_cmpmem (received->data, received->len, "bye", 3);

  layer_sends (f, rest);
  rest_received = gnutls_side_receive (f->peer, 1000);
  g_assert_true (g_bytes_equal (rest, rest_received));
  g_assert_true (tls_handoff_record_layer_close (f->layer, NULL));
  layer_sends_output (f);
  g_assert_cmpint (gnutls_side_receive_some (f->peer, &byte, 1), ==, 0);
}

/* What we refuse, GnuTLS hears of: it can read our alert. */
static void
test_alert_arrives (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) records = NULL;
  g_autoptr (GError) error = NULL;
  TlsHandoffRecordStatus status;
  guint8 byte;

  gnutls_side_send (f->peer, (const guint8 *) "data", 4);
  records = gnutls_pipe_take (&f->ours->in);
  records->data[records->len - 1] ^= 1;
  g_assert_null (record_test_unprotect (f->layer, records, &status, &error));
  layer_sends_output (f);
  g_assert_cmpint (gnutls_side_receive_some (f->peer, &byte, 1), ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
  g_assert_cmpint (gnutls_alert_get (f->peer->session), ==, GNUTLS_A_BAD_RECORD_MAC);
}

/* TLS 1.2: GnuTLS asks for a renegotiation and is told no; the connection lives on. */
static void
test_renegotiation (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) nothing = record_test_data (0);
  guint8 byte;

  if (f->peer->role == HANDOFF_ROLE_SERVER)
    {
      g_assert_cmpint (gnutls_rehandshake (f->peer->session), ==, 0);
      assert_layer_receives (f, nothing, 1000);
      layer_sends_output (f);
      g_assert_cmpint (gnutls_side_receive_some (f->peer, &byte, 1), ==,
                       GNUTLS_E_WARNING_ALERT_RECEIVED);
      g_assert_cmpint (gnutls_alert_get (f->peer->session), ==, GNUTLS_A_NO_RENEGOTIATION);
      exchange (f, 1000, 1000);
    }
  else
    {
      g_assert_cmpint (gnutls_handshake (f->peer->session), ==, GNUTLS_E_AGAIN);
      assert_layer_receives (f, nothing, 1000);
      layer_sends_output (f);
      g_assert_cmpint (gnutls_handshake (f->peer->session), ==, GNUTLS_E_WARNING_ALERT_RECEIVED);
      g_assert_cmpint (gnutls_alert_get (f->peer->session), ==, GNUTLS_A_NO_RENEGOTIATION);
    }
}

static void
add (const Config *config, const char *name, void (*function) (Fixture *f, gconstpointer data))
{
  g_autofree char *path =
      g_strdup_printf ("/record-layer/gnutls/%s%s/%s/%s", config->suite->name,
                       config->mac_then_encrypt ? "-mac-then-encrypt" : "",
                       config->role == HANDOFF_ROLE_CLIENT ? "client" : "server", name);

  g_test_add (path, Fixture, config, set_up, function, tear_down);
}

static void
add_all (const Config *config)
{
  add (config, "data", test_data);
  add (config, "close-first", test_close_first);
  add (config, "close-second", test_close_second);
  add (config, "alert-arrives", test_alert_arrives);
  add (config, "handed-on", test_handed_on);
  if (config->suite->protocol == 0x0304)
    {
      add (config, "key-update", test_key_update);
      add (config, "usage-limit", test_usage_limit);
    }
  else
    {
      add (config, "renegotiation", test_renegotiation);
    }
  if (handoff_cipher_suite_is_cbc (config->suite))
    add (config, "every-size", test_every_size);
}

int
main (int argc, char **argv)
{
  gsize n;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n);
  g_autofree Config *configs = g_new0 (Config, 4 * n);

  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < 4 * n; i++)
    {
      configs[i].suite = &suites[i / 4];
      configs[i].role = i % 2 == 0 ? HANDOFF_ROLE_CLIENT : HANDOFF_ROLE_SERVER;
      configs[i].mac_then_encrypt = i % 4 >= 2;
      if (configs[i].mac_then_encrypt && !handoff_cipher_suite_is_cbc (configs[i].suite))
        continue;
      add_all (&configs[i]);
    }
  return g_test_run ();
}
