/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/credential-advice.h"

#include <glib/gi18n.h>
#include <gnutls/x509.h>
#include <string.h>

#include "terminal/report.h"

/* A server insists on a certificate, and got none: which of the user's credentials would do, and
 * what is wrong with the others. */

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
get_obstacle (TlsHandoffCredential *credential, GPtrArray *authorities)
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
  if (!is_accepted (credential, authorities))
    return _ ("none of the authorities that the server accepts issued its certificate");
  return NULL;
}

/* Whether the service was to choose: it does so among those that polkit allows without a question.
 */
static void
advise_fitting (const char *label, const CliOwnCredential *own, gboolean interactive)
{
  g_autofree char *quoted = g_shell_quote (label);

  if (own->label != NULL || own->certificate_file != NULL)
    cli_hint (_ ("your credential “%s” may fit: --credential %s"), label, quoted);
  else if (interactive)
    cli_hint (_ ("your credential “%s” may fit; polkit does not let the service use it unless you "
                 "name it: --credential %s"),
              label, quoted);
  else
    cli_hint (_ ("your credential “%s” may fit; polkit does not let the service use it without a "
                 "question: --credential %s --interactive"),
              label, quoted);
}

/**
 * cli_credential_advise:
 * @own: what the user said of the own side; no credential is named there
 * @authorities: (nullable) (element-type GBytes): whose certificates the server accepts, names in
 * DER; %NULL if that is not known
 * @interactive: whether polkit was allowed to ask
 *
 * Hints at what the user can do for a server that insists on a certificate.
 */
void
cli_credential_advise (TlsHandoffManager *manager,
                       const CliOwnCredential *own,
                       GPtrArray *authorities,
                       gboolean interactive)
{
  g_autoptr (GPtrArray) credentials = tls_handoff_manager_list_credentials_sync (
      manager, FALSE, TLS_HANDOFF_HANDSHAKE_NONE, NULL, NULL);
  guint i;

  for (i = 0; credentials != NULL && i < MIN (credentials->len, MAX_HINTS); i++)
    {
      TlsHandoffCredential *credential = g_ptr_array_index (credentials, i);
      const char *label = tls_handoff_credential_get_label (credential);
      const char *obstacle = get_obstacle (credential, authorities);

      if (obstacle == NULL)
        advise_fitting (label, own, interactive);
      else
        cli_hint (_ ("your credential “%s” does not fit: %s"), label, obstacle);
    }
  if (credentials != NULL && credentials->len == 0)
    cli_hint (
        _ ("you have no credential: --cert FILE gives a certificate that the service does not "
           "keep, and “tls-handoff credential import” one that it keeps"));
  else
    cli_hint (_ ("“tls-handoff credential list” shows what you have; --cert FILE gives a "
                 "certificate that the service does not keep"));
}
