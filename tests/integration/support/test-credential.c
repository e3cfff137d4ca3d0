/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-credential.h"

#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-system.h"
#include "test-way.h"

int
test_memfd_new (gconstpointer data, gssize size)
{
  int fd = memfd_create ("test", MFD_CLOEXEC);

  if (size < 0)
    size = (gssize) strlen (data);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, data, (gsize) size), ==, size);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  return fd;
}

GBytes *
test_cert_with_key (const char *name)
{
  g_autofree char *cert_name = g_strconcat (name, ".pem", NULL);
  g_autofree char *key_name = g_strconcat (name, ".key", NULL);
  g_autofree char *cert_path = test_cert_path (cert_name);
  g_autofree char *key_path = test_cert_path (key_name);
  g_autofree char *cert = NULL;
  g_autofree char *key = NULL;
  g_autoptr (GError) error = NULL;
  char *both;

  g_file_get_contents (cert_path, &cert, NULL, &error);
  g_assert_no_error (error);
  g_file_get_contents (key_path, &key, NULL, &error);
  g_assert_no_error (error);
  both = g_strconcat (cert, key, NULL);
  return g_bytes_new_take (both, strlen (both));
}

int
test_memfd_new_for_certificate (const char *name)
{
  g_autoptr (GBytes) pem = test_cert_with_key (name);

  return test_memfd_new (g_bytes_get_data (pem, NULL), (gssize) g_bytes_get_size (pem));
}

GVariant *
test_call_with_fds (GDBusConnection *connection, const TestCall *call, GError **error)
{
  g_autoptr (TestReply) reply = test_way_call (connection, call, error);

  return reply != NULL ? g_steal_pointer (&reply->body) : NULL;
}

/* (transfer floating) */
static GVariant *
parse_options (const char *options)
{
  return g_variant_new_parsed (options != NULL ? options : "@a{sv} {}");
}

/* reply: (nullable) (transfer full): of a method that returns a path */
static char *
take_path (GVariant *reply)
{
  g_autoptr (GVariant) owned = reply;
  char *path = NULL;

  if (owned != NULL)
    g_variant_get (owned, "(o)", &path);
  return path;
}

char *
test_credential_import (GDBusConnection *connection,
                        const char *label,
                        const char *certificate,
                        const char *options,
                        GError **error)
{
  int fd = test_memfd_new_for_certificate (certificate);
  const TestCall call = { .path = HANDOFF_ROOT_PATH,
                          .interface = HANDOFF_MANAGER_INTERFACE,
                          .method = "ImportCredential",
                          .parameters =
                              g_variant_new ("(sh@a{sv})", label, 0, parse_options (options)),
                          .fds = &fd,
                          .n_fds = 1 };
  char *path = take_path (test_call_with_fds (connection, &call, error));

  close (fd);
  return path;
}

char *
test_credential_generate (GDBusConnection *connection,
                          const char *label,
                          const char *key_type,
                          const char *options,
                          GError **error)
{
  return take_path (
      test_call (connection, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "GenerateCredential",
                 g_variant_new ("(ss@a{sv})", label, key_type, parse_options (options)), error));
}

char *
test_credential_link (GDBusConnection *connection,
                      const char *label,
                      const char *uri,
                      const char *pin,
                      const char *options,
                      GError **error)
{
  g_autoptr (GVariant) given = g_variant_ref_sink (parse_options (options));
  GVariantDict dict;
  int fd = test_memfd_new (pin != NULL ? pin : "", -1);
  char *path;

  g_variant_dict_init (&dict, given);
  if (pin != NULL)
    g_variant_dict_insert (&dict, HANDOFF_OPTION_PIN, "h", 0);
  path = take_path (
      test_call_with_fds (connection,
                          &(TestCall){ .path = HANDOFF_ROOT_PATH,
                                       .interface = HANDOFF_MANAGER_INTERFACE,
                                       .method = "LinkCredential",
                                       .parameters = g_variant_new ("(ss@a{sv})", label, uri,
                                                                    g_variant_dict_end (&dict)),
                                       .fds = &fd,
                                       .n_fds = pin != NULL ? 1 : 0 },
                          error));
  close (fd);
  return path;
}

