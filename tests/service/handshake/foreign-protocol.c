/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Peers that do not speak TLS are recognised by their first bytes. */

#include "config.h"

#include "handshake/foreign-protocol.h"

#include <string.h>

#include "keyblob/handoff-names.h"

/* Breaks if a protocol is taken for another one, or TLS for a foreign one. */
static void
test_beginnings (void)
{
  static const struct
  {
    const char *text;
    const char *protocol; /* NULL: may be TLS, or too short */
  } cases[] = {
    { "HTTP/1.1 400 Bad Request", HANDOFF_PEER_PROTOCOL_HTTP },
    { "<html><head>", HANDOFF_PEER_PROTOCOL_HTTP },
    { "GET / HTTP/1.1", HANDOFF_PEER_PROTOCOL_HTTP },
    { "PRI * HTTP/2.0", HANDOFF_PEER_PROTOCOL_HTTP },
    { "CONNECT a:1", HANDOFF_PEER_PROTOCOL_HTTP },
    { "SSH-2.0-x", HANDOFF_PEER_PROTOCOL_SSH },
    { "220 mail ESMTP", HANDOFF_PEER_PROTOCOL_SMTP },
    { "220-mail ESMTP", HANDOFF_PEER_PROTOCOL_SMTP },
    { "EHLO x", HANDOFF_PEER_PROTOCOL_SMTP },
    { "+OK ready", HANDOFF_PEER_PROTOCOL_POP3 },
    { "* OK IMAP4", HANDOFF_PEER_PROTOCOL_IMAP },
    { "* BYE too many", HANDOFF_PEER_PROTOCOL_IMAP },
    { "RFB 003.008\n", HANDOFF_PEER_PROTOCOL_TEXT },
    { "\r\n\r\n\r\n", HANDOFF_PEER_PROTOCOL_TEXT },
    { "\x63\x03\x03\x01\x02", HANDOFF_PEER_PROTOCOL_UNKNOWN },
    { "\xff\xfb\x03\xff\xfb", HANDOFF_PEER_PROTOCOL_UNKNOWN }, /* telnet */
    { "\x16\x03\x01\x02\x01", NULL },
    { "\x15\x03\x01\x02\x01", NULL },
    { "\x18\x03\x01\x02\x01", NULL },
    { "\x80\x2e\x01\x03\x01", NULL }, /* SSLv2-compatible */
    { "HTTP", NULL },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *protocol = handoff_foreign_protocol_detect (
          (const guint8 *) cases[i].text, MIN (strlen (cases[i].text), HANDOFF_FIRST_BYTES));

      g_test_message ("%" G_GSIZE_FORMAT, i);
      g_assert_cmpstr (protocol, ==, cases[i].protocol);
      if (protocol != NULL && !g_str_equal (protocol, HANDOFF_PEER_PROTOCOL_UNKNOWN))
        g_assert_nonnull (handoff_foreign_protocol_get_title (protocol));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/foreign-protocol/beginnings", test_beginnings);
  return g_test_run ();
}
