/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a record layer says of its channel bindings, and how long it keeps them. */

#include "keyblob-fixture.h"
#include "record/import-key.h"
#include "support/record-test-fixture.h"

static TlsHandoffRecordLayer *
import (guint16 suite, gboolean has_bindings)
{
  g_autoptr (HandoffKeyState) state =
      record_test_state_new (handoff_cipher_suite_by_id (suite), HANDOFF_ROLE_CLIENT);

  if (has_bindings)
    fixture_add_bindings (state);
  return record_test_import (state);
}

static void
assert_error (TlsHandoffRecordLayer *layer, GTlsChannelBindingType type, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (tls_handoff_record_layer_dup_channel_binding_data (layer, type, &error));
  g_assert_error (error, G_TLS_CHANNEL_BINDING_ERROR, code);
}

static void
assert_binding (TlsHandoffRecordLayer *layer,
                GTlsChannelBindingType type,
                const guint8 *expected,
                gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) binding =
      tls_handoff_record_layer_dup_channel_binding_data (layer, type, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (binding, NULL), g_bytes_get_size (binding), expected, size);
}

/* Breaks if a type is taken for another one. */
static void
test_types (void)
{
  static const guint16 suites[] = { 0x1301, 0xc02f };

  for (gsize i = 0; i < G_N_ELEMENTS (suites); i++)
    {
      g_autoptr (HandoffKeyState) state =
          record_test_state_new (handoff_cipher_suite_by_id (suites[i]), HANDOFF_ROLE_CLIENT);
      g_autoptr (TlsHandoffRecordLayer) layer = NULL;

      fixture_add_bindings (state);
      layer = record_test_import (state);
      assert_binding (layer, G_TLS_CHANNEL_BINDING_TLS_EXPORTER, state->tls_exporter, 32);
      assert_binding (layer, G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT,
                      state->tls_server_end_point, 48);
      if (i == 1)
        assert_binding (layer, G_TLS_CHANNEL_BINDING_TLS_UNIQUE, state->tls_unique, 12);
      assert_error (layer, (GTlsChannelBindingType) 3, G_TLS_CHANNEL_BINDING_ERROR_NOT_IMPLEMENTED);
      assert_error (layer, (GTlsChannelBindingType) -1,
                    G_TLS_CHANNEL_BINDING_ERROR_NOT_IMPLEMENTED);
    }
}

/* Breaks if the error is another one than GIO's documentation has for it. */
static void
test_absent (void)
{
  g_autoptr (TlsHandoffRecordLayer) tls13 = import (0x1301, TRUE);
  g_autoptr (TlsHandoffRecordLayer) from_older_service = import (0x1301, FALSE);
  g_autoptr (TlsHandoffRecordLayer) not_extended = NULL;
  g_autoptr (HandoffKeyState) state =
      record_test_state_new (handoff_cipher_suite_by_id (0xc02f), HANDOFF_ROLE_SERVER);

  assert_error (tls13, G_TLS_CHANNEL_BINDING_TLS_UNIQUE, G_TLS_CHANNEL_BINDING_ERROR_NOT_AVAILABLE);

  fixture_add_bindings (state);
  state->tls_exporter_size = 0;
  state->tls_server_end_point_size = 0;
  not_extended = record_test_import (state);
  assert_binding (not_extended, G_TLS_CHANNEL_BINDING_TLS_UNIQUE, state->tls_unique, 12);
  assert_error (not_extended, G_TLS_CHANNEL_BINDING_TLS_EXPORTER,
                G_TLS_CHANNEL_BINDING_ERROR_NOT_AVAILABLE);
  assert_error (not_extended, G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT,
                G_TLS_CHANNEL_BINDING_ERROR_NOT_SUPPORTED);

  for (int type = 0; type < 3; type++)
    assert_error (from_older_service, (GTlsChannelBindingType) type,
                  G_TLS_CHANNEL_BINDING_ERROR_NOT_AVAILABLE);
  assert_error (from_older_service, (GTlsChannelBindingType) 3,
                G_TLS_CHANNEL_BINDING_ERROR_NOT_IMPLEMENTED);
}

/* Breaks if a closed connection has lost them: an application may still be proving. */
static void
test_closed (void)
{
  g_autoptr (TlsHandoffRecordLayer) layer = import (0x1301, TRUE);
  g_autoptr (GBytes) binding = NULL;
  g_autoptr (GError) error = NULL;
  guint8 garbage[] = { 23, 3, 3, 0, 1, 0 };
  gsize consumed, size;
  TlsHandoffRecordStatus status;

  g_assert_true (tls_handoff_record_layer_close (layer, &error));
  g_assert_false (tls_handoff_record_layer_unprotect (layer, garbage, sizeof garbage, &consumed,
                                                      &size, &status, NULL));
  binding = tls_handoff_record_layer_dup_channel_binding_data (
      layer, G_TLS_CHANNEL_BINDING_TLS_EXPORTER, &error);
  g_assert_no_error (error);
}

/* Breaks if the exporter's output stays in memory: in what the caller freed, with what was handed
 * on, or in a record layer that was freed. */
static void
test_wiped (void)
{
  g_autoptr (HandoffKeyState) state =
      record_test_state_new (handoff_cipher_suite_by_id (0x1301), HANDOFF_ROLE_CLIENT);
  TlsHandoffRecordLayer *layer;
  TlsHandoffRecordLayer *next;
  GBytes *binding;
  guint8 inverted[32];

  if (fixture_is_sanitized ())
    {
      g_test_skip ("Not with the address sanitizer");
      return;
    }
  fixture_add_bindings (state);
  for (gsize i = 0; i < sizeof inverted; i++)
    {
      inverted[i] = (guint8) g_random_int ();
      state->tls_exporter[i] = (guint8) ~inverted[i];
    }
  layer = record_test_import (state);
  g_clear_pointer (&state, handoff_key_state_free);
  g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 1);
  binding = tls_handoff_record_layer_dup_channel_binding_data (
      layer, G_TLS_CHANNEL_BINDING_TLS_EXPORTER, NULL);
  g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 2);
  g_bytes_unref (binding);
  g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 1);

  next = record_test_hand_on (layer, NULL, NULL);
  g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 1);
  assert_error (layer, G_TLS_CHANNEL_BINDING_TLS_EXPORTER,
                G_TLS_CHANNEL_BINDING_ERROR_INVALID_STATE);
  binding = tls_handoff_record_layer_dup_channel_binding_data (
      next, G_TLS_CHANNEL_BINDING_TLS_EXPORTER, NULL);
  g_assert_nonnull (binding);
  g_bytes_unref (binding);
  g_object_unref (layer);
  g_object_unref (next);
  g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record-layer-binding/types", test_types);
  g_test_add_func ("/record-layer-binding/absent", test_absent);
  g_test_add_func ("/record-layer-binding/closed", test_closed);
  g_test_add_func ("/record-layer-binding/wiped", test_wiped);
  return g_test_run ();
}
