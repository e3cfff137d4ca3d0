/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/credential-properties.h"

#include "keyblob/handoff-names.h"

#define SECONDS_PER_DAY (24 * 60 * 60)

static const char *
get_problem (const HandoffCallContext *context, const HandoffCredential *credential)
{
  const HandoffConfiguration *configuration =
      handoff_policy_source_get_configuration (context->policy_source);
  const char *uri = credential->token_uri;

  return handoff_credential_get_problem (
      credential, (gint64) configuration->expiry_warning * SECONDS_PER_DAY,
      uri != NULL && handoff_tokens_is_locked (context->tokens, uri));
}

static GVariant *
new_roles (const HandoffCredential *credential)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  if (credential->roles & HANDOFF_CREDENTIAL_ROLE_CLIENT)
    g_variant_builder_add (&builder, "s", HANDOFF_ROLE_NAME_CLIENT);
  if (credential->roles & HANDOFF_CREDENTIAL_ROLE_SERVER)
    g_variant_builder_add (&builder, "s", HANDOFF_ROLE_NAME_SERVER);
  return g_variant_builder_end (&builder);
}

static GVariant *
new_certificates (const HandoffCredential *credential)
{
  GVariantBuilder builder;
  guint i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_BYTESTRING_ARRAY);
  for (i = 0; i < credential->description->certificates->len; i++)
    g_variant_builder_add_value (
        &builder, g_variant_new_from_bytes (
                      G_VARIANT_TYPE_BYTESTRING,
                      g_ptr_array_index (credential->description->certificates, i), TRUE));
  return g_variant_builder_end (&builder);
}

GVariant *
handoff_credential_dup_properties (const HandoffCallContext *context,
                                   const HandoffCredential *credential)
{
  const char *uri = credential->token_uri;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "Label", "s", credential->label);
  g_variant_dict_insert (&dict, "Owner", "u", credential->owner);
  g_variant_dict_insert_value (&dict, "Roles", new_roles (credential));
  g_variant_dict_insert (&dict, "Storage", "s",
                         uri != NULL ? HANDOFF_STORAGE_TOKEN : HANDOFF_STORAGE_FILE);
  g_variant_dict_insert (&dict, "Token", "s", uri != NULL ? uri : "");
  g_variant_dict_insert (&dict, "KeyAlgorithm", "s", credential->description->algorithm);
  g_variant_dict_insert_value (&dict, "Certificates", new_certificates (credential));
  g_variant_dict_insert (&dict, "NotAfter", "t", (guint64) credential->description->not_after);
  g_variant_dict_insert (&dict, "OcspNotAfter", "t",
                         (guint64) credential->description->ocsp_not_after);
  g_variant_dict_insert (&dict, "Problem", "s", get_problem (context, credential));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}
