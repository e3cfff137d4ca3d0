/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "key-state.h"

/* Stepwise handshakes in plain D-Bus, or on a channel (test-way.h), without the client library. */

/* What Step() or ReviewCertificate() returned. */
typedef struct
{
  char *state;
  GBytes *output;
  guint64 consumed;
  GVariant *details; /* a{sv} */
} TestStep;

void test_step_free (TestStep *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestStep, test_step_free)

/* CreateSession() as client; options: (nullable): consumed if floating. The path. (transfer full)
 */
char *test_create_session (GDBusConnection *connection,
                           const char *identity,
                           GVariant *options,
                           GError **error);
TestStep *test_step (
    GDBusConnection *connection, const char *path, gconstpointer input, gsize size, GError **error);
TestStep *
test_review (GDBusConnection *connection, const char *path, gboolean accept, GError **error);
/* ExportKeys(), and the blob opened. */
HandoffKeyState *test_export (GDBusConnection *connection, const char *path, GError **error);
/* Checks a property of the session. Of a session on a channel: that the bus does not know it. */
void test_session_expect (GDBusConnection *connection,
                          const char *path,
                          const char *property,
                          const char *value);
/* A string detail, or NULL. (transfer none) */
const char *test_step_get_detail (TestStep *step, const char *key);

/* Carries the bytes between the service and socket, chunk bytes a step at the most, until the state
 * is not "continue" any more; received are what the peer sent and no step consumed. step: the first
 * one to go on from, or NULL. */
TestStep *test_steps_run (GDBusConnection *connection,
                          const char *path,
                          int socket,
                          gsize chunk,
                          TestStep *step,
                          GByteArray *received);
