/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "backend.h"

#include <tls-handoff/tls-handoff.h>

#include "stock-backend.h"

struct _TlsHandoffBackend
{
  GObject parent_instance;
};

static void tls_handoff_backend_interface_init (GTlsBackendInterface *iface);

G_DEFINE_DYNAMIC_TYPE_EXTENDED (TlsHandoffBackend,
                                tls_handoff_backend,
                                G_TYPE_OBJECT,
                                G_TYPE_FLAG_FINAL,
                                G_IMPLEMENT_INTERFACE_DYNAMIC (G_TYPE_TLS_BACKEND,
                                                               tls_handoff_backend_interface_init))

static gboolean
supports_tls (GTlsBackend *backend)
{
  return g_tls_backend_supports_tls (handoff_stock_backend_get ());
}

static gboolean
supports_dtls (GTlsBackend *backend)
{
  return g_tls_backend_supports_dtls (handoff_stock_backend_get ());
}

static GType
get_certificate_type (void)
{
  return g_tls_backend_get_certificate_type (handoff_stock_backend_get ());
}

static GType
get_file_database_type (void)
{
  return g_tls_backend_get_file_database_type (handoff_stock_backend_get ());
}

/* A program that does not ask whether there is TLS gets the error that it would get from GIO. */
static GType
get_client_connection_type (void)
{
  GTlsBackend *stock = handoff_stock_backend_get ();

  return g_tls_backend_supports_tls (stock) ? TLS_HANDOFF_TYPE_CLIENT_CONNECTION
                                            : g_tls_backend_get_client_connection_type (stock);
}

static GType
get_server_connection_type (void)
{
  GTlsBackend *stock = handoff_stock_backend_get ();

  return g_tls_backend_supports_tls (stock) ? TLS_HANDOFF_TYPE_SERVER_CONNECTION
                                            : g_tls_backend_get_server_connection_type (stock);
}

static GType
get_dtls_client_connection_type (void)
{
  return g_tls_backend_get_dtls_client_connection_type (handoff_stock_backend_get ());
}

static GType
get_dtls_server_connection_type (void)
{
  return g_tls_backend_get_dtls_server_connection_type (handoff_stock_backend_get ());
}

/* By the interface: g_tls_backend_get_default_database() would wait for the lock that GIO holds
 * while it asks this backend. (transfer full) (nullable) */
static GTlsDatabase *
get_default_database (GTlsBackend *backend)
{
  GTlsBackend *stock = handoff_stock_backend_get ();
  GTlsBackendInterface *interface = G_TLS_BACKEND_GET_INTERFACE (stock);

  return interface->get_default_database != NULL ? interface->get_default_database (stock) : NULL;
}

static void
tls_handoff_backend_interface_init (GTlsBackendInterface *iface)
{
  iface->supports_tls = supports_tls;
  iface->supports_dtls = supports_dtls;
  iface->get_certificate_type = get_certificate_type;
  iface->get_file_database_type = get_file_database_type;
  iface->get_client_connection_type = get_client_connection_type;
  iface->get_server_connection_type = get_server_connection_type;
  iface->get_dtls_client_connection_type = get_dtls_client_connection_type;
  iface->get_dtls_server_connection_type = get_dtls_server_connection_type;
  iface->get_default_database = get_default_database;
}

static void
tls_handoff_backend_class_init (TlsHandoffBackendClass *klass)
{
}

static void
tls_handoff_backend_class_finalize (TlsHandoffBackendClass *klass)
{
}

static void
tls_handoff_backend_init (TlsHandoffBackend *self)
{
}

void
tls_handoff_backend_register (GIOModule *module)
{
  tls_handoff_backend_register_type (G_TYPE_MODULE (module));
  /* It is there already, unless a program loads modules before it uses anything of GIO. */
  g_io_extension_point_register (G_TLS_BACKEND_EXTENSION_POINT_NAME);
  g_io_extension_point_implement (G_TLS_BACKEND_EXTENSION_POINT_NAME, TLS_HANDOFF_TYPE_BACKEND,
                                  "handoff", HANDOFF_BACKEND_PRIORITY);
}
