/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The GIO module as GIO loads it, without a service: what its backend is made of, with
 * glib-networking and without it. GIO looks for modules once in a process, so each case has a
 * process of its own. */

#include <dlfcn.h>
#include <gio/gio.h>

#include "tls-handoff/tls-handoff.h"

static const char *
get_module_folder (void)
{
  return g_getenv ("HANDOFF_TEST_GIO_MODULES");
}

/* Runs CASE/subprocess with these modules, which writes "ran" when it comes to its end. */
static void
run_case (const char *modules, const char *more_modules, const char *use_tls)
{
  g_autofree char *child = g_strconcat (g_test_get_path (), "/subprocess", NULL);
  const char *const variables[][2] = { { "GIO_MODULE_DIR", modules },
                                       { "GIO_EXTRA_MODULES", more_modules },
                                       { "GIO_USE_TLS", use_tls } };

  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      if (variables[i][1] != NULL)
        g_setenv (variables[i][0], variables[i][1], TRUE);
      else
        g_unsetenv (variables[i][0]);
    }
  g_test_trap_subprocess (child, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stdout ("*ran*");
}

static void
end_case (void)
{
  g_print ("ran\n");
}

static GTlsDatabase *
get_default_database (void)
{
  return g_tls_backend_get_default_database (g_tls_backend_get_default ());
}

static const char *
get_type_name (void)
{
  return G_OBJECT_TYPE_NAME (g_tls_backend_get_default ());
}

static GIOStream *
new_base_stream (void)
{
  g_autoptr (GInputStream) input = g_memory_input_stream_new ();
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();

  return g_simple_io_stream_new (input, output);
}

/* Hangs if the module asks GIO for the default database while GIO waits for it. Breaks if that, a
 * certificate, a file database or DTLS is anything else than glib-networking's. */
static void
test_with_stock (void)
{
  run_case (NULL, get_module_folder (), "handoff");
}

static void
test_with_stock_subprocess (void)
{
  g_autoptr (GTlsDatabase) database = get_default_database ();
  g_autoptr (GTlsDatabase) again = get_default_database ();
  GTlsBackend *backend = g_tls_backend_get_default ();
  GIOExtension *extension = g_io_extension_point_get_extension_by_name (
      g_io_extension_point_lookup (G_TLS_BACKEND_EXTENSION_POINT_NAME), "gnutls");
  g_autoptr (GTlsBackend) stock = g_object_new (g_io_extension_get_type (extension), NULL);
  g_autoptr (GTlsDatabase) of_interface =
      G_TLS_BACKEND_GET_INTERFACE (backend)->get_default_database (backend);
  g_autoptr (GIOStream) base = new_base_stream ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) client = g_tls_client_connection_new (base, NULL, &error);
  g_autoptr (GIOStream) server = g_tls_server_connection_new (base, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (get_type_name (), ==, "TlsHandoffBackend");
  g_assert_true (g_tls_backend_supports_tls (backend));
  g_assert_cmpstr (G_OBJECT_TYPE_NAME (database), ==, "GTlsDatabaseGnutls");
  g_assert_true (again == database);
  g_assert_true (of_interface == database);
  g_assert_cmpuint (g_tls_backend_get_certificate_type (backend), ==,
                    g_tls_backend_get_certificate_type (stock));
  g_assert_cmpuint (g_tls_backend_get_file_database_type (backend), ==,
                    g_tls_backend_get_file_database_type (stock));
  g_assert_cmpint (g_tls_backend_supports_dtls (backend), ==, g_tls_backend_supports_dtls (stock));
  g_assert_cmpuint (g_tls_backend_get_dtls_client_connection_type (backend), ==,
                    g_tls_backend_get_dtls_client_connection_type (stock));
  g_assert_cmpuint (g_tls_backend_get_dtls_server_connection_type (backend), ==,
                    g_tls_backend_get_dtls_server_connection_type (stock));
  g_assert_true (TLS_HANDOFF_IS_CLIENT_CONNECTION (client));
  g_assert_true (TLS_HANDOFF_IS_SERVER_CONNECTION (server));
  /* The program has the library, too: there is one of each type. */
  g_assert_cmpuint (g_tls_backend_get_client_connection_type (backend), ==,
                    TLS_HANDOFF_TYPE_CLIENT_CONNECTION);
  end_case ();
}

