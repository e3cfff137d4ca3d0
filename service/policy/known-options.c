/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/known-options.h"

#include <string.h>

/* Larger ones are not remembered. */
#define MAX_SIZE 2048

struct _HandoffKnownOptions
{
  HandoffHandshakeOptions *options; /* (owned) (nullable): NULL: none are known */
  HandoffRole role;
  guint64 policy_serial;
  gsize size; /* of what follows: the options as they came */
  guint8 bytes[MAX_SIZE];
};

HandoffKnownOptions *
handoff_known_options_new (void)
{
  return g_new0 (HandoffKnownOptions, 1);
}

void
handoff_known_options_free (HandoffKnownOptions *self)
{
  g_clear_pointer (&self->options, handoff_handshake_options_unref);
  g_free (self);
}

/* Options with the same bytes are the same: both have the same type. */
static gboolean
are_known (HandoffKnownOptions *self, GVariant *options, HandoffRole role, HandoffTlsPolicy *policy)
{
  return self->options != NULL && self->role == role &&
         self->policy_serial == handoff_tls_policy_get_serial (policy) &&
         self->size == g_variant_get_size (options) &&
         (self->size == 0 || memcmp (self->bytes, g_variant_get_data (options), self->size) == 0);
}

static void
remember (HandoffKnownOptions *self,
          GVariant *options,
          HandoffRole role,
          HandoffTlsPolicy *policy,
          HandoffHandshakeOptions *parsed)
{
  const gsize size = g_variant_get_size (options);

  if (size > sizeof self->bytes)
    return;
  g_clear_pointer (&self->options, handoff_handshake_options_unref);
  self->options = handoff_handshake_options_ref (parsed);
  self->role = role;
  self->policy_serial = handoff_tls_policy_get_serial (policy);
  self->size = size;
  if (size > 0)
    memcpy (self->bytes, g_variant_get_data (options), size);
}

HandoffHandshakeOptions *
handoff_known_options_parse (HandoffKnownOptions *self,
                             GVariant *options,
                             HandoffRole role,
                             HandoffTlsPolicy *policy,
                             GError **error)
{
  HandoffHandshakeOptions *parsed;

  if (self != NULL && are_known (self, options, role, policy))
    return handoff_handshake_options_ref (self->options);
  parsed = handoff_handshake_options_parse (options, role,
                                            handoff_tls_policy_get_configuration (policy), error);
  if (self != NULL && parsed != NULL)
    remember (self, options, role, policy, parsed);
  return parsed;
}
