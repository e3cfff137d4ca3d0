/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-outcome.h"

#include "keyblob/handoff-names.h"

HandoffHandshakeOutcome *
handoff_handshake_outcome_copy (const HandoffHandshakeOutcome *self)
{
  HandoffHandshakeOutcome *copy = g_memdup2 (self, sizeof *self);

  copy->application_protocol = g_strdup (self->application_protocol);
  copy->server_name = g_strdup (self->server_name);
  copy->credential = g_strdup (self->credential);
  copy->peer_certificates = g_variant_ref (self->peer_certificates);
  if (self->verified_path != NULL)
    g_variant_ref (copy->verified_path);
  if (self->certificate_authorities != NULL)
    g_variant_ref (copy->certificate_authorities);
  copy->verification_errors = g_strdupv (self->verification_errors);
  return copy;
}

void
handoff_handshake_outcome_free (HandoffHandshakeOutcome *self)
{
  g_free (self->application_protocol);
  g_free (self->server_name);
  g_free (self->credential);
  g_clear_pointer (&self->peer_certificates, g_variant_unref);
  g_clear_pointer (&self->verified_path, g_variant_unref);
  g_strfreev (self->verification_errors);
  g_clear_pointer (&self->certificate_authorities, g_variant_unref);
  g_free (self);
}

static void
insert_string (GVariantDict *details, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_dict_insert (details, key, "s", value);
}

void
handoff_handshake_outcome_add_details (const HandoffHandshakeOutcome *self, GVariantDict *details)
{
  insert_string (details, HANDOFF_DETAIL_PROTOCOL, self->protocol);
  insert_string (details, HANDOFF_DETAIL_CIPHER_SUITE, self->cipher_suite);
  insert_string (details, HANDOFF_DETAIL_APPLICATION_PROTOCOL, self->application_protocol);
  insert_string (details, HANDOFF_DETAIL_SERVER_NAME, self->server_name);
  insert_string (details, HANDOFF_DETAIL_OCSP_STATUS, self->ocsp_status);
  insert_string (details, HANDOFF_DETAIL_OCSP_PROBLEM, self->ocsp_problem);
  insert_string (details, HANDOFF_DETAIL_CREDENTIAL, self->credential);
  if (self->certificate_authorities != NULL)
    g_variant_dict_insert_value (details, HANDOFF_DETAIL_CERTIFICATE_AUTHORITIES,
                                 self->certificate_authorities);
  if (self->certificate_requested)
    g_variant_dict_insert (details, HANDOFF_DETAIL_CERTIFICATE_REQUESTED, "b", TRUE);
  g_variant_dict_insert (details, HANDOFF_DETAIL_RESUMED, "b", self->resumed);
  g_variant_dict_insert_value (details, HANDOFF_DETAIL_PEER_CERTIFICATES, self->peer_certificates);
  if (self->verified_path != NULL)
    g_variant_dict_insert_value (details, HANDOFF_DETAIL_VERIFIED_PATH, self->verified_path);
  if (self->verification_errors != NULL)
    g_variant_dict_insert (details, HANDOFF_DETAIL_VERIFICATION_ERRORS, "^as",
                           self->verification_errors);
}
