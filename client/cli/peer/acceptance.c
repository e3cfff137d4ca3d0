/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/acceptance.h"

#include <glib/gi18n.h>

#include "peer/trust-report.h"
#include "terminal/certificate.h"
#include "terminal/options.h"
#include "terminal/report.h"

#define SHA256_DIGITS 64

void
cli_acceptance_clear (CliAcceptance *self)
{
  g_clear_pointer (&self->fingerprint, g_free);
  g_clear_pointer (&self->sha256, g_free);
  g_clear_pointer (&self->met, g_free);
}

void
cli_acceptance_add_options (CliAcceptance *self, GOptionContext *context)
{
  const GOptionEntry entries[] = {
    { "insecure", 0, 0, G_OPTION_ARG_NONE, &self->insecure,
      N_ ("Go on although the server's certificate is not trusted: anybody may be there"), NULL },
    { "fingerprint", 0, 0, G_OPTION_ARG_STRING, &self->fingerprint,
      N_ ("Trust the certificate that has this SHA-256, and no other"), N_ ("SHA256") },
    G_OPTION_ENTRY_NULL
  };

  cli_options_add (context, entries);
}

/* As “probe” and other programs print it: with colons or without, in either case. (transfer full)
 * (nullable) */
static char *
parse_sha256 (const char *text)
{
  GString *digits = g_string_new (NULL);
  const char *p;

  for (p = text; g_ascii_isxdigit (*p) || *p == ':'; p++)
    {
      if (*p != ':')
        g_string_append_c (digits, g_ascii_tolower (*p));
    }
  if (*p == '\0' && digits->len == SHA256_DIGITS)
    return g_string_free (digits, FALSE);
  g_string_free (digits, TRUE);
  return NULL;
}

/**
 * cli_acceptance_check:
 * @trust_file: (nullable): what --trust was given
 *
 * Returns: whether the options are right, or %FALSE with an error of the domain %G_OPTION_ERROR
 */
gboolean
cli_acceptance_check (CliAcceptance *self, const char *trust_file, GError **error)
{
  if (self->fingerprint == NULL)
    return TRUE;
  if (self->insecure || trust_file != NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--fingerprint trusts one certificate alone: give it without %s"),
                   self->insecure ? "--insecure" : "--trust");
      return FALSE;
    }
  self->sha256 = parse_sha256 (self->fingerprint);
  if (self->sha256 != NULL)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               _ ("“%s” is not a SHA-256 fingerprint: give 64 hexadecimal digits, with or without "
                  "colons"),
               self->fingerprint);
  return FALSE;
}

static void
warn (const char *sha256, const char *const *errors)
{
  gsize i;

  cli_report (_ ("WARNING: the server's certificate is NOT trusted. Because of --insecure, the "
                 "connection goes on. Whoever is on the way can read and change all of it."));
  for (i = 0; errors[i] != NULL; i++)
    cli_report (_ ("WARNING: %s: %s"), errors[i], cli_trust_explain_reason (errors[i]));
  cli_hint (_ ("--fingerprint %s in place of --insecure takes this certificate, and no other"),
            sha256);
}

/* A TlsHandoffReviewFunc. */
static gboolean
review (GPtrArray *certificates, const char *const *errors, gpointer user_data)
{
  CliAcceptance *self = user_data;
  g_autoptr (CliCertificate) certificate = NULL;
  g_autofree char *sha256 = NULL;

  if (certificates->len == 0)
    return FALSE;
  certificate = cli_certificate_new (g_ptr_array_index (certificates, 0));
  if (self->insecure)
    {
      warn (certificate->sha256, errors);
      return TRUE;
    }
  sha256 = parse_sha256 (certificate->sha256);
  if (g_strcmp0 (sha256, self->sha256) == 0)
    return TRUE;
  g_free (self->met);
  self->met = g_strdup (certificate->sha256);
  return FALSE;
}

/**
 * cli_acceptance_apply:
 *
 * Sets @options, which must not be used for longer than @self is there.
 */
void
cli_acceptance_apply (CliAcceptance *self, TlsHandoffHandshakeOptions *options)
{
  if (!self->insecure && self->sha256 == NULL)
    return;
  tls_handoff_handshake_options_set_review (options, review, self, NULL);
  /* With another fingerprint, a certificate is wrong, whoever issued it. */
  if (self->sha256 != NULL)
    {
      g_autoptr (GPtrArray) nobody = g_ptr_array_new ();

      tls_handoff_handshake_options_set_trust_anchors (options, nobody);
    }
}
