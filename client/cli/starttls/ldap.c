/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "starttls/ldap.h"

#include <string.h>

/* RFC 4511 4.2, 4.12; BER's tags */
#define SEQUENCE 0x30
#define INTEGER 0x02
#define OCTET_STRING 0x04
#define ENUMERATED 0x0a
#define EXTENDED_RESPONSE 0x78
/* The form of a length that is followed by this many bytes of it. */
#define LONG_FORM 0x80
#define MAX_LENGTH_BYTES 4

#define OUR_MESSAGE 1
#define UNSOLICITED 0 /* RFC 4511 4.4: it says that the server hangs up */

/* Part of a message. */
typedef struct
{
  const guint8 *data;
  gsize size;
} Bytes;

/* From the first byte of a length: how many bytes follow that are part of it; -1 if it is none that
 * LDAP allows (RFC 4511 5.1). */
static int
count_length_bytes (guint8 first)
{
  if (first < LONG_FORM)
    return 0;
  return first > LONG_FORM && first <= LONG_FORM + MAX_LENGTH_BYTES ? first - LONG_FORM : -1;
}

static gsize
decode_length (guint8 first, const guint8 *more)
{
  gsize length = 0;
  int i;

  if (first < LONG_FORM)
    return first;
  for (i = 0; i < first - LONG_FORM; i++)
    length = length << 8 | more[i];
  return length;
}

/* Takes an element with tag from the beginning of bytes. */
static gboolean
take (Bytes *bytes, guint8 tag, Bytes *content)
{
  gsize header;
  int n;

  if (bytes->size < 2 || bytes->data[0] != tag)
    return FALSE;
  n = count_length_bytes (bytes->data[1]);
  if (n < 0 || bytes->size < (header = 2 + (gsize) n))
    return FALSE;
  content->data = bytes->data + header;
  content->size = decode_length (bytes->data[1], bytes->data + 2);
  if (content->size > bytes->size - header)
    return FALSE;
  bytes->data = content->data + content->size;
  bytes->size -= header + content->size;
  return TRUE;
}

static gboolean
take_number (Bytes *bytes, guint8 tag, guint *number)
{
  Bytes content;
  gsize i;

  /* Those that matter here are small, and not negative. */
  if (!take (bytes, tag, &content) || content.size == 0 || content.size > sizeof *number ||
      (content.data[0] & 0x80) != 0)
    return FALSE;
  *number = 0;
  for (i = 0; i < content.size; i++)
    *number = *number << 8 | content.data[i];
  return TRUE;
}

/* An LDAPMessage, whole. (transfer full) */
static guint8 *
read_message (CliWire *wire, gsize *size, GError **error)
{
  guint8 header[2 + MAX_LENGTH_BYTES];
  g_autofree guint8 *message = NULL;
  gsize length;
  int n;

  if (!cli_wire_read (wire, header, 2, error))
    return NULL;
  n = header[0] == SEQUENCE ? count_length_bytes (header[1]) : -1;
  if (n < 0)
    {
      cli_wire_set_foreign_bytes (wire, header, 2, error);
      return NULL;
    }
  if (!cli_wire_read (wire, header + 2, (gsize) n, error))
    return NULL;
  length = decode_length (header[1], header + 2);
  if (length == 0)
    {
      cli_wire_set_foreign_bytes (wire, header, 2 + (gsize) n, error);
      return NULL;
    }
  /* A longer one is refused when it is read. */
  message = g_malloc (MIN (length, CLI_WIRE_MAX_SIZE) + 1);
  if (!cli_wire_read (wire, message, length, error))
    return NULL;
  *size = length;
  return g_steal_pointer (&message);
}

/**
 * cli_starttls_ldap:
 *
 * The extended operation StartTLS (RFC 4511 4.14).
 */
gboolean
cli_starttls_ldap (CliWire *wire, GError **error)
{
  static const char request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
                                "1.3.6.1.4.1.1466.20037";
  g_autofree guint8 *message = NULL;
  g_autofree char *text = NULL, *answer = NULL;
  Bytes bytes, response, name, diagnostic;
  guint id, result;

  if (!cli_wire_write (wire, request, sizeof request - 1, error) ||
      (message = read_message (wire, &bytes.size, error)) == NULL)
    return FALSE;
  bytes.data = message;
  if (!take_number (&bytes, INTEGER, &id) || !take (&bytes, EXTENDED_RESPONSE, &response) ||
      !take_number (&response, ENUMERATED, &result) || !take (&response, OCTET_STRING, &name) ||
      !take (&response, OCTET_STRING, &diagnostic) || (id != OUR_MESSAGE && id != UNSOLICITED))
    {
      cli_wire_set_foreign_bytes (wire, message, (gsize) (bytes.data - message) + bytes.size,
                                  error);
      return FALSE;
    }
  if (id == OUR_MESSAGE && result == 0)
    return TRUE;
  text = g_strndup ((const char *) diagnostic.data, diagnostic.size);
  answer = g_strdup_printf ("resultCode %u, %s", result, text);
  cli_wire_set_refused (wire, answer, error);
  return FALSE;
}
