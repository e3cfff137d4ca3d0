/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "connection/gio-mapping.h"

#include "keyblob/handoff-names.h"
#include "keyblob/server-identity.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

/* (transfer full) (nullable) */
static char *
dup_name (GSocketConnectable *connectable)
{
  if (G_IS_NETWORK_ADDRESS (connectable))
    return g_strdup (g_network_address_get_hostname (G_NETWORK_ADDRESS (connectable)));

  if (G_IS_NETWORK_SERVICE (connectable))
    return g_strdup (g_network_service_get_domain (G_NETWORK_SERVICE (connectable)));

  if (G_IS_INET_SOCKET_ADDRESS (connectable))
    return g_inet_address_to_string (
        g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (connectable)));

  return NULL;
}

char *
handoff_server_identity_from_connectable (GSocketConnectable *connectable)
{
  g_autofree char *name = dup_name (connectable);
  g_autoptr (HandoffServerIdentity) identity = NULL;

  if (name != NULL && g_utf8_validate (name, -1, NULL))
    identity = handoff_server_identity_parse (name, NULL);
  return identity != NULL ? g_steal_pointer (&name) : g_strdup ("");
}

GTlsCertificateFlags
handoff_certificate_flags_from_variant (GVariant *verification_errors)
{
  static const struct
  {
    const char *name;
    GTlsCertificateFlags flag;
  } flags[] = {
    { HANDOFF_VERIFICATION_UNKNOWN_AUTHORITY, G_TLS_CERTIFICATE_UNKNOWN_CA },
    { HANDOFF_VERIFICATION_ISSUER_NOT_AUTHORITY, G_TLS_CERTIFICATE_UNKNOWN_CA },
    { HANDOFF_VERIFICATION_WRONG_NAME, G_TLS_CERTIFICATE_BAD_IDENTITY },
    { HANDOFF_VERIFICATION_EXPIRED, G_TLS_CERTIFICATE_EXPIRED },
    { HANDOFF_VERIFICATION_NOT_ACTIVATED, G_TLS_CERTIFICATE_NOT_ACTIVATED },
    { HANDOFF_VERIFICATION_REVOKED, G_TLS_CERTIFICATE_REVOKED },
    { HANDOFF_VERIFICATION_INSECURE, G_TLS_CERTIFICATE_INSECURE },
  };
  GTlsCertificateFlags result = G_TLS_CERTIFICATE_NO_FLAGS;
  GVariantIter iter;
  const char *name;

  if (verification_errors == NULL)
    return result;

  g_variant_iter_init (&iter, verification_errors);
  while (g_variant_iter_next (&iter, "&s", &name))
    {
      GTlsCertificateFlags flag = G_TLS_CERTIFICATE_GENERIC_ERROR;
      gsize i;

      for (i = 0; i < G_N_ELEMENTS (flags); i++)
        if (g_str_equal (name, flags[i].name))
          flag = flags[i].flag;
      result |= flag;
    }

  return result;
}

char *
handoff_certificate_flags_describe (GTlsCertificateFlags flags)
{
  static const struct
  {
    GTlsCertificateFlags flag;
    const char *text;
  } words[] = {
    { G_TLS_CERTIFICATE_UNKNOWN_CA, N_ ("no trusted authority issued it") },
    { G_TLS_CERTIFICATE_BAD_IDENTITY, N_ ("it is not for the name that is expected") },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, N_ ("it is not valid yet") },
    { G_TLS_CERTIFICATE_EXPIRED, N_ ("it has expired") },
    { G_TLS_CERTIFICATE_REVOKED, N_ ("it was revoked") },
    { G_TLS_CERTIFICATE_INSECURE, N_ ("its signature or its key is too weak") },
    { G_TLS_CERTIFICATE_GENERIC_ERROR, N_ ("there is a fault for which GIO has no name") },
  };
  GString *text = g_string_new (NULL);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (words); i++)
    {
      if ((flags & words[i].flag) != 0)
        g_string_append_printf (text, "%s%s", text->len != 0 ? "; " : "", _ (words[i].text));
    }
  return g_string_free (text, FALSE);
}

