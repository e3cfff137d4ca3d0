/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "record/record-stream.h"
#include "tls-handoff-handshake-options.h"
#include "tls-handoff-handshake-result.h"
#include "tls-handoff-manager.h"

/* What a TlsHandoffConnection holds. From the top, and each uses only those below it:
 *
 * client-connection, server-connection   what only clients have, and only servers
 * connection             the public type: what clients and servers have in common
 * connection-streams     the two streams
 * connection-source      their GSources
 * connection-close       closing one direction or both
 * connection-handshake   the handshake's states, and what waits for them
 * connection-outcome     what a handshake that ended leaves in the connection
 * connection-flight      the handshake itself
 * connection-trust       whom the application trusts
 * connection-review      what the application says to a certificate
 * connection-certificate what our side authenticates with
 * connection-question    where the application is asked
 * base-stream, flight-thread, handshake-turn, socket-linger, gio-mapping
 *                        what knows of no connection
 *
 * A direction is G_IO_IN or G_IO_OUT.
 *
 * Threads: what the application sets is set before the handshake starts, and only read from then
 * on; but for `certificate`, which is guarded by `lock`. So is all below that, except that `stream`
 * and `result` never change once they are set, so that they may be used without. Nothing that
 * blocks or calls back is done with it held. No other lock is taken under it, but for the reading
 * one of `stream`, which is only tried.
 */

/* NOT_STARTED → RUNNING → DONE or FAILED, for good: after a failed handshake, the socket is of no
 * more use. */
typedef enum
{
  HANDSHAKE_NOT_STARTED,
  HANDSHAKE_RUNNING,
  HANDSHAKE_DONE,
  HANDSHAKE_FAILED,
} HandshakeState;

/* The public type under a name of its own: the files below it do not need its header. */
typedef struct _TlsHandoffConnection HandoffConnection;

/* See connection-question.h. */
typedef struct
{
  /* Asks the application. If blocking, the answer is there when it returns. */
  void (*ask) (HandoffConnection *self, gboolean blocking, gpointer user_data);
  /* Goes on, in the thread of the handshake: with the answer, or without one if the handshake was
   * cancelled before. */
  void (*answered) (gpointer user_data);
} HandoffQuestion;

struct _TlsHandoffConnection
{
  GTlsConnection parent_instance;

  GIOStream *base_io_stream; /* (owned) (nullable) */
  gboolean is_server;
  GSocketConnectable *server_identity; /* (owned) (nullable): a client's */
  TlsHandoffManager *manager; /* (owned) (nullable): made for the handshake, then, with the lock */
  TlsHandoffHandshakeOptions *options; /* (owned) (nullable) */
  TlsHandoffHandshakeFlags flags;
  char **advertised_protocols;  /* (owned) (nullable) */
  GTlsCertificate *certificate; /* (owned) (nullable): guarded by the lock */
  gboolean database_is_set; /* otherwise it is the default one, which is not loaded to know that */
  GTlsDatabase *database;   /* (owned) (nullable): if it is set; NULL for nobody */
  GTlsInteraction *interaction; /* (owned) (nullable) */
  gboolean require_close_notify;
  int rehandshake_mode; /* a GTlsRehandshakeMode: deprecated, and without effect in GIO too */
  GTlsCertificateFlags validation_flags;      /* a client's */
  GTlsAuthenticationMode authentication_mode; /* a server's */

  GInputStream *input;   /* (owned) */
  GOutputStream *output; /* (owned) */
  gboolean disposing;    /* closing must not block any more */

  /* Set when the handshake starts. */
  GMainContext *context;        /* (owned) (nullable): where the application is asked; NULL if a
                                 * blocking call runs the handshake */
  GMainContext *flight_context; /* (owned): where the handshake runs */
  /* Of its thread. */
  GSource *withdrawal; /* (owned) (nullable): of the question, when the handshake is cancelled */
  GSource *asking;     /* (owned) (nullable): asks the question in context */

  GMutex lock;
  GCond changed; /* the state; that there is a question; or that a waiter was cancelled */
  HandshakeState state;
  HandoffQuestion question; /* its ask is NULL if there is none that was not answered */
  gpointer question_data;
  guint n_questions;           /* that were posed so far */
  GThread *asked_thread;       /* (nullable): where the application was asked, and did not answer */
  gboolean changes_are_untold; /* of properties, by the handshake's end */
  GCancellable *handshake_cancellable; /* (owned): stops it */
  GCancellable *handshake_ended; /* (owned): “cancelled” when all is over: wakes all waiters */
  GError *handshake_error;       /* (owned) (nullable): if FAILED */
  GVariant *error_details;    /* (owned) (nullable): a{sv}, if FAILED: what came with the error */
  gboolean handshake_refused; /* if FAILED: by our side, which sent an alert */
  TlsHandoffHandshakeResult *result; /* (owned) (nullable): if DONE */
  HandoffRecordStream *stream;       /* (owned) (nullable): if DONE */
  GPtrArray *peer_certificates;      /* (owned) (nullable) (element-type GBytes): DER */
  GTlsCertificate *peer_certificate; /* (owned) (nullable): made of them when asked for */
  GTlsCertificateFlags peer_certificate_errors;
  const char *trusted; /* (nullable): whose authorities the service was told to trust, in place of
                        * the system's; for people */
  GTlsDatabase *judge; /* (owned) (nullable): the application's own database, or, of a server
                        * without one, GIO's default one, for the handshake */
  const char *judge_name;         /* for people, if there is a judge */
  gboolean judged;                /* by the judge */
  GTlsCertificateFlags verdict;   /* if judged: counts in place of what the service found */
  GError *judge_failure;          /* (owned) (nullable): why the database came to no verdict */
  gboolean certificate_requested; /* by the server, of us; or we missed the client's */
  gboolean certificate_named;     /* the service has, or chose, something to authenticate us with */
  GError *interaction_error;      /* (owned) (nullable): why the application chose nothing */
  GPtrArray *accepted_cas; /* (owned) (nullable) (element-type GBytes): names that came with the
                              request */
  gboolean data_came;      /* from the peer; atomic, too */
  gboolean read_closed;
  gboolean write_closed;
  gboolean close_base_then; /* when the running handshake lets go of the base stream */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffConnection, g_object_unref)
