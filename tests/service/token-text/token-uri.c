/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "token-text/token-uri.h"

/* Breaks if two spellings of one key are two keys, or the spelling is not what GnuTLS takes. */
static void
test_canonical (void)
{
  static const struct
  {
    const char *uri;
    const char *canonical;
  } rows[] = {
    { "pkcs11:token=T;object=k", "pkcs11:token=T;object=k;type=private" },
    { "PKCS11:object=k;token=T", "pkcs11:token=T;object=k;type=private" },
    { "pkcs11:type=private;object=%6b;token=%54;", "pkcs11:token=T;object=k;type=private" },
    { "pkcs11:token=a%20b;id=%0a%FFz", "pkcs11:token=a%20b;id=%0A%FF%7A;type=private" },
    { "pkcs11:token=%C3%BC;id=%00?", "pkcs11:token=%C3%BC;id=%00;type=private" },
    { "pkcs11:token=T;serial=12;model=m;manufacturer=f%3b;object=k%2F",
      "pkcs11:model=m;manufacturer=f%3B;serial=12;token=T;object=k%2F;type=private" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *canonical = handoff_token_uri_canonicalize (rows[i].uri, &error);
      g_autofree char *again = NULL;

      g_assert_no_error (error);
      g_assert_cmpstr (canonical, ==, rows[i].canonical);
      again = handoff_token_uri_canonicalize (canonical, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (again, ==, canonical);
    }
}

/* Breaks if a URI is accepted that has a PIN or an unknown attribute, or does not name one key of
 * one token; if the error does not say what is wrong; or if it repeats the PIN. */
static void
test_refused (void)
{
  static const struct
  {
    const char *uri;
    const char *what;
  } rows[] = {
    { "", "pkcs11:" },
    { "file:/etc/passwd", "pkcs11:" },
    { "pkcs11:", "token=" },
    { "pkcs11:object=k", "token=" },
    { "pkcs11:token=;object=k", "empty" },
    { "pkcs11:token=T", "object=" },
    { "pkcs11:token=T;object=k;type=cert", "private key" },
    { "pkcs11:token=T;object=k;token=U", "twice" },
    { "pkcs11:token=T;object=k;pin-value=4321", "pin-value" },
    { "pkcs11:token=T;object=k?pin-value=4321", "pin-value" },
    { "pkcs11:token=T;object=k?pin-source=/tmp/4321", "pin-source" },
    { "pkcs11:token=T;object=k?module-path=/tmp/x.so", "module-path" },
    { "pkcs11:token=T;object=k;x-pin=4321", "x-pin" },
    { "pkcs11:token=T;object=k;slot-id=1", "slot-id" },
    { "pkcs11:token=T;object", "“=”" },
    { "pkcs11:token=T;object=%4", "hexadecimal" },
    { "pkcs11:token=T;object=%", "hexadecimal" },
    { "pkcs11:token=T;object=%zz", "hexadecimal" },
    { "pkcs11:token=T%00U;object=k", "UTF-8" },
    { "pkcs11:token=%ff;object=k", "UTF-8" },
    { "pkcs11:token=T;\xff=k", "UTF-8" },
  };
  g_autofree char *letters = g_strnfill (1100, 'k');
  g_autofree char *long_uri = g_strconcat ("pkcs11:token=T;object=", letters, NULL);
  gsize i;

  g_assert_null (handoff_token_uri_canonicalize (long_uri, NULL));
  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *canonical = handoff_token_uri_canonicalize (rows[i].uri, &error);

      g_assert_null (canonical);
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_str_has_prefix (error->message, "uri: "));
      g_assert_nonnull (strstr (error->message, rows[i].what));
      g_assert_null (strstr (error->message, "4321"));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

/* Breaks if certificates are looked for in another token than the key's. */
static void
test_certificates (void)
{
  g_autoptr (HandoffTokenUri) uri =
      handoff_token_uri_parse ("pkcs11:token=T;serial=12;object=k;id=%01", NULL);
  g_autofree char *certificates =
      handoff_token_uri_to_certificates (uri, (const guint8 *) "\x02\x00", 2);

  g_assert_cmpstr (certificates, ==, "pkcs11:serial=12;token=T;id=%02%00;type=cert");
  g_assert_cmpstr (handoff_token_uri_get_token (uri), ==, "T");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token-uri/canonical", test_canonical);
  g_test_add_func ("/token-uri/refused", test_refused);
  g_test_add_func ("/token-uri/certificates", test_certificates);
  return g_test_run ();
}
