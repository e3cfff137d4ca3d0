/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "starttls/postgres.h"

/**
 * cli_starttls_postgres:
 *
 * Asks with an SSLRequest (PostgreSQL, "Message Formats"), which a server answers with a letter.
 * What a server says that answers with an error is not shown: anybody may have put it there
 * (CVE-2024-10977).
 */
gboolean
cli_starttls_postgres (CliWire *wire, GError **error)
{
  /* Its size, and 1234 and 5679 in place of a version of the protocol. */
  static const guint8 request[] = { 0, 0, 0, 8, 1234 >> 8, 1234 & 0xff, 5679 >> 8, 5679 & 0xff };
  guint8 answer;

  if (!cli_wire_write (wire, request, sizeof request, error) ||
      !cli_wire_read (wire, &answer, 1, error))
    return FALSE;
  switch (answer)
    {
    case 'S':
      return TRUE;
    case 'N':
    case 'E':
      cli_wire_set_not_offered (wire, error);
      return FALSE;
    default:
      cli_wire_set_foreign_bytes (wire, &answer, 1, error);
      return FALSE;
    }
}
