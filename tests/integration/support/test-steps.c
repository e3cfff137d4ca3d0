/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-steps.h"

#include <sys/socket.h>

#include "handoff-names.h"
#include "hpke.h"
#include "key-blob.h"
#include "sealed-memfd.h"
#include "test-system.h"
#include "test-way.h"

void
test_step_free (TestStep *step)
{
  g_free (step->state);
  g_bytes_unref (step->output);
  g_variant_unref (step->details);
  g_free (step);
}

char *
test_create_session (GDBusConnection *connection,
                     const char *identity,
                     GVariant *options,
                     GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  char *path;

  if (options == NULL)
    options = g_variant_new ("a{sv}", NULL);
  reply = test_call (connection, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "CreateSession",
                     g_variant_new ("(ss@a{sv})", "client", identity, options), error);
  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(o)", &path);
  return path;
}

/* reply: (nullable) */
static TestStep *
step_new (GVariant *reply)
{
  TestStep *step;
  g_autoptr (GVariant) output = NULL;

  if (reply == NULL)
    return NULL;
  step = g_new0 (TestStep, 1);
  if (g_variant_is_of_type (reply, G_VARIANT_TYPE ("(sayta{sv})")))
    g_variant_get (reply, "(s@ayt@a{sv})", &step->state, &output, &step->consumed, &step->details);
  else
    g_variant_get (reply, "(s@ay@a{sv})", &step->state, &output, &step->details);
  step->output = g_variant_get_data_as_bytes (output);
  return step;
}

TestStep *
test_step (
    GDBusConnection *connection, const char *path, gconstpointer input, gsize size, GError **error)
{
  GVariant *bytes = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, input, size, 1);
  g_autoptr (GVariant) reply = test_call (connection, path, HANDOFF_SESSION_INTERFACE, "Step",
                                          g_variant_new ("(@ay)", bytes), error);

  return step_new (reply);
}

TestStep *
test_review (GDBusConnection *connection, const char *path, gboolean accept, GError **error)
{
  g_autoptr (GVariant) reply =
      test_call (connection, path, HANDOFF_SESSION_INTERFACE, "ReviewCertificate",
                 g_variant_new ("(b)", accept), error);

  return step_new (reply);
}

HandoffKeyState *
test_export (GDBusConnection *connection, const char *path, GError **error)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  g_autoptr (TestReply) reply = NULL;
  g_autoptr (GBytes) blob = NULL;
  HandoffKeyState *keys;
  const int *descriptors;
  int n_fds;

  g_assert_true (handoff_hpke_generate_key_pair (private_key, public_key, NULL));
  reply = test_way_call (
      connection,
      &(TestCall){ .path = path,
                   .interface = HANDOFF_SESSION_INTERFACE,
                   .method = "ExportKeys",
                   .parameters = g_variant_new ("(@ay)", test_way_recipient_key (public_key)) },
      error);
  if (reply == NULL)
    return NULL;

  g_assert_true (g_variant_is_of_type (reply->body, G_VARIANT_TYPE ("(ha{sv})")));
  g_assert_nonnull (reply->fds);
  descriptors = g_unix_fd_list_peek_fds (reply->fds, &n_fds);
  g_assert_cmpint (n_fds, ==, 1);
  blob = handoff_sealed_memfd_read (descriptors[0], HANDOFF_KEY_BLOB_HEADER_SIZE,
                                    HANDOFF_KEY_BLOB_MAX_SIZE, error);
  g_assert_nonnull (blob);
  keys = g_steal_pointer (&reply->keys);
  if (keys == NULL)
    keys = handoff_key_blob_open (g_bytes_get_data (blob, NULL), g_bytes_get_size (blob),
                                  private_key, error);
  g_assert_nonnull (keys);
  return keys;
}

void
test_session_expect (GDBusConnection *connection,
                     const char *path,
                     const char *property,
                     const char *value)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      test_call (connection, path, "org.freedesktop.DBus.Properties", "Get",
                 g_variant_new ("(ss)", HANDOFF_SESSION_INTERFACE, property), &error);
  g_autoptr (GVariant) found = NULL;

  if (test_way_is_channel ())
    {
      test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);
      return;
    }
  g_assert_no_error (error);
  g_variant_get (reply, "(v)", &found);
  g_assert_cmpstr (g_variant_get_string (found, NULL), ==, value);
}

const char *
test_step_get_detail (TestStep *step, const char *key)
{
  const char *value = NULL;

  g_variant_lookup (step->details, key, "&s", &value);
  return value;
}

static void
send_all (int socket, GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  while (size > 0)
    {
      gssize n = send (socket, data, size, MSG_NOSIGNAL);

      g_assert_cmpint (n, >, 0);
      data += n;
      size -= (gsize) n;
    }
}

static void
receive_more (int socket, GByteArray *received)
{
  guint8 buffer[32 * 1024];
  gssize n = recv (socket, buffer, sizeof buffer, 0);

  g_assert_cmpint (n, >, 0);
  g_byte_array_append (received, buffer, (guint) n);
}

TestStep *
test_steps_run (GDBusConnection *connection,
                const char *path,
                int socket,
                gsize chunk,
                TestStep *step,
                GByteArray *received)
{
  g_autoptr (GError) error = NULL;

  if (step == NULL)
    step = test_step (connection, path, NULL, 0, &error);
  g_assert_no_error (error);
  send_all (socket, step->output);
  while (g_str_equal (step->state, HANDOFF_STATE_CONTINUE))
    {
      gsize size;

      if (received->len == 0)
        receive_more (socket, received);
      size = MIN (chunk, received->len);
      test_step_free (step);
      step = test_step (connection, path, received->data, size, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (step->consumed, <=, size);
      if (g_str_equal (step->state, HANDOFF_STATE_CONTINUE))
        g_assert_cmpuint (step->consumed, ==, size);
      g_byte_array_remove_range (received, 0, (guint) step->consumed);
      send_all (socket, step->output);
    }
  return step;
}
