/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "terminal/pem.h"
#include "terminal/report.h"
#include "verb/credential-call.h"
#include "verb/verbs.h"

/* Larger than any response that the service takes, also in PEM. */
#define MAX_FILE_SIZE (64 * 1024)

/* (transfer full): DER, as responders answer and "openssl ocsp -respout" writes it; PEM is taken,
 * too. */
static GBytes *
load_response (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, error);
  g_autofree guint8 *buffer = NULL;
  g_autoptr (GBytes) content = NULL;
  GBytes *der;
  gsize size;

  if (stream == NULL)
    return NULL;
  buffer = g_malloc (MAX_FILE_SIZE);
  if (!g_input_stream_read_all (G_INPUT_STREAM (stream), buffer, MAX_FILE_SIZE, &size, NULL, error))
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  if (size == 0)
    {
      /* The service would take it for “none any more”. */
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("%s is empty"), path);
      return NULL;
    }
  content = g_bytes_new (buffer, size);
  der = cli_pem_decode ("OCSP RESPONSE", content);
  return der != NULL ? der : g_steal_pointer (&content);
}

static CliExitStatus
set_response (CliCredentialCall *call, GBytes *response)
{
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status = cli_credential_call_find (call, call->arguments[0], &credential);

  if (status != CLI_EXIT_OK)
    return status;
  if (!tls_handoff_credential_set_ocsp_response_sync (credential, response, call->flags, NULL,
                                                      &error))
    return cli_credential_call_report_error (error);
  return CLI_EXIT_OK;
}

/**
 * cli_credential_staple:
 *
 * The verb "credential staple": what servers send to clients that ask whether the certificate is
 * still good.
 */
CliExitStatus
cli_credential_staple (GOptionContext *context, char **arguments)
{
  gboolean is_removal = FALSE;
  const GOptionEntry entries[] = { { "remove", 'R', 0, G_OPTION_ARG_NONE, &is_removal,
                                     N_ ("Send none any more"), NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (GBytes) response = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status = cli_credential_call_parse_range (call, context, arguments, entries, 1, 2);
  gboolean has_file;

  if (status != CLI_EXIT_OK)
    return status;
  has_file = call->arguments[1] != NULL;
  if (has_file == is_removal)
    return cli_usage_error (arguments[0],
                            has_file ? _ ("Give either FILE or --remove, not both")
                                     : _ ("Give the FILE with the OCSP response, or --remove"));
  if (has_file)
    response = load_response (call->arguments[1], &error);
  if (error != NULL)
    {
      cli_report ("%s", error->message);
      return CLI_EXIT_USAGE;
    }
  return set_response (call, response);
}
