/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-handshake.h"

#include <gio/gunixfdlist.h>
#include <string.h>
#include <unistd.h>

#include "handoff-names.h"
#include "key-blob.h"
#include "sealed-memfd.h"
#include "test-system.h"

#define ERROR_DETAILS "test-handshake-error-details"

void
test_handshake_free (TestHandshake *handshake)
{
  g_free (handshake->state);
  g_free (handshake->session);
  g_clear_pointer (&handshake->details, g_variant_unref);
  g_clear_pointer (&handshake->keys, handoff_key_state_free);
  if (handshake->key_blob >= 0)
    close (handshake->key_blob);
  g_free (handshake);
}

static void
take_key_blob (TestHandshake *handshake, GUnixFDList *fds)
{
  g_autoptr (GBytes) blob = NULL;
  g_autoptr (GError) error = NULL;
  gint32 handle = -1;

  g_assert_true (g_variant_lookup (handshake->details, HANDOFF_DETAIL_KEY_BLOB, "h", &handle));
  handshake->key_blob = g_unix_fd_list_get (fds, handle, &error);
  g_assert_no_error (error);
  blob = handoff_sealed_memfd_read (handshake->key_blob, HANDOFF_KEY_BLOB_HEADER_SIZE,
                                    HANDOFF_KEY_BLOB_MAX_SIZE, &error);
  g_assert_no_error (error);
  handshake->keys = handoff_key_blob_open (g_bytes_get_data (blob, NULL), g_bytes_get_size (blob),
                                           handshake->private_key, &error);
  g_assert_no_error (error);
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  TestHandshake *handshake = g_task_get_task_data (task);
  g_autoptr (GDBusMessage) reply = NULL;
  GError *error = NULL;
  GVariant *body;

  reply =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, &error);
  g_object_set_data (source, ERROR_DETAILS, NULL);
  if (reply != NULL && g_dbus_message_get_message_type (reply) == G_DBUS_MESSAGE_TYPE_ERROR)
    {
      body = g_dbus_message_get_body (reply);
      if (body != NULL && g_variant_is_of_type (body, G_VARIANT_TYPE ("(sa{sv})")))
        {
          GVariant *details;
          const char *message;

          g_variant_get (body, "(&s@a{sv})", &message, &details);
          g_object_set_data_full (source, ERROR_DETAILS, details, (GDestroyNotify) g_variant_unref);
          error = g_dbus_error_new_for_dbus_error (g_dbus_message_get_error_name (reply), message);
        }
      else
        {
          g_dbus_message_to_gerror (reply, &error);
        }
    }
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  body = g_dbus_message_get_body (reply);
  g_assert_true (g_variant_is_of_type (body, G_VARIANT_TYPE ("(soa{sv})")));
  g_variant_get (body, "(so@a{sv})", &handshake->state, &handshake->session, &handshake->details);
  if (g_str_equal (handshake->state, HANDOFF_STATE_COMPLETE))
    take_key_blob (handshake, g_dbus_message_get_unix_fd_list (reply));
  g_task_return_boolean (task, TRUE);
}

/* options: (nullable): consumed if floating. (transfer floating): with the descriptor at index 1 */
static GVariant *
add_pem (GVariant *options)
{
  g_autoptr (GVariant) given = options != NULL ? g_variant_ref_sink (options) : NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, given);
  g_variant_dict_insert (&dict, HANDOFF_OPTION_CREDENTIAL_PEM, "h", 1);
  return g_variant_dict_end (&dict);
}

static void
start (GDBusConnection *connection,
       int socket,
       int pem,
       const char *identity,
       GVariant *options,
       GDBusCallFlags flags,
       GAsyncReadyCallback callback,
       gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (connection, NULL, callback, user_data);
  g_autoptr (GDBusMessage) call = NULL;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  TestHandshake *handshake = g_new0 (TestHandshake, 1);
  GVariant *key;

  handshake->key_blob = -1;
  g_task_set_task_data (task, handshake, (GDestroyNotify) test_handshake_free);
  g_unix_fd_list_append (fds, socket, &error);
  g_assert_no_error (error);
  handoff_hpke_generate_key_pair (handshake->private_key, public_key, &error);
  g_assert_no_error (error);
  key = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, public_key, sizeof public_key, 1);
  if (pem >= 0)
    {
      g_unix_fd_list_append (fds, pem, &error);
      g_assert_no_error (error);
      options = add_pem (options);
    }
  if (options == NULL)
    options = g_variant_new ("a{sv}", NULL);

  call = g_dbus_message_new_method_call (
      HANDOFF_BUS_NAME, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
      identity != NULL ? "HandshakeAsClient" : "HandshakeAsServer");
  if (identity != NULL)
    g_dbus_message_set_body (call, g_variant_new ("(hs@ay@a{sv})", 0, identity, key, options));
  else
    g_dbus_message_set_body (call, g_variant_new ("(h@ay@a{sv})", 0, key, options));
  g_dbus_message_set_unix_fd_list (call, fds);
  if (flags & G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION)
    g_dbus_message_set_flags (call, G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
  g_dbus_connection_send_message_with_reply (connection, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE,
                                             TEST_TIMEOUT_SECONDS * 1000, NULL, NULL, on_reply,
                                             g_steal_pointer (&task));
}

