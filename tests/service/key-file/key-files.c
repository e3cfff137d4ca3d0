/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Key files as they occur. Each is read, or the error says what it is, and what to do about it. No
 * file makes more work than its size and a documented limit say. */

#include "config.h"

#include "support/key-file-fixture.h"
#include "key/key-limits.h"
#include "key-file/key-material.h"
#include "keyblob/tls-handoff-error.h"

typedef struct
{
  const char *command;
  const char *passphrase; /* (nullable) */
  const char *message;    /* (nullable): what the error says */
} Case;

static void
expect_all (const Case *cases, gsize n_cases)
{
  gsize i;

  for (i = 0; i < n_cases; i++)
    key_file_expect (cases[i].command, cases[i].passphrase, cases[i].message, 1);
}

#define P8 "openssl pkcs8 -topk8 -in ecdsa.key -passout pass:secret "
#define P8_LEGACY P8 "-provider default -provider legacy "
#define P12 "openssl pkcs12 -export -in ecdsa.pem -inkey ecdsa.key "
#define P12_PLAIN P12 "-passout pass: -nomac -keypbe NONE -certpbe NONE"
#define RSA "openssl rsa -traditional -in rsa.key -passout pass:secret "
#define CERT "; cat ecdsa.pem"
#define PEM(der, label)                                                                            \
  "echo '-----BEGIN " label "-----'; " der " | openssl base64; echo '-----END " label "-----'"
#define RSA_CERT "; cat rsa.pem"
#define WRONG "the passphrase is wrong"
#define NEEDED "needs its passphrase"
#define REWRITE_P8                                                                                 \
  "“openssl pkcs8 -topk8 -v2 aes-256-cbc -provider default -provider legacy -in OLD -out NEW”"
#define REWRITE_P12 "“openssl pkcs12 -legacy -in OLD -out NEW.pem”"

/* Breaks if a right passphrase, or one that was never tried, is called wrong. */
static void
test_encryption (void)
{
  static const Case cases[] = {
    { P8 "-v2 aes-256-cbc" CERT, "secret", NULL },
    { P8 "-v2 aes-128-cbc -v2prf hmacWithSHA1" CERT, "secret", NULL },
    { P8 "-v2 aes-256-cbc -v2prf hmacWithSHA512" CERT, "secret", NULL },
    { P8 "-v2 aes-256-cbc -v2prf hmacWithMD5" CERT, "secret", NULL },
    { P8 "-v2 des3" CERT, "secret", NULL },
    { P8 "-v2 camellia256" CERT, "secret", NULL },
    { P8 "-v2 camellia256" CERT, "wrong", WRONG },
    { P8 "-v2 aes-256-cbc" CERT, "wrong", WRONG },
    { P8 "-v2 aes-256-cbc" CERT, NULL, NEEDED },
    { P8 "-v2 aes-256-cbc" CERT, "", WRONG },
    { P8 "-v1 PBE-SHA1-3DES" CERT, "secret", NULL },
    { P8 "-v1 PBE-SHA1-3DES" CERT, "wrong", WRONG },
    { P8 "-v1 PBE-SHA1-3DES" CERT, NULL, NEEDED },
    { P8_LEGACY "-v1 PBE-MD5-DES" CERT, "secret", NULL },
    { P8_LEGACY "-v1 PBE-SHA1-RC2-40" CERT, "secret", NULL },
/* Later versions read it. */
#if GNUTLS_VERSION_NUMBER < 0x030800
    { P8_LEGACY "-v1 PBE-SHA1-DES" CERT, "secret",
      "is encrypted with SHA-1 and DES, which cannot be read here; " REWRITE_P8 },
#endif
    { P8 "-scrypt" CERT, "secret", "is encrypted with scrypt, which cannot be read here" },
    { P8 "-scrypt" CERT, "secret", REWRITE_P8 },
    { P8 "-v2 aria-256-cbc" CERT, "secret", "is encrypted with ARIA-256-CBC" },
    { P8 "-v2 aes-256-cbc -v2prf hmacWithSHA512-256" CERT, "secret", "HMAC-SHA-512/256" },
    { RSA "-aes256" RSA_CERT, "secret", NULL },
    { RSA "-des3" RSA_CERT, "secret", NULL },
    { RSA "-camellia128" RSA_CERT, "secret", NULL },
    { RSA "-aes256" RSA_CERT, "wrong", WRONG },
    { RSA "-aes256" RSA_CERT, NULL, NEEDED },
    { RSA "-aria256" RSA_CERT, "secret", "is encrypted with ARIA-256-CBC" },
    { RSA "-aria256" RSA_CERT, "secret", REWRITE_P8 },
    { RSA "-aes256 -out $D/k; cat $D/k $D/k rsa.pem", "secret", NULL },
    { RSA "-aes256 | sed 's/AES-256/\\xff\\xfe/'" RSA_CERT, "secret", "is encrypted with ?" },
    /* Not encrypted, whatever its text says. */
    { "echo 'exported UNENCRYPTED, Proc-Type: 4,ENCRYPTED'; cat ecdsa.key ecdsa.pem", NULL, NULL },
    { "echo 'exported UNENCRYPTED'; sed 's/M/*/' ecdsa.key; cat ecdsa.pem", NULL, "no base64" },
    /* Damaged. */
    { P8 "| sed '3s/./*/5'" CERT, "secret", "no base64" },
    { P8 "-outform DER -out $D/e; { head -c -16 $D/e; head -c 16 /dev/zero; } | openssl base64 |"
         " { echo '-----BEGIN ENCRYPTED PRIVATE KEY-----'; cat; echo '-----END ENCRYPTED PRIVATE "
         "KEY-----'; }" CERT,
      "secret", "is damaged: it is decrypted" },
  };

  expect_all (cases, G_N_ELEMENTS (cases));
}

