/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/foreign-protocol.h"

#include <string.h>

#include "keyblob/handoff-names.h"

/* Record types: change_cipher_spec to heartbeat (RFC 8446 5.1, RFC 6520). */
#define FIRST_TYPE 20
#define LAST_TYPE 24
#define SSL2_HEADER 0x80

static const struct
{
  const char *beginning;
  const char *protocol;
} beginnings[] = {
  { "HTTP/", HANDOFF_PEER_PROTOCOL_HTTP }, { "<html", HANDOFF_PEER_PROTOCOL_HTTP },
  { "<HTML", HANDOFF_PEER_PROTOCOL_HTTP }, { "<!doc", HANDOFF_PEER_PROTOCOL_HTTP },
  { "<!DOC", HANDOFF_PEER_PROTOCOL_HTTP }, { "GET /", HANDOFF_PEER_PROTOCOL_HTTP },
  { "GET h", HANDOFF_PEER_PROTOCOL_HTTP }, { "HEAD ", HANDOFF_PEER_PROTOCOL_HTTP },
  { "POST ", HANDOFF_PEER_PROTOCOL_HTTP }, { "PUT /", HANDOFF_PEER_PROTOCOL_HTTP },
  { "PATCH", HANDOFF_PEER_PROTOCOL_HTTP }, { "DELET", HANDOFF_PEER_PROTOCOL_HTTP },
  { "OPTIO", HANDOFF_PEER_PROTOCOL_HTTP }, { "CONNE", HANDOFF_PEER_PROTOCOL_HTTP },
  { "PRI *", HANDOFF_PEER_PROTOCOL_HTTP }, /* RFC 9113 3.4 */
  { "SSH-", HANDOFF_PEER_PROTOCOL_SSH },   /* RFC 4253 4.2 */
  { "220 ", HANDOFF_PEER_PROTOCOL_SMTP },  /* RFC 5321 4.2; FTP, too */
  { "220-", HANDOFF_PEER_PROTOCOL_SMTP },  { "554 ", HANDOFF_PEER_PROTOCOL_SMTP },
  { "421 ", HANDOFF_PEER_PROTOCOL_SMTP },  { "EHLO ", HANDOFF_PEER_PROTOCOL_SMTP },
  { "HELO ", HANDOFF_PEER_PROTOCOL_SMTP }, { "+OK", HANDOFF_PEER_PROTOCOL_POP3 }, /* RFC 1939 3 */
  { "* OK", HANDOFF_PEER_PROTOCOL_IMAP },                                         /* RFC 9051 7.1 */
  { "* BYE", HANDOFF_PEER_PROTOCOL_IMAP }, { "* PRE", HANDOFF_PEER_PROTOCOL_IMAP },
};

static gboolean
is_text (const guint8 *bytes, gsize size)
{
  gsize i;

  for (i = 0; i < size; i++)
    {
      if (!g_ascii_isprint ((char) bytes[i]) && !g_ascii_isspace ((char) bytes[i]))
        return FALSE;
    }
  return TRUE;
}

/* An SSLv2 hello (RFC 5246 E.2): old, but of the family. */
static gboolean
is_ssl2 (const guint8 *bytes)
{
  return (bytes[0] & SSL2_HEADER) != 0 && (bytes[2] == 1 || bytes[2] == 4);
}

gboolean
handoff_foreign_protocol_may_be_tls (const guint8 *bytes, gsize size)
{
  return size == 0 || (bytes[0] >= FIRST_TYPE && bytes[0] <= LAST_TYPE) ||
         (size < HANDOFF_FIRST_BYTES ? (bytes[0] & SSL2_HEADER) != 0 : is_ssl2 (bytes));
}

const char *
handoff_foreign_protocol_detect (const guint8 *bytes, gsize size)
{
  gsize i;

  if (size < HANDOFF_FIRST_BYTES || handoff_foreign_protocol_may_be_tls (bytes, size))
    return NULL;
  for (i = 0; i < G_N_ELEMENTS (beginnings); i++)
    {
      if (memcmp (bytes, beginnings[i].beginning, strlen (beginnings[i].beginning)) == 0)
        return beginnings[i].protocol;
    }
  return is_text (bytes, size) ? HANDOFF_PEER_PROTOCOL_TEXT : HANDOFF_PEER_PROTOCOL_UNKNOWN;
}

const char *
handoff_foreign_protocol_get_title (const char *protocol)
{
  static const char *const titles[][2] = {
    { HANDOFF_PEER_PROTOCOL_HTTP, "HTTP" },        { HANDOFF_PEER_PROTOCOL_SSH, "SSH" },
    { HANDOFF_PEER_PROTOCOL_SMTP, "SMTP or FTP" }, { HANDOFF_PEER_PROTOCOL_POP3, "POP3" },
    { HANDOFF_PEER_PROTOCOL_IMAP, "IMAP" },        { HANDOFF_PEER_PROTOCOL_TEXT, "plain text" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (titles); i++)
    {
      if (g_str_equal (titles[i][0], protocol))
        return titles[i][1];
    }
  return NULL;
}