gboolean
test_credential_unlock (GDBusConnection *connection,
                        const char *path,
                        const char *pin,
                        GError **error)
{
  int fd = test_memfd_new (pin, -1);
  g_autoptr (GVariant) reply =
      test_call_with_fds (connection,
                          &(TestCall){ .path = path,
                                       .interface = HANDOFF_CREDENTIAL_INTERFACE,
                                       .method = "Unlock",
                                       .parameters = g_variant_new ("(h)", 0),
                                       .fds = &fd,
                                       .n_fds = 1 },
                          error);

  close (fd);
  return reply != NULL;
}

gboolean
test_credential_remove (GDBusConnection *connection, const char *path, GError **error)
{
  g_autoptr (GVariant) reply =
      test_call (connection, path, HANDOFF_CREDENTIAL_INTERFACE, "Remove", NULL, error);

  return reply != NULL;
}

void
test_credential_start_import (GDBusConnection *connection,
                              const char *label,
                              int fd,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;

  g_unix_fd_list_append (list, fd, &error);
  g_assert_no_error (error);
  g_dbus_connection_call_with_unix_fd_list (
      connection, HANDOFF_BUS_NAME, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
      "ImportCredential", g_variant_new ("(sh@a{sv})", label, 0, g_variant_new ("a{sv}", NULL)),
      NULL, G_DBUS_CALL_FLAGS_NONE, TEST_TIMEOUT_SECONDS * 1000, list, NULL, callback, user_data);
}

GVariant *
test_credential_chain (const char *const *names, guint n)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aay"));
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GBytes) der = test_cert_der (names[i]);

      g_variant_builder_add_value (&builder,
                                   g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, der, TRUE));
    }
  return g_variant_new ("(aay)", &builder);
}

gboolean
test_credential_set_certificate (GDBusConnection *connection,
                                 const char *path,
                                 const char *certificate,
                                 GError **error)
{
  g_autofree char *name = g_strconcat (certificate, ".pem", NULL);
  const char *const names[] = { name };
  g_autoptr (GVariant) reply =
      test_call (connection, path, HANDOFF_CREDENTIAL_INTERFACE, "SetCertificates",
                 test_credential_chain (names, 1), error);

  return reply != NULL;
}

GBytes *
test_credential_request (GDBusConnection *connection,
                         const char *path,
                         const char *options,
                         GError **error)
{
  g_autoptr (GVariant) reply =
      test_call (connection, path, HANDOFF_CREDENTIAL_INTERFACE, "CreateCertificateRequest",
                 g_variant_new ("(@a{sv})", parse_options (options)), error);
  g_autoptr (GVariant) value = NULL;

  if (reply == NULL)
    return NULL;
  value = g_variant_get_child_value (reply, 0);
  return g_variant_get_data_as_bytes (value);
}

GVariant *
test_credential_get (GDBusConnection *connection,
                     const char *path,
                     const char *property,
                     GError **error)
{
  g_autoptr (GVariant) reply =
      test_call (connection, path, "org.freedesktop.DBus.Properties", "Get",
                 g_variant_new ("(ss)", HANDOFF_CREDENTIAL_INTERFACE, property), error);
  GVariant *value = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  return value;
}

/* a(oa{sv}) (transfer full) */
static GVariant *
list (GDBusConnection *connection, gboolean all, GError **error)
{
  g_autoptr (GVariant) reply =
      test_call (connection, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "ListCredentials",
                 g_variant_new ("(@a{sv})", parse_options (all ? "{'all': <true>}" : NULL)), error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

char *
test_credential_list (GDBusConnection *connection, gboolean all, GError **error)
{
  g_autoptr (GVariant) credentials = list (connection, all, error);
  g_autoptr (GString) labels = g_string_new (NULL);
  GVariantIter iter;
  GVariant *properties;

  if (credentials == NULL)
    return NULL;
  g_variant_iter_init (&iter, credentials);
  while (g_variant_iter_loop (&iter, "(o@a{sv})", NULL, &properties))
    {
      const char *label;

      g_assert_true (g_variant_lookup (properties, "Label", "&s", &label));
      g_string_append_printf (labels, "%s%s", labels->len > 0 ? " " : "", label);
    }
  return g_string_free (g_steal_pointer (&labels), FALSE);
}

void
test_credential_remove_all (void)
{
  g_autoptr (GDBusConnection) root = test_bus_connect ("root");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) credentials = list (root, TRUE, &error);
  GVariantIter iter;
  const char *path;

  g_assert_no_error (error);
  g_variant_iter_init (&iter, credentials);
  while (g_variant_iter_loop (&iter, "(&o@a{sv})", &path, NULL))
    {
      test_credential_remove (root, path, &error);
      g_assert_no_error (error);
    }
}
