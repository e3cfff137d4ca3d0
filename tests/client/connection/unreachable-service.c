/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A service that is absent, or that replies what it should not: the library reports clear errors,
 * and never does the handshake in another way. */

#include <string.h>

#include "support/fake-service.h"
#include "tls-handoff/tls-handoff.h"

static void
assert_nothing_was_sent (GSocket *other)
{
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_cmpint (g_socket_receive (other, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static void
assert_absent (gpointer result, GError **error)
{
  g_assert_null (result);
  g_assert_error (*error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
  g_clear_error (error);
}

static void
assert_other_calls_fail (TlsHandoffManager *manager, GSocket *other, GSocket *socket)
{
  g_autoptr (GBytes) data = g_bytes_new_static ("x", 1);
  GError *error = NULL;

  assert_absent (tls_handoff_manager_handshake_as_server_sync (
                     manager, socket, NULL, TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error),
                 &error);
  assert_nothing_was_sent (other);
  assert_absent (tls_handoff_manager_import_credential_sync (
                     manager, "x", data, NULL, 0, -1, TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error),
                 &error);
  assert_absent (tls_handoff_manager_generate_credential_sync (
                     manager, "x", "ed25519", 0, -1, TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error),
                 &error);
  assert_absent (tls_handoff_manager_link_credential_sync (
                     manager, "x", "pkcs11:token=a;object=b", "1234", NULL, 0, -1,
                     TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error),
                 &error);
  assert_absent (tls_handoff_manager_list_credentials_sync (
                     manager, FALSE, TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error),
                 &error);
  assert_absent (tls_handoff_manager_list_sessions_sync (manager, FALSE, TLS_HANDOFF_HANDSHAKE_NONE,
                                                         NULL, &error),
                 &error);
}

/* Breaks if the error does not name the absent service as the cause, or if the library falls back
 * to something else. */
static void
test_absent (void)
{
  g_autoptr (GTestDBus) bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (TlsHandoffHandshakeResult) result = NULL;
  g_autoptr (GSocketConnection) base = NULL;
  g_autoptr (GSocket) other = NULL;
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (GIOStream) tls = NULL;
  g_autoptr (GError) error = NULL;

  g_test_dbus_up (bus);
  connection =
      g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (bus),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);
  g_assert_no_error (error);
  manager = tls_handoff_manager_new_sync (connection, NULL, &error);
  g_assert_no_error (error);

  base = fake_service_make_connection (&other);
  result = tls_handoff_manager_handshake_as_client_sync (
      manager, g_socket_connection_get_socket (base), "localhost", NULL, TLS_HANDOFF_HANDSHAKE_NONE,
      NULL, &error);
  g_assert_null (result);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
  g_assert_nonnull (strstr (error->message, "TLS Handoff service is not installed"));
  g_assert_null (strstr (error->message, "GDBus.Error"));
  g_clear_error (&error);

  tls = tls_handoff_client_connection_new (G_IO_STREAM (base), identity, manager, &error);
  g_assert_no_error (error);
  g_assert_false (g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
  assert_nothing_was_sent (other);
  assert_other_calls_fail (manager, other, g_socket_connection_get_socket (base));

  g_clear_object (&tls);
  g_clear_object (&manager);
  g_dbus_connection_close_sync (connection, NULL, NULL);
  g_test_dbus_down (bus);
}

static GError *
fail_handshake (FakeService *service)
{
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (TlsHandoffHandshakeResult) result = NULL;
  g_autoptr (GSocketConnection) base = NULL;
  g_autoptr (GSocket) other = NULL;
  GError *error = NULL;

  manager = tls_handoff_manager_new_sync (service->client, NULL, &error);
  g_assert_no_error (error);
  base = fake_service_make_connection (&other);
  result = tls_handoff_manager_handshake_as_client_sync (
      manager, g_socket_connection_get_socket (base), "localhost", NULL, TLS_HANDOFF_HANDSHAKE_NONE,
      NULL, &error);
  g_assert_null (result);
  g_assert_nonnull (error);
  return error;
}

static GDBusMessage *
reply_nothing (GDBusMessage *call)
{
  return g_dbus_message_new_method_reply (call);
}

static GDBusMessage *
reply_other_type (GDBusMessage *call)
{
  return fake_service_reply_with (call, "('complete', {'protocol': <'TLS1.3'>})");
}

static GDBusMessage *
reply_other_state (GDBusMessage *call)
{
  return fake_service_reply_with (call, "('continue', objectpath '/session', @a{sv} {})");
}

static GDBusMessage *
reply_no_details (GDBusMessage *call)
{
  return fake_service_reply_with (call, "('complete', objectpath '/session', @a{sv} {})");
}

/* Breaks if a reply of the wrong form crashes the caller, or is taken for a connection. */
static void
test_bad_reply (FakeService *service, gconstpointer reply_to)
{
  g_autoptr (GError) error = fail_handshake (service);

  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

static GDBusMessage *
reply_untrusted (GDBusMessage *call)
{
  GDBusMessage *reply = g_dbus_message_new_method_error_literal (
      call, "org.tlshandoff.Handoff1.Error.CertificateUntrusted", "Not trusted");

  g_dbus_message_set_body (
      reply, g_variant_new_parsed ("('Not trusted', {'verification-errors': <['expired']>})"));
  return reply;
}

/* Breaks if the details of an error do not reach the application. */
static void
test_error_details (FakeService *service, gconstpointer reply_to)
{
  g_autoptr (GError) error = fail_handshake (service);
  g_autofree char *printed = NULL;

  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED);
  g_assert_cmpstr (error->message, ==, "Not trusted");
  printed = g_variant_print (tls_handoff_error_get_details (error), FALSE);
  g_assert_cmpstr (printed, ==, "{'verification-errors': <['expired']>}");
}

static GDBusMessage *
hang_up (GDBusMessage *call)
{
  return NULL;
}

/* Breaks if a service that dies leaves the caller waiting. */
static void
test_vanished (FakeService *service, gconstpointer reply_to)
{
  g_autoptr (GError) error = fail_handshake (service);

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* A handshake of a GTlsConnection on a socket. */
static GError *
fail_tls_handshake (FakeService *service)
{
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GSocketConnection) base = NULL;
  g_autoptr (GSocket) other = NULL;
  g_autoptr (GIOStream) tls = NULL;
  GError *error = NULL;

  manager = tls_handoff_manager_new_sync (service->client, NULL, &error);
  g_assert_no_error (error);
  base = fake_service_make_connection (&other);
  tls = tls_handoff_client_connection_new (G_IO_STREAM (base), identity, manager, &error);
  g_assert_no_error (error);
  g_assert_false (g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, &error));
  assert_nothing_was_sent (other);
  return error;
}

static GDBusMessage *
reply_not_started (GDBusMessage *call)
{
  return g_dbus_message_new_method_error_literal (call, "org.freedesktop.systemd1.NoSuchUnit",
                                                  "Unit tls-handoffd.service not found.");
}

static GDBusMessage *
reply_timeout (GDBusMessage *call)
{
  return g_dbus_message_new_method_error_literal (call, "org.freedesktop.DBus.Error.TimedOut",
                                                  "Failed to activate");
}

/* Breaks if an error of the bus, or of the service's activation, is reported as anything else than
 * that TLS is unavailable. */
static void
test_unavailable (FakeService *service, gconstpointer reply_to)
{
  g_autoptr (GError) error = fail_tls_handshake (service);

  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
}

static GDBusMessage *
reply_unknown_method (GDBusMessage *call)
{
  return g_dbus_message_new_method_error_literal (call, "org.freedesktop.DBus.Error.UnknownMethod",
                                                  "No such method");
}

/* Breaks if the message does not say what to do: update the service. */
static void
test_too_old (FakeService *service, gconstpointer reply_to)
{
  g_autoptr (GError) error = fail_handshake (service);

  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD);
  g_assert_nonnull (strstr (error->message, "too old"));
}

static GDBusMessage *
check_interactive (GDBusMessage *call)
{
  gboolean interactive =
      (g_dbus_message_get_flags (call) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;

  return g_dbus_message_new_method_error_literal (
      call,
      interactive ? "org.tlshandoff.Handoff1.Error.LimitReached"
                  : "org.tlshandoff.Handoff1.Error.NotAuthorized",
      "");
}

/* Breaks if the service asks a user for a password although the application forbids that, or does
 * not ask although the application allows that. */
static void
test_interactive (FakeService *service, gconstpointer reply_to)
{
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GError) error = NULL;

  manager = tls_handoff_manager_new_sync (service->client, NULL, &error);
  g_assert_no_error (error);
  tls_handoff_manager_reload_sync (manager, TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  tls_handoff_manager_reload_sync (manager, TLS_HANDOFF_HANDSHAKE_INTERACTIVE, NULL, &error);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
}

static int n_begun; /* atomic: handshakes */

static GDBusMessage *
reply_limit (GDBusMessage *call)
{
  return g_dbus_message_new_method_error_literal (
      call, "org.tlshandoff.Handoff1.Error.LimitReached", "Too many calls");
}

static GDBusMessage *
reply_bus_limit (GDBusMessage *call)
{
  return g_dbus_message_new_method_error_literal (call, "org.freedesktop.DBus.Error.LimitsExceeded",
                                                  "Too many calls");
}

static GDBusMessage *
review (GDBusMessage *call, GDBusMessage *(*reply_to_answer) (GDBusMessage *call))
{
  if (g_str_equal (g_dbus_message_get_member (call), "ReviewCertificate"))
    return reply_to_answer (call);
  if (!g_str_equal (g_dbus_message_get_member (call), "HandshakeAsClient"))
    return g_dbus_message_new_method_reply (call);
  g_atomic_int_inc (&n_begun);
  return fake_service_reply_with (call, "('certificate-review', objectpath '/session', "
                                        "{'verification-errors': <['expired']>})");
}

static GDBusMessage *
limit_answer (GDBusMessage *call)
{
  return review (call, reply_limit);
}

static GDBusMessage *
limit_answer_on_bus (GDBusMessage *call)
{
  return review (call, reply_bus_limit);
}

/* Breaks if a limit that is reached in the middle of a handshake begins another on the same
 * socket. */
static void
test_limit_in_the_middle (FakeService *service, gconstpointer reply_to)
{
  g_autoptr (GError) error = NULL;

  g_atomic_int_set (&n_begun, 0);
  error = fail_tls_handshake (service);
  g_assert_error (error, G_TLS_ERROR,
                  (reply_to == limit_answer ? G_TLS_ERROR_MISC : G_TLS_ERROR_UNAVAILABLE));
  g_assert_nonnull (strstr (error->message, "Too many calls"));
  g_assert_cmpint (g_atomic_int_get (&n_begun), ==, 1);
}

/* A stepwise handshake with the fake service, on a stream of a few bytes. sent: (out): what the
 * peer was sent. */
static GError *
fail_steps (FakeService *service, GBytes **sent)
{
  g_autoptr (GInputStream) input = g_memory_input_stream_new_from_data ("answer", 6, NULL);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) base = g_simple_io_stream_new (input, output);
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GIOStream) tls = NULL;
  GError *error = NULL;

  manager = tls_handoff_manager_new_sync (service->client, NULL, &error);
  g_assert_no_error (error);
  tls = tls_handoff_client_connection_new (base, identity, manager, &error);
  g_assert_no_error (error);
  g_assert_false (g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, &error));
  g_assert_nonnull (error);
  g_output_stream_close (output, NULL, NULL);
  *sent = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (output));
  return error;
}

