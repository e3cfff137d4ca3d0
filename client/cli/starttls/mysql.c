/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "starttls/mysql.h"

#include <string.h>

/* MySQL, "Connection Phase Packets" */
#define HEADER_SIZE 4
#define PROTOCOL_VERSION 10
#define ERROR_PACKET 0xff
/* After the version of the server: a thread's number, the first part of the challenge, a zero. */
#define BEFORE_CAPABILITIES (4 + 8 + 1)
/* In the first two bytes of the server's capabilities, and in ours. */
#define CLIENT_PROTOCOL_41 0x0200
#define CLIENT_SSL 0x0800
#define CLIENT_SECURE_CONNECTION 0x8000
#define OUR_CAPABILITIES (CLIENT_PROTOCOL_41 | CLIENT_SSL | CLIENT_SECURE_CONNECTION)
#define CHARSET_UTF8MB4 45

/* error packet: 0xff, a number, a message. (transfer full) */
static char *
describe_error (const guint8 *payload, gsize size)
{
  g_autofree char *text = size > 3 ? g_strndup ((const char *) payload + 3, size - 3) : NULL;

  if (size < 3)
    return g_strdup ("");
  return g_strdup_printf ("%u %s", payload[1] | (guint) payload[2] << 8, text != NULL ? text : "");
}

/* Of a server's first packet. Sets an error unless the server offers TLS. */
static gboolean
check_greeting (CliWire *wire, const guint8 *payload, gsize size, GError **error)
{
  const guint8 *end, *capabilities;

  if (payload[0] == ERROR_PACKET)
    {
      g_autofree char *text = describe_error (payload, size);

      cli_wire_set_refused (wire, text, error);
      return FALSE;
    }
  end = payload[0] == PROTOCOL_VERSION ? memchr (payload + 1, 0, size - 1) : NULL;
  if (end == NULL || (gsize) (payload + size - (end + 1)) < BEFORE_CAPABILITIES + 2)
    {
      cli_wire_set_foreign_bytes (wire, payload, size, error);
      return FALSE;
    }
  capabilities = end + 1 + BEFORE_CAPABILITIES;
  if (((capabilities[0] | (guint) capabilities[1] << 8) & CLIENT_SSL) == 0)
    {
      cli_wire_set_not_offered (wire, error);
      return FALSE;
    }
  return TRUE;
}

/**
 * cli_starttls_mysql:
 *
 * The server speaks first, and says in its packet whether it has TLS. An SSLRequest, which is the
 * beginning of a login, is not answered: the handshake follows it.
 */
gboolean
cli_starttls_mysql (CliWire *wire, GError **error)
{
  /* Size and number of the packet; capabilities, the largest packet (16 MiB), a character set, 23
   * zeros. */
  static const guint8 request[HEADER_SIZE + 32] = {
    32, 0, 0, 1, OUR_CAPABILITIES & 0xff, OUR_CAPABILITIES >> 8, 0, 0, 0, 0, 0, 1, CHARSET_UTF8MB4
  };
  guint8 header[HEADER_SIZE];
  g_autofree guint8 *payload = NULL;
  gsize size;

  if (!cli_wire_read (wire, header, sizeof header, error))
    return FALSE;
  size = header[0] | (gsize) header[1] << 8 | (gsize) header[2] << 16;
  /* Text has other bytes there, and so has a record. */
  if (size == 0 || header[2] != 0 || header[3] != 0)
    {
      cli_wire_set_foreign_bytes (wire, header, sizeof header, error);
      return FALSE;
    }
  payload = g_malloc (size);
  return cli_wire_read (wire, payload, size, error) &&
         check_greeting (wire, payload, size, error) &&
         cli_wire_write (wire, request, sizeof request, error);
}