/* Breaks if a form of PKCS#12 that other programs read cannot be read, or is said to have a wrong
 * passphrase. */
static void
test_pkcs12 (void)
{
  static const Case cases[] = {
    { P12 "-passout pass:secret -legacy", "secret", NULL },
    { P12 "-passout pass:secret -legacy", "wrong", WRONG },
    { P12 "-passout pass:secret -nomac", "secret", NULL },
    { P12 "-passout pass:secret -nomac -certpbe AES-256-CBC", "secret", NULL },
    { P12 "-passout pass:secret -nomac -certpbe AES-256-CBC", "wrong", WRONG },
    { P12 "-passout pass:secret -nomac -legacy", "secret", NULL },
    { P12 "-passout pass:secret -nomac -legacy", "wrong", WRONG },
    { P12 "-passout pass:secret -nomac -legacy", NULL, NEEDED },
    { P12_PLAIN, NULL, NULL },
    { P12_PLAIN, "secret", NULL },
    { P12 "-passout pass:secret -certpbe NONE", "secret", NULL },
    { P12 "-passout pass:secret -keypbe NONE -certpbe NONE", "secret", NULL },
    { P12 "-passout pass:secret -keypbe NONE -certpbe NONE", NULL, NEEDED },
    { P12 "-passout pass:secret | $EDIT pbmac1 secret", "secret", NULL },
    { P12 "-passout pass:secret | $EDIT pbmac1 secret", "wrong", WRONG },
    { P12 "-passout pass:secret | $EDIT pbmac1 secret", NULL, NEEDED },
    { P12 "-passout pass:secret | $EDIT broken-mac", "secret", "its MAC does not fit" },
    { P12 "-passout pass:secret | $EDIT broken-mac", "wrong", WRONG },
    { P12 "-passout pass:secret -certpbe camellia-256-cbc -keypbe camellia-128-cbc", "secret",
      NULL },
    { P12 "-passout pass:secret -certpbe aria-256-cbc", "secret", "ARIA-256-CBC" },
    { P12 "-passout pass:secret -certpbe aria-256-cbc", "secret", REWRITE_P12 },
    { P12 "-passout pass:secret -keypbe aria-256-cbc", "secret", REWRITE_P12 },
    { P12 "-passout pass:secret -name 'Schlüssel'", "secret", NULL },
    { P12 "-passout pass:secret | $EDIT ber", "secret", NULL },
    { P12_PLAIN " | $EDIT ber", "secret", NULL },
    { P12_PLAIN " | $EDIT nested 1", NULL, NULL },
    { P12_PLAIN " | $EDIT nested 3", NULL, NULL },
    { P12_PLAIN " | $EDIT nested 20", NULL, "deeper than is possible" },
    /* As PEM, as certtool writes it. */
    { "certtool --to-p12 --load-privkey ecdsa.key --load-certificate ecdsa.pem --p12-name x"
      " --password secret --pkcs-cipher aes-256",
      "secret", NULL },
    { "openssl pkcs12 -export -nocerts -inkey ecdsa.key -passout pass:secret", "secret",
      "has no certificate" },
    { "openssl pkcs12 -export -nokeys -in ecdsa.pem -passout pass:secret", "secret",
      "has no private key" },
    { P12 "-passout pass:secret | head -c 700", "secret", "is cut off: it begins like PKCS#12" },
  };

  expect_all (cases, G_N_ELEMENTS (cases));
}

