/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/credential-answer.h"

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "description/credential-label.h"

static gboolean
refuse (GError **error, const char *key, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "Key %s: %s", key,
               what);
  return FALSE;
}

/* No credential is answered by leaving the key out. */
static gboolean
parse_credential (HandoffCredentialAnswer *self, GVariant *value, GError **error)
{
  self->credential = g_variant_dup_string (value, NULL);
  return handoff_credential_name_check (HANDOFF_OPTION_CREDENTIAL, self->credential, error);
}

static gboolean
parse_credential_pem (HandoffCredentialAnswer *self, GVariant *value, GError **error)
{
  self->credential_pem = g_variant_get_handle (value);
  return self->credential_pem >= 0 ||
         refuse (error, HANDOFF_OPTION_CREDENTIAL_PEM, "is no index of a descriptor");
}

static gboolean
parse_automatic (HandoffCredentialAnswer *self, GVariant *value, GError **error)
{
  self->automatic = g_variant_get_boolean (value);
  return TRUE;
}

static const struct
{
  const char *key;
  const char *type;
  gboolean (*parse) (HandoffCredentialAnswer *self, GVariant *value, GError **error);
} known_keys[] = {
  { HANDOFF_OPTION_CREDENTIAL, "s", parse_credential },
  { HANDOFF_OPTION_CREDENTIAL_PEM, "h", parse_credential_pem },
  { HANDOFF_ANSWER_AUTOMATIC, "b", parse_automatic },
};

static gboolean
parse_key (HandoffCredentialAnswer *self, const char *key, GVariant *value, GError **error)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (known_keys); i++)
    {
      if (!g_str_equal (known_keys[i].key, key))
        continue;
      if (g_variant_is_of_type (value, G_VARIANT_TYPE (known_keys[i].type)))
        return known_keys[i].parse (self, value, error);
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "Key %s: must be of type %s, is of type %.64s", key, known_keys[i].type,
                   g_variant_get_type_string (value));
      return FALSE;
    }
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "There is no key “%.64s” in this version of the service", key);
  return FALSE;
}

HandoffCredentialAnswer *
handoff_credential_answer_parse (GVariant *answer, GError **error)
{
  g_autoptr (HandoffCredentialAnswer) self = g_new0 (HandoffCredentialAnswer, 1);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  self->credential_pem = -1;
  /* Two keys contradict each other; so does a key that is given twice. */
  if (g_variant_n_children (answer) > 1)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "The answer has at most one of the keys %s, %s and %s",
                   HANDOFF_OPTION_CREDENTIAL, HANDOFF_OPTION_CREDENTIAL_PEM,
                   HANDOFF_ANSWER_AUTOMATIC);
      return NULL;
    }
  g_variant_iter_init (&iter, answer);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) owned_value = value;

      if (!parse_key (self, key, owned_value, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

void
handoff_credential_answer_free (HandoffCredentialAnswer *self)
{
  g_free (self->credential);
  g_free (self);
}
