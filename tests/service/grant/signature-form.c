/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What is signed, and what is not. */

#include "config.h"

#include "grant/signature-form.h"

#include <string.h>

#include "support/certificate-maker.h"
#include "support/signed-data.h"

#define NONE HANDOFF_SIGNATURE_FORM_NONE
#define TLS12 HANDOFF_SIGNATURE_FORM_TLS12
#define TLS13 HANDOFF_SIGNATURE_FORM_TLS13
#define CLIENT HANDOFF_SIGNATURE_CLIENT
#define SERVER HANDOFF_SIGNATURE_SERVER

#define RSA_PKCS1 0x0401
#define ECDSA 0x0403

static HandoffSignatureForm
find (HandoffSignatureRole role, guint scheme, const GByteArray *data)
{
  /* Exactly as much memory as there are bytes, so that a sanitizer sees a read beyond them. */
  g_autofree guint8 *copy = g_memdup2 (data->data, data->len);

  return handoff_signature_form_find (role, scheme, copy, data->len);
}

/* That no piece of it, nor more of it, is signed in any role, nor itself in the other. */
static void
check_bounds (HandoffSignatureRole role, guint scheme, const GByteArray *data)
{
  const HandoffSignatureRole other = role == CLIENT ? SERVER : CLIENT;
  g_autoptr (GByteArray) piece = g_byte_array_new ();
  const guint last = data->len;
  guint i;

  g_assert_cmpint (find (other, scheme, data), ==, NONE);
  for (i = 0; i < last; i++)
    {
      g_byte_array_set_size (piece, 0);
      test_append (piece, data->data, i);
      g_assert_cmpint (find (role, scheme, piece), ==, NONE);
      g_assert_cmpint (find (other, scheme, piece), ==, NONE);
    }
  test_append (piece, data->data + i - 1, 1);
  test_append_number (piece, 0, 1);
  g_assert_cmpint (find (role, scheme, piece), ==, NONE);
}

static void
test_tls13 (void)
{
  const char *const contexts[] = { TEST_SIGNED_CLIENT, TEST_SIGNED_SERVER };
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (contexts); i++)
    {
      const HandoffSignatureRole role = i == 0 ? CLIENT : SERVER;
      g_autoptr (GByteArray) sha256 = test_signed_new_tls13 (contexts[i], 32);
      g_autoptr (GByteArray) sha384 = test_signed_new_tls13 (contexts[i], 48);

      g_assert_cmpint (find (role, ECDSA, sha256), ==, TLS13);
      g_assert_cmpint (find (role, ECDSA, sha384), ==, TLS13);
      check_bounds (role, ECDSA, sha256);
      for (j = 0; j < 100; j++)
        {
          g_autoptr (GByteArray) other = test_signed_new_tls13 (contexts[i], j);

          g_assert_cmpint (find (role, ECDSA, other), ==, j == 32 || j == 48 ? TLS13 : NONE);
        }
      /* Each byte before the hash counts. */
      for (j = 0; j < 64 + 34; j++)
        {
          sha256->data[j] ^= 1;
          g_assert_cmpint (find (role, ECDSA, sha256), ==, NONE);
          sha256->data[j] ^= 1;
        }
      for (; j < sha256->len; j++)
        {
          sha256->data[j] ^= 1;
          g_assert_cmpint (find (role, ECDSA, sha256), ==, TLS13);
        }
    }
}

static void
test_tls12_server (void)
{
  static const struct
  {
    guint group;
    guint size;
  } groups[] = { { 23, 65 }, { 24, 97 }, { 25, 133 }, { 29, 32 }, { 30, 56 } };
  guint i, size;

  for (i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      g_autoptr (GByteArray) good =
          test_signed_new_ecdh (3, groups[i].group, groups[i].size, groups[i].size);

      g_assert_cmpint (find (SERVER, ECDSA, good), ==, TLS12);
      g_assert_cmpint (find (SERVER, RSA_PKCS1, good), ==, TLS12);
      check_bounds (SERVER, RSA_PKCS1, good);
      for (size = 0; size <= 255; size++)
        {
          g_autoptr (GByteArray) other = test_signed_new_ecdh (3, groups[i].group, size, size);

          g_assert_cmpint (find (SERVER, ECDSA, other), ==, size == groups[i].size ? TLS12 : NONE);
        }
    }
  /* Only names of curves, and only those in use. */
  for (i = 0; i <= 255; i++)
    {
      g_autoptr (GByteArray) type = test_signed_new_ecdh (i, 29, 32, 32);
      g_autoptr (GByteArray) group = test_signed_new_ecdh (3, i, 32, 32);

      g_assert_cmpint (find (SERVER, ECDSA, type), ==, i == 3 ? TLS12 : NONE);
      g_assert_cmpint (find (SERVER, ECDSA, group), ==, i == 29 ? TLS12 : NONE);
    }
}

