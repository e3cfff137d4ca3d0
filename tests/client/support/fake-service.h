/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A service that replies what the test says, peer to peer: there is no bus. */

/* Called on a thread of GDBus. (transfer full) (nullable): the reply; NULL to hang up */
typedef GDBusMessage *(*FakeServiceReplyFunc) (GDBusMessage *call);

typedef struct
{
  GDBusConnection *client; /* (owned): for the library */
  GDBusConnection *server; /* (owned) */
  FakeServiceReplyFunc reply_to;
  gboolean session_closed; /* atomic: whether Close() was called */
} FakeService;

/* A connected pair of sockets: the one that is returned, and *other, which does not block. */
GSocketConnection *fake_service_make_connection (GSocket **other);

/* The fixture of a test, whose data is a FakeServiceReplyFunc. */
void fake_service_set_up (FakeService *self, gconstpointer reply_to);
void fake_service_tear_down (FakeService *self, gconstpointer reply_to);

/* A reply whose body is text in the form of g_variant_parse(). (transfer full) */
GDBusMessage *fake_service_reply_with (GDBusMessage *call, const char *text);
