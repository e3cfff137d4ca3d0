/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#include "terminal/certificate-file.h"
#include "terminal/certificate.h"
#include "verb/certificate-names.h"
#include "verb/credential-call.h"
#include "terminal/pem.h"
#include "terminal/report.h"
#include "verb/verbs.h"

/* RFC 7468 7 */
static CliExitStatus
print_request (GBytes *request)
{
  g_autofree char *pem = cli_pem_encode ("CERTIFICATE REQUEST", request);

  if (pem == NULL)
    {
      cli_report (_ ("The request cannot be written in PEM format"));
      return CLI_EXIT_FAILED;
    }
  g_print ("%s", pem);
  return CLI_EXIT_OK;
}

/* Has it signed, and writes it. */
static CliExitStatus
request (CliCredentialCall *call,
         TlsHandoffCredential *credential,
         const CliCertificateNames *names)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) request = tls_handoff_credential_create_certificate_request_sync (
      credential, names->subject, (const char *const *) names->dns_names,
      (const char *const *) names->ip_addresses, (const char *const *) names->email_addresses,
      call->flags, NULL, &error);
  CliExitStatus failure;

  if (request != NULL)
    return print_request (request);
  failure = cli_credential_call_report_error (error);
  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED))
    cli_hint (_ ("“tls-handoff credential unlock LABEL” tells the service the token's PIN"));
  return failure;
}

/**
 * cli_credential_request:
 *
 * The verb "credential request": a request to an authority, signed with a credential's key.
 */
CliExitStatus
cli_credential_request (GOptionContext *context, char **arguments)
{
  g_auto (CliCertificateNames) names = { NULL };
  const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (TlsHandoffCredential) credential = NULL;
  CliExitStatus status;

  cli_certificate_names_add_options (&names, context);
  status = cli_credential_call_open (call, context, arguments, entries, &credential);
  return status == CLI_EXIT_OK ? request (call, credential, &names) : status;
}

/* What the certificate says, as a request says it. FALSE: names of other kinds, which a request of
 * the service's cannot have, are left out. */
static gboolean
read_names (CliCertificateNames *names, GBytes *der)
{
  static const struct
  {
    const char *prefix;
    gsize list; /* where it is in the names */
  } kinds[] = {
    { "DNS:", G_STRUCT_OFFSET (CliCertificateNames, dns_names) },
    { "IP:", G_STRUCT_OFFSET (CliCertificateNames, ip_addresses) },
    { "email:", G_STRUCT_OFFSET (CliCertificateNames, email_addresses) },
  };
  g_autoptr (CliCertificate) certificate = cli_certificate_new (der);
  guint n_taken = 0;

  names->subject = g_strdup (certificate->subject);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

      for (guint j = 0; j < certificate->names->len; j++)
        {
          const char *name = certificate->names->pdata[j];

          if (!g_str_has_prefix (name, kinds[i].prefix))
            continue;
          g_strv_builder_add (builder, name + strlen (kinds[i].prefix));
          n_taken++;
        }
      G_STRUCT_MEMBER (char **, names, kinds[i].list) = g_strv_builder_end (builder);
    }
  return n_taken == certificate->names->len;
}

/**
 * cli_credential_renew_request:
 *
 * The verb "credential renew-request": a request for the same names as those of the certificate
 * that there is.
 */
CliExitStatus
cli_credential_renew_request (GOptionContext *context, char **arguments)
{
  const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_auto (CliCertificateNames) names = { NULL };
  CliExitStatus status = cli_credential_call_open (call, context, arguments, entries, &credential);
  GPtrArray *chain;

  if (status != CLI_EXIT_OK)
    return status;
  chain = tls_handoff_credential_get_certificates (credential);
  if (chain->len == 0)
    {
      cli_report (_ ("“%s” has no certificate that could be renewed"),
                  tls_handoff_credential_get_label (credential));
      cli_hint (_ ("“tls-handoff credential request” takes the names of a first one"));
      return CLI_EXIT_FAILED;
    }
  if (!read_names (&names, chain->pdata[0]))
    cli_report (_ ("The certificate has names of other kinds, which the request leaves out: see "
                   "“credential show”"));
  return request (call, credential, &names);
}

/**
 * cli_credential_set_certificates:
 *
 * The verb "credential set-certificates": what the authority answered.
 */
CliExitStatus
cli_credential_set_certificates (GOptionContext *context, char **arguments)
{
  const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_autoptr (GPtrArray) certificates = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status = cli_credential_call_parse (call, context, arguments, entries, 2);

  if (status != CLI_EXIT_OK)
    return status;
  certificates = cli_certificate_file_load (call->arguments[1], &error);
  if (certificates == NULL)
    {
      cli_report ("%s", error->message);
      return CLI_EXIT_USAGE;
    }
  status = cli_credential_call_find (call, call->arguments[0], &credential);
  if (status != CLI_EXIT_OK)
    return status;
  if (!tls_handoff_credential_set_certificates_sync (credential, certificates, call->flags, NULL,
                                                     &error))
    return cli_credential_call_report_error (error);
  return CLI_EXIT_OK;
}
