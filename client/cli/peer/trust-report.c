/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/trust-report.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>
#include <tls-handoff/tls-handoff.h>

typedef struct
{
  const char *name;
  const char *text;
  CliTrustRemedy remedy;
} Row;

static const Row reasons[] = {
  { "unknown-authority", N_ ("no authority that is trusted here issued the certificate"),
    CLI_TRUST_REMEDY_AUTHORITY | CLI_TRUST_REMEDY_PIN },
  { "wrong-name", N_ ("the certificate is not for this name"),
    CLI_TRUST_REMEDY_NAME | CLI_TRUST_REMEDY_PIN },
  { "expired", N_ ("a certificate of the chain has expired"), CLI_TRUST_REMEDY_PIN },
  { "not-activated", N_ ("a certificate of the chain is not valid yet"), CLI_TRUST_REMEDY_PIN },
  { "revoked", N_ ("a certificate of the chain was revoked"), CLI_TRUST_REMEDY_NONE },
  { "insecure-algorithm", N_ ("a signature or a key of the chain is too weak"),
    CLI_TRUST_REMEDY_NONE },
  { "wrong-purpose", N_ ("the certificate is not for a TLS server"), CLI_TRUST_REMEDY_NONE },
  { "ocsp-status", N_ ("the revocation status that the certificate needs is missing or not usable"),
    CLI_TRUST_REMEDY_NONE },
  { "issuer-not-authority",
    N_ ("a certificate of the chain was issued by a certificate that is no authority's"),
    CLI_TRUST_REMEDY_NONE },
  { "issuer-key-usage", N_ ("an authority of the chain has a key that may not sign certificates"),
    CLI_TRUST_REMEDY_NONE },
  { "issuer-constraints", N_ ("the certificate is outside the limits of an authority of the chain"),
    CLI_TRUST_REMEDY_NONE },
  { "name-constraints", N_ ("an authority of the chain may not certify a name of the certificate"),
    CLI_TRUST_REMEDY_NONE },
  { "path-length", N_ ("the chain is longer than one of its authorities allows"),
    CLI_TRUST_REMEDY_NONE },
  { "tls-features", N_ ("the certificate lacks a TLS feature that its issuer demands"),
    CLI_TRUST_REMEDY_NONE },
  { "critical-extension",
    N_ ("a certificate of the chain has a critical extension that is not known"),
    CLI_TRUST_REMEDY_NONE },
  { "bad-signature", N_ ("a signature of the chain is not the issuer's"), CLI_TRUST_REMEDY_NONE },
  { "unknown-algorithm", N_ ("the chain is signed with an algorithm that is not known"),
    CLI_TRUST_REMEDY_NONE },
  { "chain-too-long", N_ ("the server sends more certificates than the service looks at"),
    CLI_TRUST_REMEDY_NONE },
  { "malformed", N_ ("a certificate of the chain cannot be read"), CLI_TRUST_REMEDY_NONE },
  { "other", N_ ("the certificate did not verify"), CLI_TRUST_REMEDY_NONE },
};

static const Row ocsp_problems[] = {
  { "malformed-request", N_ ("the responder did not understand the question"),
    CLI_TRUST_REMEDY_NONE },
  { "internal-error", N_ ("the responder had an internal error"), CLI_TRUST_REMEDY_NONE },
  { "try-later", N_ ("the responder answered only: try later"), CLI_TRUST_REMEDY_NONE },
  { "sig-required", N_ ("the responder wants signed questions"), CLI_TRUST_REMEDY_NONE },
  { "unauthorized", N_ ("the responder is not one for this certificate"), CLI_TRUST_REMEDY_NONE },
  { "malformed", N_ ("the response cannot be read"), CLI_TRUST_REMEDY_NONE },
  { "other-certificate", N_ ("the response is about another certificate"), CLI_TRUST_REMEDY_NONE },
  { "other-signer", N_ ("the response is not signed by a responder that may sign it"),
    CLI_TRUST_REMEDY_NONE },
  { "not-yet-valid", N_ ("the response is from the future"), CLI_TRUST_REMEDY_NONE },
  { "outdated", N_ ("the response is out of date"), CLI_TRUST_REMEDY_NONE },
  { "not-verified", N_ ("the issuer of the certificate is not known for sure"),
    CLI_TRUST_REMEDY_NONE },
};