/* Breaks if an empty passphrase and none are not both tried where they are different (RFC 7292
 * appendix B.1 and B.2), or if a passphrase is not text, or in an older encoding. */
static void
test_passphrases (void)
{
  static const char *const empty[] = { NULL, "" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (empty); i++)
    {
      const Case cases[] = {
        { P12 "-passout pass:", empty[i], NULL },
        { P12 "-passout pass: -legacy", empty[i], NULL },
        { P12 "-passout pass: | $EDIT pbmac1 ''", empty[i], NULL },
        { P12 "-passout pass: | $EDIT null-mac", empty[i], NULL },
        { P12_PLAIN " | $EDIT null-3des", empty[i], NULL },
        { "openssl pkcs8 -topk8 -in ecdsa.key -passout pass:" CERT, empty[i], NULL },
      };

      expect_all (cases, G_N_ELEMENTS (cases));
    }
  key_file_expect (P12 "-passout pass:Grüße", "Grüße", NULL, 1);
  key_file_expect (P12 "-passout pass:Grüße -legacy", "Grüße", NULL, 1);
  key_file_expect (P12 "-passout $'pass:Gr\\xfc\\xdfe'",
                   "Gr\xfc\xdf"
                   "e",
                   NULL, 1);
  key_file_expect (P12 "-passout $'pass:Gr\\xfc\\xdfe' -legacy",
                   "Gr\xfc\xdf"
                   "e",
                   NULL, 1);
  /* There, only the characters matter. */
  key_file_expect (P12 "-passout $'pass:Gr\\xfc\\xdfe' -legacy", "Grüße", NULL, 1);
  key_file_expect (P12 "-passout $'pass:Gr\\xfc\\xdfe'", "Grüße", "in another character encoding",
                   0);
  /* As OpenSSL 1.0 took it: each byte of UTF-8 for a character. */
  key_file_expect (P12 "-passout pass:Ã¼ -legacy", "ü", NULL, 1);
  key_file_expect ("openssl pkcs8 -topk8 -in ecdsa.key -passout $'pass:Gr\\xfc\\xdfe'" CERT,
                   "Gr\xfc\xdf"
                   "e",
                   NULL, 1);
}

/* Breaks if an EC key whose public key is in the certificate beside it is not understood, or if an
 * unusable key is called damaged. */
