/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/credential-call.h"

#include "bus/credential-change.h"
#include "credential/credential-options.h"
#include "key/key-type.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "description/credential-label.h"
#include "token-text/token-uri.h"

/* What distinguishes the three methods. Their arguments are a label, one of their own, and options.
 */
typedef struct
{
  const char *name;
  HandoffCredentialMethod method;
  /* Takes the second argument. */
  gboolean (*take_argument) (HandoffCredentialChange *self,
                             HandoffCall *call,
                             GVariant *argument,
                             GError **error);
  const HandoffPlan *plan;
} Method;

static gboolean
take_data (HandoffCredentialChange *self, HandoffCall *call, GVariant *argument, GError **error)
{
  self->data_fd = handoff_call_take_fd (call, g_variant_get_handle (argument), "data", error);
  return self->data_fd >= 0;
}

static gboolean
take_key_type (HandoffCredentialChange *self, HandoffCall *call, GVariant *argument, GError **error)
{
  self->key_type = g_variant_dup_string (argument, NULL);
  return handoff_key_type_check (self->key_type, error);
}

static gboolean
take_uri (HandoffCredentialChange *self, HandoffCall *call, GVariant *argument, GError **error)
{
  self->uri = handoff_token_uri_canonicalize (g_variant_get_string (argument, NULL), error);
  return self->uri != NULL;
}

static const Method methods[] = {
  { "ImportCredential", HANDOFF_CREDENTIAL_METHOD_IMPORT, take_data, &handoff_credential_import },
  { "GenerateCredential", HANDOFF_CREDENTIAL_METHOD_GENERATE, take_key_type,
    &handoff_credential_generation },
  { "LinkCredential", HANDOFF_CREDENTIAL_METHOD_LINK, take_uri, &handoff_credential_link },
};

static const Method *
find_method (HandoffCall *call)
{
  const char *name = handoff_call_get_row (call)->method_name;
  gsize i = 0;

  while (!g_str_equal (methods[i].name, name))
    {
      i++;
      g_assert (i < G_N_ELEMENTS (methods));
    }
  return &methods[i];
}

/* Each method has at most one of the two options. */
static gboolean
take_secret (HandoffCredentialChange *self,
             HandoffCall *call,
             const HandoffCredentialOptions *options,
             GError **error)
{
  if (options->passphrase >= 0)
    self->secret_fd = handoff_call_take_fd (call, options->passphrase,
                                            "Option " HANDOFF_OPTION_PASSPHRASE, error);
  else if (options->pin >= 0)
    self->secret_fd =
        handoff_call_take_fd (call, options->pin, "Option " HANDOFF_OPTION_PIN, error);
  else
    return TRUE;
  return self->secret_fd >= 0;
}

gboolean
handoff_credential_call_prepare (HandoffCall *call,
                                 const HandoffCallContext *context,
                                 GError **error)
{
  const Method *method = find_method (call);
  g_autoptr (HandoffCredentialChange) self = handoff_credential_change_new (call);
  g_autoptr (GVariant) argument = NULL;
  g_autoptr (GVariant) dict = NULL;
  g_autoptr (HandoffCredentialOptions) options = NULL;
  const char *label;

  g_variant_get_child (handoff_call_get_parameters (call), 0, "&s", &label);
  argument = g_variant_get_child_value (handoff_call_get_parameters (call), 1);
  dict = g_variant_get_child_value (handoff_call_get_parameters (call), 2);
  options = handoff_credential_options_parse (dict, method->method, self->uid, error);
  if (options == NULL || !method->take_argument (self, call, argument, error) ||
      !take_secret (self, call, options, error) || !handoff_credential_label_check (label, error))
    return FALSE;
  self->name.label = g_strdup (label);
  self->name.owner = options->owner;
  self->name.roles = options->roles;
  self->certificates = g_steal_pointer (&options->certificates);
  handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, label);
  /* Without a PIN of the caller's, the service would use a PIN that others gave. */
  if (self->name.owner != self->uid || (self->uri != NULL && options->pin < 0))
    handoff_call_use_other_action (call);
  return handoff_credential_change_prepare (g_steal_pointer (&self), call, context, error);
}

void
handoff_credential_call_run (HandoffCall *call, const HandoffCallContext *context)
{
  g_autoptr (HandoffCredentialChange) self = handoff_call_steal_data (call);
  g_autoptr (GError) error = NULL;

  if (handoff_credential_change_check_room (self, context, &error))
    handoff_credential_change_start (g_steal_pointer (&self), call, context,
                                     find_method (call)->plan);
  else
    handoff_call_fail (call, error);
}
