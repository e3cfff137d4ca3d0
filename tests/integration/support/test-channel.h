/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "channel-message.h"
#include "channel-seal.h"
#include "test-peer.h"

/* An application's end of a channel, on the wire: without the client library. Not thread-safe. */
typedef struct
{
  int fd;
  guint32 maximum_calls;
  guint32 last_serial;
  guint8 recipient_key[HANDOFF_HPKE_KEY_SIZE];
  HandoffBlobOpener *opener;
  /* What the opener was made of, for those who look for what follows from it. */
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 encapsulated_key[HANDOFF_HPKE_KEY_SIZE];
  GQueue answers; /* TestAnswer: that came while another one was waited for */
} TestChannel;

/* What the service answered. */
typedef struct
{
  HandoffChannelMessage message;
  GError *error;         /* of an error */
  HandoffKeyState *keys; /* of a reply with a key blob that the channel sealed */
} TestAnswer;

/* NULL and error if the service says no. */
TestChannel *test_channel_open (GDBusConnection *connection, GError **error);
void test_channel_free (TestChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestChannel, test_channel_free)

void test_answer_free (TestAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestAnswer, test_answer_free)

/* The keys in a blob that this channel sealed; NULL if it is one that was sealed to a key. Blobs of
 * the channel have to be opened as they come. (nullable) */
HandoffKeyState *test_channel_open_blob (TestChannel *channel, int blob);

/* Sends a call; fds stay the test's. Returns its serial. */
guint32 test_channel_send (TestChannel *channel,
                           const char *path,
                           const char *method,
                           GVariant *arguments,
                           const int *fds,
                           guint n_fds);
/* Sends a packed message as it is. */
void test_channel_send_packed (TestChannel *channel, GVariant *packed, const int *fds, guint n_fds);
/* Sends bytes as they are. */
void test_channel_send_bytes (TestChannel *channel, gconstpointer bytes, gsize size);
void test_channel_cancel (TestChannel *channel, guint32 serial);
/* The next answer, whichever it is to. Fails the test if none comes. NULL if the service has closed
 * the channel. */
TestAnswer *test_channel_receive (TestChannel *channel);
/* The answer to that call. */
TestAnswer *test_channel_wait (TestChannel *channel, guint32 serial);
/* Whether the service has closed the channel: waits until it has, and drops what came before. */
void test_channel_expect_end (TestChannel *channel);

/* Sends a call and waits: its reply, a tuple. (transfer full) */
GVariant *test_channel_call (TestChannel *channel,
                             const char *path,
                             const char *method,
                             GVariant *arguments,
                             GError **error);

/* HandshakeAsClient(), or HandshakeAsServer() (identity: NULL), sealed for the channel. options:
 * (nullable): consumed if floating. socket stays the test's. */
guint32
test_channel_start (TestChannel *channel, int socket, const char *identity, GVariant *options);
/* The keys; checks that the handshake is complete. session: (out) (nullable) */
HandoffKeyState *
test_channel_finish (TestChannel *channel, guint32 serial, char **session, GError **error);
/* Both. */
HandoffKeyState *test_channel_handshake (
    TestChannel *channel, int socket, const char *identity, GVariant *options, GError **error);

/* Alice, a server that she can connect to, and a channel of hers. */
typedef struct
{
  GDBusConnection *alice; /* NULL once she has left */
  TestPeer *peer;
  TestChannel *channel; /* NULL once it is closed */
} TestChannelFixture;

/* test_channel_open() without an error. */
TestChannel *test_channel_open_now (GDBusConnection *connection);
/* For g_test_add(). */
void test_channel_set_up (TestChannelFixture *f, gconstpointer data);
/* Waits until nothing is left in the service. */
void test_channel_tear_down (TestChannelFixture *f, gconstpointer data);
/* A handshake with the peer, on any channel. */
void test_channel_check (TestChannelFixture *f, TestChannel *channel);
/* Another service, with that configuration, and a channel to it. */
void test_channel_start_anew (TestChannelFixture *f, const char *configuration);
/* Ends it, and brings the configuration back. */
void test_channel_end_anew (TestChannelFixture *f);
