/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "tls-reader.h"

#include <string.h>

#include "tls-names.h"

typedef const char *(*NameFunc) (guint number);

/* The random number of a ServerHello that is a HelloRetryRequest (RFC 8446 4.1.3). */
static const guint8 retry_random[32] = {
  0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
  0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static TlsBytes
take (TlsBytes *self, gsize size)
{
  TlsBytes taken = { self->data, size };

  g_assert_cmpuint (size, <=, self->size);
  self->data += size;
  self->size -= size;
  return taken;
}

guint
tls_bytes_number (TlsBytes *self, gsize size)
{
  TlsBytes taken = take (self, size);
  guint number = 0;

  for (gsize i = 0; i < size; i++)
    number = number << 8 | taken.data[i];
  return number;
}

TlsBytes
tls_bytes_vector (TlsBytes *self, gsize length_size)
{
  return take (self, tls_bytes_number (self, length_size));
}

guint
tls_bytes_record (TlsBytes *bytes, TlsBytes *content)
{
  guint type = tls_bytes_number (bytes, 1);

  tls_bytes_number (bytes, 2);
  *content = tls_bytes_vector (bytes, 2);
  return type;
}

guint
tls_bytes_message (TlsBytes *bytes, TlsBytes *message)
{
  guint type = tls_bytes_number (bytes, 1);

  *message = tls_bytes_vector (bytes, 3);
  return type;
}

static gboolean
is_grease (guint number)
{
  return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
}

static void
print_number (GString *text, const char *indent, guint number, gsize size, NameFunc name_of)
{
  if (size == 2 && is_grease (number))
    return;
  g_string_append_printf (text, "%s0x%0*x %s\n", indent, (int) size * 2, number, name_of (number));
}

/* A list of numbers, one a line. */
static void
print_numbers (GString *text, const char *indent, TlsBytes numbers, gsize size, NameFunc name_of)
{
  while (numbers.size > 0)
    print_number (text, indent, tls_bytes_number (&numbers, size), size, name_of);
}

static void
print_protocol_names (GString *text, TlsBytes *body)
{
  TlsBytes names = tls_bytes_vector (body, 2);

  while (names.size > 0)
    {
      TlsBytes name = tls_bytes_vector (&names, 1);

      g_string_append_printf (text, "      %.*s\n", (int) name.size, name.data);
    }
}

static void
print_server_names (GString *text, TlsBytes *body)
{
  TlsBytes names = tls_bytes_vector (body, 2);

  while (names.size > 0)
    {
      guint type = tls_bytes_number (&names, 1);
      TlsBytes name = tls_bytes_vector (&names, 2);

      g_assert_cmpuint (type, ==, 0);
      g_string_append_printf (text, "      host_name %.*s\n", (int) name.size, name.data);
    }
}

static void
print_key_share (TlsReader *self, GString *text, guint type, TlsBytes *body)
{
  TlsBytes shares = *body;

  if (type == TLS_CLIENT_HELLO)
    shares = tls_bytes_vector (body, 2);
  else
    take (body, body->size);
  while (shares.size > 0)
    {
      guint group = tls_bytes_number (&shares, 2);
      gsize key_size;

      if (type == TLS_SERVER_HELLO)
        self->group = group;
      /* A HelloRetryRequest has the group alone. */
      key_size = shares.size > 0 ? tls_bytes_vector (&shares, 2).size : 0;
      if (!is_grease (group))
        g_string_append_printf (text, "      0x%04x %s, %" G_GSIZE_FORMAT " bytes\n", group,
                                tls_name_of_group (group), key_size);
    }
}

static void
print_pre_shared_keys (GString *text, guint type, TlsBytes *body)
{
  TlsBytes identities, binders;

  if (type == TLS_SERVER_HELLO)
    {
      g_string_append_printf (text, "      identity %u is taken\n", tls_bytes_number (body, 2));
      return;
    }
  identities = tls_bytes_vector (body, 2);
  binders = tls_bytes_vector (body, 2);
  while (identities.size > 0)
    {
      tls_bytes_vector (&identities, 2);
      tls_bytes_number (&identities, 4);
      g_string_append_printf (text, "      a ticket, its binder has %" G_GSIZE_FORMAT " bytes\n",
                              tls_bytes_vector (&binders, 1).size);
    }
}

static void
print_status_request (GString *text, guint type, TlsBytes *body)
{
  if (type == TLS_CLIENT_HELLO)
    {
      guint status_type = tls_bytes_number (body, 1);
      gsize responders = tls_bytes_vector (body, 2).size;
      gsize extensions = tls_bytes_vector (body, 2).size;

      g_string_append_printf (text,
                              "      type %u (1: ocsp), responder_id_list %" G_GSIZE_FORMAT
                              " bytes, request_extensions %" G_GSIZE_FORMAT " bytes\n",
                              status_type, responders, extensions);
    }
  else if (body->size > 0)
    {
      take (body, body->size);
      g_string_append (text, "      a response\n");
    }
}

/* The lines of one extension; what is below them is left to the number of bytes. */
static char *
describe_extension (TlsReader *self, guint type, guint extension, TlsBytes body)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "    0x%04x %s\n", extension, tls_name_of_extension (extension));
  if (extension == 0 && body.size > 0)
    print_server_names (text, &body);
  else if (extension == 5)
    print_status_request (text, type, &body);
  else if (extension == 10)
    print_numbers (text, "      ", tls_bytes_vector (&body, 2), 2, tls_name_of_group);
  else if (extension == 11)
    print_numbers (text, "      ", tls_bytes_vector (&body, 1), 1, tls_name_of_point_format);
  else if (extension == 13 || extension == 50)
    print_numbers (text, "      ", tls_bytes_vector (&body, 2), 2, tls_name_of_scheme);
  else if (extension == 16)
    print_protocol_names (text, &body);
  else if (extension == 28)
    g_string_append_printf (text, "      %u\n", tls_bytes_number (&body, 2));
  else if (extension == 35 && body.size > 0)
    {
      take (&body, body.size);
      g_string_append (text, "      a ticket, in place of a session id\n");
    }
  else if (extension == 41)
    print_pre_shared_keys (text, type, &body);
  else if (extension == 43 && type == TLS_CLIENT_HELLO)
    print_numbers (text, "      ", tls_bytes_vector (&body, 1), 2, tls_name_of_version);
  else if (extension == 43)
    {
      self->version = tls_bytes_number (&body, 2);
      print_number (text, "      ", self->version, 2, tls_name_of_version);
    }
  else if (extension == 45)
    print_numbers (text, "      ", tls_bytes_vector (&body, 1), 1, tls_name_of_psk_mode);
  else if (extension == 51)
    print_key_share (self, text, type, &body);
  /* How much padding there is follows from the rest. */
  if (body.size > 0 && extension != 21)
    g_string_append_printf (text, "      %" G_GSIZE_FORMAT " bytes\n", body.size);
  return g_string_free (text, FALSE);
}

