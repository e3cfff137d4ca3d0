/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/expensive-certificate.h"

#include <stdarg.h>
#include <string.h>

#define SEQUENCE 0x30
#define SET 0x31

/* DER, inside out: tlv() takes its pieces, up to a NULL, and gives the whole. (transfer full) */
static GByteArray *
tlv (int tag, ...)
{
  GByteArray *whole = g_byte_array_new ();
  g_autoptr (GByteArray) content = g_byte_array_new ();
  GByteArray *piece;
  guint8 header[5] = { (guint8) tag };
  va_list pieces;

  va_start (pieces, tag);
  while ((piece = va_arg (pieces, GByteArray *)) != NULL)
    {
      g_byte_array_append (content, piece->data, piece->len);
      g_byte_array_unref (piece);
    }
  va_end (pieces);
  if (content->len < 0x80)
    {
      header[1] = (guint8) content->len;
      g_byte_array_append (whole, header, 2);
    }
  else
    {
      header[1] = 0x83;
      header[2] = (guint8) (content->len >> 16);
      header[3] = (guint8) (content->len >> 8);
      header[4] = (guint8) content->len;
      /* No leading zeros. */
      while (header[1] > 0x81 && header[2] == 0)
        {
          header[1]--;
          memmove (header + 2, header + 3, 2);
        }
      g_byte_array_append (whole, header, 2 + (header[1] & 0x7f));
    }
  g_byte_array_append (whole, content->data, content->len);
  return whole;
}

static GByteArray *
raw (const void *data, gsize size)
{
  return g_byte_array_append (g_byte_array_new (), data, (guint) size);
}

#define RAW(...) raw ((const guint8[]){ __VA_ARGS__ }, sizeof (const guint8[]){ __VA_ARGS__ })

/* An odd number of so many bits, ones but for a zero behind the first. */
static GByteArray *
integer (guint bits)
{
  g_autoptr (GByteArray) number = g_byte_array_new ();
  const guint size = bits / 8 + 1; /* with the sign's zero */

  g_byte_array_set_size (number, size);
  memset (number->data, 0xff, size);
  number->data[0] = (guint8) ((1 << bits % 8) - 1);
  if (bits == 17)
    memcpy (number->data, "\x01\x00\x01", 3);
  return tlv (0x02, raw (number->data, size), NULL);
}

static GByteArray *
name (guint n_attributes)
{
  GByteArray *attributes = g_byte_array_new ();

  for (guint i = 0; i < MAX (n_attributes, 1); i++)
    {
      g_autoptr (GByteArray) attribute =
          tlv (SET, tlv (SEQUENCE, RAW (0x06, 3, 0x55, 4, 3), raw ("\x0c\x09localhost", 11), NULL),
               NULL);

      g_byte_array_append (attributes, attribute->data, attribute->len);
    }
  return tlv (SEQUENCE, attributes, NULL);
}

static GByteArray *
public_key (const TestCertificate *c)
{
  if (c->dsa_bits > 0)
    return tlv (SEQUENCE,
                tlv (SEQUENCE, RAW (0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1),
                     tlv (SEQUENCE, integer (c->dsa_bits), integer (c->subgroup_bits),
                          integer (c->dsa_bits - 1), NULL),
                     NULL),
                tlv (0x03, RAW (0), integer (c->dsa_bits - 1), NULL), NULL);
  return tlv (SEQUENCE,
              tlv (SEQUENCE, RAW (0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1),
                   RAW (0x05, 0), NULL),
              tlv (0x03, RAW (0),
                   tlv (SEQUENCE, integer (c->rsa_bits > 0 ? c->rsa_bits : 2048),
                        integer (c->exponent_bits > 0 ? c->exponent_bits : 17), NULL),
                   NULL),
              NULL);
}

/* element, n times. element: (transfer full) */
static GByteArray *
repeat (GByteArray *element, guint n)
{
  GByteArray *all = g_byte_array_new ();

  for (guint i = 0; i < n; i++)
    g_byte_array_append (all, element->data, element->len);
  g_byte_array_unref (element);
  return all;
}

