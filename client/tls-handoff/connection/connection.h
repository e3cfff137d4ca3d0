/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "record/record-stream.h"
#include "tls-handoff-connection.h"

/* The inside of a TlsHandoffConnection, which these files share:
 * connection.c                     what clients and servers have in common
 * client-connection.c              what only clients have, and
 * server-connection.c              only servers
 * connection-handshake.c           the handshake's states, and what waits for them
 * connection-flight.c              the handshake itself
 * connection-trust.c               whom the application trusts
 * connection-review.c              what the application says to a certificate
 * connection-close.c               closing one direction or both
 * connection-streams.c             the two streams
 * connection-source.c              their GSources
 *
 * Threads: what the application sets is set before the handshake starts, and only read from then
 * on. All below `lock` is guarded by it, except that `stream` and `result` never change once they
 * are set, so that they may be used without. Nothing that blocks or calls back is done with it
 * held. */

/* NOT_STARTED → RUNNING → DONE or FAILED, for good: a socket on which a handshake failed is of no
 * more use. */
typedef enum
{
  HANDSHAKE_NOT_STARTED,
  HANDSHAKE_RUNNING,
  HANDSHAKE_DONE,
  HANDSHAKE_FAILED,
} HandshakeState;

struct _TlsHandoffConnection
{
  GTlsConnection parent_instance;

  GIOStream *base_io_stream; /* (owned) (nullable) */
  gboolean is_server;
  GSocketConnectable *server_identity; /* (owned) (nullable): a client's */
  TlsHandoffManager *manager;          /* (owned) (nullable): made for the handshake, then */
  TlsHandoffHandshakeOptions *options; /* (owned) (nullable) */
  TlsHandoffHandshakeFlags flags;
  char **advertised_protocols;  /* (owned) (nullable) */
  GTlsCertificate *certificate; /* (owned) (nullable) */
  gboolean database_is_set;     /* or it is the default one, which is not loaded for that */
  GTlsDatabase *database;       /* (owned) (nullable): if it is set; NULL for nobody */
  GTlsInteraction *interaction; /* (owned) (nullable) */
  gboolean require_close_notify;
  int rehandshake_mode; /* a GTlsRehandshakeMode: deprecated, and without effect in GIO too */
  GTlsCertificateFlags validation_flags;      /* a client's */
  GTlsAuthenticationMode authentication_mode; /* a server's */

  GInputStream *input;   /* (owned) */
  GOutputStream *output; /* (owned) */
  gboolean disposing;    /* closing must not block any more */

  GMutex lock;
  HandshakeState state;
  GThread *handshake_thread;           /* who started a handshake that is RUNNING */
  GCancellable *handshake_cancellable; /* (owned): stops it */
  GCancellable *handshake_ended; /* (owned): “cancelled” when it is over, to wake all waiters */
  GError *handshake_error;       /* (owned) (nullable): if FAILED */
  gboolean handshake_refused;    /* if FAILED: by our side, which sent an alert */
  TlsHandoffHandshakeResult *result; /* (owned) (nullable): if DONE */
  HandoffRecordStream *stream;       /* (owned) (nullable): if DONE */
  GPtrArray *peer_certificates;      /* (owned) (nullable) (element-type GBytes): DER */
  GTlsCertificate *peer_certificate; /* (owned) (nullable): made of them when asked for */
  GTlsCertificateFlags peer_certificate_errors;
  GTlsDatabase *judge;          /* (owned) (nullable): of the handshake: an application's own */
  gboolean judged;              /* by that, or with nobody to trust: then ours count, */
  GTlsCertificateFlags verdict; /* not what the service found */
  GError *judge_failure;        /* (owned) (nullable): why the database came to none */
  gboolean read_closed;
  gboolean write_closed;
  gboolean close_base_then; /* when the handshake that is RUNNING lets go of the base stream */
};

HandshakeState handoff_connection_get_state (TlsHandoffConnection *self);

/* The socket below; NULL if the base stream is something else than a socket's own. */
GSocket *handoff_connection_get_socket (TlsHandoffConnection *self);

/* Both join a handshake that is running already, and succeed if it is done. */
gboolean handoff_connection_handshake (TlsHandoffConnection *self,
                                       GCancellable *cancellable,
                                       GError **error);
