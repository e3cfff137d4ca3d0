/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The library's mark for what it exports; here too, as the service has no tls-handoff-version.h. */
#ifndef TLS_HANDOFF_AVAILABLE_IN_0_1
#define TLS_HANDOFF_AVAILABLE_IN_0_1 extern __attribute__ ((visibility ("default")))
#define TLS_HANDOFF_AVAILABLE_IN_0_2 extern __attribute__ ((visibility ("default")))
#endif

G_BEGIN_DECLS

/**
 * TLS_HANDOFF_ERROR:
 *
 * The error domain of TLS Handoff, on both sides of the bus: `TLS_HANDOFF_ERROR_TIMED_OUT` is the
 * D-Bus error `org.tlshandoff.Handoff1.Error.TimedOut`, and so on.
 */
#define TLS_HANDOFF_ERROR (tls_handoff_error_quark ())

/**
 * TlsHandoffError:
 * @TLS_HANDOFF_ERROR_FAILED: anything that none of the others says
 * @TLS_HANDOFF_ERROR_NOT_AUTHORIZED: polkit does not let this caller do that
 * @TLS_HANDOFF_ERROR_INVALID_ARGUMENT: an argument or option is wrong; the message says which and
 * what it must be
 * @TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET: the descriptor is no connected stream socket
 * @TLS_HANDOFF_ERROR_LIMIT_REACHED: a limit of the service; the message says which
 * @TLS_HANDOFF_ERROR_TIMED_OUT: the handshake did not finish in time
 * @TLS_HANDOFF_ERROR_CANCELLED: the operation was cancelled
 * @TLS_HANDOFF_ERROR_PEER_CLOSED: the peer closed the connection: during the handshake, or later
 * without a close_notify
 * @TLS_HANDOFF_ERROR_HANDSHAKE_FAILED: the handshake failed; detail `alert` names the alert, if
 * there was one
 * @TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED: the peer's certificate did not verify; details
 * `verification-errors` and `peer-certificates` say why and show it
 * @TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND: there is no such credential that this caller may use
 * @TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED: the credential's token wants a PIN
 * @TLS_HANDOFF_ERROR_NOT_SUPPORTED: this version of the service or library cannot do that
 * @TLS_HANDOFF_ERROR_KEY_BLOB_INVALID: the key blob is not sealed, damaged, or not for this import
 * key
 * @TLS_HANDOFF_ERROR_KEY_USED: the import key was used before, or belongs to the process that made
 * it (after a fork)
 * @TLS_HANDOFF_ERROR_RECORD_INVALID: the peer sent a record that must not be accepted; the message
 * names the alert
 * @TLS_HANDOFF_ERROR_ALERT_RECEIVED: the peer sent a fatal alert; detail `alert` names it
 * @TLS_HANDOFF_ERROR_CLOSED: this side of the connection is closed already
 * @TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE: polkit could not be asked whether this caller may do
 * that, so it was not done; the message says why. Since: 0.2
 *
 * What can go wrong.
 */
typedef enum
{
  TLS_HANDOFF_ERROR_FAILED,
  TLS_HANDOFF_ERROR_NOT_AUTHORIZED,
  TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
  TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET,
  TLS_HANDOFF_ERROR_LIMIT_REACHED,
  TLS_HANDOFF_ERROR_TIMED_OUT,
  TLS_HANDOFF_ERROR_CANCELLED,
  TLS_HANDOFF_ERROR_PEER_CLOSED,
  TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
  TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED,
  TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
  TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
  TLS_HANDOFF_ERROR_NOT_SUPPORTED,
  TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
  TLS_HANDOFF_ERROR_KEY_USED,
  TLS_HANDOFF_ERROR_RECORD_INVALID,
  TLS_HANDOFF_ERROR_ALERT_RECEIVED,
  TLS_HANDOFF_ERROR_CLOSED,
  TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE,
} TlsHandoffError;

/**
 * TLS_HANDOFF_N_ERRORS: (skip)
 *
 * How many codes this version has; for the library's own tables.
 */
#define TLS_HANDOFF_N_ERRORS (TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE + 1)

TLS_HANDOFF_AVAILABLE_IN_0_1
GQuark tls_handoff_error_quark (void);

/**
 * tls_handoff_error_get_details:
 * @error: (nullable): an error of any domain
 *
 * What the service says of a failed handshake beyond the message: keys as in the details of a
 * successful one (`peer-certificates`, `verification-errors`, `alert`, …).
 *
 * Returns: (transfer none) (nullable): an `a{sv}`, or %NULL if @error has none
 *
 * Since: 0.1
 */
TLS_HANDOFF_AVAILABLE_IN_0_1
GVariant *tls_handoff_error_get_details (const GError *error);

/**
 * tls_handoff_error_get_original_message:
 * @error: (nullable): an error of any domain
 *
 * The service writes its messages in English; the library translates those that it knows into the
 * language of the process. A log or a report to the developers is better off with the original.
 *
 * Returns: (transfer none) (nullable): the message as the service sent it, or %NULL if the message
 * of @error is no translation
 *
 * Since: 0.2
 */
TLS_HANDOFF_AVAILABLE_IN_0_2
const char *tls_handoff_error_get_original_message (const GError *error);

G_END_DECLS
