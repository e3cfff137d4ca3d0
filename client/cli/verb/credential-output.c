/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/credential-output.h"

#include <glib/gi18n.h>

#include "terminal/certificate.h"
#include "terminal/escape.h"
#include "terminal/json-output.h"
#include "terminal/table.h"
#include "terminal/user-name.h"

/* Labels, and names in certificates, were made up by users: all are escaped. */

/**
 * cli_credential_get_owner_name:
 *
 * Returns: (transfer full): the owner's user name, “machine”, or a number that has no name
 */
char *
cli_credential_get_owner_name (TlsHandoffCredential *credential)
{
  guint uid = tls_handoff_credential_get_owner (credential);

  return uid == 0 ? g_strdup ("machine") : cli_user_name_dup (uid);
}

/**
 * cli_credential_get_end:
 *
 * Returns: (transfer full) (nullable): when its certificate ends, ISO 8601; %NULL if it has none
 */
char *
cli_credential_get_end (TlsHandoffCredential *credential)
{
  gint64 seconds = tls_handoff_credential_get_not_after (credential);
  g_autoptr (GDateTime) end = seconds != 0 ? g_date_time_new_from_unix_utc (seconds) : NULL;

  return end != NULL ? g_date_time_format_iso8601 (end) : NULL;
}

/* (transfer full) (nullable): until when its OCSP response is up to date, likewise */
static char *
dup_ocsp_end (TlsHandoffCredential *credential)
{
  gint64 seconds = tls_handoff_credential_get_ocsp_not_after (credential);
  g_autoptr (GDateTime) end = seconds != 0 ? g_date_time_new_from_unix_utc (seconds) : NULL;

  return end != NULL ? g_date_time_format_iso8601 (end) : NULL;
}

static void
print_ocsp_response (TlsHandoffCredential *credential)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *end = dup_ocsp_end (credential);

  if (end == NULL)
    return;
  if (tls_handoff_credential_get_ocsp_not_after (credential) > now)
    g_print (_ ("OCSP staple:  up to date until %s\n"), end);
  else
    g_print (_ ("OCSP staple:  out of date since %s, not sent any more\n"), end);
}

/**
 * cli_credential_explain_problem:
 *
 * Returns: what keeps the credential from being used, for people; "" if nothing does
 */
const char *
cli_credential_explain_problem (TlsHandoffCredential *credential)
{
  static const struct
  {
    const char *problem;
    const char *text;
  } problems[] = {
    { "", "" },
    { "no-certificate", N_ ("has no certificate yet") },
    { "expired", N_ ("its certificate has expired") },
    { "expiring", N_ ("its certificate ends soon") },
    { "locked", N_ ("the token's PIN is not known") },
  };
  const char *problem = tls_handoff_credential_get_problem (credential);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (problems); i++)
    {
      if (g_str_equal (problems[i].problem, problem))
        return *problem != '\0' ? _ (problems[i].text) : "";
    }
  return _ ("a problem that this version of the command does not know");
}

static const char *
get_roles (TlsHandoffCredential *credential)
{
  switch (tls_handoff_credential_get_roles (credential))
    {
    case TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT:
      return "client";
    case TLS_HANDOFF_CREDENTIAL_ROLE_SERVER:
      return "server";
    default:
      return "client, server";
    }
}

/**
 * cli_credential_print_table:
 * @credentials: (element-type TlsHandoffCredential):
 *
 * Prints a line for each.
 */
void
cli_credential_print_table (GPtrArray *credentials)
{
  g_autoptr (CliTable) table = cli_table_new ("llllll");
  guint i;

  for (i = 0; i < credentials->len; i++)
    {
      TlsHandoffCredential *credential = g_ptr_array_index (credentials, i);
      g_autofree char *owner = cli_credential_get_owner_name (credential);
      g_autofree char *end = cli_credential_get_end (credential);

      cli_table_add (table, (const char *[]){ tls_handoff_credential_get_label (credential), owner,
                                              tls_handoff_credential_get_key_algorithm (credential),
                                              get_roles (credential), end != NULL ? end : "-",
                                              cli_credential_explain_problem (credential) });
    }
  cli_table_print (table, "");
}

/**
 * cli_credential_print:
 *
 * Prints all that there is to know.
 */
