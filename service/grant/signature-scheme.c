/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "grant/signature-scheme.h"

#define NO_CURVE GNUTLS_ECC_CURVE_INVALID

static const HandoffSignatureScheme schemes[] = {
  /* PKCS #1 1.5 is for TLS 1.2 alone, and for the certificates of 1.3. */
  { 0x0401, GNUTLS_SIGN_RSA_SHA256, GNUTLS_PK_RSA, NO_CURVE, TRUE, FALSE },
  { 0x0501, GNUTLS_SIGN_RSA_SHA384, GNUTLS_PK_RSA, NO_CURVE, TRUE, FALSE },
  { 0x0601, GNUTLS_SIGN_RSA_SHA512, GNUTLS_PK_RSA, NO_CURVE, TRUE, FALSE },
  { 0x0403, GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP256R1, TRUE, TRUE },
  { 0x0503, GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP384R1, TRUE, TRUE },
  { 0x0603, GNUTLS_SIGN_ECDSA_SHA512, GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP521R1, TRUE, TRUE },
  { 0x0804, GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, GNUTLS_PK_RSA, NO_CURVE, TRUE, TRUE },
  { 0x0805, GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, GNUTLS_PK_RSA, NO_CURVE, TRUE, TRUE },
  { 0x0806, GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, GNUTLS_PK_RSA, NO_CURVE, TRUE, TRUE },
  { 0x0807, GNUTLS_SIGN_EDDSA_ED25519, GNUTLS_PK_EDDSA_ED25519, NO_CURVE, TRUE, TRUE },
  { 0x0808, GNUTLS_SIGN_EDDSA_ED448, GNUTLS_PK_EDDSA_ED448, NO_CURVE, TRUE, TRUE },
  { 0x0809, GNUTLS_SIGN_RSA_PSS_SHA256, GNUTLS_PK_RSA_PSS, NO_CURVE, TRUE, TRUE },
  { 0x080a, GNUTLS_SIGN_RSA_PSS_SHA384, GNUTLS_PK_RSA_PSS, NO_CURVE, TRUE, TRUE },
  { 0x080b, GNUTLS_SIGN_RSA_PSS_SHA512, GNUTLS_PK_RSA_PSS, NO_CURVE, TRUE, TRUE },
};

const HandoffSignatureScheme *
handoff_signature_scheme_find (guint number)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      if (schemes[i].number == number)
        return &schemes[i];
    }
  return NULL;
}

/* GnuTLS has two numbers for a scheme where TLS 1.3 binds it to a curve. */
static gnutls_sign_algorithm_t
without_curve (gnutls_sign_algorithm_t algorithm)
{
  switch (algorithm)
    {
    case GNUTLS_SIGN_ECDSA_SECP256R1_SHA256:
      return GNUTLS_SIGN_ECDSA_SHA256;
    case GNUTLS_SIGN_ECDSA_SECP384R1_SHA384:
      return GNUTLS_SIGN_ECDSA_SHA384;
    case GNUTLS_SIGN_ECDSA_SECP521R1_SHA512:
      return GNUTLS_SIGN_ECDSA_SHA512;
    default:
      return algorithm;
    }
}

guint
handoff_signature_scheme_get_number (gnutls_sign_algorithm_t algorithm)
{
  const gnutls_sign_algorithm_t wanted = without_curve (algorithm);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      if (schemes[i].algorithm == wanted)
        return schemes[i].number;
    }
  return 0;
}
