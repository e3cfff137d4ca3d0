/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "tls-hello.h"

#include <string.h>

#include "tls-names.h"

/* Wherever IANA has put suites, with the numbers between them. 0x00ff and 0x5600 are signals. */
static const guint suite_ranges[][2] = {
  { 0x0000, 0x00fe },
  { 0x1301, 0x1307 },
  { 0xc001, 0xc0b7 },
  { 0xcc13, 0xccae },
};

TlsHello *
tls_hello_new (guint version)
{
  TlsHello *self = g_new0 (TlsHello, 1);

  self->version = version;
  self->suites = g_array_new (FALSE, FALSE, sizeof (guint16));
  for (gsize i = 0; i < G_N_ELEMENTS (suite_ranges); i++)
    {
      for (guint number = suite_ranges[i][0]; number <= suite_ranges[i][1]; number++)
        {
          guint16 suite = (guint16) number;

          g_array_append_val (self->suites, suite);
        }
    }
  self->groups = tls_numbers_of_groups ();
  self->schemes = tls_numbers_of_schemes ();
  self->with_key_share = TRUE;
  self->with_encrypt_then_mac = TRUE;
  return self;
}

void
tls_hello_free (TlsHello *self)
{
  g_array_unref (self->suites);
  g_array_unref (self->groups);
  g_array_unref (self->schemes);
  g_free (self);
}

static void
write_number (GByteArray *bytes, gsize number, guint size)
{
  while (size-- > 0)
    {
      guint8 byte = (guint8) (number >> 8 * size);

      g_byte_array_append (bytes, &byte, 1);
    }
}

/* Room for a length, which end_vector() fills in. */
static guint
begin_vector (GByteArray *bytes, guint length_size)
{
  write_number (bytes, 0, length_size);
  return bytes->len;
}

static void
end_vector (GByteArray *bytes, guint start, guint length_size)
{
  guint length = bytes->len - start;

  for (guint i = 0; i < length_size; i++)
    bytes->data[start - 1 - i] = (guint8) (length >> 8 * i);
}

static void
write_numbers (GByteArray *bytes, const GArray *numbers)
{
  guint start = begin_vector (bytes, 2);

  for (guint i = 0; i < numbers->len; i++)
    write_number (bytes, g_array_index (numbers, guint16, i), 2);
  end_vector (bytes, start, 2);
}

static void
write_list_extension (GByteArray *bytes, guint extension, const GArray *numbers)
{
  guint start;

  write_number (bytes, extension, 2);
  start = begin_vector (bytes, 2);
  write_numbers (bytes, numbers);
  end_vector (bytes, start, 2);
}

static void
write_extensions (const TlsHello *self, GByteArray *bytes)
{
  static const guint8 uncompressed[] = { 0, 11, 0, 2, 1, 0 };
  static const guint8 encrypt_then_mac[] = { 0, 22, 0, 0 };
  static const guint8 extended_master_secret[] = { 0, 23, 0, 0 };
  static const guint8 renegotiation_info[] = { 0xff, 1, 0, 1, 0 };
  static const guint8 supported_versions[] = { 0, 43, 0, 3, 2, 3, 4 };
  static const guint8 no_key_share[] = { 0, 51, 0, 2, 0, 0 };
  /* The base point (RFC 7748 4.1) is as good a key as any. */
  static const guint8 key_share[42] = { 0, 51, 0, 38, 0, 36, 0, 0x1d, 0, 32, 9 };

  write_list_extension (bytes, 10, self->groups);
  write_list_extension (bytes, 13, self->schemes);
  if (self->version == 0x0304)
    {
      g_byte_array_append (bytes, supported_versions, sizeof supported_versions);
      if (self->with_key_share)
        g_byte_array_append (bytes, key_share, sizeof key_share);
      else
        g_byte_array_append (bytes, no_key_share, sizeof no_key_share);
      return;
    }
  g_byte_array_append (bytes, uncompressed, sizeof uncompressed);
  g_byte_array_append (bytes, extended_master_secret, sizeof extended_master_secret);
  g_byte_array_append (bytes, renegotiation_info, sizeof renegotiation_info);
  if (self->with_encrypt_then_mac)
    g_byte_array_append (bytes, encrypt_then_mac, sizeof encrypt_then_mac);
}

void
tls_hello_write (const TlsHello *self, GByteArray *bytes)
{
  guint8 random[32];
  guint record, message, extensions;

  memset (random, 0x55, sizeof random);
  write_number (bytes, 22, 1); /* handshake */
  write_number (bytes, 0x0301, 2);
  record = begin_vector (bytes, 2);
  write_number (bytes, 1, 1); /* client_hello */
  message = begin_vector (bytes, 3);
  write_number (bytes, 0x0303, 2);
  g_byte_array_append (bytes, random, sizeof random);
  write_number (bytes, 0, 1); /* no session id */
  write_numbers (bytes, self->suites);
  write_number (bytes, 0x0100, 2); /* no compression */
  extensions = begin_vector (bytes, 2);
  write_extensions (self, bytes);
  end_vector (bytes, extensions, 2);
  end_vector (bytes, message, 3);
  end_vector (bytes, record, 2);
}
