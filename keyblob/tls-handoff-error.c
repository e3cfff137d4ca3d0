/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "tls-handoff-error.h"

#include "error-details.h"
#include "handoff-names.h"

#define REGISTERED_NAME HANDOFF_ERROR_DOMAIN_NAME "-registered"

static const GDBusErrorEntry error_names[] = {
  { TLS_HANDOFF_ERROR_FAILED, HANDOFF_ERROR_PREFIX "Failed" },
  { TLS_HANDOFF_ERROR_NOT_AUTHORIZED, HANDOFF_ERROR_PREFIX "NotAuthorized" },
  { TLS_HANDOFF_ERROR_INVALID_ARGUMENT, HANDOFF_ERROR_PREFIX "InvalidArgument" },
  { TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET, HANDOFF_ERROR_PREFIX "UnsupportedSocket" },
  { TLS_HANDOFF_ERROR_LIMIT_REACHED, HANDOFF_ERROR_PREFIX "LimitReached" },
  { TLS_HANDOFF_ERROR_TIMED_OUT, HANDOFF_ERROR_PREFIX "TimedOut" },
  { TLS_HANDOFF_ERROR_CANCELLED, HANDOFF_ERROR_PREFIX "Cancelled" },
  { TLS_HANDOFF_ERROR_PEER_CLOSED, HANDOFF_ERROR_PREFIX "PeerClosed" },
  { TLS_HANDOFF_ERROR_HANDSHAKE_FAILED, HANDOFF_ERROR_PREFIX "HandshakeFailed" },
  { TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED, HANDOFF_ERROR_PREFIX "CertificateUntrusted" },
  { TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, HANDOFF_ERROR_PREFIX "CredentialNotFound" },
  { TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, HANDOFF_ERROR_PREFIX "CredentialLocked" },
  { TLS_HANDOFF_ERROR_NOT_SUPPORTED, HANDOFF_ERROR_PREFIX "NotSupported" },
  { TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, HANDOFF_ERROR_PREFIX "KeyBlobInvalid" },
  { TLS_HANDOFF_ERROR_KEY_USED, HANDOFF_ERROR_PREFIX "KeyUsed" },
  { TLS_HANDOFF_ERROR_RECORD_INVALID, HANDOFF_ERROR_PREFIX "RecordInvalid" },
  { TLS_HANDOFF_ERROR_ALERT_RECEIVED, HANDOFF_ERROR_PREFIX "AlertReceived" },
  { TLS_HANDOFF_ERROR_CLOSED, HANDOFF_ERROR_PREFIX "Closed" },
  { TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE, HANDOFF_ERROR_PREFIX "AuthorityUnavailable" },
};

/* The tests check that row i is the row of code i. */
G_STATIC_ASSERT (G_N_ELEMENTS (error_names) == TLS_HANDOFF_N_ERRORS);
G_STATIC_ASSERT (TLS_HANDOFF_ERROR_FAILED == 0);

/* A program can hold this code twice: linked in, and in the library. GLib wants a domain to be
 * registered once (G_DEFINE_EXTENDED_ERROR() would complain); whichever copy comes first does it,
 * and both find the same private data. A second quark says that it was done. The domain's own quark
 * does not: it also exists where a language binding looked it up by name, and then errors would
 * have no private data before them. */
static GQuark
register_domain (void)
{
  GQuark domain;
  gsize i;

  if (g_quark_try_string (REGISTERED_NAME) != 0)
    return g_quark_from_static_string (HANDOFF_ERROR_DOMAIN_NAME);

  domain = handoff_error_details_register ();
  g_quark_from_string (REGISTERED_NAME);
  for (i = 0; i < G_N_ELEMENTS (error_names); i++)
    g_dbus_error_register_error (domain, error_names[i].error_code, error_names[i].dbus_error_name);

  return domain;
}

/**
 * tls_handoff_error_quark:
 *
 * Returns: the error domain %TLS_HANDOFF_ERROR
 *
 * Since: 0.1
 */
GQuark
tls_handoff_error_quark (void)
{
  static gsize domain;

  if (g_once_init_enter (&domain))
    g_once_init_leave (&domain, register_domain ());

  return (GQuark) domain;
}

GVariant *
tls_handoff_error_get_details (const GError *error)
{
  if (error == NULL || error->domain != TLS_HANDOFF_ERROR)
    return NULL;

  return handoff_error_details_get (error);
}

const char *
tls_handoff_error_get_original_message (const GError *error)
{
  if (error == NULL || error->domain != TLS_HANDOFF_ERROR)
    return NULL;

  return handoff_error_get_original_message (error);
}