static void
test_keys (void)
{
  static const Case cases[] = {
    { "openssl ec -in ecdsa.key -no_public" CERT, NULL, NULL },
    { "openssl ec -in ecdsa.key -no_public" RSA_CERT, NULL, "without its public key" },
    { "openssl ec -in ecdsa.key -no_public" RSA_CERT, NULL, "“openssl ec -in OLD -out NEW”" },
    { "openssl ec -in ecdsa.key -conv_form compressed" CERT, NULL, NULL },
    { "openssl ec -in ecdsa.key -conv_form compressed" RSA_CERT, NULL,
      "“openssl ec -in OLD -conv_form uncompressed -out NEW”" },
    { "openssl ec -in ecdsa.key -param_enc explicit" CERT, NULL, NULL },
    { "openssl ec -in ecdsa.key -param_enc explicit" RSA_CERT, NULL,
      "“openssl ec -in OLD -param_enc named_curve -out NEW”" },
    { "cat ecdsa.pem; openssl ec -in ecdsa.key -no_public -param_enc explicit | openssl pkcs8 "
      "-topk8"
      " -passout pass:secret",
      "secret", NULL },
    { "openssl ec -in ecdsa.key -conv_form compressed -out $D/k; openssl pkcs12 -export -inkey $D/k"
      " -in ecdsa.pem -passout pass:secret",
      "secret", NULL },
    { "openssl ecparam -name prime256v1; openssl ec -in ecdsa.key" CERT, NULL, NULL },
    { "openssl genrsa -primes 3 2048" RSA_CERT, NULL, "more than two primes" },
    { "openssl genrsa -traditional -primes 3 2048" RSA_CERT, NULL, "more than two primes" },
    { "openssl genrsa 512" RSA_CERT, NULL, "this one has 512" },
    { "openssl genpkey -algorithm X25519" RSA_CERT, NULL, "“X25519”" },
    { "openssl dsaparam -genkey 1024" RSA_CERT, NULL, "“DSA”" },
    { "sed 's| PRIVATE| DSA PRIVATE|' rsa.key rsa.pem", NULL, "“DSA”" },
    { "openssl ecparam -name secp256k1 -genkey" RSA_CERT, NULL, "curve secp256k1" },
    { "openssl ecparam -name brainpoolP384r1 -genkey" RSA_CERT, NULL, "curve brainpoolP384r1" },
    { "openssl ecparam -name sect283k1 -genkey" RSA_CERT, NULL, "curve 1.3.132.0.16" },
    { "openssl genpkey -algorithm ed448 -out $D/k; cat $D/k; openssl req -x509 -key $D/k -subj "
      "/CN=x",
      NULL, NULL },
    { "openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -out $D/k; cat $D/k; "
      "openssl"
      " req -x509 -key $D/k -subj /CN=x",
      NULL, NULL },
    /* The same in the certificate, where it does not help. */
    { "openssl ecparam -name prime256v1 -param_enc explicit -genkey -noout -out $D/k; openssl ec "
      "-in"
      " $D/k -param_enc named_curve; openssl req -x509 -key $D/k -subj /CN=x",
      NULL, "the public key in certificate number 1" },
    { "cat rsa.key rsa.key rsa.pem", NULL, NULL },
    /* With the public key, as RFC 8410 section 10.3 has it. */
    { PEM ("{ printf '\\x30\\x51\\2\\1\\1'; openssl pkey -in ed25519.key -outform DER | tail -c +6;"
           " printf '\\x81\\x21\\0'; openssl pkey -in ed25519.key -pubout -outform DER | tail -c "
           "32; }",
           "PRIVATE KEY") "; cat ed25519.pem",
      NULL, NULL },
    { PEM ("{ printf '\\x30\\x82\\1\\x0e\\2\\1\\0\\2\\x82\\1\\1\\0\\xff'; head -c 255 /dev/zero;"
           " printf '\\2\\1\\3\\2\\1\\3'; }",
           "RSA PRIVATE KEY") RSA_CERT,
      NULL, "lacks some of its numbers" },
    /* Wrong labels. */
    { "openssl rsa -traditional -in rsa.key | sed 's/ RSA / /'" RSA_CERT, NULL, NULL },
    { "openssl ec -in ecdsa.key | sed 's/ EC / /'" CERT, NULL, NULL },
    { "sed 's/ PRIVATE/ RSA PRIVATE/' rsa.key" RSA_CERT, NULL, NULL },
    { P8 " | sed 's/ ENCRYPTED / /'" CERT, "secret", NULL },
    { "sed 's/ PRIVATE/ ENCRYPTED PRIVATE/' ecdsa.key" CERT, NULL, NULL },
  };

  expect_all (cases, G_N_ELEMENTS (cases));
}