/* A session whose first Step succeeds. second: the reply to the second one */
static GDBusMessage *
reply_to_steps (GDBusMessage *call, const char *second)
{
  g_autoptr (GVariant) input = NULL;

  if (g_str_equal (g_dbus_message_get_member (call), "CreateSession"))
    return fake_service_reply_with (call, "(objectpath '/session',)");
  if (!g_str_equal (g_dbus_message_get_member (call), "Step"))
    return g_dbus_message_new_method_reply (call);

  g_assert_cmpstr (g_dbus_message_get_path (call), ==, "/session");
  g_variant_get (g_dbus_message_get_body (call), "(@ay)", &input);
  return fake_service_reply_with (call, g_variant_get_size (input) == 0
                                            ? "('continue', [byte 1], uint64 0, @a{sv} {})"
                                            : second);
}

static GDBusMessage *
step_too_much (GDBusMessage *call)
{
  return reply_to_steps (call, "('continue', @ay [], uint64 7, @a{sv} {})");
}

static GDBusMessage *
step_too_little (GDBusMessage *call)
{
  return reply_to_steps (call, "('continue', @ay [], uint64 5, @a{sv} {})");
}

static GDBusMessage *
step_other_type (GDBusMessage *call)
{
  return reply_to_steps (call, "('complete', @ay [], @a{sv} {})");
}

