/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "trust/trust-problem.h"

#include "keyblob/handoff-names.h"

/* RFC 8446 6.2: bad_certificate is for certificates that are corrupt, or whose signatures do not
 * verify; unknown_ca for a chain that leads to no trusted authority; certificate_unknown for what
 * has no other alert, as the limits that an authority set. Most implementations send
 * bad_certificate for a name that does not fit. */
static const HandoffTrustReason reasons[] = {
  { GNUTLS_CERT_REVOKED, HANDOFF_VERIFICATION_REVOKED, "it was revoked", "was revoked",
    GNUTLS_A_CERTIFICATE_REVOKED },
  { GNUTLS_CERT_EXPIRED, HANDOFF_VERIFICATION_EXPIRED, "it has expired", "has expired",
    GNUTLS_A_CERTIFICATE_EXPIRED },
  { GNUTLS_CERT_NOT_ACTIVATED, HANDOFF_VERIFICATION_NOT_ACTIVATED, "it is not valid yet",
    "is not valid yet", GNUTLS_A_CERTIFICATE_EXPIRED },
  { HANDOFF_TRUST_MALFORMED, HANDOFF_VERIFICATION_MALFORMED,
    "it, or another one of its chain, cannot be read", NULL, GNUTLS_A_BAD_CERTIFICATE },
  { HANDOFF_TRUST_CHAIN_TOO_LONG, HANDOFF_VERIFICATION_CHAIN_TOO_LONG,
    "the peer sent more than 16 certificates", NULL, GNUTLS_A_CERTIFICATE_UNKNOWN },
  { GNUTLS_CERT_SIGNER_NOT_FOUND, HANDOFF_VERIFICATION_UNKNOWN_AUTHORITY,
    "no trusted authority issued it", "was issued by no trusted authority", GNUTLS_A_UNKNOWN_CA },
  { GNUTLS_CERT_SIGNATURE_FAILURE, HANDOFF_VERIFICATION_BAD_SIGNATURE,
    "its signature is not its issuer's", "has a signature that is not its issuer's",
    GNUTLS_A_BAD_CERTIFICATE },
  { GNUTLS_CERT_SIGNER_NOT_CA, HANDOFF_VERIFICATION_ISSUER_NOT_AUTHORITY,
    "its issuer is no authority", "is no authority, but has issued a certificate",
    GNUTLS_A_CERTIFICATE_UNKNOWN },
  { HANDOFF_TRUST_ISSUER_KEY_USAGE, HANDOFF_VERIFICATION_ISSUER_KEY_USAGE,
    "its issuer's key is not meant to sign certificates",
    "has a key that is not meant to sign certificates, but has signed one",
    GNUTLS_A_CERTIFICATE_UNKNOWN },
  { HANDOFF_TRUST_NAME_CONSTRAINTS, HANDOFF_VERIFICATION_NAME_CONSTRAINTS,
    "it has a name that an authority of its chain may not certify (name constraints)",
    "has name constraints that cannot be read", GNUTLS_A_CERTIFICATE_UNKNOWN },
  { HANDOFF_TRUST_PATH_LENGTH, HANDOFF_VERIFICATION_PATH_LENGTH,
    "its chain is longer than an authority of it allows (path length)",
    "is further from an authority than that authority allows (path length)",
    GNUTLS_A_CERTIFICATE_UNKNOWN },
  { HANDOFF_TRUST_TLS_FEATURES, HANDOFF_VERIFICATION_TLS_FEATURES,
    "it lacks a TLS feature that its issuer demands (RFC 7633)",
    "lacks a TLS feature that its issuer demands (RFC 7633)", GNUTLS_A_CERTIFICATE_UNKNOWN },
  { GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, HANDOFF_VERIFICATION_ISSUER_CONSTRAINTS,
    "it is beyond the limits that its issuer's certificate or key sets",
    "is beyond the limits that its issuer's certificate or key sets",
    GNUTLS_A_CERTIFICATE_UNKNOWN },
  { GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, HANDOFF_VERIFICATION_CRITICAL_EXTENSION,
    "it has a critical extension that is not known here",
    "has a critical extension that is not known here", GNUTLS_A_UNSUPPORTED_CERTIFICATE },
  { GNUTLS_CERT_UNEXPECTED_OWNER, HANDOFF_VERIFICATION_WRONG_NAME, "it is for another name", NULL,
    GNUTLS_A_BAD_CERTIFICATE },
  { GNUTLS_CERT_PURPOSE_MISMATCH, HANDOFF_VERIFICATION_WRONG_PURPOSE,
    "it is not meant for this side of a TLS connection",
    "may not issue for this side of a TLS connection", GNUTLS_A_UNSUPPORTED_CERTIFICATE },
  { GNUTLS_CERT_INSECURE_ALGORITHM, HANDOFF_VERIFICATION_INSECURE,
    "its signature or its key is too weak", "has a signature or a key that is too weak",
    GNUTLS_A_BAD_CERTIFICATE },
  { HANDOFF_TRUST_UNKNOWN_ALGORITHM, HANDOFF_VERIFICATION_UNKNOWN_ALGORITHM,
    "it is signed with an algorithm that is not known here",
    "is signed with an algorithm that is not known here", GNUTLS_A_UNSUPPORTED_CERTIFICATE },
  { GNUTLS_CERT_MISSING_OCSP_STATUS, HANDOFF_VERIFICATION_OCSP,
    "it requires a good OCSP status, which did not come with it", NULL,
    HANDOFF_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE },
  { GNUTLS_CERT_INVALID_OCSP_STATUS, HANDOFF_VERIFICATION_OCSP,
    "the OCSP status that came with it is not usable",
    "came with an OCSP status that is not usable", HANDOFF_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE },
  { GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED, HANDOFF_VERIFICATION_OCSP,
    "the OCSP status that came with it is out of date",
    "came with an OCSP status that is out of date", HANDOFF_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE },
  { GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE, HANDOFF_VERIFICATION_OCSP,
    "the OCSP status that came with it is not valid yet",
    "came with an OCSP status that is not valid yet",
    HANDOFF_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE },
  { GNUTLS_CERT_MISMATCH, HANDOFF_VERIFICATION_OTHER, "its key is not the one that was stored",
    NULL, GNUTLS_A_BAD_CERTIFICATE },
  { HANDOFF_TRUST_NOT_VERIFIED, HANDOFF_VERIFICATION_OTHER, "it could not be verified", NULL,
    GNUTLS_A_CERTIFICATE_UNKNOWN },
};