static void
test_tls12_server_dh (void)
{
  g_autoptr (GByteArray) good = test_signed_new_dh (256, 1, 256);
  g_autoptr (GByteArray) no_p = test_signed_new_dh (0, 1, 256);
  g_autoptr (GByteArray) no_g = test_signed_new_dh (256, 0, 256);
  g_autoptr (GByteArray) no_y = test_signed_new_dh (256, 1, 0);
  g_autoptr (GByteArray) largest = test_signed_new_dh (G_MAXUINT16, G_MAXUINT16, G_MAXUINT16);

  g_assert_cmpint (find (SERVER, RSA_PKCS1, good), ==, TLS12);
  check_bounds (SERVER, RSA_PKCS1, good);
  g_assert_cmpint (find (SERVER, RSA_PKCS1, largest), ==, TLS12);
  g_assert_cmpint (find (SERVER, RSA_PKCS1, no_p), ==, NONE);
  g_assert_cmpint (find (SERVER, RSA_PKCS1, no_g), ==, NONE);
  g_assert_cmpint (find (SERVER, RSA_PKCS1, no_y), ==, NONE);
}

/* A message of a handshake, as text: its type, and what is in it as hexadecimal numbers. */
typedef struct
{
  guint type;
  const char *body;
} Message;

#define RANDOM "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
#define CLIENT_HELLO                                                                               \
  {                                                                                                \
    1, "0303" RANDOM "02"                                                                          \
       "a5a5"                                                                                      \
       "0004"                                                                                      \
       "c02bc02c"                                                                                  \
       "0100"                                                                                      \
       "0008"                                                                                      \
       "00170000"                                                                                  \
       "ff010000"                                                                                  \
  }
#define SERVER_HELLO                                                                               \
  {                                                                                                \
    2, "0303" RANDOM "00"                                                                          \
       "c02b"                                                                                      \
       "00"                                                                                        \
       "0004"                                                                                      \
       "00170000"                                                                                  \
  }
#define CERTIFICATE                                                                                \
  {                                                                                                \
    11, "000008"                                                                                   \
        "000002"                                                                                   \
        "a5a5"                                                                                     \
        "000000"                                                                                   \
  }
#define GOOD_CERTIFICATE                                                                           \
  {                                                                                                \
    11, "000009"                                                                                   \
        "000002"                                                                                   \
        "a5a5"                                                                                     \
        "000001"                                                                                   \
        "a5"                                                                                       \
  }
#define STATUS                                                                                     \
  {                                                                                                \
    22, "01a5"                                                                                     \
  }
#define KEY_EXCHANGE                                                                               \
  {                                                                                                \
    12, "03001d"                                                                                   \
  }
#define REQUEST                                                                                    \
  {                                                                                                \
    13, "0140"                                                                                     \
        "0002"                                                                                     \
        "0403"                                                                                     \
        "0003"                                                                                     \
        "0001a5"                                                                                   \
  }
#define DONE                                                                                       \
  {                                                                                                \
    14, ""                                                                                         \
  }
#define CLIENT_CERTIFICATE                                                                         \
  {                                                                                                \
    11, "000005"                                                                                   \
        "000002"                                                                                   \
        "a5a5"                                                                                     \
  }
#define CLIENT_KEY                                                                                 \
  {                                                                                                \
    16, "a5"                                                                                       \
  }
#define END                                                                                        \
  {                                                                                                \
    0, NULL                                                                                        \
  }

#define MAX_MESSAGES 12

