/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/facade.h"

#include "bus/credential-call.h"
#include "bus/handoff-interfaces.h"
#include "call/handshake-call.h"
#include "keyblob/cipher-suite.h"
#include "keyblob/handoff-names.h"
#include "bus/list-call.h"
#include "bus/open-channel-call.h"
#include "bus/reload.h"
#include "channel/channels.h"

static void
run_get_statistics (HandoffCall *call, const HandoffCallContext *context)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  handoff_statistics_add (context->shared->statistics, context->handshake_quota, &dict);
  g_variant_dict_insert (&dict, "sessions", "u",
                         handoff_session_book_get_size (context->shared->book));
  g_variant_dict_insert (&dict, "resumable-sessions", "u",
                         handoff_resumption_store_get_size (context->shared->kept));
  g_variant_dict_insert (&dict, "credentials", "u",
                         handoff_credential_store_get_size (context->credential_store));
  g_variant_dict_insert (&dict, "credentials-expiring", "u",
                         handoff_expiry_warnings_get_n_expiring (context->expiry_warnings));
  g_variant_dict_insert (&dict, "credentials-damaged", "u",
                         handoff_credential_store_get_n_damaged (context->credential_store));
  g_variant_dict_insert (&dict, "channels", "u", handoff_channels_get_size (context->channels));
  g_variant_dict_insert (&dict, "callers", "u",
                         handoff_caller_registry_get_size (context->callers));
  g_variant_dict_insert (&dict, "workers", "u",
                         handoff_worker_pool_get_size (context->shared->worker_pool));
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
run_reload (HandoffCall *call, const HandoffCallContext *context)
{
  handoff_reload_async (context, reloaded, call);
}

static const HandoffMethod other_methods[] = {
  { HANDOFF_MANAGER_INTERFACE, "OpenChannel", "(a{sv})", handoff_open_channel_call_prepare, NULL,
    handoff_open_channel_call_run },
  { HANDOFF_MANAGER_INTERFACE, "ImportCredential", "(sha{sv})", handoff_credential_call_prepare,
    NULL, handoff_credential_call_run },
  { HANDOFF_MANAGER_INTERFACE, "GenerateCredential", "(ssa{sv})", handoff_credential_call_prepare,
    NULL, handoff_credential_call_run },
  { HANDOFF_MANAGER_INTERFACE, "LinkCredential", "(ssa{sv})", handoff_credential_call_prepare, NULL,
    handoff_credential_call_run },
  { HANDOFF_MANAGER_INTERFACE, "ListCredentials", "(a{sv})", handoff_list_call_prepare_credentials,
    NULL, handoff_list_call_run_credentials },
  { HANDOFF_MANAGER_INTERFACE, "ListSessions", "(a{sv})", handoff_list_call_prepare_sessions, NULL,
    handoff_list_call_run_sessions },
  { HANDOFF_MANAGER_INTERFACE, "GetStatistics", "()", NULL, NULL, run_get_statistics },
  { HANDOFF_MANAGER_INTERFACE, "Reload", "()", NULL, NULL, run_reload },
  { NULL },
};
static const HandoffMethod *const methods[] = { handoff_handshake_methods, other_methods, NULL };

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

/* The manager's properties are public facts: reading them needs no authorization. */
static GVariant *
get_property (const HandoffCallContext *context, const char *name)
{
  HandoffTlsPolicy *policy = handoff_tls_policy_source_get_policy (context->policy_source);

  if (g_str_equal (name, "Version"))
    return g_variant_new_string (PACKAGE_VERSION);
  if (g_str_equal (name, "BlobFormat"))
    return g_variant_new_uint32 (HANDOFF_BLOB_FORMAT);
  if (g_str_equal (name, "Protocols"))
    return get_protocols (handoff_tls_policy_get_configuration (policy));
  if (g_str_equal (name, "CipherSuites"))
    return get_cipher_suites (policy);
  return NULL;
}

const HandoffFacadeKind handoff_manager_facade = {
  .path = HANDOFF_ROOT_PATH,
  .interface = &org_tlshandoff_handoff1_manager_interface,
  .methods = methods,
  .get_property = get_property,
};
