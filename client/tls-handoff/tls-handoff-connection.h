/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-manager.h"

G_BEGIN_DECLS

#define TLS_HANDOFF_TYPE_CONNECTION (tls_handoff_connection_get_type ())
#define TLS_HANDOFF_CONNECTION(object)                                                             \
  (G_TYPE_CHECK_INSTANCE_CAST ((object), TLS_HANDOFF_TYPE_CONNECTION, TlsHandoffConnection))
#define TLS_HANDOFF_IS_CONNECTION(object)                                                          \
  (G_TYPE_CHECK_INSTANCE_TYPE ((object), TLS_HANDOFF_TYPE_CONNECTION))

/**
 * TlsHandoffConnection:
 *
 * A #GTlsConnection whose handshake the TLS Handoff service does: what
 * [class@ClientConnection] and [class@ServerConnection] have in common.
 *
 * It is used like any other #GTlsConnection: the handshake takes place when it is asked for, or
 * with the first read or write. From then on the data goes directly between this process and its
 * peer. A handshake that an asynchronous or non-blocking operation starts needs no main loop of the
 * application's: it goes on in a thread of the library's, one a process. A blocking call in the
 * same thread waits for it. The base stream must be usable in that thread.
 *
 * What the application is asked, such as #GTlsConnection::accept-certificate, it is asked in the
 * thread of the blocking call that does the handshake; or in one that waits for it, if that thread
 * may run the main context where the handshake was started; else in that context. Until it has
 * answered, blocking calls on the connection in that thread, closing it too, fail with
 * %G_IO_ERROR_FAILED, as in GIO; they would wait for themselves. g_io_stream_close_async() closes
 * when the handshake is over.
 *
 * The timeout of the base stream's #GSocket limits the handshake, from the call on, with
 * %G_IO_ERROR_TIMED_OUT. It does not run while the application is asked.
 *
 * A base stream that is a #GSocketConnection over a connected stream socket is passed to the
 * service, which then does the handshake in one go. Over any other base stream, such as a pair of
 * pipes or another TLS connection, the handshake's bytes are carried between the stream and the
 * service. If the streams of the base stream cannot be polled, non-blocking operations fail with
 * %G_IO_ERROR_NOT_SUPPORTED, and asynchronous ones need threads after all. After a handshake that
 * failed or was cancelled, the base stream cannot be used any more.
 *
 * Differences from GIO's own connections:
 *
 * - The service verifies the peer's certificate, with the system's trust store, the option
 *   `trust-anchors`, or, for clients, the authorities of a #GTlsFileDatabase. With any other
 *   #GTlsConnection:database that is not the default one, the service trusts nobody, and the
 *   database decides; so does a server's default database if a handler is connected to
 *   #GTlsConnection::accept-certificate. %NULL trusts nobody, as in GIO. Sessions that the service
 *   does not trust are not resumed. A database of the application's own together with the option
 *   `trust-anchors` is %G_IO_ERROR_NOT_SUPPORTED. #GTlsConnection::accept-certificate has GIO's
 *   meaning: the signal is emitted before anything is sent in answer to the certificate. Connect to
 *   it before the handshake starts: without a handler, the service asks nobody. The time in which a
 *   handler, or a #GTlsConnection:interaction, decides does not count against the handshake's
 *   timeout; the service's configuration limits it (DecisionTimeout). After
 *   %G_TLS_ERROR_BAD_CERTIFICATE, or an acceptance, #GTlsConnection:peer-certificate and
 *   #GTlsConnection:peer-certificate-errors say what was wrong.
 * - The private key of a #GTlsConnection:certificate is given to the service for this one
 * handshake. Better is a credential that the service keeps, so that the key is in no application:
 * the certificate of [method@Credential.get_certificate], or the option
 *   [property@HandshakeOptions:credential]. A client goes on without a certificate that has no key,
 *   and fails with %G_TLS_ERROR_CERTIFICATE_REQUIRED if the server insists; a server with one fails
 *   with %G_IO_ERROR_NOT_SUPPORTED. So does either with a key in a PKCS#11 token of the
 *   application's, a client only where the server asks for a certificate: `tls-handoff credential
 *   link` makes a credential of such a key. GIO's own connections have other errors for a
 *   certificate without a key.
 * - If the server asks for a certificate and none was set, the #GTlsConnection:interaction is
 * asked, as in GIO: in its own main context, where g_tls_interaction_invoke_request_certificate()
 * finds it. If that chooses none either, and gives no error,
 *   [method@HandshakeOptions.set_credential_choice] says what comes of it.
 * - Of #GTlsConnection:advertised-protocols, at most 8 can be offered, with names of at most 31
 *   bytes. More is a warning when it is set, and the error %G_IO_ERROR_INVALID_ARGUMENT of the
 *   handshake, before anything is sent: no protocol is left out silently.
 * - A base stream that ignores its #GCancellable holds up the end of a handshake that is cancelled
 *   or closed, until its read returns.
 * - A peer that was refused, in the handshake or later, is given time to hear of it: closing goes
 *   on reading, and drops what it reads, until the peer closes or is quiet, 2 seconds at most. An
 *   object that is freed without closing does the same in the background.
 * - g_tls_connection_get_channel_binding_data() has tls-exporter, tls-unique and
 * tls-server-end-point since 0.2, with a service of that version; a server that resumed a session
 * knows the last one, too. They came with the key blob, and are wiped with the connection.
 *
 * Errors are those that users of a #GTlsConnection expect. If the service cannot be reached, for
 * whatever reason, or cannot ask polkit, that is %G_TLS_ERROR_UNAVAILABLE; if its policy, or that
 * of the bus, denies the handshake, %G_IO_ERROR_PERMISSION_DENIED. When the bus goes, connections
 * that are there go on; when it is back, so are new handshakes.
 *
 * It cannot be derived from.
 *
 * Since: 0.1
 */
typedef struct _TlsHandoffConnection TlsHandoffConnection;
typedef struct _TlsHandoffConnectionClass TlsHandoffConnectionClass;

struct _TlsHandoffConnectionClass
{
  /*< private >*/
  GTlsConnectionClass parent_class;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsHandoffConnection, g_object_unref)

TLS_HANDOFF_AVAILABLE_IN_0_1
GType tls_handoff_connection_get_type (void) G_GNUC_CONST;
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_connection_set_options (TlsHandoffConnection *self,
                                         TlsHandoffHandshakeOptions *options);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_connection_set_flags (TlsHandoffConnection *self, TlsHandoffHandshakeFlags flags);
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffHandshakeResult *tls_handoff_connection_get_result (TlsHandoffConnection *self);
TLS_HANDOFF_AVAILABLE_IN_0_2
GVariant *tls_handoff_connection_dup_error_details (TlsHandoffConnection *self);

G_END_DECLS
