/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "phrasebook/library-text.h"
#include "phrasebook/phrases.h"

const char *const handoff_phrases_trust[] = {
  N_ ("The certificate of the server is not trusted: %s"),
  N_ ("The certificate of the client is not trusted: %s"),
  N_ ("The certificate of %s is not trusted: %s"),
  N_ ("“%s” in its chain %s"),

  /* Of the certificate itself, and of another one in its chain. */
  N_ ("it was revoked"),
  N_ ("was revoked"),
  N_ ("it has expired"),
  N_ ("has expired"),
  N_ ("it is not valid yet"),
  N_ ("is not valid yet"),
  N_ ("it, or another one of its chain, cannot be read"),
  N_ ("the peer sent more than 16 certificates"),
  N_ ("no trusted authority issued it"),
  N_ ("was issued by no trusted authority"),
  N_ ("its signature is not its issuer's"),
  N_ ("has a signature that is not its issuer's"),
  N_ ("its issuer is no authority"),
  N_ ("is no authority, but has issued a certificate"),
  N_ ("its issuer's key is not meant to sign certificates"),
  N_ ("has a key that is not meant to sign certificates, but has signed one"),
  N_ ("it has a name that an authority of its chain may not certify (name constraints)"),
  N_ ("has name constraints that cannot be read"),
  N_ ("its chain is longer than an authority of it allows (path length)"),
  N_ ("is further from an authority than that authority allows (path length)"),
  N_ ("it lacks a TLS feature that its issuer demands (RFC 7633)"),
  N_ ("lacks a TLS feature that its issuer demands (RFC 7633)"),
  N_ ("it is beyond the limits that its issuer's certificate or key sets"),
  N_ ("is beyond the limits that its issuer's certificate or key sets"),
  N_ ("it has a critical extension that is not known here"),
  N_ ("has a critical extension that is not known here"),
  N_ ("it is for another name"),
  N_ ("the caller does not say whose it should be"),
  N_ ("it is not meant for this side of a TLS connection"),
  N_ ("may not issue for this side of a TLS connection"),
  N_ ("its signature or its key is too weak"),
  N_ ("has a signature or a key that is too weak"),
  N_ ("it is signed with an algorithm that is not known here"),
  N_ ("is signed with an algorithm that is not known here"),
  N_ ("it requires a good OCSP status, which did not come with it"),
  N_ ("the OCSP status that came with it is not usable"),
  N_ ("came with an OCSP status that is not usable"),
  N_ ("the OCSP status that came with it is out of date"),
  N_ ("came with an OCSP status that is out of date"),
  N_ ("the OCSP status that came with it is not valid yet"),
  N_ ("came with an OCSP status that is not valid yet"),
  N_ ("its key is not the one that was stored"),
  N_ ("it could not be verified"),
  N_ ("it did not verify, and GnuTLS does not say why (status %s)"),
  N_ ("and nobody accepted it within %s s (DecisionTimeout)"),

  /* Remarks on that. */
  N_ ("it is self-signed"),
  N_ ("by its own words, “%s” did"),
  N_ ("signed with %s"),
  N_ ("a key of %s bits, %s"),

  /* Of OCSP responses. */
  N_ ("this OCSP response cannot be stapled"),
  N_ ("an OCSP response may have %s KiB at most"),
  N_ ("it says that the certificate is revoked"),
  N_ ("the responder does not know the certificate"),
  N_ ("the responder did not understand the question"),
  N_ ("the responder had an internal error"),
  N_ ("the responder answered only: try later"),
  N_ ("the responder wants signed questions"),
  N_ ("the responder is not one for this certificate"),
  N_ ("it cannot be read"),
  N_ ("it is about another certificate"),
  N_ ("its signer may not sign it"),
  N_ ("it is from the future"),
  N_ ("it is out of date"),
  N_ ("the issuer of the certificate is not known for sure"),

  /* Certificates that are too much. */
  N_ ("is no X.509 certificate in DER"),
  N_ ("number %s is no X.509 certificate in DER: %s"),
  N_ ("number %s is no X.509 certificate in DER that can be used: %s"),
  N_ ("certificate %s %s"),
  N_ ("certificate number %s %s"),
  N_ ("the OCSP responder's certificate %s %s"),
  N_ ("has %s bytes: at most %s are possible"),
  N_ ("has %s extensions: at most %s are possible"),
  N_ ("has %s of %s bits: at most %s are possible"),
  N_ ("has %s of %s bits, with an exponent of %s bits, which is, with the keys before it, more "
      "than "
      "is verified for one handshake"),
  N_ ("%s of %s bits: at most %s are possible"),
  N_ ("an RSA key"),
  N_ ("an RSA key with a public exponent"),
  N_ ("a DSA key"),
  N_ ("a DSA key with a subgroup"),
  NULL,
};