/* Breaks if a connection does not see which database the program made the default one, or that it
 * made it the stock one again. */
static void
test_set_default_database (void)
{
  run_case (NULL, get_module_folder (), "handoff");
}

static void
test_set_default_database_subprocess (void)
{
  g_autoptr (GTlsDatabase) stock = get_default_database ();
  g_autofree char *anchors = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), "ca.pem", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase) own = g_tls_file_database_new (anchors, &error);
  GTlsBackend *backend = g_tls_backend_get_default ();
  g_autoptr (GIOStream) base = new_base_stream ();
  g_autoptr (GIOStream) client = NULL;
  g_autoptr (GTlsDatabase) now = NULL;

  g_assert_no_error (error);
  client = g_tls_client_connection_new (base, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_tls_connection_get_database (G_TLS_CONNECTION (client)) == stock);
  g_tls_backend_set_default_database (backend, own);
  g_assert_true (g_tls_connection_get_database (G_TLS_CONNECTION (client)) == own);
  g_tls_backend_set_default_database (backend, NULL);
  now = get_default_database ();
  g_assert_true (now == stock);
  end_case ();
}

static guint n_warnings;

static GLogWriterOutput
count_warning (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if (level & G_LOG_LEVEL_WARNING)
    n_warnings++;
  return g_log_writer_default (level, fields, n_fields, data);
}

/* Breaks if a program crashes, is warned more than once, or takes it that there is TLS, where
 * glib-networking is not installed. */
static void
test_without_stock (void)
{
  run_case (get_module_folder (), NULL, "handoff");
}

static void
test_without_stock_subprocess (void)
{
  GTlsBackend *backend;
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GIOStream) base = new_base_stream ();
  g_autoptr (GIOStream) client = NULL;
  g_autoptr (GIOStream) server = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GError) error = NULL;

  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (count_warning, NULL, NULL);
  backend = g_tls_backend_get_default ();
  g_assert_cmpstr (get_type_name (), ==, "TlsHandoffBackend");
  g_assert_false (g_tls_backend_supports_tls (backend));
  g_assert_false (g_tls_backend_supports_dtls (backend));
  g_assert_cmpuint (n_warnings, ==, 1);

  /* What GIO's own backend answers. */
  client = g_tls_client_connection_new (base, NULL, &error);
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
  g_assert_null (client);
  g_clear_error (&error);
  server = g_tls_server_connection_new (base, NULL, &error);
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
  g_assert_null (server);
  g_clear_error (&error);
  certificate = g_tls_certificate_new_from_pkcs11_uris ("pkcs11:token=x", NULL, &error);
  g_assert_null (certificate);
  g_assert_nonnull (error);
  g_assert_cmpuint (g_tls_backend_get_file_database_type (backend), !=, G_TYPE_INVALID);
  database = get_default_database ();
  g_assert_cmpuint (n_warnings, ==, 1);
  end_case ();
}

/* glib-networking's other backend, as far as the module asks for it. */
typedef struct
{
  GObject parent_instance;
} TestOpenssl;
typedef GObjectClass TestOpensslClass;

static void test_openssl_interface_init (GTlsBackendInterface *iface);
GType test_openssl_get_type (void);
G_DEFINE_TYPE_WITH_CODE (TestOpenssl,
                         test_openssl,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (G_TYPE_TLS_BACKEND, test_openssl_interface_init))

static guint n_made;

static void
test_openssl_init (TestOpenssl *self)
{
  n_made++;
}

static void
test_openssl_class_init (TestOpensslClass *klass)
{
}

static gboolean
openssl_supports_tls (GTlsBackend *backend)
{
  return TRUE;
}

static GType
openssl_get_certificate_type (void)
{
  return G_TYPE_DATE_TIME;
}

static void
test_openssl_interface_init (GTlsBackendInterface *iface)
{
  iface->supports_tls = openssl_supports_tls;
  iface->get_certificate_type = openssl_get_certificate_type;
}

/* Breaks if the module knows only one of glib-networking's backends, asks for what a backend may
 * lack, or makes the stock backend more than once. */
