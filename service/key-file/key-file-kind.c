/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-file/key-file-kind.h"

#include <gnutls/x509.h>
#include <string.h>

#include "key/der-values.h"
#include "keyblob/tls-handoff-error.h"

#define OID_SIGNED_DATA "1.2.840.113549.1.7.2"

/* Files, by how they begin. */
static const struct
{
  const char *bytes;
  gsize size;
  const char *what;
} beginnings[] = {
  { "\xfe\xed\xfe\xed", 4,
    "is a Java keystore (JKS); “keytool -importkeystore -srckeystore OLD -destkeystore NEW.p12 "
    "-deststoretype PKCS12” rewrites it" },
  { "\xce\xce\xce\xce", 4,
    "is a Java keystore (JCEKS); “keytool -importkeystore -srckeystore OLD -srcstoretype JCEKS "
    "-destkeystore NEW.p12 -deststoretype PKCS12” rewrites it" },
  { "PuTTY-User-Key-File", 19,
    "is a key of PuTTY, for SSH and without a certificate; “puttygen OLD -O private-openssh -o "
    "NEW” "
    "makes PEM of an RSA or ECDSA key" },
  { "\xff\xfe", 2,
    "is text in UTF-16; “iconv -f UTF-16 -t UTF-8 "
    "OLD "
    ">NEW” rewrites it" },
  { "\xfe\xff", 2,
    "is text in UTF-16; “iconv -f UTF-16 -t UTF-8 "
    "OLD "
    ">NEW” rewrites it" },
  { "-\0-\0-\0", 6,
    "is text in UTF-16; “iconv -f UTF-16LE -t UTF-8 "
    "OLD >NEW” rewrites it" },
  { "\0-\0-\0-", 6,
    "is text in UTF-16; “iconv -f UTF-16BE -t UTF-8 "
    "OLD >NEW” rewrites it" },
  { "SSH PRIVATE KEY FILE FORMAT", 27, "is a key of SSH version 1, which TLS does not use" },
  { "ssh-", 4, "is a public key for SSH, not a private key" },
  { "ecdsa-sha2-", 11, "is a public key for SSH, not a private key" },
  { "---- BEGIN SSH2 ", 16, "is a key for SSH (RFC 4716), not PEM" },
  { "Bag Attributes", 14,
    "has the text of a PKCS#12, but neither its key nor its certificate; “openssl pkcs12 -in OLD "
    "-out NEW.pem” writes them" },
};

/* PEM blocks that cannot be used, and that cannot be ignored either. */
static const struct
{
  const char *label;
  const char *what;
} labels[] = {
  { "OPENSSH PRIVATE KEY",
    "has a private key in the form of OpenSSH; “ssh-keygen -p -N '' -m PKCS8 -f COPY” rewrites a "
    "copy of it" },
  { "SSH2 ENCRYPTED PRIVATE KEY", "has a private key in the form of SSH2, not PEM" },
  { "DSA PRIVATE KEY", "the private key is of a kind that TLS does not use: “DSA” (RSA, ECDSA, "
                       "Ed25519 and Ed448 are possible)" },
  { "TSS2 PRIVATE KEY", "has a key that only a TPM can use; link it as a key of a PKCS#11 token" },
  { "TSS2 KEY BLOB", "has a key that only a TPM can use; link it as a key of a PKCS#11 token" },
  { "PGP PRIVATE KEY BLOCK", "has a key of OpenPGP, which TLS does not use" },
  { "PKCS7", "has its certificates in PKCS#7; “openssl pkcs7 -in OLD -print_certs -out NEW” writes "
             "them as PEM" },
  { "CMS", "has its certificates in CMS; “openssl pkcs7 -in OLD -print_certs -out NEW” writes them "
           "as PEM, if the label is PKCS7" },
};

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, what);
  return FALSE;
}

