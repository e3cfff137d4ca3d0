/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "session/session-handshake.h"
#include "session/session-home.h"
#include "support/client-handshake-fixture.h"

/* The main thread's home, and one on a worker, with what they share, and a GnuTLS server in this
 * process. set_up and tear_down may be those of a GTest case. */
typedef struct
{
  ClientTest client; /* the policy, and the server; its handshake and its worker are not used */
  HandoffQuota *handshakes;
  HandoffQuota *sessions;
  HandoffCaller *caller;
  HandoffSessionContext main;
  HandoffSessionHomes *homes;
  HandoffSessionContext *home; /* on a worker; NULL when a test has removed it */

  int peer; /* the other end of the last handshake's socket; -1 without */
  GThread *peer_thread;

  /* The home's, while a handshake runs. */
  HandoffSession *session; /* (owned) (nullable) */
  /* What happened, in its order: "reply STATE ERROR", "left", "audit OUTCOME". Under the lock. */
  GMutex mutex;
  GPtrArray *events;
  /* (nullable): called by the reply, at home; progress may be stolen from */
  void (*on_reply) (HandoffHandshakeProgress *progress, gpointer fixture);
} HomeTest;

/* data: the server's priority string */
void home_test_set_up (HomeTest *f, gconstpointer data);
void home_test_tear_down (HomeTest *f, gconstpointer data);

/* Runs function at home, and returns when it has returned. The main loop runs meanwhile. */
void home_test_run (HomeTest *f, void (*function) (HomeTest *f));
/* Runs the main loop until the event has happened n times. */
void home_test_wait (HomeTest *f, const char *event, guint n);
/* How often the event has happened. */
guint home_test_count (HomeTest *f, const char *event);
/* All that happened, in its order, with ", " between; and forgets it. (transfer full) */
char *home_test_take_events (HomeTest *f);

/* At home. */

/* Begins a session with its places taken. fd: (transfer full): -1 for a stepwise one. */
void home_test_begin (HomeTest *f, const char *options, int fd);
/* The same on a socket whose other end is f->peer. */
void home_test_begin_on_socket (HomeTest *f, const char *options);
/* Runs the first operation, or the next: with what the server sent, if stepwise. */
void home_test_step (HomeTest *f);
HandoffSessionReply home_test_reply (HomeTest *f);

/* On the main thread: the server does its handshake on f->peer, on a thread of its own. */
void home_test_serve (HomeTest *f);
