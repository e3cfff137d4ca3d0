/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "keyblob/server-identity.h"

static void
assert_name (const char *text, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffServerIdentity) identity = handoff_server_identity_parse (text, &error);

  g_test_message ("%s", text);
  g_assert_no_error (error);
  g_assert_cmpstr (identity->host_name, ==, name);
  g_assert_cmpstr (identity->text, ==, name);
  g_assert_cmpuint (identity->address_size, ==, 0);
}

static void
assert_address (const char *text, const char *spelling, const guint8 *address, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffServerIdentity) identity = handoff_server_identity_parse (text, &error);

  g_test_message ("%s", text);
  g_assert_no_error (error);
  g_assert_null (identity->host_name);
  g_assert_cmpstr (identity->text, ==, spelling);
  g_assert_cmpmem (identity->address, identity->address_size, address, size);
}

static void
assert_refused (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffServerIdentity) identity = handoff_server_identity_parse (text, &error);

  g_test_message ("%.300s", text);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_null (identity);
  g_assert_true (g_str_has_prefix (error->message, "server_identity: "));
}

static void
test_names (void)
{
  g_autofree char *label = g_strnfill (63, 'a');
  g_autofree char *longest = g_strdup_printf ("%s.%s.%s.%.61s", label, label, label, label);

  assert_name ("localhost", "localhost");
  assert_name ("www.example.org", "www.example.org");
  assert_name ("WWW.Example.ORG", "www.example.org");
  assert_name ("a-b.example", "a-b.example");
  assert_name ("3com.example", "3com.example");
  assert_name ("1.2.3.4.example", "1.2.3.4.example");
  /* Strictly no host name, but names of servers have this. */
  assert_name ("_service._tcp.example", "_service._tcp.example");
  g_assert_cmpuint (strlen (longest), ==, 253);
  assert_name (longest, longest);
}

/* A rule about a server must see one spelling only; another spelling would evade it. */
static void
test_trailing_dot (void)
{
  assert_name ("www.example.org.", "www.example.org");
  assert_refused (".");
  assert_refused ("..");
  assert_refused ("www.example.org..");
  assert_refused (".example.org");
  assert_refused ("www..example.org");
  /* Not an address in disguise. */
  assert_refused ("127.0.0.1.");
}

static void
test_internationalized (void)
{
  assert_name ("bücher.example", "xn--bcher-kva.example");
  assert_name ("BÜCHER.example.", "xn--bcher-kva.example");
  /* Decomposed: u and a combining diaeresis. */
  assert_name ("bu\xcc\x88"
               "cher.example",
               "xn--bcher-kva.example");
  assert_name ("XN--BCHER-KVA.example", "xn--bcher-kva.example");
  /* Ideographic and fullwidth dots are dots (RFC 3490 3.1), fullwidth letters letters. */
  assert_name ("bücher。example", "xn--bcher-kva.example");
  /* Digits of another width are an address in a spelling that is not allowed. */
  assert_refused ("１２７.０.０.１");
}

static void
test_addresses (void)
{
  const guint8 ipv4[] = { 127, 0, 0, 1 };
  const guint8 ipv6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
  const guint8 loopback[16] = { [15] = 1 };

  assert_address ("127.0.0.1", "127.0.0.1", ipv4, sizeof ipv4);
  assert_address ("::1", "::1", loopback, sizeof loopback);
  assert_address ("2001:db8::1", "2001:db8::1", ipv6, sizeof ipv6);
  /* One spelling. */
  assert_address ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1", ipv6, sizeof ipv6);
}

/* What resolvers would take for an address, and the certificate check for a name. */
static void
test_bad_addresses (void)
{
  assert_refused ("[::1]");
  assert_refused ("[::1]:443");
  assert_refused ("127.0.0.1:443");
  assert_refused ("127.0.0.256");
  assert_refused ("127.1");
  assert_refused ("2130706433");
  assert_refused ("::1::");
  assert_refused ("2001:db8::12345");
  /* A zone belongs to this machine, and is no part of what a certificate says. Every spelling is
   * refused: the caller and the service may have different interfaces. */
  assert_refused ("fe80::1%1");
  assert_refused ("fe80::1%lo");
  assert_refused ("fe80::1%nosuchinterface");
  assert_refused ("fe80::1%");
}

static void
test_garbage (void)
{
  const char bad[] = " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}~\t\n\r\1\x1f\x7f";
  g_autofree char *label = g_strnfill (64, 'a');
  g_autofree char *long_label = g_strdup_printf ("%s.example", label);
  g_autofree char *label63 = g_strnfill (63, 'a');
  g_autofree char *too_long =
      g_strdup_printf ("%s.%s.%s.%.62s", label63, label63, label63, label63);
  g_autofree char *megabyte = g_strnfill (1024 * 1024, 'a');
  gsize i;

  assert_refused ("");
  assert_refused (long_label);
  assert_refused (too_long);
  assert_refused (megabyte);
  assert_refused ("https://www.example.org/");
  assert_refused ("user@example.org");
  assert_refused ("*.example.org");
  /* Characters that stand for a slash, for "a/c", for a space. */
  assert_refused ("bücher\xef\xbc\x8f.example");
  assert_refused ("bücher\xe2\x84\x80.example");
  assert_refused ("bücher\xe3\x80\x80.example");
  assert_refused ("_x.bücher.example");
  /* Neither a joiner nor a direction mark may make two names of one. */
  assert_refused ("\xe2\x80\x8b");
  assert_refused ("\xe2\x80\xae.example");

  for (i = 0; bad[i] != '\0'; i++)
    {
      g_autofree char *middle = g_strdup_printf ("exam%cple.org", bad[i]);
      g_autofree char *end = g_strdup_printf ("example.org%c", bad[i]);
      g_autofree char *begin = g_strdup_printf ("%cexample.org", bad[i]);
      /* In a name that is mapped, the mapping must not drop them. */
      g_autofree char *mapped = g_strdup_printf ("bü%ccher.example", bad[i]);

      assert_refused (middle);
      assert_refused (end);
      assert_refused (begin);
      assert_refused (mapped);
    }
}

/* Breaks if somebody could be taken for nobody, or nobody has no name for people. */
static void
test_nobody (void)
{
  g_autoptr (HandoffServerIdentity) nobody = handoff_server_identity_new_for_nobody ();
  g_autoptr (HandoffServerIdentity) somebody = handoff_server_identity_parse ("a.test", NULL);

  g_assert_true (handoff_server_identity_is_nobody (nobody));
  g_assert_cmpstr (nobody->text, ==, "");
  g_assert_null (nobody->host_name);
  g_assert_cmpstr (handoff_server_identity_describe (nobody), ==, "the server");
  g_assert_false (handoff_server_identity_is_nobody (somebody));
  g_assert_cmpstr (handoff_server_identity_describe (somebody), ==, "a.test");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server-identity/names", test_names);
  g_test_add_func ("/server-identity/trailing-dot", test_trailing_dot);
  g_test_add_func ("/server-identity/internationalized", test_internationalized);
  g_test_add_func ("/server-identity/addresses", test_addresses);
  g_test_add_func ("/server-identity/bad-addresses", test_bad_addresses);
  g_test_add_func ("/server-identity/garbage", test_garbage);
  g_test_add_func ("/server-identity/nobody", test_nobody);
  return g_test_run ();
}