/* DER that should be in PEM. */
static gboolean
refuse_der (const guint8 *data, gsize size, gboolean is_pem_alone, GError **error)
{
  HandoffDer der = { data, size };
  HandoffDer content = { NULL, 0 }, ignored;
  char oid[HANDOFF_OID_SIZE];
  const guint8 first =
      handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &content) ? handoff_der_peek (content) : 0;

  if (first == HANDOFF_DER_INTEGER)
    return refuse (error,
                   "is a private key in DER, without a certificate; “openssl pkey -inform DER "
                   "-in OLD -out NEW.pem” makes PEM of it, to which the certificate is added");
  if (first == HANDOFF_DER_OBJECT_IDENTIFIER && handoff_der_take_oid (&content, oid) &&
      g_str_equal (oid, OID_SIGNED_DATA))
    return refuse (error,
                   "is PKCS#7, which has certificates and no private key; “openssl pkcs7 "
                   "-inform DER -in OLD -print_certs -out NEW.pem” makes PEM of it, to which "
                   "the private key is added");
  if (first != HANDOFF_DER_SEQUENCE)
    return refuse (error, is_pem_alone ? "is no PEM" : "is neither PEM nor PKCS#12");
  if (handoff_der_take_algorithm (&content, oid, &ignored))
    return handoff_der_peek (content) == HANDOFF_DER_OCTET_STRING
               ? refuse (error,
                         "is an encrypted private key in DER, without a certificate; “openssl "
                         "pkcs8 -inform DER -in OLD -topk8 -v2 aes-256-cbc -out NEW.pem” makes "
                         "PEM of it, to which the certificate is added")
               : refuse (error, "is a public key in DER, not a private key");
  return refuse (error,
                 "is a certificate, or a request for one, in DER, without a private key; "
                 "“openssl x509 -inform DER -in OLD -out NEW.pem” makes PEM of a certificate, "
                 "to which the private key is added");
}

/* DER in base64, without the lines that make PEM of it. All DER that is large enough begins with
 * the bytes 30 82. */
static gboolean
is_bare_base64 (const guint8 *data, gsize size)
{
  gsize i;

  if (size < 64 || memcmp (data, "MI", 2) != 0)
    return FALSE;
  for (i = 0; i < size; i++)
    {
      if (!g_ascii_isalnum ((char) data[i]) && !g_ascii_isspace ((char) data[i]) &&
          strchr ("+/=", data[i]) == NULL)
        return FALSE;
    }
  return TRUE;
}

gboolean
handoff_key_file_refuse (const guint8 *data, gsize size, gboolean is_pem_alone, GError **error)
{
  gsize i;

  if (size == 0)
    return refuse (error, "is empty");
  for (i = 0; i < G_N_ELEMENTS (beginnings); i++)
    {
      if (size >= beginnings[i].size && memcmp (data, beginnings[i].bytes, beginnings[i].size) == 0)
        return refuse (error, beginnings[i].what);
    }
  if (is_bare_base64 (data, size))
    return refuse (error, "is base64 without the lines that make PEM of it; “base64 -d OLD "
                          ">NEW” decodes it");
  return refuse_der (data, size, is_pem_alone, error);
}

gboolean
handoff_key_file_check_label (const char *label, GError **error)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (labels); i++)
    {
      if (g_str_equal (label, labels[i].label))
        return refuse (error, labels[i].what);
    }
  if (!g_str_has_suffix (label, "PRIVATE KEY"))
    return TRUE;
  g_set_error (
      error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
      "has a private key in a form that is not known, “%s”; “openssl pkey -in OLD -out NEW” "
      "may rewrite it",
      label);
  return FALSE;
}

gboolean
handoff_key_file_is_pkcs12 (const guint8 *data, gsize size)
{
  const guint8 version[] = { HANDOFF_DER_INTEGER, 1, 3, HANDOFF_DER_SEQUENCE };
  gsize length_size;

  if (size < 2 || data[0] != HANDOFF_DER_SEQUENCE)
    return FALSE;
  /* 0x80: BER's indefinite length */
  length_size = data[1] > 0x80 ? 1 + (data[1] & 0x7f) : 1;
  return size > 1 + length_size + sizeof version &&
         memcmp (data + 1 + length_size, version, sizeof version) == 0;
}
