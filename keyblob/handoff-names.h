/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Every name that crosses the bus, in one place: what the service exports and the library asks for.
 */

#pragma once

#define HANDOFF_BUS_NAME "org.tlshandoff.Handoff1"
#define HANDOFF_ROOT_PATH "/org/tlshandoff/Handoff1"
#define HANDOFF_SESSIONS_PATH HANDOFF_ROOT_PATH "/sessions"
#define HANDOFF_CREDENTIALS_PATH HANDOFF_ROOT_PATH "/credentials"
#define HANDOFF_MANAGER_INTERFACE HANDOFF_BUS_NAME ".Manager"
#define HANDOFF_SESSION_INTERFACE HANDOFF_BUS_NAME ".Session"
#define HANDOFF_CREDENTIAL_INTERFACE HANDOFF_BUS_NAME ".Credential"
#define HANDOFF_ERROR_PREFIX HANDOFF_BUS_NAME ".Error."
/* What a service says that ends, and has given its name back, to a call that came too late: nothing
 * was begun. */
#define HANDOFF_ERROR_ENDING "org.freedesktop.DBus.Error.NameHasNoOwner"

#define HANDOFF_ACTION_HANDSHAKE_AS_CLIENT HANDOFF_BUS_NAME ".handshake-as-client"
#define HANDOFF_ACTION_HANDSHAKE_AS_SERVER HANDOFF_BUS_NAME ".handshake-as-server"
#define HANDOFF_ACTION_USE_OWN_CREDENTIAL HANDOFF_BUS_NAME ".use-own-credential"
#define HANDOFF_ACTION_USE_ANY_CREDENTIAL HANDOFF_BUS_NAME ".use-any-credential"
#define HANDOFF_ACTION_MANAGE_OWN_CREDENTIALS HANDOFF_BUS_NAME ".manage-own-credentials"
#define HANDOFF_ACTION_MANAGE_ANY_CREDENTIALS HANDOFF_BUS_NAME ".manage-any-credentials"
#define HANDOFF_ACTION_INSPECT_SESSIONS HANDOFF_BUS_NAME ".inspect-sessions"
#define HANDOFF_ACTION_RELOAD HANDOFF_BUS_NAME ".reload"

/* Handshake options (see the Manager interface's documentation). */
#define HANDOFF_OPTION_APPLICATION_PROTOCOL_OPTIONAL                                               \
  "application-protocol-optional"                                    /* b, server only */
#define HANDOFF_OPTION_APPLICATION_PROTOCOLS "application-protocols" /* as */
#define HANDOFF_OPTION_ASK_FOR_CREDENTIAL "ask-for-credential"       /* b, client only */
#define HANDOFF_OPTION_BLOB_FORMAT "blob-format"                     /* u */
#define HANDOFF_OPTION_CIPHER_SUITES "cipher-suites"                 /* aq */
#define HANDOFF_OPTION_CLIENT_CERTIFICATE "client-certificate"       /* s, server only */
#define HANDOFF_OPTION_CREDENTIAL "credential"                       /* s, label or object path */
#define HANDOFF_OPTION_CREDENTIAL_CHOICE "credential-choice"         /* s, client only */
#define HANDOFF_OPTION_CREDENTIAL_PEM "credential-pem"               /* h */
#define HANDOFF_OPTION_ERROR_DETAILS "error-details"                 /* b */
#define HANDOFF_OPTION_MAXIMUM_PROTOCOL "maximum-protocol"           /* s */
#define HANDOFF_OPTION_MINIMUM_PROTOCOL "minimum-protocol"           /* s */
#define HANDOFF_OPTION_OUTLIVE_CALLER "outlive-caller"               /* b, stepwise only */
#define HANDOFF_OPTION_RESUMPTION "resumption"                       /* b */
#define HANDOFF_OPTION_REVIEW_CERTIFICATE "review-certificate"       /* b */
#define HANDOFF_OPTION_SERVER_NAME "server-name"                     /* s, client only */
#define HANDOFF_OPTION_TIMEOUT "timeout"                             /* u, seconds */
#define HANDOFF_OPTION_TRANSIENT "transient"                         /* b */
#define HANDOFF_OPTION_TRUST_ANCHORS "trust-anchors"                 /* aay, DER */
#define HANDOFF_OPTION_TRUST_NOBODY "trust-nobody"                   /* b */
#define HANDOFF_OPTION_WAIT "wait"                                   /* b */