static GDBusMessage *
step_other_state (GDBusMessage *call)
{
  return reply_to_steps (call, "('later', @ay [], uint64 6, @a{sv} {})");
}

/* Breaks if a reply that makes no sense crashes the caller, keeps it busy for ever, or leaves the
 * session in the service. */
static void
test_bad_step (FakeService *service, gconstpointer reply_to)
{
  g_autoptr (GBytes) sent = NULL;
  g_autoptr (GError) error = fail_steps (service, &sent);

  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_MISC);
  g_assert_cmpuint (g_bytes_get_size (sent), ==, 1);
  g_dbus_connection_flush_sync (service->client, NULL, NULL);
  while (!g_atomic_int_get (&service->session_closed))
    g_thread_yield ();
}

static GDBusMessage *
step_limited (GDBusMessage *call)
{
  g_autoptr (GVariant) input = NULL;

  if (g_str_equal (g_dbus_message_get_member (call), "CreateSession"))
    g_atomic_int_inc (&n_begun);
  if (!g_str_equal (g_dbus_message_get_member (call), "Step"))
    return reply_to_steps (call, "");
  g_variant_get (g_dbus_message_get_body (call), "(@ay)", &input);
  return g_variant_get_size (input) == 0 ? reply_to_steps (call, "") : reply_limit (call);
}

