/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/channel-fixture.h"

static guint
count_open (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

void
channel_fixture_set_up (ChannelFixture *fixture, gconstpointer data)
{
  fixture->n_open = count_open ();
  fixture->channel = channel_peer_new (&fixture->peer);
}

void
channel_fixture_tear_down (ChannelFixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->channel, handoff_service_channel_unref);
  channel_peer_clear (&fixture->peer);
  /* Breaks if a descriptor is left on some path, of a message or of a thread that ended. */
  g_assert_cmpuint (count_open (), ==, fixture->n_open);
}

/* A call whose argument is text. */
HandoffChannelCall
channel_call_with (const char *text)
{
  return (HandoffChannelCall){ "/a", "Do", g_variant_new ("(s)", text), NULL, FALSE };
}

/* The argument of a call that came. (transfer full) */
char *
channel_dup_text (const HandoffChannelMessage *message)
{
  g_autoptr (GVariant) arguments = NULL;
  HandoffChannelFlags flags;
  const char *path, *method;
  char *text;

  handoff_channel_message_get_call (message, &flags, &path, &method, &arguments);
  g_assert_cmpstr (path, ==, "/a");
  g_assert_cmpstr (method, ==, "Do");
  g_variant_get (arguments, "(s)", &text);
  return text;
}

/* The serial of a call that has to come. */
guint32
channel_fixture_receive_call (ChannelFixture *fixture)
{
  HandoffChannelMessage message;
  guint32 serial;

  g_assert_true (channel_peer_receive (&fixture->peer, &message));
  g_assert_cmpint (message.kind, ==, HANDOFF_CHANNEL_CALL);
  serial = message.serial;
  handoff_channel_message_clear (&message);
  return serial;
}

void
channel_fixture_reply_text (ChannelFixture *fixture, guint32 serial, const char *text)
{
  channel_peer_send (&fixture->peer, HANDOFF_CHANNEL_REPLY, serial, g_variant_new ("(s)", text),
                     NULL, 0);
}

static gpointer
blocked_thread (gpointer user_data)
{
  ChannelBlocked *self = user_data;
  const HandoffChannelCall call = channel_call_with (self->text);

  self->reply =
      handoff_service_channel_call_sync (self->channel, &call, self->cancellable, &self->error);
  return NULL;
}

ChannelBlocked *
channel_blocked_new (HandoffServiceChannel *channel, guint number, GCancellable *cancellable)
{
  ChannelBlocked *self = g_new0 (ChannelBlocked, 1);

  self->channel = channel;
  self->text = g_strdup_printf ("%u", number);
  self->cancellable = cancellable;
  self->thread = g_thread_new ("blocked", blocked_thread, self);
  return self;
}

/* Waits for its end. */
void
channel_blocked_join (ChannelBlocked *self)
{
  if (self->thread != NULL)
    g_thread_join (self->thread);
  self->thread = NULL;
}

void
channel_blocked_free (ChannelBlocked *self)
{
  channel_blocked_join (self);
  g_free (self->text);
  g_clear_pointer (&self->reply, handoff_reply_free);
  g_clear_error (&self->error);
  g_free (self);
}

void
channel_assert_text (HandoffReply *reply, const char *text)
{
  const char *found;

  g_assert_nonnull (reply);
  g_assert_true (handoff_reply_check_type (reply, "(s)", NULL));
  g_variant_get (reply->body, "(&s)", &found);
  g_assert_cmpstr (found, ==, text);
}

static void
asked_cb (HandoffReply *reply, GError *error, gpointer user_data)
{
  ChannelAsked *self = user_data;

  g_assert_false (self->done);
  self->reply = reply;
  self->error = error;
  self->done = TRUE;
}

void
channel_ask (ChannelFixture *fixture,
             const char *text,
             GCancellable *cancellable,
             ChannelAsked *asked)
{
  const HandoffChannelCall call = channel_call_with (text);

  *asked = (ChannelAsked){ NULL };
  handoff_service_channel_call_async (fixture->channel, &call, cancellable, asked_cb, asked);
  /* Never at once. */
  g_assert_false (asked->done);
}

void
channel_asked_wait (ChannelAsked *asked)
{
  while (!asked->done)
    g_main_context_iteration (NULL, TRUE);
}

void
channel_asked_clear (ChannelAsked *asked)
{
  g_clear_pointer (&asked->reply, handoff_reply_free);
  g_clear_error (&asked->error);
}

gpointer
channel_echo_thread (gpointer user_data)
{
  ChannelEcho *echo = user_data;
  HandoffChannelMessage messages[7];
  guint n_answered = 0, n;

  while (n_answered < echo->n_calls)
    {
      n = 0;
      do
        g_assert_true (channel_peer_receive (&echo->fixture->peer, &messages[n++]));
      while (n < G_N_ELEMENTS (messages) && !channel_peer_is_quiet (&echo->fixture->peer));
      n_answered += n;
      while (n-- > 0)
        {
          g_autofree char *text = channel_dup_text (&messages[n]);

          if (messages[n].serial % 3 == 0)
            channel_peer_send_blob (&echo->fixture->peer, messages[n].serial,
                                    g_variant_new ("(s)", text), text);
          else
            channel_fixture_reply_text (echo->fixture, messages[n].serial, text);
          handoff_channel_message_clear (&messages[n]);
        }
    }
  return NULL;
}

/* GLib opens some descriptors for itself, and this thread has one to wait. */
static void
warm_up (void)
{
  GError *first = g_dbus_error_new_for_dbus_error ("a.b", "");
  G_GNUC_UNUSED g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  const HandoffChannelCall call = channel_call_with ("warm");
  ChannelFixture fixture;
  ChannelEcho echo = { &fixture, 1 };
  GThread *service;

  g_clear_error (&first);
  g_main_context_iteration (NULL, FALSE);
  channel_fixture_set_up (&fixture, NULL);
  service = g_thread_new ("echo", channel_echo_thread, &echo);
  handoff_reply_free (handoff_service_channel_call_sync (fixture.channel, &call, NULL, NULL));
  g_thread_join (service);
  handoff_service_channel_unref (fixture.channel);
  channel_peer_clear (&fixture.peer);
}

int
channel_fixture_run (
    int argc, char *argv[], const char *prefix, const ChannelTest *tests, gsize n_tests)
{
  gsize i;

  g_test_init (&argc, &argv, NULL);
  warm_up ();
  for (i = 0; i < n_tests; i++)
    {
      g_autofree char *path = g_strdup_printf ("/%s/%s", prefix, tests[i].name);

      g_test_add (path, ChannelFixture, GINT_TO_POINTER (tests[i].data), channel_fixture_set_up,
                  tests[i].run, channel_fixture_tear_down);
    }
  return g_test_run ();
}
