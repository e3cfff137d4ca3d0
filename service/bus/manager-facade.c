/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/manager-facade.h"

#include "bus/credential-call.h"
#include "bus/handoff-interfaces.h"
#include "bus/handshake-call.h"
#include "keyblob/cipher-suite.h"
#include "keyblob/handoff-names.h"
#include "bus/list-call.h"
#include "bus/reload.h"

struct _HandoffManagerFacade
{
  const HandoffFacadeContext *context; /* (unowned) */
  guint registration_id;
};

/* A prepare() that needs the context only. */
#define PREPARE(name, function)                                                                    \
  static gboolean prepare_##name (HandoffCall *call, gpointer facade, GError **error)              \
  {                                                                                                \
    HandoffManagerFacade *self = facade;                                                           \
                                                                                                   \
    return function (call, self->context, error);                                                  \
  }

PREPARE (handshake_as_client, handoff_handshake_call_prepare_client)
PREPARE (handshake_as_server, handoff_handshake_call_prepare_server)
PREPARE (create_session, handoff_handshake_call_prepare_session)
PREPARE (import_credential, handoff_credential_call_prepare_import)
PREPARE (generate_credential, handoff_credential_call_prepare_generate)
PREPARE (link_credential, handoff_credential_call_prepare_link)

static void
run_handshake (HandoffCall *call, gpointer facade)
{
  handoff_handshake_call_run (call);
}

static void
run_new_credential (HandoffCall *call, gpointer facade)
{
  handoff_credential_call_run (call);
}

static gboolean
prepare_list_credentials (HandoffCall *call, gpointer facade, GError **error)
{
  return handoff_list_call_prepare (call, HANDOFF_CREDENTIAL_METHOD_LIST_CREDENTIALS, error);
}

static gboolean
prepare_list_sessions (HandoffCall *call, gpointer facade, GError **error)
{
  return handoff_list_call_prepare (call, HANDOFF_CREDENTIAL_METHOD_LIST_SESSIONS, error);
}

static void
run_list_credentials (HandoffCall *call, gpointer facade)
{
  HandoffManagerFacade *self = facade;

  handoff_list_call_run_credentials (call, self->context);
}

static void
run_list_sessions (HandoffCall *call, gpointer facade)
{
  HandoffManagerFacade *self = facade;

  handoff_list_call_run_sessions (call, self->context);
}

static void
run_get_statistics (HandoffCall *call, gpointer facade)
{
  HandoffManagerFacade *self = facade;
  const HandoffFacadeContext *context = self->context;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  handoff_statistics_add (context->shared.statistics, context->handshake_quota, &dict);
  g_variant_dict_insert (&dict, "sessions", "u",
                         handoff_session_store_get_size (context->shared.sessions));
  g_variant_dict_insert (&dict, "resumable-sessions", "u",
                         handoff_resumption_get_n_sessions (context->shared.resumption));
  g_variant_dict_insert (&dict, "credentials", "u",
                         handoff_credential_store_get_size (context->shared.credentials));
  g_variant_dict_insert (&dict, "credentials-expiring", "u",
                         handoff_expiry_warnings_get_n_expiring (context->expiry_warnings));
  g_variant_dict_insert (&dict, "credentials-damaged", "u",
                         handoff_credential_store_get_n_damaged (context->shared.credentials));
  g_variant_dict_insert (&dict, "callers", "u",
                         handoff_caller_registry_get_size (context->callers));
  g_variant_dict_insert (&dict, "workers", "u",
                         handoff_worker_pool_get_size (context->shared.worker_pool));
  handoff_call_return (call, g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), NULL);
}

static void
reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HandoffCall *call = user_data;
  g_autoptr (GError) error = NULL;

  if (handoff_reload_finish (result, &error))
    handoff_call_return (call, NULL, NULL);
  else
    handoff_call_fail (call, error);
}

static void
run_reload (HandoffCall *call, gpointer facade)
{
  HandoffManagerFacade *self = facade;

  handoff_reload_async (self->context, reloaded, call);
}

