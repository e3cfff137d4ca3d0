/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-request.h"

#include <string.h>

#include "keyblob/hpke-kem.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "work/descriptor-reaper.h"

/* FALSE: it is wrong. */
static gboolean
take_identity (HandoffHandshakeRequest *self, const char *server_identity, GError **error)
{
  if (self->role == HANDOFF_ROLE_CLIENT)
    {
      /* Without a review, nobody could accept the server. */
      self->identity = *server_identity == '\0' && self->options->review_certificate
                           ? handoff_server_identity_new_for_nobody ()
                           : handoff_server_identity_parse (server_identity, error);
      return self->identity != NULL;
    }
  if (*server_identity == '\0')
    return TRUE;
  g_set_error_literal (
      error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
      "server_identity: must be empty for a server: its credential says who it is");
  return FALSE;
}

HandoffHandshakeRequest *
handoff_handshake_request_new_with_options (HandoffRole role,
                                            const char *server_identity,
                                            HandoffHandshakeOptions *options,
                                            HandoffTlsPolicy *policy,
                                            GError **error)
{
  g_autoptr (HandoffHandshakeRequest) self = g_new0 (HandoffHandshakeRequest, 1);

  self->fd = -1;
  self->role = role;
  self->policy = handoff_tls_policy_ref (policy);
  self->options = options;
  return take_identity (self, server_identity, error) ? g_steal_pointer (&self) : NULL;
}

HandoffHandshakeRequest *
handoff_handshake_request_new (HandoffRole role,
                               const char *server_identity,
                               GVariant *options,
                               HandoffTlsPolicy *policy,
                               GError **error)
{
  HandoffHandshakeOptions *parsed = handoff_handshake_options_parse (
      options, role, handoff_tls_policy_get_configuration (policy), error);

  return parsed != NULL ? handoff_handshake_request_new_with_options (role, server_identity, parsed,
                                                                      policy, error)
                        : NULL;
}

const char *
handoff_handshake_request_get_server_name (const HandoffHandshakeRequest *self)
{
  const char *name = self->options->server_name;

  if (name == NULL)
    return self->identity != NULL ? self->identity->host_name : NULL;
  return *name != '\0' ? name : NULL;
}

void
handoff_handshake_request_end (HandoffHandshakeRequest *self)
{
  handoff_descriptor_reap (g_steal_fd (&self->fd), self->uid);
  g_clear_pointer (&self->options, handoff_handshake_options_unref);
  g_clear_pointer (&self->policy, handoff_tls_policy_unref);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_clear_pointer (&self->grant, handoff_signing_grant_unref);
  g_clear_pointer (&self->session_data, handoff_secret_free);
  g_clear_pointer (&self->ticket_secret, handoff_secret_free);
}

void
handoff_handshake_request_free (HandoffHandshakeRequest *self)
{
  handoff_handshake_request_end (self);
  g_clear_pointer (&self->identity, handoff_server_identity_free);
  g_free (self);
}

gboolean
handoff_recipient_parse (GVariant *value,
                         gboolean on_channel,
                         HandoffRecipient *recipient,
                         GError **error)
{
  gsize size;
  gconstpointer data = g_variant_get_fixed_array (value, &size, 1);

  recipient->by_channel = on_channel && size == 0;
  if (recipient->by_channel)
    {
      memset (recipient->key, 0, sizeof recipient->key);
      return TRUE;
    }
  if (size != HANDOFF_RECIPIENT_KEY_SIZE)
    {
      g_set_error (
          error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
          "recipient_key: must be an X25519 public key of %d bytes%s, has %" G_GSIZE_FORMAT,
          HANDOFF_RECIPIENT_KEY_SIZE, on_channel ? ", or empty for the channel's" : "", size);
      return FALSE;
    }
  memcpy (recipient->key, data, size);
  if (!handoff_hpke_check_public_key (recipient->key, error))
    {
      g_prefix_error (error, "recipient_key: ");
      return FALSE;
    }
  return TRUE;
}