/* Breaks if the only error about another format is that there is no key. */
static void
test_formats (void)
{
  static const Case cases[] = {
    { "cat rsa.key rsa.pem | sed 's/$/\\r/'", NULL, NULL },
    { "cat rsa.key rsa.pem | tr '\\n' '\\r'", NULL, NULL },
    { "printf '\\xef\\xbb\\xbf'; cat rsa.key rsa.pem", NULL, NULL },
    { "cat rsa.key rsa.pem | sed 's/^/  /'", NULL, NULL },
    { RSA "-aes128 | sed 's/^/  /'" RSA_CERT, "secret", NULL },
    { RSA "-aes128 | sed 's/$/\\r/'" RSA_CERT, "secret", NULL },
    { "cat rsa.key rsa.pem | iconv -t UTF-16", NULL, "“iconv -f UTF-16 -t UTF-8 OLD >NEW”" },
    { "cat rsa.key rsa.pem | iconv -t UTF-16BE", NULL, "“iconv -f UTF-16BE -t UTF-8 OLD >NEW”" },
    { "cat rsa.key; openssl x509 -in rsa.pem -trustout -addtrust serverAuth", NULL, NULL },
    { P12 "-passout pass:secret -out $D/p; openssl pkcs12 -in $D/p -passin pass:secret -nodes",
      NULL, NULL },
    { "sed 's| PRIVATE| OPENSSH PRIVATE|' rsa.key; cat rsa.pem", NULL,
      "“ssh-keygen -p -N '' -m PKCS8 -f COPY”" },
    { "echo 'PuTTY-User-Key-File-3: ssh-rsa'", NULL, "puttygen" },
    { "printf '\\xfe\\xed\\xfe\\xed\\0\\0\\0\\2'", NULL, "“keytool -importkeystore" },
    { "cat rsa.key; openssl crl2pkcs7 -nocrl -certfile rsa.pem", NULL, "“openssl pkcs7 -in OLD" },
    { "openssl crl2pkcs7 -nocrl -certfile rsa.pem -outform DER", NULL,
      "“openssl pkcs7 -inform DER" },
    { "openssl x509 -in rsa.pem -outform DER", NULL, "“openssl x509 -inform DER" },
    { "openssl pkey -in rsa.key -outform DER", NULL, "“openssl pkey -inform DER" },
    { P8 "-outform DER", "secret", "“openssl pkcs8 -inform DER" },
    { "openssl pkey -in rsa.key -pubout -outform DER", NULL, "public key" },
    { "cat rsa.key; openssl req -new -key rsa.key -subj /CN=x", NULL, "certificate request" },
    { "cat rsa.pem; echo '-----BEGIN ODD PRIVATE KEY-----'; echo AAAA; echo '-----END ODD PRIVATE "
      "KEY-----'",
      NULL, "“ODD PRIVATE KEY”" },
    { "head -c 1500 rsa.key", NULL, "is cut off" },
    { "cat rsa.key; echo -----BEGIN CERTIFICATE-----; echo AAAA; echo -----END CERTIFICATE-----",
      NULL, "certificate number 1 is no X.509" },
    { "true", NULL, "is empty" },
  };

  expect_all (cases, G_N_ELEMENTS (cases));
}

/* Breaks if a file can ask for work without limit, wherever it says so, or by many parts that are
 * each within the limit. No machine could be fast enough for these. */
