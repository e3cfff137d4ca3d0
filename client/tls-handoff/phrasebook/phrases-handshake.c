/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "phrasebook/library-text.h"
#include "phrasebook/phrases.h"

const char *const handoff_phrases_handshake[] = {
  /* The peer went away, or is silent. */
  N_ ("The peer closed the connection (close_notify) during the handshake"),
  N_ ("The peer closed the connection before it sent anything"),
  N_ ("The peer closed the connection during the handshake"),
  N_ ("The peer closed the connection after it sent what does not look like TLS: %s"),
  N_ ("The peer reset the connection before it sent anything"),
  N_ ("The peer reset the connection during the handshake"),
  N_ ("The peer reset the connection after it sent what does not look like TLS: %s"),
  N_ ("The connection broke during the handshake: %s"),
  N_ ("The peer did not finish the handshake within %s s"),
  N_ ("The peer did not finish the handshake within %s s: it sent nothing"),
  N_ ("The keys were not exported within %s s after the handshake began"),
  N_ ("The credential or its token was not available within %s s"),
  N_ ("The peer did not finish the handshake within %s seconds"),
  N_ ("The peer did not finish the handshake within %s seconds: it sent nothing"),
  N_ ("The keys were not exported within %s seconds after the handshake began"),
  N_ ("The server asks for a certificate, and the caller did not say within %s s (DecisionTimeout) "
      "which credential to use"),
  N_ ("The credential or its token was not available within %s seconds"),

  /* What it sent. */
  N_ ("What the peer sends does not look like TLS, but like %s: it begins with “%s”"),
  N_ ("What the peer sends does not look like TLS: it begins with the bytes %s"),
  N_ ("SMTP or FTP"),
  N_ ("plain text"),
  N_ ("The peer sent file descriptors along with the handshake: TLS has no use for them"),
  N_ ("The client began with a ClientHello in the form of SSL 2.0, which is not accepted"),
  N_ ("The peer sends DTLS, which is for datagrams, and not TLS."),
  N_ ("The client offers no version of TLS that may be used with it."),
  N_ ("The server wants %s, which may not be used with it."),
  N_ ("The peer sent a compressed certificate, which nobody asked for"),
  N_ ("The peer sent more than %s KiB without an end of the handshake"),
  N_ ("The peer sent %s (%s): at most %s are possible"),
  N_ ("an OCSP response of too many bytes"),
  N_ ("too many OCSP responses"),
  N_ ("OCSP responses with too many certificates"),
  N_ ("too many certificates"),
  N_ ("a prime of too many bits for DHE"),
  N_ ("What the peer sent cannot be read: %s"),
  N_ ("The peer's certificate needs more work than one handshake may take: %s"),
  N_ ("The peer's certificate is not meant for TLS: its key usage does not allow signing a "
      "handshake (digital signature)."),

  /* How the handshake failed. */
  N_ ("%s Alert sent: %s"),
  N_ ("The handshake failed: %s"),
  N_ ("The handshake failed: %s Alert sent: %s"),
  N_ ("The handshake failed: the peer sends nothing that continues it. Alert sent: %s"),
  N_ ("The peer ended the handshake with the alert %s"),
  N_ ("The peer ended the handshake with the alert %s: it accepts no version of TLS that may be "
      "used with it"),
  N_ ("Cannot tell what GnuTLS %s signs: it is not supported by this service"),
  N_ ("the session is resumed without a key exchange"),
  N_ ("the peer has only AES-CBC without encrypt-then-MAC, which the configuration does not allow "
      "(AllowMacThenEncrypt)"),
  N_ ("The cipher suite is %s, which the caller's record layer does not take"),
  N_ ("Cannot begin a handshake: %s"),
  N_ ("Cannot offer the application protocols: %s"),
  N_ ("Cannot send the server name: %s"),
  N_ ("Cannot set the priorities: %s"),
  N_ ("Cannot make a trust store: %s"),
  N_ ("Cannot set the trust store: %s"),
  N_ ("Cannot export a channel binding: %s"),
  N_ ("Cannot export the record keys: %s"),
  N_ ("Cannot export the record keys: they are too long for the key blob"),
  N_ ("Cannot export the record keys: the cipher suite is unknown"),

  /* Certificates that one side wants of the other. */
  N_ ("The client has no certificate, and this server requires one."),
  N_ ("The server asked for a client certificate, got none, and ended the handshake with the alert "
      "%s: %s (option %s names one)"),
  N_ ("%s asked for a client certificate, got none, and ended the handshake with the alert %s: %s "
      "(option %s names one)"),
  N_ ("no credential that its authorities issued may be used for it"),
  N_ ("no credential was named for it"),
  N_ ("There is no credential to authenticate the server with"),
  N_ ("The certificate of the credential is not meant for TLS: its key usage does not allow "
      "signing a handshake (digital signature)"),
  N_ ("The certificate of the credential “%s” is not meant for TLS: its key usage does not allow "
      "signing a handshake (digital signature)"),
  NULL,
};
