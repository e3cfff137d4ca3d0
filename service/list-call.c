/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "list-call.h"

#include "credential-options.h"
#include "credential-properties.h"
#include "keyblob/handoff-names.h"
#include "session-handshake.h"

/* Of certificates in one reply, bytes. The bus does not take messages of any size, and ends the
 * connection of who sends a larger one: users could do that to the service with their chains. */
#define MAX_CERTIFICATES_SIZE (4 * 1024 * 1024)

gboolean
handoff_list_call_prepare (HandoffCall *call, GError **error)
{
  g_autoptr (GVariant) dict = NULL;
  g_autoptr (HandoffCredentialOptions) options = NULL;

  g_variant_get (handoff_call_get_parameters (call), "(@a{sv})", &dict);
  options = handoff_credential_options_parse (
      dict, HANDOFF_CREDENTIAL_METHOD_LIST, handoff_caller_get_uid (handoff_call_get_caller (call)),
      error);
  if (options == NULL)
    return FALSE;
  if (options->all)
    handoff_call_use_other_action (call);
  return TRUE;
}

/* Returns: (transfer floating): */
static GVariant *
without_certificates (GVariant *properties)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (properties);

  g_variant_dict_remove (&dict, "Certificates");
  return g_variant_dict_end (&dict);
}

void
handoff_list_call_run_credentials (HandoffCall *call, const HandoffFacadeContext *context)
{
  const guint uid = handoff_caller_get_uid (handoff_call_get_caller (call));
  g_autoptr (GPtrArray) credentials = handoff_credential_store_list (
      context->credentials, handoff_call_uses_other_action (call) ? NULL : &uid);
  GVariantBuilder builder;
  gsize size = 0;
  guint i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(oa{sv})"));
  for (i = 0; i < credentials->len; i++)
    {
      HandoffCredential *credential = g_ptr_array_index (credentials, i);
      g_autofree char *path = g_strconcat (HANDOFF_CREDENTIALS_PATH "/", credential->id, NULL);
      g_autoptr (GVariant) properties = handoff_credential_dup_properties (context, credential);

      size += g_variant_get_size (properties);
      if (size <= MAX_CERTIFICATES_SIZE)
        g_variant_builder_add (&builder, "(o@a{sv})", path, properties);
      else
        g_variant_builder_add (&builder, "(o@a{sv})", path, without_certificates (properties));
    }
  handoff_call_return (call, g_variant_new ("(a(oa{sv}))", &builder), NULL);
}

static GVariant *
new_description (const HandoffSession *session)
{
  const HandoffHandshakeOutcome *outcome = session->outcome;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "role", "s", handoff_session_get_role_name (session));
  g_variant_dict_insert (&dict, "state", "s", handoff_session_get_state_name (session));
  g_variant_dict_insert (&dict, "server-identity", "s", session->server_identity);
  g_variant_dict_insert (&dict, "protocol", "s", outcome != NULL ? outcome->protocol : "");
  g_variant_dict_insert (&dict, "cipher-suite", "s", outcome != NULL ? outcome->cipher_suite : "");
  g_variant_dict_insert (&dict, "credential", "s",
                         session->credential_label != NULL ? session->credential_label : "");
  g_variant_dict_insert (&dict, "uid", "u", handoff_caller_get_uid (session->caller));
  g_variant_dict_insert (&dict, "pid", "u", handoff_caller_get_pid (session->caller));
  g_variant_dict_insert (&dict, "age", "t",
                         (guint64) (g_get_monotonic_time () - session->start_time));
  return g_variant_dict_end (&dict);
}

/* The oldest first. */
static int
compare_start (gconstpointer a, gconstpointer b)
{
  const HandoffSession *const *one = a;
  const HandoffSession *const *other = b;

  return ((*one)->start_time > (*other)->start_time) - ((*one)->start_time < (*other)->start_time);
}

void
handoff_list_call_run_sessions (HandoffCall *call, const HandoffFacadeContext *context)
{
  const guint uid = handoff_caller_get_uid (handoff_call_get_caller (call));
  g_autoptr (GPtrArray) sessions = handoff_session_store_dup_all (
      context->sessions, handoff_call_uses_other_action (call) ? NULL : &uid);
  GVariantBuilder builder;
  guint i;

  g_ptr_array_sort (sessions, compare_start);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (i = 0; i < sessions->len; i++)
    g_variant_builder_add_value (&builder, new_description (g_ptr_array_index (sessions, i)));
  handoff_call_return (call, g_variant_new ("(aa{sv})", &builder), NULL);
}