void handoff_connection_handshake_async (TlsHandoffConnection *self,
                                         int io_priority,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
gboolean handoff_connection_handshake_finish (TlsHandoffConnection *self,
                                              GAsyncResult *result,
                                              GError **error);
/* Before each read or write: whether the handshake is done. Starts it if need be; waits for it if
 * blocking, else G_IO_ERROR_WOULD_BLOCK. */
gboolean handoff_connection_ensure_handshake (TlsHandoffConnection *self,
                                              gboolean blocking,
                                              GCancellable *cancellable,
                                              GError **error);
/* Stops a handshake that is running. */
void handoff_connection_abort_handshake (TlsHandoffConnection *self);

/* For the state RUNNING: does the handshake; or starts it in the thread-default main context. */
void handoff_connection_run_handshake (TlsHandoffConnection *self, GCancellable *cancellable);
void handoff_connection_start_handshake (TlsHandoffConnection *self, GCancellable *cancellable);
/* What came of it; result and error are consumed, one of them is NULL. received: (nullable):
 * records that were read already. blocking: whether closing the base stream may block. */
void handoff_connection_end_handshake (TlsHandoffConnection *self,
                                       TlsHandoffHandshakeResult *result,
                                       GBytes *received,
                                       GError *error,
                                       gboolean blocking);

/* The property database: GIO's default one, unless another or none was set. (transfer full)
 * (nullable) */
GTlsDatabase *handoff_connection_dup_database (TlsHandoffConnection *self);
/* database: (nullable): NULL trusts nobody */
void handoff_connection_set_database (TlsHandoffConnection *self, GTlsDatabase *database);
/* The deprecated property use-system-certdb: whether the database is the default one; and back to
 * that, or none instead of it. */
gboolean handoff_connection_get_use_system_certdb (TlsHandoffConnection *self);
void handoff_connection_set_use_system_certdb (TlsHandoffConnection *self, gboolean use);
/* For the handshake: what the service is to trust, and who judges if that is not the service.
 * trust_anchors: (out) (transfer full) (nullable): NULL for what the options say, empty for nobody
 */
gboolean handoff_connection_resolve_trust (TlsHandoffConnection *self,
                                           GPtrArray **trust_anchors,
                                           GError **error);

/* Of the signal accept-certificate. */
gboolean handoff_connection_has_handler (TlsHandoffConnection *self);
/* Whether the service has to ask about a certificate that it does not trust. */
gboolean handoff_connection_wants_review (TlsHandoffConnection *self);
/* Whether the connection goes on all the same. details: a{sv}, of the state “certificate-review”.
 * Blocks as the application's database does. */
gboolean handoff_connection_review (TlsHandoffConnection *self, GVariant *details);
/* The same without blocking; func is called in the thread-default main context. */
typedef void (*HandoffReviewedFunc) (gboolean accept, gpointer user_data);
void handoff_connection_review_async (TlsHandoffConnection *self,
                                      GVariant *details,
                                      HandoffReviewedFunc func,
                                      gpointer user_data);

typedef enum
{
  HANDOFF_CLOSE_READ = 1 << 0,
  HANDOFF_CLOSE_WRITE = 1 << 1,
  HANDOFF_CLOSE_BOTH = HANDOFF_CLOSE_READ | HANDOFF_CLOSE_WRITE,
} HandoffCloseDirections;

/* Closing the writing direction sends a close_notify; when both are closed, so is the base stream.
 */
gboolean handoff_connection_close (TlsHandoffConnection *self,
                                   HandoffCloseDirections directions,
                                   GCancellable *cancellable,
                                   GError **error);
/* source_object: whose task it is */
void handoff_connection_close_async (TlsHandoffConnection *self,
                                     gpointer source_object,
                                     HandoffCloseDirections directions,
                                     int io_priority,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);

/* Whether the base stream can be polled for reading (G_IO_IN) or writing (G_IO_OUT). If not, it can
 * only be read or written by blocking. */
gboolean handoff_connection_can_poll (TlsHandoffConnection *self, GIOCondition condition);

GInputStream *handoff_input_stream_new (TlsHandoffConnection *connection);
GOutputStream *handoff_output_stream_new (TlsHandoffConnection *connection);

/* Ready when a read (G_IO_IN) or write (G_IO_OUT) on pollable_stream is worth trying: a GSource of
 * type GPollableSourceFunc. */
GSource *handoff_connection_create_source (TlsHandoffConnection *self,
                                           GObject *pollable_stream,
                                           GIOCondition condition,
                                           GCancellable *cancellable);
