/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What is offered to the peer: the cipher suites, and a client's server name. */

#include "config.h"

#include "handshake/handshake-options.h"
#include "keyblob/cipher-suite.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

/* (nullable) */
static const HandoffCipherSuite *
find_suite (const char *name)
{
  gsize i, n_suites;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);

  for (i = 0; i < n_suites; i++)
    {
      if (g_str_equal (suites[i].name, name))
        return &suites[i];
    }
  return NULL;
}

/**
 * tls_handoff_handshake_options_set_cipher_suites:
 * @self: the options
 * @names: (nullable) (array zero-terminated=1): IANA names, such as `TLS_AES_256_GCM_SHA384`; at
 *   least one
 *
 * Narrows the cipher suites to those named. %NULL (the default): all that the record layer has. The
 * service's configuration may narrow them further, and has their order. A suite belongs to one
 * protocol: without any of TLS 1.3, that is not offered.
 *
 * Returns: whether all names are known; if not, nothing is changed, and the error is
 *   %TLS_HANDOFF_ERROR_INVALID_ARGUMENT
 *
 * Since: 0.2
 */
gboolean
tls_handoff_handshake_options_set_cipher_suites (TlsHandoffHandshakeOptions *self,
                                                 const char *const *names,
                                                 GError **error)
{
  g_autoptr (GArray) ids = NULL;
  gsize i;

  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (names != NULL)
    ids = g_array_new (FALSE, FALSE, sizeof (guint16));
  for (i = 0; names != NULL && names[i] != NULL; i++)
    {
      const HandoffCipherSuite *suite = find_suite (names[i]);

      if (suite == NULL)
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       _ ("There is no cipher suite “%s” here"), names[i]);
          return FALSE;
        }
      g_array_append_val (ids, suite->id);
    }
  if (ids != NULL && ids->len == 0)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           _ ("No cipher suite is named"));
      return FALSE;
    }
  g_clear_pointer (&self->cipher_suites, g_array_unref);
  self->cipher_suites = g_steal_pointer (&ids);
  return TRUE;
}

/**
 * tls_handoff_handshake_options_set_server_name:
 * @self: the options
 * @name: (nullable): a DNS name, or the empty string for none at all
 *
 * Sets the server name that a client sends (RFC 6066 section 3). %NULL (the default): the name that
 * the server must prove, if that is one. What the server must prove stays the same.
 *
 * Since: 0.2
 */
void
tls_handoff_handshake_options_set_server_name (TlsHandoffHandshakeOptions *self, const char *name)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  if (g_strcmp0 (self->server_name, name) == 0)
    return;

  g_free (self->server_name);
  self->server_name = g_strdup (name);
  g_object_notify (G_OBJECT (self), "server-name");
}