void
test_handshake_async (GDBusConnection *connection,
                      int socket,
                      const char *identity,
                      GVariant *options,
                      GDBusCallFlags flags,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  start (connection, socket, -1, identity, options, flags, callback, user_data);
}

TestHandshake *
test_handshake_finish (GDBusConnection *connection, GAsyncResult *result, GError **error)
{
  TestHandshake *handshake = g_task_get_task_data (G_TASK (result));
  TestHandshake *taken;

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  taken = g_new (TestHandshake, 1);
  memcpy (taken, handshake, sizeof *taken);
  memset (handshake, 0, sizeof *handshake);
  handshake->key_blob = -1;
  return taken;
}

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

static TestHandshake *
handshake_and_wait (GDBusConnection *connection,
                    int socket,
                    int pem,
                    const char *identity,
                    GVariant *options,
                    GDBusCallFlags flags,
                    GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  start (connection, socket, pem, identity, options, flags, store_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return test_handshake_finish (connection, result, error);
}

TestHandshake *
test_handshake (GDBusConnection *connection,
                int socket,
                const char *identity,
                GVariant *options,
                GError **error)
{
  return handshake_and_wait (connection, socket, -1, identity, options, G_DBUS_CALL_FLAGS_NONE,
                             error);
}

TestHandshake *
test_handshake_interactive (GDBusConnection *connection,
                            int socket,
                            const char *identity,
                            GVariant *options,
                            GError **error)
{
  return handshake_and_wait (connection, socket, -1, identity, options,
                             G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, error);
}

TestHandshake *
test_handshake_as_server (
    GDBusConnection *connection, int socket, int pem, GVariant *options, GError **error)
{
  return handshake_and_wait (connection, socket, pem, NULL, options, G_DBUS_CALL_FLAGS_NONE, error);
}

TestHandshake *
test_handshake_with_pem (GDBusConnection *connection,
                         int socket,
                         const char *identity,
                         int pem,
                         GVariant *options,
                         GError **error)
{
  return handshake_and_wait (connection, socket, pem, identity, options, G_DBUS_CALL_FLAGS_NONE,
                             error);
}

const char *
test_handshake_get_detail (TestHandshake *handshake, const char *key)
{
  const char *value = NULL;

  g_variant_lookup (handshake->details, key, "&s", &value);
  return value;
}

GVariant *
test_handshake_get_error_details (GDBusConnection *connection)
{
  return g_object_get_data (G_OBJECT (connection), ERROR_DETAILS);
}

GVariant *
test_options (const char *text)
{
  g_autoptr (GBytes) ca = test_cert_der ("ca.pem");
  g_autoptr (GVariant) more = NULL;
  g_autoptr (GError) error = NULL;
  GVariantDict dict;
  GVariant *anchor;

  more = g_variant_parse (G_VARIANT_TYPE_VARDICT, text == NULL ? "{}" : text, NULL, NULL, &error);
  g_assert_no_error (error);
  g_variant_dict_init (&dict, more);
  g_variant_dict_insert (&dict, HANDOFF_OPTION_ERROR_DETAILS, "b", TRUE);
  if (!g_variant_dict_contains (&dict, HANDOFF_OPTION_TRUST_ANCHORS))
    {
      anchor = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, ca, TRUE);
      g_variant_dict_insert_value (&dict, HANDOFF_OPTION_TRUST_ANCHORS,
                                   g_variant_new_array (G_VARIANT_TYPE_BYTESTRING, &anchor, 1));
    }
  return g_variant_dict_end (&dict);
}
