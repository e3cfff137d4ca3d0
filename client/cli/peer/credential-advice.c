/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/credential-advice.h"

#include <glib/gi18n.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "terminal/report.h"

/* A server insists on a certificate, and got none, or another one than it wants: which of the
 * user's credentials would do, what holds them back, and what is wrong with the others. */

/* Who has more than these looks at the list. */
#define MAX_HINTS 8

static gboolean
is_listed (GPtrArray *authorities, const gnutls_datum_t *name)
{
  guint i;

  for (i = 0; i < authorities->len; i++)
    {
      gsize size;
      gconstpointer data = g_bytes_get_data (g_ptr_array_index (authorities, i), &size);

      if (size == name->size && memcmp (data, name->data, size) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_issued_by (GBytes *der, GPtrArray *authorities)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (der, &size);
  const gnutls_datum_t datum = { (guint8 *) data, (unsigned) size };
  gnutls_datum_t issuer = { NULL, 0 };
  gnutls_x509_crt_t certificate;
  gboolean listed = FALSE;

  if (gnutls_x509_crt_init (&certificate) < 0)
    return FALSE;
  if (gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_DER) >= 0 &&
      gnutls_x509_crt_get_raw_issuer_dn (certificate, &issuer) >= 0)
    listed = is_listed (authorities, &issuer);
  gnutls_free (issuer.data);
  gnutls_x509_crt_deinit (certificate);
  return listed;
}

/* As the service judges: a server that names no authorities takes any (RFC 5246 7.4.4). */
static gboolean
is_accepted (TlsHandoffCredential *credential, GPtrArray *authorities)
{
  GPtrArray *chain = tls_handoff_credential_get_certificates (credential);
  guint i;

  if (authorities == NULL || authorities->len == 0)
    return TRUE;
  for (i = 0; i < chain->len; i++)
    {
      if (is_issued_by (g_ptr_array_index (chain, i), authorities))
        return TRUE;
    }
  return FALSE;
}

/* (nullable): why the credential is of no use here; NULL if it is */
static const char *
get_obstacle (TlsHandoffCredential *credential, const CliCredentialRefusal *refusal)
{
  const char *problem = tls_handoff_credential_get_problem (credential);

  if ((tls_handoff_credential_get_roles (credential) & TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT) == 0)
    return _ ("it is for servers");
  if (g_str_equal (problem, "no-certificate"))
    return _ ("it has no certificate yet");
  if (g_str_equal (problem, "expired"))
    return _ ("its certificate has expired");
  if (g_str_equal (problem, "locked"))
    return _ ("the token's PIN is not known: “tls-handoff credential unlock” tells it");
  if (!is_accepted (credential, refusal->authorities))
    return _ ("none of the authorities that the server accepts issued its certificate");
  if (g_strcmp0 (tls_handoff_credential_get_label (credential), refusal->used) == 0)
    return _ ("the server did not accept its certificate");
  return NULL;
}

/* What polkit says to a handshake that names the credential, without asking anybody. The peer of
 * that handshake is gone before it begins. (transfer full) (nullable): its denial */
static GError *
ask_about (TlsHandoffManager *manager, const CliCredentialRefusal *refusal, const char *label)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (TlsHandoffHandshakeResult) result = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return NULL;
  close (ends[1]);
  socket = g_socket_new_from_fd (ends[0], NULL);
  if (socket == NULL)
    {
      close (ends[0]);
      return NULL;
    }
  tls_handoff_handshake_options_set_credential (options, label);
  result = tls_handoff_manager_handshake_as_client_sync (
      manager, socket, refusal->identity, options, TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error);
  return g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED)
             ? g_steal_pointer (&error)
             : NULL;
}

/* The service itself chooses only among those that polkit allows without a question. */
static void
advise_fitting (TlsHandoffManager *manager, const CliCredentialRefusal *refusal, const char *label)
{
  g_autoptr (GError) denial = ask_about (manager, refusal, label);
  g_autofree char *quoted = g_shell_quote (label);

  if (denial == NULL)
    cli_hint (_ ("your credential “%s” may fit: --credential %s"), label, quoted);
  else if (!cli_error_wants_password (denial))
    cli_hint (_ ("your credential “%s” may fit, but polkit denies its use for this server; an "
                 "administrator can allow it with a rule in /etc/polkit-1/rules.d"),
              label);
  else if (refusal->interactive)
    cli_hint (_ ("your credential “%s” may fit; polkit asks for a password if you name it: "
                 "--credential %s"),
              label, quoted);
  else
    cli_hint (_ ("your credential “%s” may fit; polkit wants a password for its use: --credential "
                 "%s --interactive"),
              label, quoted);
}

/**
 * cli_credential_is_refused:
 * @error: how a connection ended, in the handshake or after it
 *
 * Returns: whether the server said that it wants a certificate, or another one
 */
gboolean
cli_credential_is_refused (const GError *error)
{
  static const char *const alerts[] = {
    "access_denied",       "bad_certificate",         "certificate_expired",
    "certificate_revoked", "certificate_required",    "certificate_unknown",
    "unknown_ca",          "unsupported_certificate", NULL
  };
  GVariant *details = tls_handoff_error_get_details (error);
  const char *alert = NULL;
  gboolean requested = FALSE;

  if (details == NULL || !g_variant_lookup (details, "alert", "&s", &alert))
    return FALSE;
  /* The alert of a handshake may be our own, about the server's certificate. After that was found
   * good, we look at what the server requests. */
  g_variant_lookup (details, "certificate-requested", "b", &requested);
  return (error->code == TLS_HANDOFF_ERROR_ALERT_RECEIVED || requested) &&
         g_strv_contains (alerts, alert);
}

/**
 * cli_credential_advise:
 *
 * Hints at what the user can do.
 */
void
cli_credential_advise (TlsHandoffManager *manager, const CliCredentialRefusal *refusal)
{
  g_autoptr (GPtrArray) credentials = tls_handoff_manager_list_credentials_sync (
      manager, FALSE, TLS_HANDOFF_HANDSHAKE_NONE, NULL, NULL);
  guint i;

  if (refusal->own->certificate_file != NULL)
    cli_hint (_ ("the server did not accept the certificate in %s"),
              refusal->own->certificate_file);
  for (i = 0; credentials != NULL && i < MIN (credentials->len, MAX_HINTS); i++)
    {
      TlsHandoffCredential *credential = g_ptr_array_index (credentials, i);
      const char *label = tls_handoff_credential_get_label (credential);
      const char *obstacle = get_obstacle (credential, refusal);

      if (obstacle == NULL)
        advise_fitting (manager, refusal, label);
      else
        cli_hint (_ ("your credential “%s” does not fit: %s"), label, obstacle);
    }
  if (credentials != NULL && credentials->len == 0 && refusal->own->certificate_file != NULL)
    return;
  if (credentials != NULL && credentials->len == 0)
    cli_hint (
        _ ("you have no credential: --cert FILE gives a certificate that the service does not "
           "keep, and “tls-handoff credential import” one that it keeps"));
  else
    cli_hint (_ ("“tls-handoff credential list” shows what you have; --cert FILE gives a "
                 "certificate that the service does not keep"));
}
