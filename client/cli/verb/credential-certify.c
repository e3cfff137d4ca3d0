/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "terminal/certificate-file.h"
#include "verb/credential-call.h"
#include "terminal/pem.h"
#include "terminal/report.h"
#include "verb/verbs.h"

typedef struct
{
  char *subject;
  char **dns_names;
  char **ip_addresses;
  char **email_addresses;
} RequestOptions;

static void
request_options_clear (RequestOptions *self)
{
  g_free (self->subject);
  g_strfreev (self->dns_names);
  g_strfreev (self->ip_addresses);
  g_strfreev (self->email_addresses);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RequestOptions, request_options_clear)

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

/**
 * cli_credential_request:
 *
 * The verb "credential request": a request to an authority, signed with a credential's key.
 */
CliExitStatus
cli_credential_request (GOptionContext *context, char **arguments)
{
  g_auto (RequestOptions) options = { NULL };
  const GOptionEntry entries[] = {
    { "subject", 's', 0, G_OPTION_ARG_STRING, &options.subject,
      N_ ("The distinguished name, such as CN=www.example.org,O=Example"), N_ ("NAME") },
    { "dns", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &options.dns_names,
      N_ ("A DNS name to be certified; repeatable"), N_ ("NAME") },
    { "ip", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.ip_addresses,
      N_ ("An IP address to be certified; repeatable"), N_ ("ADDRESS") },
    { "email", 'e', 0, G_OPTION_ARG_STRING_ARRAY, &options.email_addresses,
      N_ ("An email address to be certified; repeatable"), N_ ("ADDRESS") },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status = cli_credential_call_open (call, context, arguments, entries, &credential);

  if (status != CLI_EXIT_OK)
    return status;
  request = tls_handoff_credential_create_certificate_request_sync (
      credential, options.subject, (const char *const *) options.dns_names,
      (const char *const *) options.ip_addresses, (const char *const *) options.email_addresses,
      call->flags, NULL, &error);
  if (request == NULL)
    {
      CliExitStatus failure = cli_credential_call_report_error (error);

      if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED))
        cli_hint (_ ("“tls-handoff credential unlock LABEL” tells the service the token's PIN"));
      return failure;
    }
  return print_request (request);
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