static GByteArray *
new_messages (const Message *messages)
{
  GByteArray *data = g_byte_array_new ();

  for (; messages->body != NULL; messages++)
    {
      const gsize size = strlen (messages->body) / 2;
      gsize i;

      test_append_number (data, messages->type, 1);
      test_append_number (data, (guint) size, 3);
      for (i = 0; i < size; i++)
        test_append_number (data,
                            (guint) (g_ascii_xdigit_value (messages->body[2 * i]) << 4 |
                                     g_ascii_xdigit_value (messages->body[2 * i + 1])),
                            1);
    }
  return data;
}

static HandoffSignatureForm
find_messages (const Message *messages)
{
  g_autoptr (GByteArray) data = new_messages (messages);

  return find (CLIENT, ECDSA, data);
}

static const Message full[MAX_MESSAGES] = {
  CLIENT_HELLO, SERVER_HELLO, GOOD_CERTIFICATE,   STATUS,     KEY_EXCHANGE,
  REQUEST,      DONE,         CLIENT_CERTIFICATE, CLIENT_KEY, END,
};

static void
test_tls12_client (void)
{
  static const Message shortest[] = { CLIENT_HELLO, SERVER_HELLO,       GOOD_CERTIFICATE, REQUEST,
                                      DONE,         CLIENT_CERTIFICATE, CLIENT_KEY,       END };
  g_autoptr (GByteArray) data = new_messages (full);

  g_assert_cmpint (find (CLIENT, ECDSA, data), ==, TLS12);
  g_assert_cmpint (find (CLIENT, RSA_PKCS1, data), ==, TLS12);
  g_assert_cmpint (find_messages (shortest), ==, TLS12);
  check_bounds (CLIENT, ECDSA, data);
}

/* One message is missing, there twice, of another type, or in another place. */
static void
test_tls12_client_order (void)
{
  guint i, j, n;

  for (n = 0; full[n].body != NULL; n++)
    ;
  for (i = 0; i < n; i++)
    {
      const gboolean is_optional = full[i].type == 22 || full[i].type == 12;
      Message messages[MAX_MESSAGES + 1] = { END };

      memcpy (messages, full, i * sizeof *full);
      memcpy (messages + i, full + i + 1, (n - i) * sizeof *full);
      g_assert_cmpint (find_messages (messages), ==, is_optional ? TLS12 : NONE);

      memcpy (messages, full, (i + 1) * sizeof *full);
      memcpy (messages + i + 1, full + i, (n - i + 1) * sizeof *full);
      g_assert_cmpint (find_messages (messages), ==, NONE);

      memcpy (messages, full, sizeof full);
      for (j = 0; j <= 255; j++)
        {
          messages[i].type = j;
          if (j != full[i].type)
            g_assert_cmpint (find_messages (messages), ==, NONE);
        }
      for (j = 0; j < n; j++)
        {
          memcpy (messages, full, sizeof full);
          messages[i] = full[j];
          messages[j] = full[i];
          if (i != j && full[i].type != full[j].type)
            g_assert_cmpint (find_messages (messages), ==, NONE);
        }
    }
}

