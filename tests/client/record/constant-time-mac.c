/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The check of MAC-then-encrypt records depends on nothing but their size. Runs under valgrind,
 * which is told that the text is undefined: each branch and each address that depends on it is an
 * error then.
 *
 *   test-constant-time-mac [leak]    leak: does what must be found; exit status 0 if it was */

#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>
#include <gnutls/crypto.h>

#include "keyblob/cipher-suite.h"
#include "record/constant-time-mac.h"

#define MAX_TEXT_SIZE 800

static const guint8 key[48] = { 1, 2, 3 };
static const guint8 pseudo_header[13] = { 0, 0, 0, 0, 0, 0, 0, 9, 23, 3, 3, 0, 0 };

static guint32
check (const HandoffConstantTimeMac *mac, guint8 *text, gsize text_size, guint32 *size)
{
  guint32 good;

  VALGRIND_MAKE_MEM_UNDEFINED (text, text_size);
  good = handoff_constant_time_mac_check (mac, pseudo_header, text, text_size, size);
  /* From here on the outcome is no secret any more. */
  VALGRIND_MAKE_MEM_DEFINED (&good, sizeof good);
  VALGRIND_MAKE_MEM_DEFINED (size, sizeof *size);
  VALGRIND_MAKE_MEM_DEFINED (text, text_size);
  return good;
}

/* Good, with wrong padding, with a wrong MAC, and as it comes. */
static void
check_size (gnutls_mac_algorithm_t algorithm, gsize mac_size, gsize text_size)
{
  HandoffConstantTimeMac mac;
  guint8 text[MAX_TEXT_SIZE];
  guint32 size;

  handoff_constant_time_mac_init (&mac, algorithm, key, mac_size);
  for (gsize padding = 0; padding < MIN (256, text_size - mac_size); padding += 5)
    {
      gsize content_size = text_size - 1 - padding - mac_size;
      guint8 message[13 + MAX_TEXT_SIZE];

      memset (text, 0x41, content_size);
      memcpy (message, pseudo_header, 13);
      message[11] = content_size >> 8;
      message[12] = content_size & 0xff;
      memcpy (message + 13, text, content_size);
      gnutls_hmac_fast (algorithm, key, mac_size, message, 13 + content_size, text + content_size);
      memset (text + text_size - 1 - padding, (int) padding, padding + 1);
      g_assert_cmphex (check (&mac, text, text_size, &size), ==, G_MAXUINT32);
      g_assert_cmpuint (size, ==, content_size);

      text[content_size] ^= 1;
      g_assert_cmphex (check (&mac, text, text_size, &size), ==, 0);
      text[content_size] ^= 1;
      text[text_size - 1] ^= 0xff;
      g_assert_cmphex (check (&mac, text, text_size, &size), ==, 0);
    }
  memset (text, 0, sizeof text);
  g_assert_cmphex (check (&mac, text, text_size, &size), ==, 0);
}

static void
test_no_dependence (void)
{
  static const struct
  {
    gnutls_mac_algorithm_t algorithm;
    gsize size;
  } macs[] = {
    { GNUTLS_MAC_SHA1, 20 },
    { GNUTLS_MAC_SHA256, 32 },
    { GNUTLS_MAC_SHA384, 48 },
  };

  g_assert_true (RUNNING_ON_VALGRIND);
  for (gsize i = 0; i < G_N_ELEMENTS (macs); i++)
    for (gsize text_size = (macs[i].size / 16 + 1) * 16; text_size <= MAX_TEXT_SIZE;
         text_size += 16)
      check_size (macs[i].algorithm, macs[i].size, text_size);
}

/* As a careless check would do it. */
static int
leak (void)
{
  guint8 text[64] = { 0 };
  unsigned int n_errors = VALGRIND_COUNT_ERRORS;

  VALGRIND_MAKE_MEM_UNDEFINED (text, sizeof text);
  if (text[63] > 15)
    g_print ("too long\n");
  return VALGRIND_COUNT_ERRORS == n_errors + 1 ? 0 : 1;
}

int
main (int argc, char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], "leak"))
    return leak ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record-layer/constant-time-mac", test_no_dependence);
  return g_test_run ();
}
