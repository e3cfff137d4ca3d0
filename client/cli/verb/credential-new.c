/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "terminal/certificate-file.h"
#include "verb/certificate-names.h"
#include "verb/credential-call.h"
#include "terminal/escape.h"
#include "terminal/number.h"
#include "terminal/report.h"
#include "terminal/secret-input.h"
#include "terminal/service-words.h"
#include "verb/verbs.h"

/* For how long a key's own certificate can be valid: what the service allows. */
#define MAX_DAYS 3650

/* Options of all verbs that make a credential. */
typedef struct
{
  char *label;  /* (owned) (nullable) */
  char **roles; /* (owned) (nullable) */
} NewOptions;

static void
new_options_clear (NewOptions *self)
{
  g_free (self->label);
  g_strfreev (self->roles);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (NewOptions, new_options_clear)

#define NEW_OPTION_ENTRIES(options)                                                                \
  { "label", 'l', 0, G_OPTION_ARG_STRING, &(options).label, N_ ("Its label"), N_ ("LABEL") },      \
  {                                                                                                \
    "role", 'r', 0, G_OPTION_ARG_STRING_ARRAY, &(options).roles,                                   \
        N_ ("Its role: “client” or “server”; default: both"), N_ ("ROLE")                          \
  }

/* Reports what is wrong. options: what the entries fill */
static CliExitStatus
parse (CliCredentialCall *call,
       GOptionContext *context,
       char **arguments,
       const GOptionEntry *entries,
       guint n_arguments,
       const NewOptions *options,
       TlsHandoffCredentialRoles *roles)
{
  CliExitStatus status = cli_credential_call_parse (call, context, arguments, entries, n_arguments);
  gsize i;

  *roles = 0;
  if (status != CLI_EXIT_OK)
    return status;
  if (options->label == NULL)
    return cli_usage_error (arguments[0],
                            _ ("--label is missing: give the new credential a label"));
  for (i = 0; options->roles != NULL && options->roles[i] != NULL; i++)
    {
      if (g_str_equal (options->roles[i], "client"))
        *roles |= TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT;
      else if (g_str_equal (options->roles[i], "server"))
        *roles |= TLS_HANDOFF_CREDENTIAL_ROLE_SERVER;
      else
        return cli_usage_error (arguments[0], _ ("--role must be “client” or “server”"));
    }
  return CLI_EXIT_OK;
}

/* Reports what goes wrong. secret: (out) (nullable): NULL: nobody gave one */
static CliExitStatus
get_secret_and_connect (CliCredentialCall *call,
                        const char *option,
                        const char *file,
                        const char *prompt,
                        CliSecret **secret)
{
  g_autoptr (GError) error = NULL;

  if (cli_secret_get (option, file, prompt, secret, &error))
    return cli_credential_call_connect (call);
  cli_report ("%s", error->message);
  return CLI_EXIT_USAGE;
}

static CliExitStatus
report_made (TlsHandoffCredential *credential, const GError *error)
{
  g_autofree char *label = NULL;

  if (credential == NULL)
    return cli_credential_call_report_error (error);
  label = cli_escape (tls_handoff_credential_get_label (credential), -1);
  g_print (_ ("“%s” was added: a key of type %s\n"), label,
           tls_handoff_credential_get_key_algorithm (credential));
  if (tls_handoff_credential_get_certificates (credential)->len == 0)
    g_print (_ ("It has no certificate yet: see “credential request” and “credential "
                "set-certificates”\n"));
  return CLI_EXIT_OK;
}

/* The new credential gets a certificate, or there is none. Reports what goes wrong. */
static CliExitStatus
self_sign (CliCredentialCall *call,
           TlsHandoffCredential *credential,
           const CliCertificateNames *names,
           guint days)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *label = NULL;

  if (!tls_handoff_credential_self_sign_sync (
          credential, names->subject, (const char *const *) names->dns_names,
          (const char *const *) names->ip_addresses, (const char *const *) names->email_addresses,
          days, call->flags, NULL, &error))
    {
      tls_handoff_credential_remove_sync (credential, call->flags, NULL, NULL);
      return cli_credential_call_report_error (error);
    }
  label = cli_escape (tls_handoff_credential_get_label (credential), -1);
  g_print (_ ("“%s” was added: a key of type %s, with a certificate that it signed itself\n"),
           label, tls_handoff_credential_get_key_algorithm (credential));
  g_print (_ ("Who connects has to be told to trust it: see “credential show”\n"));
  return CLI_EXIT_OK;
}