/* Of application-protocols: what GnuTLS 3.7 can offer (RFC 7301 itself allows 255 bytes). */
#define HANDOFF_MAX_APPLICATION_PROTOCOLS 8
#define HANDOFF_MAX_APPLICATION_PROTOCOL_SIZE 31 /* bytes */

/* Of OpenChannel(): its option, and the details that it returns. */
#define HANDOFF_OPTION_RECIPIENT_KEY "recipient-key"       /* ay, HANDOFF_RECIPIENT_KEY_SIZE */
#define HANDOFF_DETAIL_ENCAPSULATED_KEY "encapsulated-key" /* ay, as large */
#define HANDOFF_DETAIL_MAXIMUM_CALLS "maximum-calls"       /* u, under way at once */

/* The answer of ProvideCredential(): HANDOFF_OPTION_CREDENTIAL, HANDOFF_OPTION_CREDENTIAL_PEM, or:
 */
#define HANDOFF_ANSWER_AUTOMATIC "automatic" /* b */

/* Options of the methods that make, list and certify credentials, and of ListSessions(). */
#define HANDOFF_OPTION_AFTER "after"                     /* t of sessions, (so) of credentials */
#define HANDOFF_OPTION_ALL "all"                         /* b */
#define HANDOFF_OPTION_CERTIFICATES "certificates"       /* aay, DER */
#define HANDOFF_OPTION_DAYS "days"                       /* u */
#define HANDOFF_OPTION_DNS_NAMES "dns-names"             /* as */
#define HANDOFF_OPTION_EMAIL_ADDRESSES "email-addresses" /* as */
#define HANDOFF_OPTION_IP_ADDRESSES "ip-addresses"       /* as */
#define HANDOFF_OPTION_MAXIMUM "maximum"                 /* u */
#define HANDOFF_OPTION_OWNER "owner"                     /* u, uid */
#define HANDOFF_OPTION_PASSPHRASE "passphrase"           /* h */
#define HANDOFF_OPTION_PIN "pin"                         /* h */
#define HANDOFF_OPTION_ROLES "roles"                     /* as */
#define HANDOFF_OPTION_SUBJECT "subject"                 /* s, RFC 4514 */

/* The most entries that one call of ListCredentials() or ListSessions() returns. */
#define HANDOFF_LIST_PAGE 256

/* Details of a handshake, in its reply or in its error. */
#define HANDOFF_DETAIL_ALERT "alert"                                     /* s, RFC 8446 name */
#define HANDOFF_DETAIL_APPLICATION_PROTOCOL "application-protocol"       /* s */
#define HANDOFF_DETAIL_CERTIFICATE_AUTHORITIES "certificate-authorities" /* aay, DER names */
#define HANDOFF_DETAIL_CERTIFICATE_REQUESTED "certificate-requested"     /* b, by the server */
#define HANDOFF_DETAIL_CIPHER_SUITE "cipher-suite"                       /* s */
#define HANDOFF_DETAIL_CREDENTIAL "credential"                           /* s, label */
#define HANDOFF_DETAIL_ERROR "error"                                     /* s, D-Bus error name */
#define HANDOFF_DETAIL_KEY_BLOB "key-blob"                               /* h */
#define HANDOFF_DETAIL_MESSAGE "message"                                 /* s, for people */
#define HANDOFF_DETAIL_OCSP_PROBLEM "ocsp-problem"                       /* s */
#define HANDOFF_DETAIL_OCSP_STATUS "ocsp-status"                         /* s */
#define HANDOFF_DETAIL_PEER_CERTIFICATES "peer-certificates"     /* aay, DER, the peer's first */
#define HANDOFF_DETAIL_PEER_PROTOCOL "peer-protocol"             /* s, if it is not TLS */
#define HANDOFF_DETAIL_PROTOCOL "protocol"                       /* s */
#define HANDOFF_DETAIL_RESUMED "resumed"                         /* b */
#define HANDOFF_DETAIL_SERVER_NAME "server-name"                 /* s, as sent (A-labels) */
#define HANDOFF_DETAIL_VERIFICATION_ERRORS "verification-errors" /* as */
#define HANDOFF_DETAIL_VERIFIED_PATH "verified-path" /* au, positions in peer-certificates */

