/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tls-handoff/tls-handoff.h"

#include "test-relay.h"
#include "test-tls-server.h"

/* Cases about the flow of a handshake: each for a TlsHandoffClientConnection over a socket and over
 * pipes, and for the connection of GIO's stock backend, whose behaviour is the right one. */

#define TEST_FLOW_TEXT "So it went on"

typedef enum
{
  TEST_FLOW_SOCKET,
  TEST_FLOW_PIPES,
  TEST_FLOW_STOCK,
} TestFlowKind;

typedef struct
{
  TestFlowKind kind;
  const char *certificate; /* NULL: a peer that says nothing */
  gboolean sits_there;     /* after the handshake */
} TestFlowConfig;

typedef struct
{
  const TestFlowConfig *config;
  TestTlsServer *server; /* (nullable) */
  int silent;            /* the silent peer's end */
  TestRelay *relay;      /* (nullable) */
  GTlsConnection *connection;
  GInputStream *in;
  GOutputStream *out;
  GThread *thread;      /* in which handlers have to run */
  gboolean closes;      /* in the handler */
  gboolean is_writing;  /* while the handler runs */
  gboolean closing;     /* asynchronously, in the handler */
  GAsyncResult *closed; /* then */
  guint n_asked;
} TestFlow;

/* What the server does; by kind. */
extern const TestFlowConfig test_flow_good[];
extern const TestFlowConfig test_flow_faulty[];  /* for another name */
extern const TestFlowConfig test_flow_sitting[]; /* neither reads nor writes */
extern const TestFlowConfig test_flow_silent[];  /* does no handshake */

typedef struct
{
  const char *name;
  const TestFlowConfig *configs;
  gboolean needs_socket;
  gboolean not_stock; /* glib-networking 2.74 fails an assertion, its server would, or it races */
  void (*func) (TestFlow *f, gconstpointer data);
} TestFlowCase;

void test_flow_add (const char *name, const TestFlowCase *cases, gsize n_cases);

/* For the cases. */
GTlsConnection *test_flow_new_stock_connection (int fd);
GSocket *test_flow_get_socket (TestFlow *f);
void test_flow_start (TestFlow *f, GAsyncResult **place);
gboolean test_flow_finish (TestFlow *f, GAsyncResult **place, GError **error);
/* Starts the handshake without waiting for anything. */
void test_flow_attempt_to_read (TestFlow *f);
/* A server that sits there goes away. */
void test_flow_end_sitting (void);
/* For the end of its handshake, without running a main loop. */
void test_flow_wait_for_server (void);