/**
 * cli_credential_generate:
 *
 * The verb "credential generate".
 */
CliExitStatus
cli_credential_generate (GOptionContext *context, char **arguments)
{
  g_auto (NewOptions) options = { NULL };
  g_auto (CliCertificateNames) names = { NULL };
  g_autofree char *type = NULL;
  gboolean self_signed = FALSE;
  g_autofree char *days_text = NULL;
  guint days = 0; /* the service's default */
  const GOptionEntry entries[] = {
    NEW_OPTION_ENTRIES (options),
    { "type", 't', 0, G_OPTION_ARG_STRING, &type,
      N_ ("ecdsa-p256 (default), ecdsa-p384, ed25519, rsa-2048, rsa-3072 or rsa-4096"),
      N_ ("TYPE") },
    { "self-signed", 0, 0, G_OPTION_ARG_NONE, &self_signed,
      N_ ("Have the key sign a certificate for itself"), NULL },
    { "days", 0, 0, G_OPTION_ARG_STRING, &days_text,
      N_ ("For how many days that certificate is valid; default: 365"), N_ ("DAYS") },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_autoptr (GError) error = NULL;
  TlsHandoffCredentialRoles roles;
  CliExitStatus status;

  cli_certificate_names_add_options (&names, context);
  status = parse (call, context, arguments, entries, 0, &options, &roles);
  if (status == CLI_EXIT_OK && !self_signed &&
      (days_text != NULL || cli_certificate_names_are_given (&names)))
    return cli_usage_error (
        arguments[0], _ ("--days and the names of a certificate are for --self-signed; for an "
                         "authority, “credential request” takes them"));
  if (status == CLI_EXIT_OK && days_text != NULL &&
      !cli_number_parse ("--days", days_text, 1, MAX_DAYS, &days, &error))
    return cli_usage_error (arguments[0], error->message);
  if (status == CLI_EXIT_OK)
    status = cli_credential_call_connect (call);
  if (status != CLI_EXIT_OK)
    return status;
  credential = tls_handoff_manager_generate_credential_sync (
      call->manager, options.label, type != NULL ? type : "ecdsa-p256", roles, call->owner,
      call->flags, NULL, &error);
  if (credential == NULL || !self_signed)
    return report_made (credential, error);
  return self_sign (call, credential, &names, days);
}

/* Whether to ask for a passphrase: a PKCS#12 file has one, even if it is empty; a PEM file says
 * whether it has one. The service judges the passphrase. */
static gboolean
looks_encrypted (GBytes *data)
{
  static const char *const marks[] = { "-----BEGIN ENCRYPTED PRIVATE KEY-----",
                                       "-----BEGIN PKCS12-----", "\nProc-Type: 4,ENCRYPTED" };
  const char der_sequence = 0x30;
  gsize i, size;
  const char *text = g_bytes_get_data (data, &size);

  if (size > 0 && text[0] == der_sequence)
    return TRUE;
  for (i = 0; i < G_N_ELEMENTS (marks); i++)
    {
      if (g_strstr_len (text, (gssize) size, marks[i]) != NULL)
        return TRUE;
    }
  return FALSE;
}

/**
 * cli_credential_import:
 *
 * The verb "credential import".
 */
CliExitStatus
cli_credential_import (GOptionContext *context, char **arguments)
{
  g_auto (NewOptions) options = { NULL };
  g_autofree char *passphrase_file = NULL;
  const GOptionEntry entries[] = {
    NEW_OPTION_ENTRIES (options),
    { "passphrase-file", 'p', 0, G_OPTION_ARG_FILENAME, &passphrase_file,
      N_ ("Read the passphrase from FILE; default: ask for it on the terminal"), N_ ("FILE") },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_autoptr (GBytes) data = NULL;
  g_autoptr (CliSecret) passphrase = NULL;
  const char *prompt = NULL;
  g_autoptr (GError) error = NULL;
  TlsHandoffCredentialRoles roles;
  CliExitStatus status = parse (call, context, arguments, entries, 1, &options, &roles);

  if (status != CLI_EXIT_OK)
    return status;
  data = cli_secret_load (call->arguments[0], CLI_SECRET_MAX_CREDENTIAL_SIZE, &error);
  if (data == NULL)
    {
      cli_report ("%s", error->message);
      return CLI_EXIT_USAGE;
    }
  if (looks_encrypted (data) && cli_secret_can_prompt ())
    prompt = _ ("Passphrase of the key: ");
  status = get_secret_and_connect (call, "--passphrase-file", passphrase_file, prompt, &passphrase);
  if (status != CLI_EXIT_OK)
    return status;
  credential =
      tls_handoff_manager_import_credential_sync (call->manager, options.label, data, passphrase,
                                                  roles, call->owner, call->flags, NULL, &error);
  status = report_made (credential, error);
  /* The service's message where a passphrase would help: that error has no code of its own. */
  if (status == CLI_EXIT_USAGE && passphrase == NULL && error != NULL &&
      strstr (cli_service_words_get_original (error), "needs its passphrase") != NULL)
    cli_hint (_ ("without a terminal to ask on, --passphrase-file says where the passphrase is"));
  return status;
}

/**
 * cli_credential_link:
 *
 * The verb "credential link".
 */
CliExitStatus
cli_credential_link (GOptionContext *context, char **arguments)
{
  g_auto (NewOptions) options = { NULL };
  g_autofree char *pin_file = NULL;
  g_autofree char *certificate_file = NULL;
  gboolean no_pin = FALSE;
  const GOptionEntry entries[] = {
    NEW_OPTION_ENTRIES (options),
    { "pin-file", 'p', 0, G_OPTION_ARG_FILENAME, &pin_file,
      N_ ("Read the token's PIN from FILE; default: ask for it on the terminal"), N_ ("FILE") },
    { "no-pin", 0, 0, G_OPTION_ARG_NONE, &no_pin,
      N_ ("Give no PIN: the service has it in its PIN file"), NULL },
    { "certificates", 'c', 0, G_OPTION_ARG_FILENAME, &certificate_file,
      N_ ("The certificate chain (PEM); default: what the token has"), N_ ("FILE") },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_autoptr (GPtrArray) certificates = NULL;
  g_autoptr (CliSecret) pin = NULL;
  const char *prompt = NULL;
  g_autoptr (GError) error = NULL;
  TlsHandoffCredentialRoles roles;
  CliExitStatus status = parse (call, context, arguments, entries, 1, &options, &roles);

  if (status != CLI_EXIT_OK)
    return status;
  if (certificate_file != NULL)
    {
      certificates = cli_certificate_file_load (certificate_file, &error);
      if (certificates == NULL)
        {
          cli_report ("--certificates: %s", error->message);
          return CLI_EXIT_USAGE;
        }
    }
  if (!no_pin)
    prompt = _ ("PIN of the token: ");
  status = get_secret_and_connect (call, "--pin-file", pin_file, prompt, &pin);
  if (status == CLI_EXIT_USAGE && prompt != NULL && pin_file == NULL && !cli_secret_can_prompt ())
    cli_hint (_ ("without a terminal, --pin-file says where the PIN is"));
  if (status != CLI_EXIT_OK)
    return status;
  credential = tls_handoff_manager_link_credential_sync (
      call->manager, options.label, call->arguments[0], pin, certificates, roles, call->owner,
      call->flags, NULL, &error);
  return report_made (credential, error);
}