typedef struct
{
  guint number;
  char *lines; /* (owned) */
} Extension;

static void
extension_clear (gpointer data)
{
  g_free (((Extension *) data)->lines);
}

static int
compare_extensions (gconstpointer a, gconstpointer b)
{
  return (int) ((const Extension *) a)->number - (int) ((const Extension *) b)->number;
}

static void
print_extensions (TlsReader *self, GString *text, guint type, TlsBytes *message)
{
  g_autoptr (GArray) array = g_array_new (FALSE, FALSE, sizeof (Extension));
  TlsBytes extensions = { 0 };

  g_array_set_clear_func (array, extension_clear);
  if (message->size > 0)
    extensions = tls_bytes_vector (message, 2);
  while (extensions.size > 0)
    {
      guint number = tls_bytes_number (&extensions, 2);
      TlsBytes body = tls_bytes_vector (&extensions, 2);
      Extension extension = { number, NULL };

      /* RFC 8446 4.2.11 */
      if (number == 41 && type == TLS_CLIENT_HELLO)
        g_assert_cmpuint (extensions.size, ==, 0);
      if (is_grease (number))
        continue;
      extension.lines = describe_extension (self, type, number, body);
      g_array_append_val (array, extension);
    }
  g_array_sort (array, compare_extensions);
  g_string_append (text, array->len > 0 ? "  extensions\n" : "  no extensions\n");
  for (guint i = 0; i < array->len; i++)
    g_string_append (text, g_array_index (array, Extension, i).lines);
}