/* What is inside is read, too. */
static void
test_tls12_client_bodies (void)
{
  static const struct
  {
    guint index;
    const char *body;
  } bad[] = {
    { 0, "0303" RANDOM "00"
         "0002"
         "c02b"
         "01" }, /* no compression */
    { 0, "0303" RANDOM "00"
         "0000"
         "0100" }, /* no suites */
    { 0, "0303" RANDOM "00"
         "0002"
         "c02b"
         "00" }, /* no compression methods */
    { 0, "0302" RANDOM "00"
         "0002"
         "c02b"
         "0100" }, /* an older version */
    { 0, "0304" RANDOM "00"
         "0002"
         "c02b"
         "0100" }, /* one that is not */
    { 0, "0303" RANDOM "00"
         "0002"
         "c02b"
         "0100"
         "00" }, /* half a length */
    { 0, "0303" RANDOM "00"
         "0002"
         "c02b"
         "0100"
         "0001" }, /* extensions cut off */
    { 0, "0303" RANDOM "00"
         "0002"
         "c02b"
         "0100"
         "0003"
         "001700" }, /* one cut off */
    { 0, "0303" RANDOM "00"
         "0002"
         "c02b"
         "0100"
         "0004"
         "00170001" }, /* its content */
    { 0, "0303" RANDOM "00"
         "0002"
         "c02b"
         "0100"
         "0000"
         "00" }, /* bytes after them */
    { 0, "0303" RANDOM "21" RANDOM "a5"
         "0002"
         "c02b"
         "0100" }, /* a long session id */
    { 1, "0303" RANDOM "00"
         "c02b" }, /* no compression */
    { 1, "0303" RANDOM "00"
         "c02b"
         "00"
         "0001" }, /* extensions cut off */
    { 1, "0302" RANDOM "00"
         "c02b"
         "00" }, /* an older version */
    { 2, "000008"
         "000002"
         "a5a5"
         "000000" }, /* an empty certificate */
    { 2, "000003"
         "a5a5" }, /* the list cut off */
    { 2, "000005"
         "000002"
         "a5a5"
         "00" }, /* bytes after it */
    { 2, "000005"
         "000003"
         "a5a5" }, /* the last one cut off */
    { 3, "" },     /* nothing */
    { 4, "" },     /* nothing */
    { 5, "00"
         "0002"
         "0403"
         "0000" }, /* no types */
    { 5, "0140"
         "0000"
         "0000" }, /* no schemes */
    { 5, "0140"
         "0002"
         "0403"
         "0001" }, /* names cut off */
    { 5, "0140"
         "0002"
         "0403"
         "0000"
         "00" }, /* bytes after them */
    { 6, "00" }, /* not empty */
    { 7, "00" }, /* no list */
    { 8, "" },   /* nothing */
  };
  static const struct
  {
    guint index;
    const char *body;
  } good[] = {
    { 0, "0303" RANDOM "20" RANDOM "0002"
         "c02b"
         "0100" },
    { 0, "0303" RANDOM "00"
         "0002"
         "c02b"
         "0100"
         "0000" },
    { 1, "0303" RANDOM "20" RANDOM "c02b"
         "00" },
    { 5, "0140"
         "0002"
         "0403"
         "0000" },
    { 7, "000000" }, /* without a certificate nobody signs, and nothing is gained by it */
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      Message messages[MAX_MESSAGES];

      memcpy (messages, full, sizeof full);
      messages[bad[i].index].body = bad[i].body;
      g_test_message ("%s", bad[i].body);
      g_assert_cmpint (find_messages (messages), ==, NONE);
    }
  for (i = 0; i < G_N_ELEMENTS (good); i++)
    {
      Message messages[MAX_MESSAGES];

      memcpy (messages, full, sizeof full);
      messages[good[i].index].body = good[i].body;
      g_assert_cmpint (find_messages (messages), ==, TLS12);
    }
}

/* Messages that a server's parameters can be read out of as well: the list of suites is where p
 * would be, and the client's key where Ys would be. */
static void
test_both_roles (void)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  const gsize before_suites = 4 + 2 + 32 + 1 + 25;
  gsize rest;

  test_append_number (data, 1, 1);
  test_append_number (data, 2 + 32 + 1 + 25 + 2 + 2 + 2, 3);
  test_append_number (data, 0x0303, 2);
  test_append_filler (data, 32);
  test_append_number (data, 25, 1);
  test_append_filler (data, 25);
  g_assert_cmpuint (data->len, ==, before_suites);
  test_append_number (data, 2, 2); /* suites; p */
  test_append_number (data, 0xc02b, 2);
  test_append_number (data, 0x0100, 2); /* compression; g has 256 bytes */
  {
    const Message middle[] = { SERVER_HELLO, GOOD_CERTIFICATE,   REQUEST,
                               DONE,         CLIENT_CERTIFICATE, END };
    g_autoptr (GByteArray) messages = new_messages (middle);

    test_append (data, messages->data, messages->len);
  }
  rest = data->len - before_suites - 2 - 2 - 2;
  g_assert_cmpuint (rest, <, 256 - 4);
  /* The client's key: what is missing of g, and Ys. */
  test_append_number (data, 16, 1);
  test_append_number (data, (guint) (256 - rest - 4 + 2 + 5), 3);
  test_append_filler (data, 256 - rest - 4);
  test_append_number (data, 5, 2);
  test_append_filler (data, 5);

  g_assert_cmpint (find (CLIENT, ECDSA, data), ==, NONE);
  g_assert_cmpint (find (SERVER, ECDSA, data), ==, NONE);
  /* Another Ys is none: then it is what a client signs, and no more. */
  data->data[data->len - 6] = 4;
  g_assert_cmpint (find (CLIENT, ECDSA, data), ==, TLS12);
}

