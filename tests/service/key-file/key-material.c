/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Keys and certificates as other programs write them: OpenSSL here. */

#include "config.h"

#include "key-file/key-material.h"

#include <glib/gstdio.h>

#include "credential/credential.h"
#include "support/key-file-fixture.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

/* Breaks if a usual form is not understood. */
static void
test_pem (void)
{
  key_file_expect ("cat rsa.pem rsa.key", NULL, NULL, 1);
  key_file_expect ("cat rsa.key rsa.pem", NULL, NULL, 1);
  key_file_expect ("cat ed25519.key ed25519.pem", NULL, NULL, 1);
  key_file_expect ("openssl rsa -traditional -in rsa.key; cat rsa.pem", NULL, NULL, 1);
  key_file_expect ("openssl ec -in ecdsa.key; cat ecdsa.pem", NULL, NULL, 1);
  key_file_expect (
      "openssl pkcs8 -topk8 -v2 aes-256-cbc -in rsa.key -passout pass:secret; cat rsa.pem",
      "secret", NULL, 1);
  key_file_expect ("openssl rsa -traditional -aes128 -in rsa.key -passout pass:secret; cat rsa.pem",
                   "secret", NULL, 1);
  /* An unneeded passphrase does no harm. */
  key_file_expect ("cat rsa.pem rsa.key", "secret", NULL, 1);
}

/* Breaks if a chain is sent out of order, or with certificates that do not belong to it. */
static void
test_chains (void)
{
  const char *chain = "d=$(mktemp -d); trap 'rm -r $d' EXIT;"
                      " openssl genpkey -quiet -algorithm ed25519 -out $d/i.key &&"
                      " openssl req -new -key $d/i.key -subj /CN=between -out $d/i.csr &&"
                      " printf 'basicConstraints=critical,CA:true\\n' >$d/e &&"
                      " openssl x509 -req -in $d/i.csr -CA ca.pem -CAkey ca.key -extfile $d/e"
                      "   -days 30 -out $d/i.pem &&"
                      " openssl genpkey -quiet -algorithm ed25519 -out $d/k.key &&"
                      " openssl req -new -key $d/k.key -subj /CN=end -out $d/k.csr &&"
                      " openssl x509 -req -in $d/k.csr -CA $d/i.pem -CAkey $d/i.key -days 30"
                      "   -out $d/k.pem && cd $d && C=$OLDPWD && ";
  g_autofree char *in_order = g_strconcat (chain, "cat k.key k.pem i.pem", NULL);
  g_autofree char *reversed = g_strconcat (chain, "cat $C/ca.pem i.pem k.pem k.key", NULL);
  g_autofree char *with_others = g_strconcat (chain,
                                              "cat $C/rsa.pem k.pem $C/ecdsa.pem i.pem"
                                              " k.key $C/other-ca.pem",
                                              NULL);

  key_file_expect (in_order, NULL, NULL, 2);
  key_file_expect (reversed, NULL, NULL, 2);
  key_file_expect (with_others, NULL, NULL, 2);
}

/* Breaks if PKCS#12 is not understood, or if a wrong passphrase and a missing one give the same
 * error. */
static void
test_pkcs12 (void)
{
  const char *p12 = "openssl pkcs12 -export -in rsa.pem -inkey rsa.key -passout pass:secret";

  key_file_expect (p12, "secret", NULL, 1);
  key_file_expect (p12, "wrong", "the passphrase is wrong", 0);
  key_file_expect (p12, NULL, "needs its passphrase", 0);
  key_file_expect ("openssl pkcs12 -export -in rsa.pem -inkey rsa.key -passout pass:", NULL, NULL,
                   1);
  key_file_expect ("openssl pkcs12 -export -nokeys -in rsa.pem -passout pass:secret", "secret",
                   "has no private key", 0);
}

/* Breaks if unusable material is accepted, or if the error does not say what to do. */
static void
test_errors (void)
{
  const char *encrypted =
      "openssl pkcs8 -topk8 -v2 aes-256-cbc -in rsa.key -passout pass:secret; cat rsa.pem";

  key_file_expect (encrypted, NULL, "needs its passphrase", 0);
  key_file_expect (encrypted, "wrong", "the passphrase is wrong", 0);
  key_file_expect ("cat rsa.pem", NULL, "has no private key", 0);
  key_file_expect ("cat rsa.key", NULL, "has no certificate", 0);
  key_file_expect ("cat rsa.key ecdsa.pem", NULL, "none of the certificates belongs", 0);
  key_file_expect ("cat rsa.key ecdsa.key rsa.pem", NULL, "more than one private key", 0);
  key_file_expect ("echo hello", NULL, "is neither PEM nor PKCS#12", 0);
  key_file_expect ("openssl pkcs12 -export -in rsa.pem -inkey rsa.key -passout pass:x | base64",
                   "x", "is base64 without the lines that make PEM of it", 0);
  key_file_expect ("grep -v -e ---- rsa.key", NULL, "“base64 -d OLD >NEW”", 0);
  key_file_expect (
      "openssl pkcs12 -export -in rsa.pem -inkey rsa.key -passout pass:x | head -c 900", "x",
      "is cut off: it begins like PKCS#12", 0);
  key_file_expect ("openssl pkcs12 -export -in rsa.pem -inkey rsa.key -passout pass:x; echo ok",
                   "x", "with something behind its end that does not belong there (size: 3)", 0);
  key_file_expect ("openssl genrsa -quiet 1024 2>/dev/null || openssl genrsa 1024; cat rsa.pem",
                   NULL, "an RSA key must have", 0);
  key_file_expect ("openssl dsaparam -genkey 2048 2>/dev/null | openssl dsa; cat rsa.pem", NULL,
                   "of a kind that TLS does not use", 0);
  key_file_expect ("sed '3s/[a-z]/A/g' rsa.key; cat rsa.pem", NULL, "private key", 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/key-material/pem", test_pem);
  g_test_add_func ("/service/key-material/chains", test_chains);
  g_test_add_func ("/service/key-material/pkcs12", test_pkcs12);
  g_test_add_func ("/service/key-material/errors", test_errors);
  return g_test_run ();
}