/* Handshake states. */
#define HANDOFF_STATE_CONTINUE "continue"                       /* more bytes are needed */
#define HANDOFF_STATE_CERTIFICATE_REVIEW "certificate-review"   /* the caller has to decide */
#define HANDOFF_STATE_CERTIFICATE_REQUEST "certificate-request" /* the caller has to choose */
#define HANDOFF_STATE_COMPLETE "complete"
#define HANDOFF_STATE_FAILED "failed"

/* Roles, as CreateSession() and the Role property spell them. */
#define HANDOFF_ROLE_NAME_CLIENT "client"
#define HANDOFF_ROLE_NAME_SERVER "server"

/* Whether a server asks for a client certificate. */
#define HANDOFF_CLIENT_CERTIFICATE_NONE "none"
#define HANDOFF_CLIENT_CERTIFICATE_REQUEST "request"
#define HANDOFF_CLIENT_CERTIFICATE_REQUIRE "require"

/* Whether a client that names no credential uses one of its user's all the same. */
#define HANDOFF_CREDENTIAL_CHOICE_AUTOMATIC "automatic"
#define HANDOFF_CREDENTIAL_CHOICE_CONFIGURED "configured" /* if the configuration says so */

/* Kinds of keys that the service makes. */
#define HANDOFF_KEY_TYPE_ECDSA_P256 "ecdsa-p256"
#define HANDOFF_KEY_TYPE_ECDSA_P384 "ecdsa-p384"
#define HANDOFF_KEY_TYPE_ED25519 "ed25519"
#define HANDOFF_KEY_TYPE_RSA_2048 "rsa-2048"
#define HANDOFF_KEY_TYPE_RSA_3072 "rsa-3072"
#define HANDOFF_KEY_TYPE_RSA_4096 "rsa-4096"

/* Where a credential's key is. */
#define HANDOFF_STORAGE_FILE "file"
#define HANDOFF_STORAGE_TOKEN "token"

/* What is wrong with a credential. */
#define HANDOFF_PROBLEM_NO_CERTIFICATE "no-certificate"
#define HANDOFF_PROBLEM_EXPIRED "expired"
#define HANDOFF_PROBLEM_EXPIRING "expiring" /* soon, or so far: it can be used */
#define HANDOFF_PROBLEM_LOCKED "locked"     /* the token's PIN is not known */

/* Protocols, as options and details spell them. */
#define HANDOFF_PROTOCOL_TLS1_2 "TLS1.2"
#define HANDOFF_PROTOCOL_TLS1_3 "TLS1.3"

/* Verification errors (the values of HANDOFF_DETAIL_VERIFICATION_ERRORS). */
#define HANDOFF_VERIFICATION_UNKNOWN_AUTHORITY "unknown-authority"
#define HANDOFF_VERIFICATION_WRONG_NAME "wrong-name"
#define HANDOFF_VERIFICATION_EXPIRED "expired"
#define HANDOFF_VERIFICATION_NOT_ACTIVATED "not-activated"
#define HANDOFF_VERIFICATION_REVOKED "revoked"
#define HANDOFF_VERIFICATION_INSECURE "insecure-algorithm"
#define HANDOFF_VERIFICATION_WRONG_PURPOSE "wrong-purpose"
#define HANDOFF_VERIFICATION_OCSP "ocsp-status" /* stapled status missing, invalid or outdated */
#define HANDOFF_VERIFICATION_ISSUER_NOT_AUTHORITY "issuer-not-authority"
#define HANDOFF_VERIFICATION_ISSUER_KEY_USAGE "issuer-key-usage"
#define HANDOFF_VERIFICATION_ISSUER_CONSTRAINTS "issuer-constraints" /* others than these */
#define HANDOFF_VERIFICATION_NAME_CONSTRAINTS "name-constraints"
#define HANDOFF_VERIFICATION_PATH_LENGTH "path-length"
#define HANDOFF_VERIFICATION_TLS_FEATURES "tls-features"
#define HANDOFF_VERIFICATION_CRITICAL_EXTENSION "critical-extension"
#define HANDOFF_VERIFICATION_BAD_SIGNATURE "bad-signature"
#define HANDOFF_VERIFICATION_UNKNOWN_ALGORITHM "unknown-algorithm"
#define HANDOFF_VERIFICATION_CHAIN_TOO_LONG "chain-too-long"
#define HANDOFF_VERIFICATION_MALFORMED "malformed"
#define HANDOFF_VERIFICATION_OTHER "other"