static void
print_client_hello (TlsReader *self, TlsBytes message, GString *text)
{
  g_string_append (text, "ClientHello\n  legacy_version\n");
  print_number (text, "    ", tls_bytes_number (&message, 2), 2, tls_name_of_version);
  take (&message, 32);
  g_string_append_printf (text, "  legacy_session_id: %" G_GSIZE_FORMAT " bytes\n",
                          tls_bytes_vector (&message, 1).size);
  g_string_append (text, "  cipher_suites\n");
  print_numbers (text, "    ", tls_bytes_vector (&message, 2), 2, tls_name_of_suite);
  g_string_append_printf (text, "  legacy_compression_methods: %" G_GSIZE_FORMAT " bytes\n",
                          tls_bytes_vector (&message, 1).size);
  print_extensions (self, text, TLS_CLIENT_HELLO, &message);
  g_assert_cmpuint (message.size, ==, 0);
}

static void
print_server_hello (TlsReader *self, TlsBytes message, GString *text)
{
  TlsBytes random;

  self->version = tls_bytes_number (&message, 2);
  self->group = 0;
  random = take (&message, 32);
  g_string_append (text, memcmp (random.data, retry_random, 32) == 0 ? "HelloRetryRequest\n"
                                                                     : "ServerHello\n");
  g_string_append (text, "  legacy_version\n");
  print_number (text, "    ", self->version, 2, tls_name_of_version);
  g_string_append_printf (text, "  legacy_session_id: %" G_GSIZE_FORMAT " bytes\n",
                          tls_bytes_vector (&message, 1).size);
  self->suite = tls_bytes_number (&message, 2);
  g_string_append (text, "  cipher_suite\n");
  print_number (text, "    ", self->suite, 2, tls_name_of_suite);
  g_string_append_printf (text, "  legacy_compression_method: %u\n",
                          tls_bytes_number (&message, 1));
  print_extensions (self, text, TLS_SERVER_HELLO, &message);
  g_assert_cmpuint (message.size, ==, 0);
}

/* RFC 5246 7.4.3 and RFC 8422 5.4 */
static void
print_server_key_exchange (TlsReader *self, TlsBytes message, GString *text)
{
  if (strstr (tls_name_of_suite (self->suite), "_ECDHE_") != NULL)
    {
      g_assert_cmpuint (tls_bytes_number (&message, 1), ==, 3); /* named_curve */
      self->group = tls_bytes_number (&message, 2);
      g_string_append (text, "ServerKeyExchange\n  group\n");
      print_number (text, "    ", self->group, 2, tls_name_of_group);
      tls_bytes_vector (&message, 1);
    }
  else
    {
      static const guint groups[] = { 256, 384, 512, 768, 1024 };
      TlsBytes prime = tls_bytes_vector (&message, 2);

      self->group = 0;
      for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
        {
          if (groups[i] == prime.size)
            self->group = 0x0100 + i;
        }
      tls_bytes_vector (&message, 2);
      tls_bytes_vector (&message, 2);
      g_string_append_printf (text, "ServerKeyExchange\n  prime: %" G_GSIZE_FORMAT " bits\n",
                              prime.size * 8);
    }
  self->scheme = tls_bytes_number (&message, 2);
  g_string_append (text, "  signature\n");
  print_number (text, "    ", self->scheme, 2, tls_name_of_scheme);
  tls_bytes_vector (&message, 2);
  g_assert_cmpuint (message.size, ==, 0);
}

