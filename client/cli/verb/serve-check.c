/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/serve-check.h"

#include <glib/gi18n.h>
#include <string.h>

#include "proxy/rehearsal.h"
#include "terminal/certificate.h"
#include "terminal/report.h"
#include "terminal/service-words.h"

/* What can be known before the first client comes: whether the service lets this user be a server
 * with that credential, or key, and what clients will see. */

/* (transfer full) (nullable): a DNS name that the credential is for */
static char *
dup_dns_name (TlsHandoffCredential *credential)
{
  GPtrArray *chain = tls_handoff_credential_get_certificates (credential);
  g_autoptr (CliCertificate) certificate = NULL;

  if (chain->len == 0 ||
      (tls_handoff_credential_get_roles (credential) & TLS_HANDOFF_CREDENTIAL_ROLE_SERVER) == 0)
    return NULL;
  certificate = cli_certificate_new (chain->pdata[0]);
  for (guint i = 0; i < certificate->names->len; i++)
    {
      const char *name = certificate->names->pdata[i];

      if (g_str_has_prefix (name, "DNS:*."))
        return g_strconcat ("www.", name + strlen ("DNS:*."), NULL);
      if (g_str_has_prefix (name, "DNS:"))
        return g_strdup (name + strlen ("DNS:"));
    }
  return NULL;
}

/* Where the service chooses, by the name that a client asks for: whether it finds one for a name of
 * the user's own credentials. (transfer full) (nullable): the certificate */
static GBytes *
rehearse_by_name (const CliConnectionSettings *settings)
{
  g_autoptr (GPtrArray) credentials = tls_handoff_manager_list_credentials_sync (
      settings->manager, FALSE, settings->flags, NULL, NULL);
  GBytes *certificate = NULL;

  for (guint i = 0; credentials != NULL && i < credentials->len && certificate == NULL; i++)
    {
      g_autofree char *name = dup_dns_name (credentials->pdata[i]);

      if (name != NULL)
        certificate =
            cli_rehearse (settings->manager, settings->options, settings->flags, name, NULL);
    }
  return certificate;
}

static CliExitStatus
report_failure (const GError *error)
{
  CliExitStatus status = cli_report_error (error);

  if (error->domain != TLS_HANDOFF_ERROR)
    return status;
  switch (error->code)
    {
    case TLS_HANDOFF_ERROR_INVALID_ARGUMENT:
      return CLI_EXIT_USAGE;
    case TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND:
      cli_hint (
          _ ("“tls-handoff credential list” shows what you have; --credential LABEL names one, "
             "--cert FILE one that the service does not keep, and --self-signed makes one "
             "for a test"));
      cli_hint_at_interactive (error);
      cli_hint (_ ("with --no-check the server begins all the same"));
      return status;
    case TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED:
      cli_hint (_ ("“tls-handoff credential unlock LABEL” tells the service the token's PIN"));
      return status;
    default:
      return status;
    }
}

/* What passes by itself is no reason not to begin. */
static gboolean
is_passing (const GError *error)
{
  return g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED) ||
         g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
}

/* Clients may be told to take it all the same. */
static void
report_validity (GBytes *der)
{
  g_autoptr (CliCertificate) certificate = cli_certificate_new (der);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = NULL;

  if (certificate->not_after != NULL && g_date_time_compare (now, certificate->not_after) > 0)
    {
      date = g_date_time_format_iso8601 (certificate->not_after);
      cli_report (_ ("The certificate has expired, on %s: clients will not trust it"), date);
    }
  else if (certificate->not_before != NULL &&
           g_date_time_compare (now, certificate->not_before) < 0)
    {
      date = g_date_time_format_iso8601 (certificate->not_before);
      cli_report (_ ("The certificate is not valid before %s: clients will not trust it yet"),
                  date);
    }
}

/**
 * cli_serve_check:
 * @settings: what all clients get
 * @service_chooses: no credential was named
 *
 * Tries whether a client could be served, and reports why not.
 *
 * Returns: %CLI_EXIT_OK if there is sense in listening
 */
CliExitStatus
cli_serve_check (const CliConnectionSettings *settings, gboolean service_chooses)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *message = NULL;
  g_autoptr (GBytes) certificate =
      cli_rehearse (settings->manager, settings->options, settings->flags, NULL, &error);

  if (certificate == NULL && service_chooses &&
      g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND))
    certificate = rehearse_by_name (settings);
  if (certificate != NULL)
    {
      report_validity (certificate);
      return CLI_EXIT_OK;
    }
  if (!is_passing (error))
    return report_failure (error);
  message = cli_service_words_translate (error->message);
  cli_report (_ ("No client could be served now: %s"), message);
  return CLI_EXIT_OK;
}