static void
test_other_stock (void)
{
  run_case (get_module_folder (), NULL, "handoff");
}

static void
test_other_stock_subprocess (void)
{
  GTlsBackend *backend = g_tls_backend_get_default ();

  g_io_extension_point_implement (G_TLS_BACKEND_EXTENSION_POINT_NAME, test_openssl_get_type (),
                                  "openssl", -1);
  g_assert_true (g_tls_backend_supports_tls (backend));
  g_assert_false (g_tls_backend_supports_dtls (backend));
  g_assert_cmpuint (g_tls_backend_get_certificate_type (backend), ==, G_TYPE_DATE_TIME);
  g_assert_cmpuint (g_tls_backend_get_client_connection_type (backend), ==,
                    TLS_HANDOFF_TYPE_CLIENT_CONNECTION);
  g_assert_null (get_default_database ());
  g_assert_cmpuint (n_made, ==, 1);
  end_case ();
}

/* Breaks if a program that does not ask for the module gets it, or one for whose machine it is the
 * default does not. */
static void
test_not_named (void)
{
  run_case (NULL, get_module_folder (), NULL);
}

static void
test_not_named_subprocess (void)
{
  GIOExtension *extension = NULL;

  g_assert_cmpstr (get_type_name (), ==,
                   TEST_MODULE_DEFAULT ? "TlsHandoffBackend" : "GTlsBackendGnutls");
  extension = g_io_extension_point_get_extension_by_name (
      g_io_extension_point_lookup (G_TLS_BACKEND_EXTENSION_POINT_NAME), "handoff");
  g_assert_nonnull (extension);
  g_assert_cmpint (g_io_extension_get_priority (extension), ==, TEST_MODULE_DEFAULT ? 10 : -110);
  end_case ();
}

/* Breaks if somebody who asked for nothing, and has no TLS, is warned by the module. */
static void
test_nothing_at_all (void)
{
  run_case (get_module_folder (), NULL, NULL);
}

static void
test_nothing_at_all_subprocess (void)
{
  guint expected = TEST_MODULE_DEFAULT ? 1 : 0;

  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (count_warning, NULL, NULL);
  g_assert_false (g_tls_backend_supports_tls (g_tls_backend_get_default ()));
  g_assert_cmpuint (n_warnings, ==, expected);
  end_case ();
}

/* Breaks if what GIO does not use any more, or what closes the module itself as gio-querymodules
 * does, takes the code of living objects away. */
static void
test_stays_loaded (void)
{
  run_case (get_module_folder (), NULL, NULL);
}

static void
test_stays_loaded_subprocess (void)
{
  g_autofree char *path = g_build_filename (get_module_folder (), "libgiohandoff.so", NULL);
  GModule *opened = g_module_open (path, G_MODULE_BIND_LOCAL);
  GTypeModule *module = G_TYPE_MODULE (g_io_module_new (path));
  void *handle;

  g_assert_nonnull (opened);
  g_assert_true (g_module_close (opened));
  handle = dlopen (path, RTLD_LAZY | RTLD_NOLOAD);
  g_assert_nonnull (handle);
  dlclose (handle);

  g_assert_true (g_type_module_use (module));
  g_type_module_unuse (module);
  g_assert_cmpuint (module->use_count, ==, 1);
  end_case ();
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (void);
    void (*in_subprocess) (void);
  } cases[] = {
    { "/gio-module/with-stock", test_with_stock, test_with_stock_subprocess },
    { "/gio-module/set-default-database", test_set_default_database,
      test_set_default_database_subprocess },
    { "/gio-module/without-stock", test_without_stock, test_without_stock_subprocess },
    { "/gio-module/other-stock", test_other_stock, test_other_stock_subprocess },
    { "/gio-module/not-named", test_not_named, test_not_named_subprocess },
    { "/gio-module/nothing-at-all", test_nothing_at_all, test_nothing_at_all_subprocess },
    { "/gio-module/stays-loaded", test_stays_loaded, test_stays_loaded_subprocess },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *child = g_strconcat (cases[i].path, "/subprocess", NULL);

      g_test_add_func (cases[i].path, cases[i].run);
      g_test_add_func (child, cases[i].in_subprocess);
    }
  return g_test_run ();
}
