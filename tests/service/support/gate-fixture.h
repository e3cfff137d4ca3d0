/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gunixfdlist.h>

#include "authority/authority.h"
#include "service.h"

/* The service on a real bus. The test decides what the authority answers, and its faults. */

typedef enum
{
  ANSWER_DENY,
  ANSWER_FAIL,
  ANSWER_ALLOW,
  ANSWER_LATER, /* keeps the check in `pending`, and ignores its cancellation */
} Answer;

#define TEST_TYPE_AUTHORITY (test_authority_get_type ())
G_DECLARE_FINAL_TYPE (TestAuthority, test_authority, TEST, AUTHORITY, GObject)

struct _TestAuthority
{
  GObject parent;

  Answer answer;
  /* (nullable): a pattern of checks, as below, for which there is another answer */
  const char *other_check;
  Answer other_answer;
  gboolean is_plain; /* of a yes; TRUE unless a test says otherwise */

  GTask *pending; /* (owned) (nullable) */
  /* (owned) (element-type utf8): "use-own-credential credential=x role=client" */
  GPtrArray *checks;
};

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *service_connection;
  GDBusConnection *caller;
  TestAuthority *authority;
  HandoffService *service;
  char *state_directory; /* (owned) */
  int sockets[2];        /* the caller's, the peer's */
} GateFixture;

/* The last check that it was asked for. */
const char *test_authority_get_last_check (TestAuthority *self);

/* Answers the pending check. */
void test_authority_answer (TestAuthority *self, gboolean allowed);

/* answer: the authority's, as a pointer */
void gate_set_up (GateFixture *fixture, gconstpointer answer);
void gate_tear_down (GateFixture *fixture, gconstpointer answer);
/* A number of GetStatistics(), whatever the authority would say. */
guint gate_get_statistic (GateFixture *fixture, const char *name);
/* The caller leaves the bus, and another one takes its place. Returns when the service has
 * noticed. */
void gate_leave (GateFixture *fixture);
/* Removes a folder and all that is in it. */
void gate_remove_tree (const char *path);
/* (transfer full): another caller, of the same user */
GDBusConnection *gate_connect (GateFixture *fixture);

/* Runs the main loop until check(data) is TRUE. Ends the test, saying what, when that takes too
 * long: a test that hangs says nothing. */
void gate_wait_until (gboolean (*check) (gpointer), gpointer data, const char *what);

/* What came of a call. */
typedef struct
{
  gboolean started;
  gboolean done;
  GVariant *reply; /* (owned) (nullable) */
  GError *error;   /* (owned) (nullable): with the remote name as the domain has it */
} GateCall;

/* parameters: consumed if floating. fds: (nullable) */
void gate_call_start (GateFixture *fixture,
                      GDBusConnection *caller,
                      const char *path,
                      const char *interface,
                      const char *method,
                      GVariant *parameters,
                      GUnixFDList *fds,
                      GateCall *call);
void gate_call_wait (GateCall *call);
/* Waits for a call that was started. */
void gate_call_clear (GateCall *call);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GateCall, gate_call_clear)

/* Waits until the authority has a check that it answers later, and answers it. */
void gate_wait_for_check (GateFixture *fixture);
void gate_answer (GateFixture *fixture, gboolean allowed);

/* A call with the arguments that it needs to get through the first checks. method: of the manager,
 * or one that starts the handshake named by it; see gate-fixture.c */
void gate_start_manager_call (GateFixture *fixture,
                              GDBusConnection *caller,
                              const char *method,
                              GateCall *call);
/* Nothing was sent to the peer of the caller's socket. */
void gate_assert_no_handshake (GateFixture *fixture);