/* The peer's alert, or what it speaks in place of TLS, may say more than that the handshake or the
 * connection ended. */
static GTlsError
tls_error_of_details (const GError *error, GTlsError otherwise)
{
  GVariant *details = tls_handoff_error_get_details (error);
  const char *alert, *protocol;

  if (details != NULL && g_variant_lookup (details, HANDOFF_DETAIL_ALERT, "&s", &alert))
    {
      if (g_str_equal (alert, "certificate_required"))
        return G_TLS_ERROR_CERTIFICATE_REQUIRED;
      if (g_str_equal (alert, "inappropriate_fallback"))
        return G_TLS_ERROR_INAPPROPRIATE_FALLBACK;
    }
  if (details != NULL && g_variant_lookup (details, HANDOFF_DETAIL_PEER_PROTOCOL, "&s", &protocol))
    return G_TLS_ERROR_NOT_TLS;

  return otherwise;
}

static void
map_handoff_error (const GError *error, gboolean handshaking, GQuark *domain, int *code)
{
  *domain = G_IO_ERROR;

  switch ((TlsHandoffError) error->code)
    {
    case TLS_HANDOFF_ERROR_NOT_AUTHORIZED:
      *code = G_IO_ERROR_PERMISSION_DENIED;
      return;
    case TLS_HANDOFF_ERROR_INVALID_ARGUMENT:
      *code = G_IO_ERROR_INVALID_ARGUMENT;
      return;
    case TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET:
    case TLS_HANDOFF_ERROR_NOT_SUPPORTED:
      *code = G_IO_ERROR_NOT_SUPPORTED;
      return;
    case TLS_HANDOFF_ERROR_LIMIT_REACHED:
      *code = G_IO_ERROR_BUSY;
      return;
    case TLS_HANDOFF_ERROR_TIMED_OUT:
      *code = G_IO_ERROR_TIMED_OUT;
      return;
    case TLS_HANDOFF_ERROR_CANCELLED:
      *code = G_IO_ERROR_CANCELLED;
      return;
    case TLS_HANDOFF_ERROR_CLOSED:
      *code = G_IO_ERROR_CLOSED;
      return;
    default:
      break;
    }

  *domain = G_TLS_ERROR;

  switch ((TlsHandoffError) error->code)
    {
    case TLS_HANDOFF_ERROR_PEER_CLOSED:
      /* As glib-networking has it: who hangs up on a hello does not speak TLS. */
      *code = handshaking ? G_TLS_ERROR_NOT_TLS : G_TLS_ERROR_EOF;
      return;
    case TLS_HANDOFF_ERROR_HANDSHAKE_FAILED:
      *code = tls_error_of_details (error, G_TLS_ERROR_HANDSHAKE);
      return;
    case TLS_HANDOFF_ERROR_ALERT_RECEIVED:
      *code = tls_error_of_details (error, G_TLS_ERROR_MISC);
      return;
    case TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED:
      *code = G_TLS_ERROR_BAD_CERTIFICATE;
      return;
    case TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND:
      *code = G_TLS_ERROR_CERTIFICATE_REQUIRED;
      return;
    case TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED:
      *code = G_TLS_ERROR_BAD_CERTIFICATE_PASSWORD;
      return;
    case TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE:
      *code = G_TLS_ERROR_UNAVAILABLE;
      return;
    default:
      *code = G_TLS_ERROR_MISC;
      return;
    }
}

GError *
handoff_error_for_connection (GError *error, gboolean handshaking)
{
  GError *mapped;
  GQuark domain;
  int code;

  if (error->domain == TLS_HANDOFF_ERROR)
    {
      map_handoff_error (error, handshaking, &domain, &code);
    }
  else if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    {
      domain = G_IO_ERROR;
      code = G_IO_ERROR_PERMISSION_DENIED;
    }
  else if (error->domain == G_DBUS_ERROR)
    {
      domain = G_TLS_ERROR;
      code = G_TLS_ERROR_UNAVAILABLE;
    }
  else
    {
      return error;
    }

  mapped = g_error_new_literal (domain, code, error->message);
  g_error_free (error);
  return mapped;
}