void
cli_credential_print (TlsHandoffCredential *credential)
{
  GPtrArray *chain = tls_handoff_credential_get_certificates (credential);
  const char *problem = cli_credential_explain_problem (credential);
  const char *token = tls_handoff_credential_get_token (credential);
  g_autofree char *label = cli_escape (tls_handoff_credential_get_label (credential), -1);
  g_autofree char *owner = cli_credential_get_owner_name (credential);
  g_autofree char *uri = token != NULL ? cli_escape (token, -1) : NULL;
  guint i;

  g_print (_ ("label:        %s\n"), label);
  g_print (_ ("object path:  %s\n"), tls_handoff_credential_get_object_path (credential));
  g_print (_ ("owner:        %s\n"), owner);
  g_print (_ ("roles:        %s\n"), get_roles (credential));
  g_print (_ ("key:          %s, in %s\n"), tls_handoff_credential_get_key_algorithm (credential),
           uri != NULL ? uri : _ ("the service"));
  g_print (_ ("problem:      %s\n"), *problem != '\0' ? problem : _ ("none"));
  /* What is self-signed can be renewed, too: by an authority. */
  if (chain->len > 0 &&
      (g_str_equal (tls_handoff_credential_get_problem (credential), "expiring") ||
       g_str_equal (tls_handoff_credential_get_problem (credential), "expired")))
    g_print (_ ("to renew it:  tls-handoff credential renew-request; then set-certificates\n"));
  print_ocsp_response (credential);
  g_print (_ ("certificates: %u\n"), chain->len);
  for (i = 0; i < chain->len; i++)
    {
      g_autoptr (CliCertificate) certificate = cli_certificate_new (g_ptr_array_index (chain, i));

      cli_certificate_print (certificate, i + 1);
    }
}

static void
add_summary (TlsHandoffCredential *credential, JsonBuilder *builder)
{
  TlsHandoffCredentialRoles roles = tls_handoff_credential_get_roles (credential);
  const char *problem = tls_handoff_credential_get_problem (credential);
  g_autofree char *owner = cli_credential_get_owner_name (credential);
  g_autofree char *end = cli_credential_get_end (credential);
  g_autofree char *ocsp_end = dup_ocsp_end (credential);

  cli_json_add_string (builder, "label", tls_handoff_credential_get_label (credential));
  cli_json_add_string (builder, "object-path", tls_handoff_credential_get_object_path (credential));
  cli_json_add_string (builder, "owner", owner);
  json_builder_set_member_name (builder, "owner-uid");
  json_builder_add_int_value (builder, tls_handoff_credential_get_owner (credential));
  json_builder_set_member_name (builder, "roles");
  json_builder_begin_array (builder);
  if (roles & TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT)
    json_builder_add_string_value (builder, "client");
  if (roles & TLS_HANDOFF_CREDENTIAL_ROLE_SERVER)
    json_builder_add_string_value (builder, "server");
  json_builder_end_array (builder);
  cli_json_add_string (builder, "storage", tls_handoff_credential_get_storage (credential));
  cli_json_add_string (builder, "token", tls_handoff_credential_get_token (credential));
  cli_json_add_string (builder, "key-algorithm",
                       tls_handoff_credential_get_key_algorithm (credential));
  cli_json_add_string (builder, "not-after", end);
  cli_json_add_string (builder, "ocsp-not-after", ocsp_end);
  cli_json_add_string (builder, "problem", *problem != '\0' ? problem : NULL);
}

/**
 * cli_credential_add_summary_to_json:
 *
 * Adds an object with what a list shows: nothing of the certificates, which may be other users' and
 * are not to be parsed unless somebody asks for them.
 */
void
cli_credential_add_summary_to_json (TlsHandoffCredential *credential, JsonBuilder *builder)
{
  json_builder_begin_object (builder);
  add_summary (credential, builder);
  json_builder_end_object (builder);
}

/**
 * cli_credential_add_to_json:
 *
 * Adds an object with all that there is to know.
 */
void
cli_credential_add_to_json (TlsHandoffCredential *credential, JsonBuilder *builder)
{
  GPtrArray *chain = tls_handoff_credential_get_certificates (credential);
  guint i;

  json_builder_begin_object (builder);
  add_summary (credential, builder);
  json_builder_set_member_name (builder, "certificates");
  json_builder_begin_array (builder);
  for (i = 0; i < chain->len; i++)
    {
      g_autoptr (CliCertificate) certificate = cli_certificate_new (g_ptr_array_index (chain, i));

      cli_certificate_add_to_json (certificate, builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}
