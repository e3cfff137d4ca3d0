/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "support/channel-peer.h"

/* A channel with both its ends, for tests of the library's; and calls on it. */

typedef struct
{
  ChannelPeer peer;
  HandoffServiceChannel *channel;
  guint n_open; /* descriptors, before it all */
} ChannelFixture;

/* A blocking call in a thread of its own. */
typedef struct
{
  HandoffServiceChannel *channel;
  char *text; /* (owned) */
  GCancellable *cancellable;
  HandoffReply *reply; /* (owned) (nullable) */
  GError *error;       /* (owned) (nullable) */
  GThread *thread;
} ChannelBlocked;

/* A call in a main context. */
typedef struct
{
  HandoffReply *reply; /* (owned) (nullable) */
  GError *error;       /* (owned) (nullable) */
  gboolean done;
} ChannelAsked;

/* Answers that many calls with their own text, some at a time and in reverse. */
typedef struct
{
  ChannelFixture *fixture;
  guint n_calls;
} ChannelEcho;

void channel_fixture_set_up (ChannelFixture *fixture, gconstpointer data);
void channel_fixture_tear_down (ChannelFixture *fixture, gconstpointer data);
/* Runs tests under prefix, each with a channel of its own. */
typedef struct
{
  const char *name;
  void (*run) (ChannelFixture *, gconstpointer);
  int data;
} ChannelTest;
int channel_fixture_run (
    int argc, char *argv[], const char *prefix, const ChannelTest *tests, gsize n_tests);

/* A call whose argument is text. */
HandoffChannelCall channel_call_with (const char *text);
/* The argument of a call that came. (transfer full) */
char *channel_dup_text (const HandoffChannelMessage *message);
/* The serial of a call that has to come. */
guint32 channel_fixture_receive_call (ChannelFixture *fixture);
void channel_fixture_reply_text (ChannelFixture *fixture, guint32 serial, const char *text);
void channel_assert_text (HandoffReply *reply, const char *text);

/* Calls, blocking. */
ChannelBlocked *
channel_blocked_new (HandoffServiceChannel *channel, guint number, GCancellable *cancellable);
/* Waits for its end. */
void channel_blocked_join (ChannelBlocked *self);
void channel_blocked_free (ChannelBlocked *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChannelBlocked, channel_blocked_free)

/* Calls without blocking, and waits. */
void channel_ask (ChannelFixture *fixture,
                  const char *text,
                  GCancellable *cancellable,
                  ChannelAsked *asked);
void channel_asked_wait (ChannelAsked *asked);
void channel_asked_clear (ChannelAsked *asked);

/* A GThreadFunc: a ChannelEcho is answered. */
gpointer channel_echo_thread (gpointer echo);
