/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-handshake.h"

#include <string.h>
#include <unistd.h>

#include "handoff-names.h"
#include "key-blob.h"
#include "sealed-memfd.h"
#include "test-system.h"
#include "test-way.h"

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
take_key_blob (TestHandshake *handshake, TestReply *reply)
{
  g_autoptr (GBytes) blob = NULL;
  g_autoptr (GError) error = NULL;
  gint32 handle = -1;

  g_assert_true (g_variant_lookup (handshake->details, HANDOFF_DETAIL_KEY_BLOB, "h", &handle));
  g_assert_nonnull (reply->fds);
  handshake->key_blob = g_unix_fd_list_get (reply->fds, handle, &error);
  g_assert_no_error (error);
  blob = handoff_sealed_memfd_read (handshake->key_blob, HANDOFF_KEY_BLOB_HEADER_SIZE,
                                    HANDOFF_KEY_BLOB_MAX_SIZE, &error);
  g_assert_no_error (error);
  handshake->keys = g_steal_pointer (&reply->keys);
  if (handshake->keys == NULL)
    handshake->keys = handoff_key_blob_open (g_bytes_get_data (blob, NULL), g_bytes_get_size (blob),
                                             handshake->private_key, &error);
  g_assert_no_error (error);
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  TestHandshake *handshake = g_task_get_task_data (task);
  GVariant *details = NULL;
  GError *error = NULL;
  g_autoptr (TestReply) reply =
      test_way_finish (G_DBUS_CONNECTION (source), result, &details, &error);

  g_object_set_data_full (source, ERROR_DETAILS, details, (GDestroyNotify) g_variant_unref);
  if (reply == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_assert_true (g_variant_is_of_type (reply->body, G_VARIANT_TYPE ("(soa{sv})")));
  g_variant_get (reply->body, "(so@a{sv})", &handshake->state, &handshake->session,
                 &handshake->details);
  if (g_str_equal (handshake->state, HANDOFF_STATE_COMPLETE))
    take_key_blob (handshake, reply);
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
  const int fds[] = { socket, pem };
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  TestHandshake *handshake = g_new0 (TestHandshake, 1);
  g_autoptr (GError) error = NULL;
  GVariant *key, *arguments;

  handshake->key_blob = -1;
  g_task_set_task_data (task, handshake, (GDestroyNotify) test_handshake_free);
  handoff_hpke_generate_key_pair (handshake->private_key, public_key, &error);
  g_assert_no_error (error);
  key = test_way_recipient_key (public_key);
  if (pem >= 0)
    options = add_pem (options);
  if (options == NULL)
    options = g_variant_new ("a{sv}", NULL);

  arguments = identity != NULL ? g_variant_new ("(hs@ay@a{sv})", 0, identity, key, options)
                               : g_variant_new ("(h@ay@a{sv})", 0, key, options);
  test_way_start (
      connection,
      &(TestCall){ .path = HANDOFF_ROOT_PATH,
                   .interface = HANDOFF_MANAGER_INTERFACE,
                   .method = identity != NULL ? "HandshakeAsClient" : "HandshakeAsServer",
                   .parameters = arguments,
                   .fds = fds,
                   .n_fds = pem >= 0 ? 2 : 1,
                   .flags = flags },
      on_reply, g_steal_pointer (&task));
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
