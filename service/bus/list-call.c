/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/list-call.h"

#include <string.h>

#include "broker/session-list.h"
#include "bus/credential-properties.h"
#include "keyblob/handoff-names.h"

/* Bytes of credentials in one reply. Above that, certificates are left out: unread replies in the
 * bus count against the service, and the main loop has to build them. */
#define MAX_CERTIFICATES_SIZE (256 * 1024)

static gboolean
prepare (HandoffCall *call, HandoffCredentialMethod method, GError **error)
{
  g_autoptr (GVariant) dict = NULL;
  HandoffCredentialOptions *options;

  g_variant_get (handoff_call_get_parameters (call), "(@a{sv})", &dict);
  options = handoff_credential_options_parse (
      dict, method, handoff_caller_get_uid (handoff_call_get_caller (call)), error);
  if (options == NULL)
    return FALSE;
  if (options->all)
    handoff_call_use_other_action (call);
  handoff_call_set_data (call, options, (GDestroyNotify) handoff_credential_options_free);
  return TRUE;
}

gboolean
handoff_list_call_prepare_credentials (HandoffCall *call,
                                       const HandoffCallContext *context,
                                       GError **error)
{
  return prepare (call, HANDOFF_CREDENTIAL_METHOD_LIST_CREDENTIALS, error);
}

gboolean
handoff_list_call_prepare_sessions (HandoffCall *call,
                                    const HandoffCallContext *context,
                                    GError **error)
{
  return prepare (call, HANDOFF_CREDENTIAL_METHOD_LIST_SESSIONS, error);
}

/* Returns: (transfer floating): */
static GVariant *
without_certificates (GVariant *properties)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (properties);

  g_variant_dict_remove (&dict, "Certificates");
  return g_variant_dict_end (&dict);
}

/* Whether the credential comes after the last one of the previous page, in the order of the store:
 * by label and id. */
static gboolean
follows (const HandoffCredential *credential,
         const char *path,
         const HandoffCredentialOptions *options)
{
  int order;

  if (options->after_label == NULL)
    return TRUE;
  order = strcmp (credential->label, options->after_label);
  return order > 0 || (order == 0 && strcmp (path, options->after_path) > 0);
}

void
handoff_list_call_run_credentials (HandoffCall *call, const HandoffCallContext *context)
{
  g_autoptr (HandoffCredentialOptions) options = handoff_call_steal_data (call);
  const guint uid = handoff_caller_get_uid (handoff_call_get_caller (call));
  g_autoptr (GPtrArray) credentials = handoff_credentials_list (
      HANDOFF_CREDENTIALS (context->credential_store), options->all ? NULL : &uid);
  GVariantBuilder builder;
  gsize size = 0;
  guint i, n = 0;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(oa{sv})"));
  for (i = 0; i < credentials->len && n < options->maximum; i++)
    {
      HandoffCredential *credential = g_ptr_array_index (credentials, i);
      g_autofree char *path = g_strconcat (HANDOFF_CREDENTIALS_PATH "/", credential->id, NULL);
      g_autoptr (GVariant) properties = NULL;

      if (!follows (credential, path, options))
        continue;
      n++;
      properties = handoff_credential_dup_properties (context, credential);
      size += g_variant_get_size (properties);
      if (n == 1 || size <= MAX_CERTIFICATES_SIZE)
        g_variant_builder_add (&builder, "(o@a{sv})", path, properties);
      else
        g_variant_builder_add (&builder, "(o@a{sv})", path, without_certificates (properties));
    }
  handoff_call_return (call, g_variant_new ("(a(oa{sv}))", &builder), NULL);
}

/* A call that waits for what handshakers tell. */
typedef struct
{
  HandoffCall *call;            /* (owned) */
  HandoffIdleTimer *idle_timer; /* (unowned): held */
} Listing;

static void
listed (GVariant *sessions, gpointer user_data)
{
  g_autofree Listing *self = user_data;

  handoff_idle_timer_release (self->idle_timer);
  handoff_call_return (self->call, g_variant_new ("(@aa{sv})", sessions), NULL);
}

void
handoff_list_call_run_sessions (HandoffCall *call, const HandoffCallContext *context)
{
  g_autoptr (HandoffCredentialOptions) options = handoff_call_steal_data (call);
  HandoffCaller *caller = handoff_call_get_caller (call);
  const guint uid = handoff_caller_get_uid (caller);
  Listing *self = g_new (Listing, 1);

  *self = (Listing){ call, context->broker.gate.idle_timer };
  handoff_idle_timer_hold (self->idle_timer);
  handoff_session_list_ask (context->broker.handshakers, options->all ? NULL : &uid, caller,
                            options->after, options->maximum, listed, self);
}

void
handoff_list_call_run_log (HandoffCall *call, const HandoffCallContext *context)
{
  g_autoptr (HandoffCredentialOptions) options = handoff_call_steal_data (call);
  const guint uid = handoff_caller_get_uid (handoff_call_get_caller (call));

  handoff_call_return (
      call,
      g_variant_new ("(@aa{sv})",
                     handoff_audit_log_list (context->audit_log, options->all ? NULL : &uid,
                                             options->after, options->maximum)),
      NULL);
}
