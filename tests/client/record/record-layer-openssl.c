/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Every suite, in both roles, against OpenSSL. Data have crossed before the state does, so that no
 * sequence number is the first. */

#include "support/openssl-pair.h"
#include "support/record-test-utils.h"

typedef struct
{
  const HandoffCipherSuite *suite;
  HandoffRole role; /* the record layer's */
  gboolean mac_then_encrypt;
} Config;

typedef struct
{
  const Config *config;
  OpensslPair *pair;
  TlsHandoffRecordLayer *layer;
} Fixture;

/* GnuTLS and OpenSSL, before the crossing. */
static void
exchange_before (OpensslPair *pair)
{
  g_autoptr (GBytes) at_peer = NULL;
  g_autoptr (GBytes) at_us = NULL;

  for (guint i = 0; i < 3; i++)
    gnutls_side_send (&pair->ours, (const guint8 *) "before", 6);
  at_peer = openssl_pair_receive (pair, 18);
  openssl_pair_send (pair, (const guint8 *) "before", 6);
  openssl_pair_send (pair, (const guint8 *) "before", 6);
  at_us = gnutls_side_receive (&pair->ours, 12);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffKeyState) state = NULL;
  g_autoptr (HandoffKeyState) exported = NULL;
  g_autoptr (TlsHandoffRecordLayer) first = NULL;

  f->config = data;
  f->pair = openssl_pair_new (f->config->suite, f->config->role, f->config->mac_then_encrypt);
  exchange_before (f->pair);
  state = gnutls_side_get_state (&f->pair->ours, f->config->suite);
  g_assert_cmpint (state->encrypt_then_mac, ==,
                   handoff_cipher_suite_is_cbc (f->config->suite) && !f->config->mac_then_encrypt);
  g_assert_cmpuint (state->read.sequence_number, >=, 2);
  g_assert_cmpuint (state->write.sequence_number, >=, 3);
  first = record_test_import (state);
  exported = record_test_export_state (first);
  g_assert_true (handoff_key_state_equal (state, exported));
  f->layer = record_test_import (exported);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->layer);
  openssl_pair_free (f->pair);
}

static void
layer_sends (Fixture *f, GBytes *data)
{
  g_autoptr (GByteArray) records = g_byte_array_new ();

  record_test_protect (f->layer, g_bytes_get_data (data, NULL), g_bytes_get_size (data), records);
  gnutls_pipe_write (&f->pair->to_peer, records->data, records->len);
}

static GBytes *
layer_receives (Fixture *f, TlsHandoffRecordStatus *status)
{
  g_autoptr (GByteArray) records = gnutls_pipe_take (&f->pair->ours.in);
  g_autoptr (GError) error = NULL;
  GBytes *data = record_test_unprotect (f->layer, records, status, &error);

  g_assert_no_error (error);
  return data;
}

static void
exchange (Fixture *f, gsize size)
{
  g_autoptr (GBytes) data = record_test_data (size);
  g_autoptr (GBytes) at_peer = NULL;
  g_autoptr (GBytes) at_us = NULL;
  TlsHandoffRecordStatus status;

  layer_sends (f, data);
  at_peer = openssl_pair_receive (f->pair, size);
  g_assert_true (g_bytes_equal (at_peer, data));
  openssl_pair_send (f->pair, g_bytes_get_data (data, NULL), size);
  at_us = layer_receives (f, &status);
  g_assert_true (g_bytes_equal (at_us, data));
  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_DATA);
}

static void
close_both (Fixture *f)
{
  g_autoptr (GBytes) output = NULL;
  g_autoptr (GBytes) nothing = NULL;
  TlsHandoffRecordStatus status;
  guint8 byte;

  g_assert_true (tls_handoff_record_layer_close (f->layer, NULL));
  output = tls_handoff_record_layer_take_output (f->layer);
  gnutls_pipe_write (&f->pair->to_peer, g_bytes_get_data (output, NULL), g_bytes_get_size (output));
  openssl_pair_deliver (f->pair);
  g_assert_cmpint (SSL_get_error (f->pair->peer, SSL_read (f->pair->peer, &byte, 1)), ==,
                   SSL_ERROR_ZERO_RETURN);
  g_assert_cmpint (SSL_shutdown (f->pair->peer), ==, 1);
  openssl_pair_collect (f->pair);
  nothing = layer_receives (f, &status);
  g_assert_cmpint (status, ==, TLS_HANDOFF_RECORD_STATUS_CLOSED);
  g_assert_cmpuint (g_bytes_get_size (nothing), ==, 0);
}

/* Data, new keys from each side with and without an answer, data, close. */
static void
test_life (Fixture *f, gconstpointer data)
{
  static const gsize sizes[] = { 1, 16383, 16384, 16385, 100000 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    exchange (f, sizes[i]);
  if (f->config->suite->protocol == 0x0304)
    {
      for (guint i = 0; i < 2; i++)
        {
          g_assert_true (tls_handoff_record_layer_update_keys (f->layer, i == 0, NULL));
          exchange (f, 1000);
          g_assert_cmpint (SSL_key_update (f->pair->peer, i == 0 ? SSL_KEY_UPDATE_REQUESTED
                                                                 : SSL_KEY_UPDATE_NOT_REQUESTED),
                           ==, 1);
          exchange (f, 1000);
          exchange (f, 1000);
        }
    }
  close_both (f);
}

/* Handed on twice, with an answer to OpenSSL's KeyUpdate owed meanwhile. */
static void
test_handed_on (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) received = NULL;
      TlsHandoffRecordLayer *next;
      TlsHandoffRecordStatus status;

      exchange (f, 1000);
      if (f->config->suite->protocol == 0x0304)
        SSL_key_update (f->pair->peer, SSL_KEY_UPDATE_REQUESTED);
      openssl_pair_send (f->pair, (const guint8 *) "x", 1);
      received = layer_receives (f, &status);
      next = record_test_hand_on (f->layer, NULL, NULL);
      g_object_unref (f->layer);
      f->layer = next;
      exchange (f, 20000);
    }
  close_both (f);
}

static void
add (const Config *config, const char *name, void (*function) (Fixture *f, gconstpointer data))
{
  g_autofree char *path =
      g_strdup_printf ("/record-layer/openssl/%s%s/%s/%s", config->suite->name,
                       config->mac_then_encrypt ? "-mac-then-encrypt" : "",
                       config->role == HANDOFF_ROLE_CLIENT ? "client" : "server", name);

  g_test_add (path, Fixture, config, set_up, function, tear_down);
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
      add (&configs[i], "life", test_life);
      add (&configs[i], "handed-on", test_handed_on);
    }
  return g_test_run ();
}
