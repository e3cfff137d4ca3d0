/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "key-state.h"

/* Which way calls go: on the bus, or, with HANDOFF_TEST_WAY=channel in the environment, on a
 * channel of the connection's own (docs/CHANNEL.md). Whoever tests what calls do has to see the
 * same on both. What a channel does not carry goes on the bus: other methods, and calls that are
 * too large for a packet. Not thread-safe; in the main context. */

gboolean test_way_is_channel (void);
/* For the calls after this, whatever the environment says. */
void test_way_take (gboolean is_channel);
/* g_test_init(), with what only the bus has left out if the environment's way is another. Says
 * which, and why. argv: (inout) (transfer none): gets more arguments */
void test_way_init (int *argc, char ***argv);

/* Those, by the paths of cases, or of groups of cases. NULL after the last. */
const char *test_way_get_bus_only (gsize i);

/* What the service answered. */
typedef struct
{
  GVariant *body;        /* a tuple */
  GUnixFDList *fds;      /* (nullable) */
  HandoffKeyState *keys; /* of a key blob that the channel sealed (nullable) */
} TestReply;

void test_reply_free (TestReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestReply, test_reply_free)

/* The argument recipient_key of a handshake or of ExportKeys(). public_key: the caller's own. On a
 * channel, every second one of the process is empty: then the channel seals. (transfer floating) */
GVariant *test_way_recipient_key (const guint8 *public_key);

typedef struct
{
  const char *path;
  const char *interface;
  const char *method;
  GVariant *parameters; /* (nullable): a tuple, consumed if floating */
  const int *fds;       /* stay the caller's */
  guint n_fds;
  GDBusCallFlags flags; /* G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, or none */
} TestCall;

void test_way_start (GDBusConnection *connection,
                     const TestCall *call,
                     GAsyncReadyCallback callback,
                     gpointer user_data);
/* error_details: (out) (optional) (nullable): what came with the error, if the caller asked for
 * that. Errors: as g_dbus_connection_call() has them. */
TestReply *test_way_finish (GDBusConnection *connection,
                            GAsyncResult *result,
                            GVariant **error_details,
                            GError **error);
/* Both; the main context does not run meanwhile. */
TestReply *test_way_call (GDBusConnection *connection, const TestCall *call, GError **error);
/* A call that wants no reply. It has left this process when this returns. */
void test_way_tell (GDBusConnection *connection, const TestCall *call);