/* OCSP status (the values of HANDOFF_DETAIL_OCSP_STATUS). */
#define HANDOFF_OCSP_NONE "none"
#define HANDOFF_OCSP_GOOD "good"
#define HANDOFF_OCSP_REVOKED "revoked"
#define HANDOFF_OCSP_UNKNOWN "unknown"
#define HANDOFF_OCSP_INVALID "invalid"

/* Why an OCSP status is invalid (the values of HANDOFF_DETAIL_OCSP_PROBLEM): what the responder
 * answered in place of a status (RFC 6960 4.2.1), or what is wrong with its answer. */
#define HANDOFF_OCSP_PROBLEM_MALFORMED_REQUEST "malformed-request"
#define HANDOFF_OCSP_PROBLEM_INTERNAL_ERROR "internal-error"
#define HANDOFF_OCSP_PROBLEM_TRY_LATER "try-later"
#define HANDOFF_OCSP_PROBLEM_SIG_REQUIRED "sig-required"
#define HANDOFF_OCSP_PROBLEM_UNAUTHORIZED "unauthorized"
#define HANDOFF_OCSP_PROBLEM_MALFORMED "malformed"
#define HANDOFF_OCSP_PROBLEM_OTHER_CERTIFICATE "other-certificate"
#define HANDOFF_OCSP_PROBLEM_OTHER_SIGNER "other-signer"
#define HANDOFF_OCSP_PROBLEM_NOT_YET_VALID "not-yet-valid"
#define HANDOFF_OCSP_PROBLEM_OUTDATED "outdated"
#define HANDOFF_OCSP_PROBLEM_NOT_VERIFIED "not-verified" /* its issuer is not known for sure */

/* What a peer speaks in place of TLS (the values of HANDOFF_DETAIL_PEER_PROTOCOL). */
#define HANDOFF_PEER_PROTOCOL_HTTP "http"
#define HANDOFF_PEER_PROTOCOL_SSH "ssh"
#define HANDOFF_PEER_PROTOCOL_SMTP "smtp" /* or FTP, which begins like it */
#define HANDOFF_PEER_PROTOCOL_POP3 "pop3"
#define HANDOFF_PEER_PROTOCOL_IMAP "imap"
#define HANDOFF_PEER_PROTOCOL_TEXT "text"
#define HANDOFF_PEER_PROTOCOL_UNKNOWN "unknown"

/* Sizes, in bytes. */
#define HANDOFF_RECIPIENT_KEY_SIZE 32 /* X25519 public key, RFC 7748 section 5 */
#define HANDOFF_KEY_BLOB_MAX_SIZE (64 * 1024)
#define HANDOFF_BLOB_FORMAT 2                       /* the newest */
#define HANDOFF_STEP_INPUT_MAX_SIZE (64 * 1024)     /* of Step() */
#define HANDOFF_POST_HANDSHAKE_MAX_SIZE (64 * 1024) /* of PostHandshake() */
#define HANDOFF_CREDENTIAL_MAX_SIZE (256 * 1024)    /* of what is imported: keys and certificates */
#define HANDOFF_PASSPHRASE_MAX_SIZE 1024
#define HANDOFF_LABEL_MAX_LENGTH 64 /* characters */
#define HANDOFF_MAX_CERTIFICATES 16 /* of a credential's chain */
#define HANDOFF_MAX_REQUEST_NAMES 64
