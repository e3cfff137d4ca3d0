/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/program-list.h"

#include <unistd.h>

#include "broker/programs.h"
#include "work/clock.h"

/* The broker: what runs as long as the service. */
static void
add_own (const HandoffCallContext *context, GVariantBuilder *programs)
{
  const gint64 age = handoff_clock_get_monotonic_time () - context->start_time;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "program", "s", "tls-handoffd");
  g_variant_dict_insert (&dict, "pid", "u", (guint) getpid ());
  g_variant_dict_insert (&dict, "age", "t", (guint64) age);
  g_variant_dict_insert (&dict, "callers", "u",
                         handoff_caller_registry_get_size (context->callers));
  g_variant_builder_add_value (programs, g_variant_dict_end (&dict));
}

/* How many have their key in the keeper. */
static guint
count_kept (HandoffCredentials *credentials)
{
  g_autoptr (GPtrArray) list = handoff_credentials_list (credentials, NULL);
  guint i, n = 0;

  for (i = 0; i < list->len; i++)
    {
      const HandoffCredential *credential = g_ptr_array_index (list, i);

      n += credential->token_uri == NULL;
    }
  return n;
}

static void
add_keeper (const HandoffCallContext *context, GVariantBuilder *programs)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (!handoff_keeper_describe (context->keeper, &dict))
    return;
  g_variant_dict_insert (&dict, "credentials", "u",
                         count_kept (HANDOFF_CREDENTIALS (context->credential_store)));
  g_variant_builder_add_value (programs, g_variant_dict_end (&dict));
}

GVariant *
handoff_program_list_new (const HandoffCallContext *context)
{
  GVariantBuilder programs;

  g_variant_builder_init (&programs, G_VARIANT_TYPE ("aa{sv}"));
  add_own (context, &programs);
  add_keeper (context, &programs);
  handoff_programs_add (context->broker.handshakers, &programs);
  handoff_importers_describe (context->importers, &programs);
  handoff_tokens_describe (context->tokens, &programs);
  return g_variant_builder_end (&programs);
}