static void
print_certificate_request (TlsReader *self, TlsBytes message, GString *text)
{
  g_string_append (text, "CertificateRequest\n");
  if (self->version == 0x0304)
    {
      tls_bytes_vector (&message, 1);
      print_extensions (self, text, TLS_CERTIFICATE_REQUEST, &message);
    }
  else
    {
      g_string_append (text, "  certificate_types\n");
      print_numbers (text, "    ", tls_bytes_vector (&message, 1), 1, tls_name_of_certificate_type);
      g_string_append (text, "  supported_signature_algorithms\n");
      print_numbers (text, "    ", tls_bytes_vector (&message, 2), 2, tls_name_of_scheme);
      g_string_append_printf (text, "  certificate_authorities: %" G_GSIZE_FORMAT " bytes\n",
                              tls_bytes_vector (&message, 2).size);
    }
  g_assert_cmpuint (message.size, ==, 0);
}

static void
print_certificate (TlsReader *self, TlsBytes message, GString *text)
{
  TlsBytes list;

  g_string_append (text, "Certificate\n");
  if (self->version == 0x0304)
    tls_bytes_vector (&message, 1);
  list = tls_bytes_vector (&message, 3);
  while (list.size > 0)
    {
      tls_bytes_vector (&list, 3);
      g_string_append (text, "  a certificate\n");
      if (self->version == 0x0304)
        {
          TlsBytes rest = list;
          gsize size = 2 + tls_bytes_vector (&list, 2).size;

          rest.size = size;
          print_extensions (self, text, TLS_CERTIFICATE, &rest);
        }
    }
  g_assert_cmpuint (message.size, ==, 0);
}

static void
print_ticket (TlsReader *self, TlsBytes message, GString *text)
{
  guint lifetime = tls_bytes_number (&message, 4);

  g_string_append_printf (text, "NewSessionTicket\n  lifetime: %u seconds\n", lifetime);
  if (self->version == 0x0304)
    {
      tls_bytes_number (&message, 4);
      tls_bytes_vector (&message, 1);
    }
  tls_bytes_vector (&message, 2);
  if (self->version == 0x0304)
    print_extensions (self, text, TLS_NEW_SESSION_TICKET, &message);
  g_assert_cmpuint (message.size, ==, 0);
}

void
tls_reader_print (TlsReader *self, guint type, TlsBytes message, GString *text)
{
  if (type == TLS_CLIENT_HELLO)
    print_client_hello (self, message, text);
  else if (type == TLS_SERVER_HELLO)
    print_server_hello (self, message, text);
  else if (type == TLS_ENCRYPTED_EXTENSIONS)
    {
      g_string_append (text, "EncryptedExtensions\n");
      print_extensions (self, text, type, &message);
    }
  else if (type == TLS_SERVER_KEY_EXCHANGE)
    print_server_key_exchange (self, message, text);
  else if (type == TLS_CERTIFICATE_REQUEST)
    print_certificate_request (self, message, text);
  else if (type == TLS_CERTIFICATE)
    print_certificate (self, message, text);
  else if (type == TLS_CERTIFICATE_STATUS)
    g_string_append (text, "CertificateStatus\n");
  else if (type == TLS_CERTIFICATE_VERIFY)
    {
      self->scheme = tls_bytes_number (&message, 2);
      g_string_append (text, "CertificateVerify\n  algorithm\n");
      print_number (text, "    ", self->scheme, 2, tls_name_of_scheme);
    }
  else if (type == TLS_NEW_SESSION_TICKET)
    print_ticket (self, message, text);
  /* The others have nothing that is negotiated: Finished, ServerHelloDone. */
}
