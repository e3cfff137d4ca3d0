/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "grant/signature-form.h"

#include <string.h>

#include "grant/signature-scheme.h"

#define RANDOM_SIZE 32
#define MAX_SESSION_ID_SIZE 32
#define N_SPACES 64
#define TLS12_VERSION 0x0303
#define NAMED_CURVE 3

/* HandshakeType, RFC 5246 7.4 and RFC 6066 8. */
enum
{
  CLIENT_HELLO = 1,
  SERVER_HELLO = 2,
  CERTIFICATE = 11,
  SERVER_KEY_EXCHANGE = 12,
  CERTIFICATE_REQUEST = 13,
  SERVER_HELLO_DONE = 14,
  CLIENT_KEY_EXCHANGE = 16,
  CERTIFICATE_STATUS = 22,
};

/* What has not been read yet. */
typedef struct
{
  const guint8 *data;
  gsize size;
} Rest;

static gboolean
skip (Rest *rest, gsize n)
{
  if (rest->size < n)
    return FALSE;
  rest->data += n;
  rest->size -= n;
  return TRUE;
}

/* A number of n bytes, big-endian. n: 4 at most */
static gboolean
take_number (Rest *rest, guint n, guint *number)
{
  const guint8 *data = rest->data;
  guint i;

  if (!skip (rest, n))
    return FALSE;
  *number = 0;
  for (i = 0; i < n; i++)
    *number = *number << 8 | data[i];
  return TRUE;
}

/* A vector of minimum to maximum bytes, behind its length, which is a number of n bytes. content:
 * (nullable) */
static gboolean
take_vector (Rest *rest, guint n, guint minimum, guint maximum, Rest *content)
{
  guint size;

  if (!take_number (rest, n, &size) || size < minimum || size > maximum)
    return FALSE;
  if (content != NULL)
    *content = (Rest){ rest->data, size };
  return skip (rest, size);
}

/* RFC 8446 4.4.3: spaces, a context string with its terminator, the hash of the messages. The hash
 * is the cipher suite's: all of TLS 1.3 have SHA-256 or SHA-384. */
static gboolean
is_tls13 (HandoffSignatureRole role, Rest rest)
{
  static const char client[] = "TLS 1.3, client CertificateVerify";
  static const char server[] = "TLS 1.3, server CertificateVerify";
  const char *context = role == HANDOFF_SIGNATURE_SERVER ? server : client;
  guint i;

  G_STATIC_ASSERT (sizeof client == sizeof server);
  if (rest.size != N_SPACES + sizeof client + 32 && rest.size != N_SPACES + sizeof client + 48)
    return FALSE;
  for (i = 0; i < N_SPACES; i++)
    {
      if (rest.data[i] != ' ')
        return FALSE;
    }
  return memcmp (rest.data + N_SPACES, context, sizeof client) == 0;
}

/* RFC 8422 5.4, of the groups that the service negotiates: a curve's name and a point on it. */
static gboolean
is_server_ecdh_params (Rest rest)
{
  static const struct
  {
    guint group;
    guint size; /* bytes of a point, uncompressed */
  } groups[] = { { 23, 65 }, { 24, 97 }, { 25, 133 }, { 29, 32 }, { 30, 56 } };
  guint type, group;
  gsize i;

  if (!take_number (&rest, 1, &type) || type != NAMED_CURVE || !take_number (&rest, 2, &group))
    return FALSE;
  for (i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      if (groups[i].group == group)
        return take_vector (&rest, 1, groups[i].size, groups[i].size, NULL) && rest.size == 0;
    }
  return FALSE;
}

/* RFC 5246 7.4.3: p, g, Ys. */
static gboolean
is_server_dh_params (Rest rest)
{
  return take_vector (&rest, 2, 1, G_MAXUINT16, NULL) &&
         take_vector (&rest, 2, 1, G_MAXUINT16, NULL) &&
         take_vector (&rest, 2, 1, G_MAXUINT16, NULL) && rest.size == 0;
}

static gboolean
is_tls12_server (Rest rest)
{
  return skip (&rest, 2 * RANDOM_SIZE) &&
         (is_server_ecdh_params (rest) || is_server_dh_params (rest));
}

/* The beginning that both hellos have. */
static gboolean
take_hello (Rest *hello)
{
  guint version;

  return take_number (hello, 2, &version) && version == TLS12_VERSION &&
         skip (hello, RANDOM_SIZE) && take_vector (hello, 1, 0, MAX_SESSION_ID_SIZE, NULL);
}