static void
test_work (void)
{
  static const Case cases[] = {
    { P12 "-passout pass: | $EDIT mac-iterations 2147483647", NULL, "iterations" },
    { P12 "-passout pass: | $EDIT mac-iterations 6000001", "secret", "iterations" },
    /* GnuTLS does not read it; the error must not say that 3DES cannot be read. */
    { PEM ("printf '\\x30\\x32\\x30\\x1e\\6\\x0a\\x2a\\x86\\x48\\x86\\xf7\\x0d\\1\\x0c\\1\\3"
           "\\x30\\x10\\4\\10saltsalt\\2\\4\\x7f\\xff\\xff\\xff\\4\\x10ciphertextsixtee'",
           "ENCRYPTED PRIVATE KEY") CERT,
      "secret", "asks for 2147483647 or more iterations" },
    { P12 "-passout pass: -nomac -certpbe AES-256-CBC | $EDIT pbkdf2-iterations 2147483647",
      "secret", "iterations" },
    { P12 "-passout pass: -nomac | $EDIT pbkdf2-iterations 4294967295", "secret", "iterations" },
    { P8 "-outform DER | $EDIT pbkdf2-iterations 2147483647 | openssl base64 | { echo '-----BEGIN "
         "ENCRYPTED PRIVATE KEY-----'; cat; echo '-----END ENCRYPTED PRIVATE KEY-----'; }" CERT,
      "secret", "iterations" },
    { P8 "-iter 6100000 -outform DER | openssl base64 | { echo '-----BEGIN ENCRYPTED PRIVATE "
         "KEY-----'; cat; echo '-----END ENCRYPTED PRIVATE KEY-----'; }" CERT,
      "secret", "iterations" },
    /* Each of the twenty parts has 400,000. */
    { P12 "-passout pass:secret -nomac -certpbe AES-256-CBC -iter 400000 | $EDIT repeated 20",
      "secret", "iterations" },
    { P12 "-passout pass:secret -nomac -certpbe PBE-SHA1-3DES -iter 400000 | $EDIT repeated 20",
      "secret", "iterations" },
    /* As many as Firefox asks for, three times. */
    { P12 "-passout pass:secret -iter 600000", "secret", NULL },
    { P12_PLAIN " | $EDIT repeated 20", NULL, NULL },
    { P12_PLAIN " | $EDIT repeated 400", NULL, "more than 32 parts" },
    { P12_PLAIN " | $EDIT bags 40", NULL, "more than 31 certificates" },
    { P12_PLAIN " | $EDIT bags 300 | $EDIT nested 1", NULL, "more than the 200 certificates" },
    { "cat rsa.key; for i in {1..201}; do cat rsa.pem; done", NULL, "more than the 200" },
    { "for i in {1..500}; do echo '-----BEGIN X-----'; echo '-----END X-----'; done", NULL,
      "more than the 400 parts" },
    { "cat rsa.pem; echo '-----BEGIN RSA PRIVATE KEY-----'; { printf '\\x30\\x82\\x7f\\xfc\\2\\1\\0"
      "\\2\\x82\\x7f\\xf5\\1'; head -c 32756 /dev/zero; } | openssl base64;"
      " echo '-----END RSA PRIVATE KEY-----'",
      NULL, "has a private key of 32768 bytes" },
    { "cat rsa.pem; echo '-----BEGIN RSA PRIVATE KEY-----'; { printf '\\x30\\x82\\4\\11\\2\\1\\0"
      "\\2\\x82\\4\\2\\1'; head -c 1025 /dev/zero; } | openssl base64;"
      " echo '-----END RSA PRIVATE KEY-----'",
      NULL, "this one has 8201" },
  };

  expect_all (cases, G_N_ELEMENTS (cases));
}

/* Breaks if a caller may give more than plain PEM for a handshake, which everybody may do. */
static void
test_plain (void)
{
  static const Case cases[] = {
    { "cat rsa.key rsa.pem", NULL, NULL },
    { "echo hello", NULL, "is no PEM" },
    { "openssl ec -in ecdsa.key -no_public" CERT, NULL, NULL },
    { P12_PLAIN, NULL, "is PKCS#12" },
    { P12 "-passout pass:", NULL, "is PKCS#12" },
    { "certtool --to-p12 --load-privkey ecdsa.key --load-certificate ecdsa.pem --p12-name x"
      " --empty-password",
      NULL, "is PKCS#12" },
    { "openssl pkcs8 -topk8 -in ecdsa.key -passout pass:" CERT, NULL, "encrypted private key" },
    { RSA "-aes256" RSA_CERT, NULL, "encrypted private key" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) pem = key_file_make (cases[i].command);
      g_autoptr (GError) error = NULL;
      g_autoptr (HandoffKeyMaterial) material = handoff_key_material_parse_plain (pem, &error);

      g_assert_true ((material != NULL) == (cases[i].message == NULL));
      if (cases[i].message == NULL)
        continue;
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, cases[i].message));
    }
}