/* What else somebody may want to have signed. */
static void
test_other_things (void)
{
  g_autoptr (TestCertificate) certificate = test_certificate_make ("localhost", NULL, NULL);
  g_autoptr (GBytes) der = test_certificate_to_der (certificate);
  g_autoptr (GByteArray) data = g_byte_array_new ();
  guint size;

  g_byte_array_append (data, g_bytes_get_data (der, NULL), (guint) g_bytes_get_size (der));
  g_assert_cmpint (find (SERVER, ECDSA, data), ==, NONE);
  g_assert_cmpint (find (CLIENT, ECDSA, data), ==, NONE);
  for (size = 0; size <= 256; size++)
    {
      g_byte_array_set_size (data, 0);
      test_append_filler (data, size);
      g_assert_cmpint (find (SERVER, ECDSA, data), ==, NONE);
      g_assert_cmpint (find (CLIENT, ECDSA, data), ==, NONE);
    }
}

static void
test_limits (void)
{
  g_autoptr (GByteArray) good = test_signed_new_tls13 (TEST_SIGNED_CLIENT, 32);
  g_autofree char *long_key = g_strnfill (2 * (HANDOFF_SIGNATURE_MAX_DATA - 1000), 'a');
  g_autofree char *longer_key = g_strnfill (2 * HANDOFF_SIGNATURE_MAX_DATA, 'a');
  Message messages[MAX_MESSAGES];

  memcpy (messages, full, sizeof full);
  messages[8].body = long_key;
  g_assert_cmpint (find_messages (messages), ==, TLS12);
  messages[8].body = longer_key;
  g_assert_cmpint (find_messages (messages), ==, NONE);

  g_assert_cmpint (find (0, ECDSA, good), ==, NONE);
  g_assert_cmpint (find (CLIENT | SERVER, ECDSA, good), ==, NONE);
}

/* Of all numbers only these, each for its versions of TLS. */
static void
test_schemes (void)
{
  g_autoptr (GByteArray) tls13 = test_signed_new_tls13 (TEST_SIGNED_SERVER, 32);
  g_autoptr (GByteArray) tls12 = test_signed_new_ecdh (3, 29, 32, 32);
  guint i, n_both = 0, n_tls12 = 0;

  for (i = 0; i <= G_MAXUINT16 + 1; i++)
    {
      const gboolean is_both =
          i == 0x0403 || i == 0x0503 || i == 0x0603 || (i >= 0x0804 && i <= 0x080b);
      const gboolean is_tls12 = i == 0x0401 || i == 0x0501 || i == 0x0601;

      g_assert_cmpint (find (SERVER, i, tls13), ==, is_both ? TLS13 : NONE);
      g_assert_cmpint (find (SERVER, i, tls12), ==, is_both || is_tls12 ? TLS12 : NONE);
      n_both += is_both;
      n_tls12 += is_tls12;
    }
  g_assert_cmpuint (n_both, ==, 11);
  g_assert_cmpuint (n_tls12, ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/signature-form/tls13", test_tls13);
  g_test_add_func ("/service/signature-form/tls12-server", test_tls12_server);
  g_test_add_func ("/service/signature-form/tls12-server-dh", test_tls12_server_dh);
  g_test_add_func ("/service/signature-form/tls12-client", test_tls12_client);
  g_test_add_func ("/service/signature-form/tls12-client-order", test_tls12_client_order);
  g_test_add_func ("/service/signature-form/tls12-client-bodies", test_tls12_client_bodies);
  g_test_add_func ("/service/signature-form/both-roles", test_both_roles);
  g_test_add_func ("/service/signature-form/other-things", test_other_things);
  g_test_add_func ("/service/signature-form/limits", test_limits);
  g_test_add_func ("/service/signature-form/schemes", test_schemes);
  return g_test_run ();
}
