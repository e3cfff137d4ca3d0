/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "phrasebook/library-text.h"
#include "phrasebook/phrases.h"

const char *const handoff_phrases_credential[] = {
  /* Which there are, and may be used. */
  N_ ("There is no credential “%s” of this user's or of the machine's"),
  N_ ("This user has no credential “%s”, and may use none of that name of the machine's or of "
      "others': %s"),
  N_ ("None of the credentials that this user may use fits a client that asks for “%s”; name one "
      "with the option %s, get one whose certificate has that name, or have a polkit rule that "
      "allows one of the machine's"),
  N_ ("None of the credentials that this user may use fits a client that asks for no name; name "
      "one "
      "with the option %s, get one whose certificate has that name, or have a polkit rule that "
      "allows one of the machine's"),
  N_ ("The credential “%s” was removed meanwhile"),
  N_ ("The credential was removed meanwhile"),
  N_ ("The credential is not there any more"),
  N_ ("The credential's key is not there any more"),
  N_ ("The credential's files were changed meanwhile"),
  N_ ("The credential's certificates were changed meanwhile: call again"),
  N_ ("There is no such credential"),
  N_ ("The credential “%s” is not for servers"),
  N_ ("The credential “%s” is not for clients"),
  N_ ("The credential “%s” has no certificate yet: request one, and set it"),
  N_ ("The credential “%s” has a certificate that has expired: renew it"),
  N_ ("The credential “%s” has a certificate that is not valid now"),
  N_ ("The permission to sign this handshake with the credential was taken back"),
  N_ ("The permission to sign this handshake with the credential is over"),
  N_ ("The permission to sign this handshake with the credential was used before"),
  N_ ("There is no permission to sign with the credential's key"),
  N_ ("The program that keeps the credentials' keys does not run"),
  N_ ("The program that uses the token does not run any more"),
  N_ ("Nobody waits for the import any more"),
  N_ ("The keeper of the keys is ending"),
  N_ ("The credentials were not read yet"),
  N_ ("The credentials' directory %s cannot be made: %s"),
  N_ ("Cannot open the credential's folder: %s"),
  N_ ("Cannot open %s: %s"),
  N_ ("Cannot make the folder %s: %s"),
  N_ ("Cannot write %s: %s"),
  N_ ("Cannot read the credentials' directory: %s"),
  N_ ("Cannot replace %s: %s"),
  N_ ("Cannot remove %s: %s"),
  N_ ("Cannot make a key: %s"),
  N_ ("Cannot use the private key: %s"),
  N_ ("Cannot write the private key: %s"),
  N_ ("Cannot read the public key: %s"),
  N_ ("Cannot write the public key: %s"),
  N_ ("Cannot read the token's public key: %s"),
  N_ ("Cannot sign with the credential's key: %s"),
  N_ ("Cannot read the credential's certificates: %s"),
  N_ ("The token has a key of a kind that cannot be used"),
  N_ ("The key of the credential “%s” is in a file: it needs no PIN"),

  /* Their labels, names and chains. */
  N_ ("this user has a credential “%s” already"),
  N_ ("there is a credential “%s” already; remove it, or take another label"),
  N_ ("This user has as many credentials as the configuration allows (%s); remove one first"),
  N_ ("There are as many credentials in all as the configuration allows (%s); one has to be "
      "removed first"),
  N_ ("The configuration allows a user %s credentials; remove one first"),
  N_ ("The configuration allows %s credentials in all; one has to be removed first"),
  N_ ("is empty"),
  N_ ("is not UTF-8"),
  N_ ("is longer than %s characters"),
  N_ ("begins or ends with white space"),
  N_ ("has a control character"),
  N_ ("has a slash"),
  N_ ("is too long"),
  N_ ("is no distinguished name (RFC 4514), such as “%s”"),
  N_ ("is no distinguished name (RFC 4514), such as “%s”, from “%s” on"),
  N_ ("at most %s names are possible"),
  N_ ("“%s” is no DNS name"),
  N_ ("“%s” is no IPv4 or IPv6 address"),
  N_ ("“%s” is no email address in ASCII"),
  N_ ("A certificate needs a subject: give the option %s"),
  N_ ("A certificate needs a subject or a name: give the option %s, %s, %s or %s"),
  N_ ("A request needs a subject or a name: give the option %s, %s, %s or %s"),
  N_ ("there are none in PEM"),
  N_ ("the first one is for another key"),
  N_ ("at most %s of them are possible"),
  N_ ("they have more than the 96 KiB that peers take"),
  N_ ("has no certificate"),
  N_ ("none of the certificates belongs to the private key"),
  N_ ("has too many certificates of one name to find out which of them issued another: leave out "
      "what does not belong to the chain"),

  /* Files with a key. */
  N_ ("is no PEM"),
  N_ ("is neither PEM nor PKCS#12"),
  N_ ("is cut off: there is no “%s”"),
  N_ ("is damaged: what stands between “%s” and its end is no base64"),
  N_ ("has more than the %s parts that are possible"),
  N_ ("has more than the %s certificates that are possible"),
  N_ ("has more than one private key; only the one that is meant must be in it"),
  N_ ("has no private key; it must be there together with its certificate"),
  N_ ("has no certificate; it must be there together with its private key"),
  N_ ("has a certificate request, and no certificate: an authority makes that of the request"),
  N_ ("is PKCS#12, and not PEM with a certificate and its private key"),
  N_ ("has an encrypted private key, which is not possible here: decrypt it, or import it as a "
      "credential"),
  N_ ("is encrypted, and needs its passphrase"),
  N_ ("is protected with a passphrase, and needs its passphrase"),
  N_ ("the passphrase is wrong"),
  N_ ("the passphrase is wrong, or the file was written with it in another character encoding"),
  N_ ("the passphrase has a NUL byte in it"),
  N_ ("is encrypted with %s, which cannot be read here"),
  N_ ("asks for %s or more iterations of its key derivation; at most %s in all are possible"),
  N_ ("cannot be read with this passphrase: %s; if it is right, “%s” writes it anew"),
  N_ ("its key cannot be derived from the passphrase: %s"),
  N_ ("certificate number %s cannot be read: %s"),
  N_ ("the private key is damaged: its numbers do not fit each other"),
  N_ ("the private key cannot be read: %s"),
  N_ ("the private key cannot be read, and none of the certificates belongs to it"),
  N_ ("the private key is of a kind that TLS does not use (RSA, ECDSA, Ed25519 and Ed448 are "
      "possible)"),
  N_ ("the private key is of a kind that TLS does not use: “%s” (RSA, ECDSA, Ed25519 and Ed448 are "
      "possible)"),
  N_ ("the private key is on the curve %s, which is not possible here (P-256, P-384 and P-521 "
      "are)"),
  N_ ("an RSA key must have %s to %s bits; this one has %s"),
  N_ ("is an RSA key of more than two primes, which cannot be used here: a new key with a new "
      "certificate is needed"),
  N_ ("is an RSA key that lacks some of its numbers (primes, exponents, coefficient), and cannot "
      "be "
      "used here: it has to be exported with them"),
  N_ ("is damaged: it begins like PKCS#12, but cannot be read"),
  N_ ("is cut off: it begins like PKCS#12, and ends too early"),
  N_ ("is damaged: the passphrase opens it, but its MAC does not fit"),
  N_ ("is damaged: what says how it is encrypted cannot be read"),
  N_ ("is damaged: its encrypted part is not whole"),
  N_ ("is damaged: it is decrypted, but its end is not as it should be"),
  N_ ("is damaged: its PKCS#12 is no base64"),
  N_ ("has bags within bags, deeper than is possible"),
  N_ ("has more than 31 certificates in one part, which cannot be read"),
  N_ ("has more than 32 parts, which is more than is possible"),
  N_ ("has a part that cannot be read: %s"),
  N_ ("has a MAC (PBMAC1) that cannot be read"),
  N_ ("has a MAC of a kind that cannot be verified (%s)"),
  N_ ("is PKCS#12 with something behind its end that does not belong there (size: %s)"),
  N_ ("is PKCS#12 with %s bytes behind its end, which do not belong there"),
  N_ ("“%s” writes it anew"),
  N_ ("has a private key of %s bytes, more than any that is possible"),
  N_ ("has a larger private key than any that is possible"),
  N_ ("is an EC key with explicit parameters in place of the name of its curve, and none of the "
      "certificates belongs to it; “%s” rewrites it"),
  N_ ("is an EC key without its public key, and none of the certificates belongs to it; “%s” adds "
      "it"),
  N_ ("is an EC key whose public key is a compressed point, and none of the certificates belongs "
      "to "
      "it; “%s” rewrites it"),
  N_ ("is base64 without the lines that make PEM of it; “%s” decodes it"),
  N_ ("has a key that only a TPM can use; link it as a key of a PKCS#11 token"),
  N_ ("is a public key for SSH, not a private key"),
  N_ ("is a public key in DER, not a private key"),
  N_ ("has a private key in the form of OpenSSH; “%s” rewrites a copy of it"),
  N_ ("has a private key in a form that is not known, “%s”; “%s” may rewrite it"),
  N_ ("is a private key in DER, without a certificate; “%s” makes PEM of it, to which the "
      "certificate is added"),
  N_ ("is an encrypted private key in DER, without a certificate; “%s” makes PEM of it, to which "
      "the certificate is added"),
  N_ ("is a certificate, or a request for one, in DER, without a private key; “%s” makes PEM of a "
      "certificate, to which the private key is added"),
  N_ ("is PKCS#7, which has certificates and no private key; “%s” makes PEM of it, to which the "
      "private key is added"),
  N_ ("is text in UTF-16; “%s” rewrites it"),
  N_ ("is a Java keystore (JKS); “%s” rewrites it"),
  N_ ("is a Java keystore (JCEKS); “%s” rewrites it"),

  /* Tokens. */
  N_ ("it must not have the attribute %s: a PIN is given by the option “pin”, or it is in the PIN "
      "file of the configuration"),
  N_ ("it must not have the attribute %s: the configuration says which modules there are"),
  N_ ("it must be UTF-8"),
  N_ ("the attribute “%s” is not supported"),
  N_ ("each attribute must have a “=”"),
  N_ ("it has the attribute %s twice"),
  N_ ("its attribute %s must not be empty"),
  N_ ("its attribute %s must be UTF-8"),
  N_ ("a “%s” in its attribute %s must have two hexadecimal digits after it"),
  N_ ("it must not be longer than 1024 bytes"),
  N_ ("it must begin with “%s”"),
  N_ ("it must name the token, by its label: “%s”"),
  N_ ("it must name the key, by its label or its id: “%s” or “%s”"),
  N_ ("it must be that of a private key: “%s”, or no type"),
  N_ ("The token “%s” is not there, or has no such key"),
  N_ ("The token “%s” is not there, or has no such key (%s)"),
  N_ ("The token “%s” is not there: no PKCS#11 module is loaded (see [Tokens] Modules in the "
      "configuration)"),
  N_ ("The token “%s” is not there: its PKCS#11 module cannot be used, and the service's journal "
      "says why"),
  N_ ("The token “%s” has another key than that of the credential: is it the right token?"),
  N_ ("The token “%s” has locked its PIN: it must be unblocked with the token's own tools"),
  N_ ("The token “%s” was not told the PIN: it is empty, too long or no text"),
  N_ ("The token “%s” cannot use the key: %s"),
  N_ ("The token “%s” cannot be used now: %s"),
  N_ ("The token “%s” wants its PIN: the option “pin” has to give it"),
  N_ ("The token “%s” wants its PIN: unlock the credential with it, or put it into the PIN file of "
      "the configuration"),
  N_ ("The token “%s” wants its PIN; the PIN file of the configuration must not be used, and the "
      "service's journal says why"),
  N_ ("The token “%s” wants its PIN, and a wrong one would lock it for good: it must be given by "
      "somebody who knows it"),
  N_ ("The token “%s” refused the PIN"),
  N_ ("The token “%s” refused the PIN before; it is not tried again"),
  N_ ("The token “%s” refused the PIN of the PIN file; it is not tried again until the file has "
      "another one"),
  N_ ("The token “%s” was opened without a PIN that the service knows"),
  N_ ("The token “%s” is open, and too many wrong PINs were given for it: try again later"),
  N_ ("The token “%s” is open with another PIN than the one that was given"),
  N_ ("The module of the token “%s” is not used any more"),
  N_ ("The module of the token is not used any more"),
  N_ ("The process of the token's module ended"),
  NULL,
};
