/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "stock-backend.h"

/* The names of glib-networking's extensions, the preferred one first. */
static const char *const stock_names[] = { "gnutls", "openssl" };

/* Every GIO has it. Its types are there, and each of its functions fails with
 * G_TLS_ERROR_UNAVAILABLE. */
static const char dummy_name[] = "dummy";

/* (transfer full) (nullable) */
static GTlsBackend *
new_backend (const char *name)
{
  GIOExtensionPoint *point = g_io_extension_point_lookup (G_TLS_BACKEND_EXTENSION_POINT_NAME);
  GIOExtension *extension = g_io_extension_point_get_extension_by_name (point, name);

  return extension != NULL ? g_object_new (g_io_extension_get_type (extension), NULL) : NULL;
}

/* (transfer full) */
static GTlsBackend *
find_stock_backend (void)
{
  GTlsBackend *dummy;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (stock_names); i++)
    {
      g_autoptr (GTlsBackend) backend = new_backend (stock_names[i]);

      if (backend != NULL && g_tls_backend_supports_tls (backend))
        return g_steal_pointer (&backend);
    }
  g_warning ("TLS is not available: the GIO module of TLS Handoff takes certificates and trust "
             "databases from glib-networking, which is not installed");
  dummy = new_backend (dummy_name);
  g_assert (dummy != NULL);
  return dummy;
}

GTlsBackend *
handoff_stock_backend_get (void)
{
  static GTlsBackend *stock;

  if (g_once_init_enter (&stock))
    g_once_init_leave (&stock, find_stock_backend ());
  return stock;
}