/* 2.5.29.number. value: (transfer full) */
static GByteArray *
extension (guint8 number, GByteArray *value)
{
  return tlv (SEQUENCE, RAW (0x06, 3, 0x55, 0x1d, number), tlv (0x04, value, NULL), NULL);
}

static GByteArray *
extensions (const TestCertificate *c)
{
  GByteArray *all = g_byte_array_new ();
  g_autoptr (GPtrArray) pieces =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);

  for (guint i = 0; i < c->n_extensions; i++)
    g_ptr_array_add (pieces,
                     tlv (SEQUENCE, RAW (0x06, 4, 0x2a, 3, 0x81 + (guint8) (i >> 7), i & 0x7f),
                          tlv (0x04, RAW (0x05, 0), NULL), NULL));
  if (c->n_names > 0)
    g_ptr_array_add (
        pieces, extension (17, tlv (SEQUENCE, repeat (raw ("\x82\x01z", 3), c->n_names), NULL)));
  if (c->n_constraints > 0)
    g_ptr_array_add (pieces,
                     extension (30, tlv (SEQUENCE,
                                         tlv (0xa0,
                                              repeat (tlv (SEQUENCE, raw ("\x82\x01y", 3), NULL),
                                                      c->n_constraints),
                                              NULL),
                                         NULL)));
  if (c->n_purposes > 0)
    g_ptr_array_add (
        pieces,
        extension (37, tlv (SEQUENCE, repeat (RAW (0x06, 2, 0x2a, 3), c->n_purposes), NULL)));
  for (guint i = 0; i < pieces->len; i++)
    {
      GByteArray *piece = g_ptr_array_index (pieces, i);

      g_byte_array_append (all, piece->data, piece->len);
    }
  return tlv (0xa3, tlv (SEQUENCE, all, NULL), NULL);
}

/* sha256WithRSAEncryption */
static GByteArray *
signature_algorithm (void)
{
  return tlv (SEQUENCE, RAW (0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11), RAW (0x05, 0),
              NULL);
}

static GByteArray *
signature (void)
{
  return tlv (0x03, RAW (0), repeat (RAW (0x11), 256), NULL);
}

GBytes *
test_certificate_build (const TestCertificate *c)
{
  GByteArray *validity = tlv (SEQUENCE,
                              raw ("\x17\x0d"
                                   "200101000000Z",
                                   15),
                              raw ("\x17\x0d"
                                   "491231235959Z",
                                   15),
                              NULL);
  GByteArray *to_be_signed = tlv (
      SEQUENCE, RAW (0xa0, 3, 0x02, 1, 2), RAW (0x02, 1, 2), signature_algorithm (),
      name (c->n_issuer_attributes), validity, name (c->n_subject_attributes), public_key (c),
      c->n_extensions + c->n_names + c->n_constraints + c->n_purposes > 0 ? extensions (c)
                                                                          : g_byte_array_new (),
      NULL);

  return g_byte_array_free_to_bytes (
      tlv (SEQUENCE, to_be_signed, signature_algorithm (), signature (), NULL));
}

GBytes *
test_ocsp_response_build (GBytes *const *certificates, guint n)
{
  GByteArray *all = g_byte_array_new ();
  GByteArray *time = raw ("\x18\x0f"
                          "20200101000000Z",
                          17);
  GByteArray *data = tlv (SEQUENCE, tlv (0xa1, name (1), NULL), time,
                          tlv (SEQUENCE, g_byte_array_new (), NULL), NULL);
  GByteArray *basic;

  for (guint i = 0; i < n; i++)
    g_byte_array_append (all, g_bytes_get_data (certificates[i], NULL),
                         (guint) g_bytes_get_size (certificates[i]));
  basic = tlv (SEQUENCE, data, signature_algorithm (), signature (),
               tlv (0xa0, tlv (SEQUENCE, all, NULL), NULL), NULL);
  return g_byte_array_free_to_bytes (
      tlv (SEQUENCE, RAW (0x0a, 1, 0),
           tlv (0xa0,
                tlv (SEQUENCE, RAW (0x06, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1),
                     tlv (0x04, basic, NULL), NULL),
                NULL),
           NULL));
}
