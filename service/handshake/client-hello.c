/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/client-hello.h"

#include "keyblob/server-identity.h"

#define SERVER_NAME_EXTENSION 0           /* RFC 6066 3 */
#define SIGNATURE_ALGORITHMS_EXTENSION 13 /* RFC 8446 4.2.3 */
#define KEY_SHARE_EXTENSION 51            /* RFC 8446 4.2.8 */

#define HOST_NAME_TYPE 0
#define MAX_HOST_NAME_SIZE 255

static gsize
read_number (const guint8 *bytes)
{
  return (gsize) bytes[0] << 8 | bytes[1];
}

/* One name is all that anybody sends: ServerNameList of one ServerName. */
static char *
parse_server_name (const guint8 *content, gsize size)
{
  g_autofree char *name = NULL;
  g_autoptr (HandoffServerIdentity) identity = NULL;
  gsize name_size;

  if (size < 5 || read_number (content) != size - 2 || content[2] != HOST_NAME_TYPE)
    return NULL;
  name_size = read_number (content + 3);
  if (name_size == 0 || name_size > MAX_HOST_NAME_SIZE || name_size != size - 5 ||
      memchr (content + 5, '\0', name_size) != NULL)
    return NULL;

  name = g_strndup ((const char *) content + 5, name_size);
  if (!g_utf8_validate (name, -1, NULL))
    return NULL;
  identity = handoff_server_identity_parse (name, NULL);
  return identity != NULL ? g_steal_pointer (&identity->host_name) : NULL;
}

static void
parse_schemes (HandoffClientHello *self, const guint8 *content, gsize size)
{
  gsize i;

  if (size < 2 || read_number (content) != size - 2)
    return;
  self->n_schemes = 0;
  for (i = 2; i + 1 < size && self->n_schemes < G_N_ELEMENTS (self->schemes); i += 2)
    self->schemes[self->n_schemes++] = (guint16) read_number (content + i);
}

/* Each with a key, whose size is before it. */
static void
parse_shares (HandoffClientHello *self, const guint8 *content, gsize size)
{
  gsize i;

  if (size < 2 || read_number (content) != size - 2)
    return;
  self->n_shares = 0;
  for (i = 2; i + 4 <= size && self->n_shares < G_N_ELEMENTS (self->shares);
       i += 4 + read_number (content + i + 2))
    self->shares[self->n_shares++] = (guint16) read_number (content + i);
}

static int
take_extension (void *data, unsigned int extension, const unsigned char *content, unsigned int size)
{
  HandoffClientHello *self = data;

  if (extension == SERVER_NAME_EXTENSION && self->server_name == NULL)
    self->server_name = parse_server_name (content, size);
  else if (extension == SIGNATURE_ALGORITHMS_EXTENSION)
    parse_schemes (self, content, size);
  else if (extension == KEY_SHARE_EXTENSION)
    parse_shares (self, content, size);
  return 0;
}

HandoffClientHello *
handoff_client_hello_parse (const gnutls_datum_t *message)
{
  HandoffClientHello *self = g_new0 (HandoffClientHello, 1);

  gnutls_ext_raw_parse (self, take_extension, message, GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
  return self;
}

void
handoff_client_hello_free (HandoffClientHello *self)
{
  g_free (self->server_name);
  g_free (self);
}
