/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshaker/handshaker.h"
#include "link/handshaker-messages.h"
#include "link/link.h"
#include "process/process.h"

/* A handshaker, in this process or as the program that it is, and the test in place of its broker,
 * over a real link. */

#define TEST_UID 1000
#define TEST_SLOT 5
/* The number of the caller that there is. */
#define TEST_CALLER 77
/* Whom the trust store's authority vouches for. */
#define TEST_IDENTITY "localhost"

typedef struct _HandshakerTest HandshakerTest;
struct _HandshakerTest
{
  HandoffHandshaker *handshaker; /* (owned) (nullable): in this process */
  HandoffProcess *process;       /* (owned) (nullable): or there */
  HandoffLink *link;             /* (owned): the broker's end */
  GString *events;               /* (owned): what the handshaker said, a line each */
  GError *end;                   /* (owned) (nullable): why the link has ended */

  guint answer;              /* HandoffHandshakerAnswer, to all questions */
  gboolean keeps_questions;  /* they are not answered */
  HandoffLinkCall *question; /* (owned) (nullable): the last one, if it was kept */
  guint64 counts[4];         /* of the last audit message */
  GString *audit;            /* (owned): what the entries say */

  int places[2];                 /* the handshaker's end (-1 when it has it), the broker's */
  GThread *lender;               /* (owned) (nullable): gives places */
  gint n_free[HANDOFF_N_PLACES]; /* (atomic) */
  gint n_asked;                  /* (atomic) */

  char *trust_pem; /* (owned) */
  char *chain_pem; /* (owned): of TEST_IDENTITY */
  char *key_pem;   /* (owned) */

  /* (nullable): of a test: whether it has taken the message */
  gboolean (*take) (HandshakerTest *f, HandoffLinkMessage *message);
  gpointer data;
};

/* What came of a request to the handshaker. */
typedef struct
{
  gboolean is_done;
  GVariant *body; /* (owned) (nullable) */
  GError *error;  /* (owned) (nullable) */
  int fd;         /* (owned): -1 without */
} HandshakerReply;

void handshaker_reply_clear (HandshakerReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HandshakerReply, handshaker_reply_clear)

/* A spare without a policy. set_up and tear_down may be those of a GTest case. is_program:
 * (nullable): NULL: in this process */
void handshaker_test_set_up (HandshakerTest *f, gconstpointer is_program);
void handshaker_test_tear_down (HandshakerTest *f, gconstpointer is_program);

/* Runs the main loop until that is TRUE. */
void handshaker_test_wait_for (const gboolean *condition);
/* Until that is among the events. */
void handshaker_test_wait_for_event (HandshakerTest *f, const char *event);
/* How many of the events begin like that. */
guint handshaker_test_count_events (HandshakerTest *f, const char *event);

/* Sends a request. fds: (transfer full). reply: (out): filled in later */
void handshaker_test_begin (HandshakerTest *f,
                            guint row,
                            GVariant *body,
                            const int *fds,
                            guint n_fds,
                            HandshakerReply *reply);
/* The same, and waits for the answer. */
void handshaker_test_request (HandshakerTest *f, guint row, GVariant *body, HandshakerReply *reply);
void handshaker_test_send (HandshakerTest *f, guint row, GVariant *body);

/* trust: (nullable): PEM */
void handshaker_test_begin_policy (HandshakerTest *f,
                                   const char *configuration,
                                   const char *trust,
                                   HandshakerReply *reply);
/* The same, and waits for the answer. */
void handshaker_test_send_policy (HandshakerTest *f,
                                  const char *configuration,
                                  const char *trust,
                                  HandshakerReply *reply);
/* With a policy, a user, and a caller. */
void handshaker_test_give_user (HandshakerTest *f, const char *configuration);
/* A method call of the caller's. fd: (transfer full): -1 without */
void handshaker_test_call (HandshakerTest *f,
                           const char *path,
                           const char *interface_name,
                           const char *method,
                           GVariant *arguments,
                           int fd,
                           HandshakerReply *reply);
/* HandshakeAsClient on that socket. fd: (transfer full). options: as text */
void handshaker_test_begin_handshake (
    HandshakerTest *f, const char *identity, const char *options, int fd, HandshakerReply *reply);

/* The handshaker ends; runs it to its end. What a program thinks of that nobody knows: it is done
 * if it says so. */
HandoffHandshakerEnd handshaker_test_run (HandshakerTest *f);

/* Opens a channel of the caller's: the application's end. The recipient key is one that nobody has
 * the private key of. */
int handshaker_test_open_channel (HandshakerTest *f, guint64 number);
/* HandshakeAsClient on a channel. fd: (transfer full) */
void handshaker_test_send_handshake (int channel, guint32 serial, int fd);
/* Waits for the next message: its kind, HandoffChannelKind. body: (out) (nullable) */
guint handshaker_test_receive (HandshakerTest *f, int channel, GVariant **body);

/* The same, with a server, to its end: the reply has come. */
void handshaker_test_do_handshake (HandshakerTest *f, int channel, guint32 serial);

/* A TLS client that trusts everybody, likewise. */
GThread *handshaker_test_connect (int *socket);
/* A TLS server at the other end of a stream socket pair, which is TEST_IDENTITY, on a thread of its
 * own: does one handshake, and closes. (transfer full) socket: (out): the client's end */
GThread *handshaker_test_serve (HandshakerTest *f, int *socket);