/* The command between the quotes of an error's message. (transfer full) */
static char *
dup_command (const char *message)
{
  const char *start = strstr (message, "“openssl ");
  const char *end = start != NULL ? strstr (start, "”") : NULL;

  g_assert_nonnull (end);
  start += strlen ("“");
  return g_strndup (start, (gsize) (end - start));
}

/* Breaks if the command in an error does not help. */
static void
test_commands (void)
{
  static const struct
  {
    const char *command; /* makes $D/old */
    const char *missing; /* what is not in the new file */
    gboolean is_encrypted;
  } cases[] = {
    { P8 "-scrypt -out $D/old", "cat ecdsa.pem", TRUE },
    { P8_LEGACY "-v2 rc2 -out $D/old", "cat ecdsa.pem", TRUE },
    { RSA "-aria256 -out $D/old", "cat rsa.pem", TRUE },
    { P12 "-passout pass:secret -certpbe aria-256-cbc -out $D/old", "true", TRUE },
    { "openssl ec -in ecdsa.key -no_public -out $D/old", "cat ecdsa.pem", FALSE },
    { "openssl ec -in ecdsa.key -conv_form compressed -out $D/old", "cat ecdsa.pem", FALSE },
    { "openssl ec -in ecdsa.key -param_enc explicit -out $D/old", "cat ecdsa.pem", FALSE },
    { "openssl pkey -in rsa.key -outform DER -out $D/old", "cat rsa.pem", FALSE },
    { P8 "-outform DER -out $D/old", "cat ecdsa.pem", TRUE },
    { "openssl x509 -in rsa.pem -outform DER -out $D/old", "cat rsa.key", FALSE },
    { "openssl crl2pkcs7 -nocrl -certfile rsa.pem -outform DER -out $D/old", "cat rsa.key", FALSE },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      /* Beside another key's certificate, where the file is PEM: that certificate cannot help. */
      g_autofree char *make = g_strconcat (
          cases[i].command, "; cat $D/old; ! grep -q BEGIN $D/old || cat client.pem", NULL);
      g_autoptr (GBytes) data = key_file_make (make);
      g_autoptr (GBytes) secret = g_bytes_new_static ("secret", 6);
      g_autoptr (GError) error = NULL;
      G_GNUC_UNUSED g_autoptr (HandoffKeyMaterial) material =
          handoff_key_material_parse (data, secret, &error);
      g_autofree char *command = NULL;
      g_autofree char *rewrite = NULL;

      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      command = dup_command (error->message);
      rewrite =
          g_strconcat (cases[i].command, "; ln -s $D/old $D/OLD; N=$PWD; cd $D; ", command,
                       cases[i].is_encrypted ? " -passin pass:secret -passout pass:secret" : "",
                       " >&2; cat NEW*; cd $N; ", cases[i].missing, NULL);
      key_file_expect (rewrite, cases[i].is_encrypted ? "secret" : NULL, NULL, 1);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/key-files/encryption", test_encryption);
  g_test_add_func ("/service/key-files/pkcs12", test_pkcs12);
  g_test_add_func ("/service/key-files/passphrases", test_passphrases);
  g_test_add_func ("/service/key-files/keys", test_keys);
  g_test_add_func ("/service/key-files/formats", test_formats);
  g_test_add_func ("/service/key-files/work", test_work);
  g_test_add_func ("/service/key-files/plain", test_plain);
  g_test_add_func ("/service/key-files/commands", test_commands);
  return g_test_run ();
}
