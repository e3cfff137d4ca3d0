/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/facade.h"

#include "bus/credential-call.h"
#include "bus/handoff-interfaces.h"
#include "broker/programs.h"
#include "broker/relay.h"
#include "keyblob/cipher-suite.h"
#include "keyblob/handoff-names.h"
#include "bus/list-call.h"
#include "bus/mending.h"
#include "bus/open-channel-call.h"
#include "bus/program-list.h"
#include "bus/reload.h"

/* A call that waits for numbers of other processes. */
typedef struct
{
  HandoffCall *call;                 /* (owned) */
  const HandoffCallContext *context; /* (unowned) */
} Statistics;

static void
add_numbers (const HandoffCallContext *context, GVariantDict *dict)
{
  handoff_programs_add_numbers (context->broker.handshakers, context->statistics, dict);
  g_variant_dict_insert (dict, "credentials", "u",
                         handoff_credential_store_get_size (context->credential_store));
  g_variant_dict_insert (dict, "credentials-expiring", "u",
                         handoff_expiry_warnings_get_n_expiring (context->expiry_warnings));
  g_variant_dict_insert (dict, "credentials-damaged", "u",
                         handoff_credential_store_get_n_damaged (context->credential_store));
  g_variant_dict_insert (dict, "channels", "u", handoff_quota_get_total (context->channel_quota));
  g_variant_dict_insert (dict, "callers", "u", handoff_caller_registry_get_size (context->callers));
  g_variant_dict_insert_value (dict, "programs", handoff_program_list_new (context));
}

static void
told (gpointer user_data)
{
  g_autofree Statistics *self = user_data;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  add_numbers (self->context, &dict);
  handoff_idle_timer_release (self->context->broker.gate.idle_timer);
  handoff_call_return (self->call, g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), NULL);
}

static void
run_get_statistics (HandoffCall *call, const HandoffCallContext *context)
{
  Statistics *self = g_new (Statistics, 1);

  *self = (Statistics){ call, context };
  handoff_idle_timer_hold (context->broker.gate.idle_timer);
  handoff_programs_ask (context->broker.handshakers, told, self);
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
  { HANDOFF_MANAGER_INTERFACE, "GetLog", "(a{sv})", handoff_list_call_prepare_sessions, NULL,
    handoff_list_call_run_log },
  { HANDOFF_MANAGER_INTERFACE, "GetStatistics", "()", NULL, NULL, run_get_statistics },
  { HANDOFF_MANAGER_INTERFACE, "Reload", "()", NULL, NULL, run_reload },
  { NULL },
};
static const HandoffMethod *const methods[] = { handoff_relayed_manager_methods, other_methods,
                                                NULL };

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

/* The manager's properties are public facts: reading them needs no authorization. */
static GVariant *
get_property (const HandoffCallContext *context, const char *name)
{
  HandoffPolicySource *source = context->policy_source;

  if (g_str_equal (name, "Version"))
    return g_variant_new_string (PACKAGE_VERSION);
  if (g_str_equal (name, "BlobFormat"))
    return g_variant_new_uint32 (HANDOFF_BLOB_FORMAT);
  /* Nothing is in force: nothing is negotiated. */
  if (handoff_mending_is_needed (context) &&
      (g_str_equal (name, "Protocols") || g_str_equal (name, "CipherSuites")))
    return g_variant_new_strv (NULL, 0);
  if (g_str_equal (name, "Protocols"))
    return get_protocols (handoff_policy_source_get_configuration (source));
  if (g_str_equal (name, "CipherSuites"))
    return g_variant_new_strv (handoff_policy_source_get_suites (source), -1);
  return NULL;
}

const HandoffFacadeKind handoff_manager_facade = {
  .path = HANDOFF_ROOT_PATH,
  .interface = &org_tlshandoff_handoff1_manager_interface,
  .methods = methods,
  .get_property = get_property,
};