const HandoffTrustReason *
handoff_trust_reason_get (guint index)
{
  return index < G_N_ELEMENTS (reasons) ? &reasons[index] : NULL;
}

HandoffTrustProblems
handoff_trust_problems_get_unknown (HandoffTrustProblems problems)
{
  HandoffTrustProblems unknown = problems != GNUTLS_CERT_INVALID
                                     ? problems & ~(HandoffTrustProblems) GNUTLS_CERT_INVALID
                                     : problems;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (reasons); i++)
    unknown &= ~reasons[i].mask;
  return unknown;
}

GStrv
handoff_trust_problems_describe (HandoffTrustProblems problems)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      if ((problems & reasons[i].mask) != 0 &&
          !g_ptr_array_find_with_equal_func (names, reasons[i].name, g_str_equal, NULL))
        g_ptr_array_add (names, g_strdup (reasons[i].name));
    }
  if (handoff_trust_problems_get_unknown (problems) != 0 &&
      !g_ptr_array_find_with_equal_func (names, HANDOFF_VERIFICATION_OTHER, g_str_equal, NULL))
    g_ptr_array_add (names, g_strdup (HANDOFF_VERIFICATION_OTHER));
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_steal (names, NULL);
}

gnutls_alert_description_t
handoff_trust_problems_get_alert (HandoffTrustProblems problems)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      if (problems & reasons[i].mask)
        return reasons[i].alert;
    }
  return GNUTLS_A_CERTIFICATE_UNKNOWN;
}