static const Row *
find (const Row *rows, gsize n_rows, const char *name)
{
  gsize i;

  for (i = 0; i < n_rows; i++)
    {
      if (g_str_equal (rows[i].name, name))
        return &rows[i];
    }
  return NULL;
}

/**
 * cli_trust_explain_reason:
 * @reason: one of the verification errors of the D-Bus interface
 */
const char *
cli_trust_explain_reason (const char *reason)
{
  const Row *row = find (reasons, G_N_ELEMENTS (reasons), reason);

  return row != NULL ? _ (row->text)
                     : _ ("a reason that this version of the command does not know");
}

/**
 * cli_trust_explain_ocsp_problem:
 * @problem: one of the OCSP problems of the D-Bus interface
 */
const char *
cli_trust_explain_ocsp_problem (const char *problem)
{
  const Row *row = find (ocsp_problems, G_N_ELEMENTS (ocsp_problems), problem);

  return row != NULL ? _ (row->text)
                     : _ ("a reason that this version of the command does not know");
}

/* As many names as are told of: some certificates have hundreds. */
#define MAX_NAMES 8

/**
 * cli_trust_describe_names:
 * @certificate: a server's
 *
 * Returns: (transfer full): the DNS names and addresses that the certificate is for, as
 *   --server-name takes them; to be escaped before they are shown
 */
char *
cli_trust_describe_names (const CliCertificate *certificate)
{
  GString *text = g_string_new (NULL);
  guint i, n_names = 0;

  for (i = 0; i < certificate->names->len; i++)
    {
      const char *name = g_ptr_array_index (certificate->names, i);

      if (!g_str_has_prefix (name, "DNS:") && !g_str_has_prefix (name, "IP:"))
        continue;
      if (n_names++ < MAX_NAMES)
        g_string_append_printf (text, "%s%s", n_names > 1 ? ", " : "", strchr (name, ':') + 1);
    }
  if (n_names > MAX_NAMES)
    g_string_append_printf (text, ngettext (" and %u more", " and %u more", n_names - MAX_NAMES),
                            n_names - MAX_NAMES);
  if (n_names == 0)
    g_string_append (text, _ ("no name or address at all"));
  return g_string_free (text, FALSE);
}

/**
 * cli_trust_get_remedy:
 * @error: %TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED
 *
 * --fingerprint is for a server that no authority vouches for, such as a device that made its
 * certificate itself. It does not go past what an authority says.
 *
 * Returns: the options that can help; none, if there is a reason that no option removes
 */
CliTrustRemedy
cli_trust_get_remedy (const GError *error)
{
  GVariant *details = tls_handoff_error_get_details (error);
  const CliTrustRemedy others = CLI_TRUST_REMEDY_AUTHORITY | CLI_TRUST_REMEDY_NAME;
  CliTrustRemedy all = CLI_TRUST_REMEDY_NONE;
  CliTrustRemedy excluded = CLI_TRUST_REMEDY_NONE;
  g_autofree const char **names = NULL;
  gsize i;

  if (details == NULL || !g_variant_lookup (details, "verification-errors", "^a&s", &names))
    return CLI_TRUST_REMEDY_NONE;
  for (i = 0; names[i] != NULL; i++)
    {
      const Row *row = find (reasons, G_N_ELEMENTS (reasons), names[i]);
      CliTrustRemedy remedy = row != NULL ? row->remedy : CLI_TRUST_REMEDY_NONE;

      all |= remedy;
      if ((remedy & others) == 0)
        excluded |= others;
      if ((remedy & CLI_TRUST_REMEDY_PIN) == 0)
        excluded |= CLI_TRUST_REMEDY_PIN;
    }
  if ((all & CLI_TRUST_REMEDY_AUTHORITY) == 0)
    excluded |= CLI_TRUST_REMEDY_PIN;
  return all & ~excluded;
}