static const HandoffMethod methods[] = {
  { HANDOFF_MANAGER_INTERFACE, "HandshakeAsClient", prepare_handshake_as_client, run_handshake },
  { HANDOFF_MANAGER_INTERFACE, "HandshakeAsServer", prepare_handshake_as_server, run_handshake,
    handoff_handshake_call_denied },
  { HANDOFF_MANAGER_INTERFACE, "CreateSession", prepare_create_session, run_handshake },
  { HANDOFF_MANAGER_INTERFACE, "ImportCredential", prepare_import_credential, run_new_credential },
  { HANDOFF_MANAGER_INTERFACE, "GenerateCredential", prepare_generate_credential,
    run_new_credential },
  { HANDOFF_MANAGER_INTERFACE, "LinkCredential", prepare_link_credential, run_new_credential },
  { HANDOFF_MANAGER_INTERFACE, "ListCredentials", prepare_list_credentials, run_list_credentials },
  { HANDOFF_MANAGER_INTERFACE, "ListSessions", prepare_list_sessions, run_list_sessions },
  { HANDOFF_MANAGER_INTERFACE, "GetStatistics", NULL, run_get_statistics },
  { HANDOFF_MANAGER_INTERFACE, "Reload", NULL, run_reload },
  { NULL },
};

static void
method_call (GDBusConnection *connection,
             const char *sender,
             const char *object_path,
             const char *interface_name,
             const char *method_name,
             GVariant *parameters,
             GDBusMethodInvocation *invocation,
             gpointer user_data)
{
  HandoffManagerFacade *self = user_data;

  handoff_dispatcher_dispatch (self->context->dispatcher, invocation, HANDOFF_MANAGER_INTERFACE,
                               methods, self);
}

static GVariant *
get_protocols (const HandoffConfiguration *configuration)
{
  GVariantBuilder builder;
  guint protocol;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (protocol = configuration->maximum_protocol; protocol >= configuration->minimum_protocol;
       protocol--)
    g_variant_builder_add (&builder, "s", handoff_protocol_name ((guint16) protocol));
  return g_variant_builder_end (&builder);
}

static GVariant *
get_cipher_suites (HandoffTlsPolicy *policy)
{
  GVariantBuilder builder;
  gsize i, n_suites;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (i = 0; i < n_suites; i++)
    {
      if (handoff_tls_policy_has_suite (policy, &suites[i]))
        g_variant_builder_add (&builder, "s", suites[i].name);
    }
  return g_variant_builder_end (&builder);
}

/* All of them public facts: no property of the manager needs an authorization. */
static GVariant *
get_property (GDBusConnection *connection,
              const char *sender,
              const char *object_path,
              const char *interface_name,
              const char *property_name,
              GError **error,
              gpointer user_data)
{
  HandoffManagerFacade *self = user_data;
  HandoffTlsPolicy *policy = handoff_tls_policy_source_get_policy (self->context->policy_source);

  if (g_str_equal (property_name, "Version"))
    return g_variant_new_string (PACKAGE_VERSION);
  if (g_str_equal (property_name, "BlobFormat"))
    return g_variant_new_uint32 (HANDOFF_BLOB_FORMAT);
  if (g_str_equal (property_name, "Protocols"))
    return get_protocols (handoff_tls_policy_get_configuration (policy));
  if (g_str_equal (property_name, "CipherSuites"))
    return get_cipher_suites (policy);

  g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_PROPERTY, "There is no property %s",
               property_name);
  return NULL;
}

static const GDBusInterfaceVTable vtable = { method_call, get_property, NULL };

HandoffManagerFacade *
handoff_manager_facade_new (const HandoffFacadeContext *context, GError **error)
{
  HandoffManagerFacade *self = g_new0 (HandoffManagerFacade, 1);

  self->context = context;
  self->registration_id = g_dbus_connection_register_object (
      context->connection, HANDOFF_ROOT_PATH,
      (GDBusInterfaceInfo *) &org_tlshandoff_handoff1_manager_interface, &vtable, self, NULL,
      error);
  if (self->registration_id == 0)
    {
      g_free (self);
      return NULL;
    }
  return self;
}

void
handoff_manager_facade_free (HandoffManagerFacade *self)
{
  g_dbus_connection_unregister_object (self->context->connection, self->registration_id);
  g_free (self);
}
