/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/expiry-check.h"

#include <glib/gi18n.h>

#include "terminal/certificate.h"
#include "terminal/report.h"

/* (nullable): the one that ends first */
static const CliCertificate *
find_first_end (GPtrArray *certificates)
{
  const CliCertificate *first = NULL;
  guint i;

  for (i = 0; i < certificates->len; i++)
    {
      const CliCertificate *certificate = g_ptr_array_index (certificates, i);

      if (certificate->not_after != NULL &&
          (first == NULL || g_date_time_compare (certificate->not_after, first->not_after) < 0))
        first = certificate;
    }
  return first;
}

/**
 * cli_expiry_check:
 * @name: of the server, for the message
 * @certificates: (element-type CliCertificate): those that its trust rests on
 * @n_days: how many days they have to be valid for
 *
 * Reports the first one that ends earlier.
 *
 * Returns: %CLI_EXIT_OK, if none does, or %CLI_EXIT_EXPIRING
 */
CliExitStatus
cli_expiry_check (const char *name, GPtrArray *certificates, guint n_days)
{
  const CliCertificate *first = find_first_end (certificates);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *end = NULL;
  const char *subject;
  GTimeSpan left;
  int n_left;

  if (first == NULL)
    return CLI_EXIT_OK;
  left = g_date_time_difference (first->not_after, now);
  if (left > (GTimeSpan) n_days * G_TIME_SPAN_DAY)
    return CLI_EXIT_OK;

  end = g_date_time_format (first->not_after, "%Y-%m-%d %H:%M:%S UTC");
  subject = first->subject != NULL ? first->subject : "?";
  n_left = (int) (left / G_TIME_SPAN_DAY);
  if (left < 0)
    cli_report (_ ("%s: the certificate of “%s” ended on %s"), name, subject, end);
  else
    cli_report (ngettext ("%s: the certificate of “%s” ends in %d day, on %s",
                          "%s: the certificate of “%s” ends in %d days, on %s", n_left),
                name, subject, n_left, end);
  return CLI_EXIT_EXPIRING;
}