/* RFC 5246 7.4.1.4: nothing, or a vector, of extensions. */
static gboolean
are_extensions (Rest rest)
{
  Rest extensions;

  if (rest.size == 0)
    return TRUE;
  if (!take_vector (&rest, 2, 0, G_MAXUINT16, &extensions) || rest.size != 0)
    return FALSE;
  while (extensions.size > 0)
    {
      if (!skip (&extensions, 2) || !take_vector (&extensions, 2, 0, G_MAXUINT16, NULL))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_client_hello (Rest body)
{
  return take_hello (&body) && take_vector (&body, 2, 2, G_MAXUINT16 - 1, NULL) &&
         take_vector (&body, 1, 1, G_MAXUINT8, NULL) && are_extensions (body);
}

static gboolean
is_server_hello (Rest body)
{
  return take_hello (&body) && skip (&body, 3) && are_extensions (body);
}

/* RFC 5246 7.4.2: a vector of certificates. */
static gboolean
is_certificate (Rest body)
{
  Rest list;

  if (!take_vector (&body, 3, 0, 0xffffff, &list) || body.size != 0)
    return FALSE;
  while (list.size > 0)
    {
      if (!take_vector (&list, 3, 1, 0xffffff, NULL))
        return FALSE;
    }
  return TRUE;
}

/* RFC 5246 7.4.4: types of certificates, signature schemes, names of authorities. */
static gboolean
is_certificate_request (Rest body)
{
  return take_vector (&body, 1, 1, G_MAXUINT8, NULL) &&
         take_vector (&body, 2, 2, G_MAXUINT16 - 1, NULL) &&
         take_vector (&body, 2, 0, G_MAXUINT16, NULL) && body.size == 0;
}

static gboolean
is_empty (Rest body)
{
  return body.size == 0;
}

static gboolean
is_not_empty (Rest body)
{
  return body.size > 0;
}

/* The messages of a full handshake before a client's CertificateVerify, in order (RFC 5246 7.3). */
static const struct
{
  guint type;
  gboolean is_optional;
  gboolean (*check) (Rest body);
} flight[] = {
  { CLIENT_HELLO, FALSE, is_client_hello },
  { SERVER_HELLO, FALSE, is_server_hello },
  { CERTIFICATE, FALSE, is_certificate },
  { CERTIFICATE_STATUS, TRUE, is_not_empty },
  { SERVER_KEY_EXCHANGE, TRUE, is_not_empty },
  { CERTIFICATE_REQUEST, FALSE, is_certificate_request },
  { SERVER_HELLO_DONE, FALSE, is_empty },
  { CERTIFICATE, FALSE, is_certificate },
  { CLIENT_KEY_EXCHANGE, FALSE, is_not_empty },
};

static gboolean
is_tls12_client (Rest rest)
{
  Rest body;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (flight); i++)
    {
      if (flight[i].is_optional && rest.size > 0 && rest.data[0] != flight[i].type)
        continue;
      if (rest.size == 0 || rest.data[0] != flight[i].type || !skip (&rest, 1) ||
          !take_vector (&rest, 3, 0, 0xffffff, &body) || !flight[i].check (body))
        return FALSE;
    }
  return rest.size == 0;
}

/* No bytes count as what both roles sign: whose first message was chosen so that it can be taken
 * for the randoms of a connection with somebody else's. */
static gboolean
is_tls12 (HandoffSignatureRole role, Rest rest)
{
  const gboolean is_client = is_tls12_client (rest), is_server = is_tls12_server (rest);

  return is_client != is_server && is_server == (role == HANDOFF_SIGNATURE_SERVER);
}

HandoffSignatureForm
handoff_signature_form_find (HandoffSignatureRole role,
                             guint number,
                             gconstpointer data,
                             gsize size)
{
  const HandoffSignatureScheme *scheme = handoff_signature_scheme_find (number);
  const Rest all = { data, size };

  if (scheme == NULL || size > HANDOFF_SIGNATURE_MAX_DATA ||
      (role != HANDOFF_SIGNATURE_CLIENT && role != HANDOFF_SIGNATURE_SERVER))
    return HANDOFF_SIGNATURE_FORM_NONE;
  if (scheme->is_for_tls13 && is_tls13 (role, all))
    return HANDOFF_SIGNATURE_FORM_TLS13;
  if (scheme->is_for_tls12 && is_tls12 (role, all))
    return HANDOFF_SIGNATURE_FORM_TLS12;
  return HANDOFF_SIGNATURE_FORM_NONE;
}