/* The same as test_limit_in_the_middle(), where the caller carries the bytes. */
static void
test_limited_step (FakeService *service, gconstpointer reply_to)
{
  g_atomic_int_set (&n_begun, 0);
  test_bad_step (service, reply_to);
  g_assert_cmpint (g_atomic_int_get (&n_begun), ==, 1);
}

static GDBusMessage *
step_fails (GDBusMessage *call)
{
  return reply_to_steps (call, "('failed', [byte 2, 3], uint64 0, {"
                               "'error': <'org.tlshandoff.Handoff1.Error.CertificateUntrusted'>, "
                               "'message': <'Not trusted'>, "
                               "'verification-errors': <['expired']>})");
}

static GDBusMessage *
step_fails_silently (GDBusMessage *call)
{
  return reply_to_steps (call, "('failed', [byte 2, 3], uint64 0, {'error': <'no name'>})");
}

/* Breaks if the alert is not sent; if the error of the state “failed” is not the same as that of
 * HandshakeAsClient() (see test_error_details); or if a wrong error name ends in a crash. */
static void
test_failed_step (FakeService *service, gconstpointer reply_to)
{
  g_autoptr (GBytes) sent = NULL;
  g_autoptr (GError) error = fail_steps (service, &sent);

  if (reply_to == step_fails)
    {
      g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
      g_assert_cmpstr (error->message, ==, "Not trusted");
    }
  else
    g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_MISC);
  g_assert_cmpmem (g_bytes_get_data (sent, NULL), g_bytes_get_size (sent), "\1\2\3", 3);
}

static GDBusMessage *
vanish_in_step (GDBusMessage *call)
{
  return g_str_equal (g_dbus_message_get_member (call), "Step") ? NULL : reply_to_steps (call, "");
}

/* The same, where the caller carries the bytes. Breaks if the end of the bus's connection is taken
 * for the end of the peer's. */
static void
test_unavailable_in_steps (FakeService *service, gconstpointer reply_to)
{
  g_autoptr (GBytes) sent = NULL;
  g_autoptr (GError) error = fail_steps (service, &sent);

  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/unreachable-service/absent", test_absent);
#define ADD(path, reply_to, func)                                                                  \
  g_test_add ("/unreachable-service/" path, FakeService, reply_to, fake_service_set_up, func,      \
              fake_service_tear_down)
  ADD ("bad-reply/nothing", reply_nothing, test_bad_reply);
  ADD ("bad-reply/other-type", reply_other_type, test_bad_reply);
  ADD ("bad-reply/other-state", reply_other_state, test_bad_reply);
  ADD ("bad-reply/no-details", reply_no_details, test_bad_reply);
  ADD ("error-details", reply_untrusted, test_error_details);
  ADD ("vanished", hang_up, test_vanished);
  ADD ("unavailable/vanished", hang_up, test_unavailable);
  ADD ("unavailable/not-started", reply_not_started, test_unavailable);
  ADD ("unavailable/timeout", reply_timeout, test_unavailable);
  ADD ("unavailable/steps-vanished", hang_up, test_unavailable_in_steps);
  ADD ("unavailable/steps-not-started", reply_not_started, test_unavailable_in_steps);
  ADD ("unavailable/vanished-in-step", vanish_in_step, test_unavailable_in_steps);
  ADD ("too-old", reply_unknown_method, test_too_old);
  ADD ("interactive", check_interactive, test_interactive);
  ADD ("steps/too-much", step_too_much, test_bad_step);
  ADD ("steps/too-little", step_too_little, test_bad_step);
  ADD ("steps/other-type", step_other_type, test_bad_step);
  ADD ("steps/other-state", step_other_state, test_bad_step);
  ADD ("limit-in-the-middle/service", limit_answer, test_limit_in_the_middle);
  ADD ("limit-in-the-middle/bus", limit_answer_on_bus, test_limit_in_the_middle);
  ADD ("steps/limited", step_limited, test_limited_step);
  ADD ("steps/failed", step_fails, test_failed_step);
  ADD ("steps/failed-silently", step_fails_silently, test_failed_step);
  return g_test_run ();
}
