/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Which way calls go. */

#include <string.h>

#include "call/manager-call.h"
#include "call/service-session.h"
#include "support/channel-service.h"
#include "tls-handoff-error.h"

/* A HandoffManagerCall's. user_data: how many bytes, more than a few */
static GVariant *
make_arguments (gboolean on_channel, gpointer user_data, GError **error)
{
  g_autofree char *text = g_strnfill (GPOINTER_TO_SIZE (user_data), 'x');

  return g_variant_new ("(bs)", on_channel, text);
}

static const HandoffManagerCall small_call = { .method = "CreateSession",
                                               .make_arguments = make_arguments };

/* (transfer full): what the reply says; or NULL with the error */
static char *
call_sync (ChannelService *service, GCancellable *cancellable, GError **error)
{
  g_autoptr (HandoffReply) reply =
      handoff_manager_call_sync (service->route, &small_call, "(s)", cancellable, error);
  char *text = NULL;

  if (reply != NULL)
    g_variant_get (reply->body, "(s)", &text);
  return text;
}

typedef struct
{
  char *text;    /* (owned) (nullable) */
  GError *error; /* (owned) (nullable) */
  gboolean done;
} Asked;

static void
asked_cb (HandoffReply *reply, GError *error, gpointer user_data)
{
  Asked *self = user_data;

  g_assert_false (self->done);
  if (reply != NULL)
    {
      g_variant_get (reply->body, "(s)", &self->text);
      handoff_reply_free (reply);
    }
  self->error = error;
  self->done = TRUE;
}

static void
wait_asked (Asked *self)
{
  while (!self->done)
    g_main_context_iteration (NULL, TRUE);
}

static void
asked_clear (Asked *self)
{
  g_clear_pointer (&self->text, g_free);
  g_clear_error (&self->error);
}

/* A call, blocking or not. (transfer full): as call_sync() */
static char *
call (ChannelService *service, gboolean blocks, GError **error)
{
  Asked asked = { NULL };

  if (blocks)
    return call_sync (service, NULL, error);
  handoff_manager_call_async (service->route, &small_call, "(s)", NULL, asked_cb, &asked);
  wait_asked (&asked);
  if (asked.error != NULL)
    g_propagate_error (error, asked.error);
  return asked.text;
}

static void
assert_calls (ChannelService *service, const char *text)
{
  gboolean blocks;

  for (blocks = FALSE; blocks <= TRUE; blocks++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *found = call (service, blocks, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (found, ==, text);
    }
}

static gpointer
calling_thread (gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = call_sync (user_data, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "channel /org/tlshandoff/Handoff1");
  return NULL;
}

/* Each caller opens a channel of its own, or one waits for ever for an opening that another one
 * began. */
static void
test_one_opening (ChannelService *service, gconstpointer data)
{
  GThread *threads[8];
  Asked asked[8] = { 0 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      handoff_manager_call_async (service->route, &small_call, "(s)", NULL, asked_cb, &asked[i]);
      threads[i] = g_thread_new ("calls", calling_thread, service);
    }
  /* It does not wait for what this main context has begun. */
  calling_thread (service);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_thread_join (threads[i]);
      wait_asked (&asked[i]);
      g_assert_no_error (asked[i].error);
      g_assert_cmpstr (asked[i].text, ==, "channel /org/tlshandoff/Handoff1");
      asked_clear (&asked[i]);
    }
  assert_calls (service, "channel /org/tlshandoff/Handoff1");
  g_assert_cmpint (g_atomic_int_get (&service->n_opened), ==, 1);
  g_assert_cmpint (g_atomic_int_get (&service->n_bus), ==, 0);
  g_assert_cmpint (g_atomic_int_get (&service->n_channel), ==, 19);
}

/* Two managers of one connection have a channel each. */
static void
test_shared (ChannelService *service, gconstpointer data)
{
  HandoffServiceBus *first = service->route;

  assert_calls (service, "channel /org/tlshandoff/Handoff1");
  service->route = handoff_service_bus_new (service->application);
  assert_calls (service, "channel /org/tlshandoff/Handoff1");
  handoff_service_bus_unref (first);
  assert_calls (service, "channel /org/tlshandoff/Handoff1");
  g_assert_cmpint (g_atomic_int_get (&service->n_opened), ==, 1);
}

/* A service that has no channels is of no use any more, is asked for one at each call, or never
 * again when another is there. */
static void
test_refused (ChannelService *service, gconstpointer data)
{
  assert_calls (service, "bus");
  assert_calls (service, "bus");
  g_assert_cmpint (g_atomic_int_get (&service->n_opened), ==, 1);

  channel_service_stop (service);
  g_atomic_int_set (&service->manner, CHANNEL_OPEN);
  channel_service_start (service);
  /* One learns that it is another; from then on, there is a channel. */
  g_free (call_sync (service, NULL, NULL));
  assert_calls (service, "channel /org/tlshandoff/Handoff1");
  g_assert_cmpint (g_atomic_int_get (&service->n_opened), ==, 2);
}

/* What cannot be a channel is used as one. */
static void
test_misunderstood (ChannelService *service, gconstpointer data)
{
  assert_calls (service, "bus");
  g_assert_cmpint (g_atomic_int_get (&service->n_opened), ==, 1);
}

/* A channel that the service closed is an error to the application, which has to try again. */
static void
test_reopened (ChannelService *service, gconstpointer data)
{
  guint i;

  for (i = 0; i < 3; i++)
    assert_calls (service, "channel /org/tlshandoff/Handoff1");
  g_assert_cmpint (g_atomic_int_get (&service->n_opened), ==, 6);
  g_assert_cmpint (g_atomic_int_get (&service->n_channel), ==, 6);
  g_assert_cmpint (g_atomic_int_get (&service->n_bus), ==, 0);
}

/* A call that was not begun is not sent again; or for ever to a service that closes all channels,
 * in place of over the bus. */
static void
test_not_begun (ChannelService *service, gconstpointer data)
{
  assert_calls (service, "bus");
  g_assert_cmpint (g_atomic_int_get (&service->n_opened), ==, 4);
  g_assert_cmpint (g_atomic_int_get (&service->n_channel), ==, 0);
}

/* What was perhaps begun is begun again. */
static void
test_lost (ChannelService *service, gconstpointer data)
{
  gboolean blocks;

  for (blocks = FALSE; blocks <= TRUE; blocks++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (call (service, blocks, &error));
      g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
    }
  g_assert_cmpint (g_atomic_int_get (&service->n_channel), ==, 2);
  g_assert_cmpint (g_atomic_int_get (&service->n_bus), ==, 0);
}

/* What is too large for a channel fails. */
static void
test_too_large (ChannelService *service, gconstpointer data)
{
  HandoffManagerCall large = small_call;
  g_autoptr (HandoffReply) reply = NULL;
  g_autoptr (GError) error = NULL;
  Asked asked = { NULL };

  large.user_data = GSIZE_TO_POINTER (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
  reply = handoff_manager_call_sync (service->route, &large, "(s)", NULL, &error);
  g_assert_no_error (error);
  handoff_manager_call_async (service->route, &large, "(s)", NULL, asked_cb, &asked);
  wait_asked (&asked);
  g_assert_no_error (asked.error);
  g_assert_cmpstr (asked.text, ==, "bus");
  asked_clear (&asked);
  g_assert_cmpint (g_atomic_int_get (&service->n_bus), ==, 2);
  assert_calls (service, "channel /org/tlshandoff/Handoff1");
}

/* A reply of another type is taken. */
static void
test_other_type (ChannelService *service, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (handoff_manager_call_sync (service->route, &small_call, "(o)", NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

typedef struct
{
  ChannelService *service;
  GCancellable *cancellable;
  GError *error;
  char *text;
} Waiting;

static gpointer
waiting_thread (gpointer user_data)
{
  Waiting *self = user_data;

  self->text = call_sync (self->service, self->cancellable, &self->error);
  return NULL;
}

static void
wait_until_asked (ChannelService *service, int n_opened)
{
  while (g_atomic_int_get (&service->n_opened) < n_opened)
    g_thread_yield ();
}

/* Nobody can be cancelled while a channel opens, or all that wait for it are. */
static void
test_cancelled (ChannelService *service, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) never = g_cancellable_new ();
  Waiting opener = { service, cancellable }, other = { service, never };
  GThread *opening, *waiting;
  Asked asked = { NULL }, last = { NULL };

  opening = g_thread_new ("opens", waiting_thread, &opener);
  wait_until_asked (service, 1);
  waiting = g_thread_new ("waits", waiting_thread, &other);
  handoff_manager_call_async (service->route, &small_call, "(s)", cancellable, asked_cb, &asked);
  handoff_manager_call_async (service->route, &small_call, "(s)", NULL, asked_cb, &last);
  g_atomic_int_set (&service->manner, CHANNEL_OPEN);
  g_cancellable_cancel (cancellable);

  g_thread_join (opening);
  g_assert_error (opener.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  wait_asked (&asked);
  g_assert_error (asked.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (waiting);
  g_assert_no_error (other.error);
  g_assert_cmpstr (other.text, ==, "channel /org/tlshandoff/Handoff1");
  wait_asked (&last);
  g_assert_no_error (last.error);
  g_assert_cmpstr (last.text, ==, "channel /org/tlshandoff/Handoff1");
  g_assert_cmpint (g_atomic_int_get (&service->n_opened), ==, 2);

  g_clear_error (&opener.error);
  g_free (other.text);
  asked_clear (&asked);
  asked_clear (&last);
}

/* An application that lacks the service is told anything else. */
static void
test_absent (ChannelService *service, gconstpointer data)
{
  gboolean blocks;

  channel_service_stop (service);
  for (blocks = FALSE; blocks <= TRUE; blocks++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (call (service, blocks, &error));
      g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
      g_assert_nonnull (strstr (error->message, "is not installed or not running"));
    }
  channel_service_start (service);
  assert_calls (service, "channel /org/tlshandoff/Handoff1");
}

/* A session of a channel is asked for on the bus, or on another channel; or its caller waits for
 * ever when the channel is gone, or cannot free the error of what does not fit on the channel. */
static void
test_session (ChannelService *service, gconstpointer data)
{
  g_autoptr (HandoffReply) reply = NULL;
  g_autoptr (HandoffServiceSession) session = NULL;
  Asked asked = { NULL }, late = { NULL };

  reply = handoff_manager_call_sync (service->route, &small_call, "(s)", NULL, NULL);
  session = handoff_service_session_new (reply, "/session");
  g_assert_true (handoff_service_session_opens_blobs (session));
  if (service->manner == CHANNEL_OPEN)
    {
      handoff_service_session_call_async (session, "Step", g_variant_new ("()"), NULL, FALSE, "(s)",
                                          NULL, asked_cb, &asked);
      wait_asked (&asked);
      g_assert_cmpstr (asked.text, ==, "channel /session");
      asked_clear (&asked);
      handoff_service_session_call_async (
          session, "Step",
          make_arguments (TRUE, GSIZE_TO_POINTER (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE), NULL), NULL,
          FALSE, "(s)", NULL, asked_cb, &late);
      wait_asked (&late);
      g_assert_error (late.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_assert_null (tls_handoff_error_get_details (late.error));
      asked_clear (&late);
      handoff_service_session_tell (session, "Close", NULL);
      while (g_atomic_int_get (&service->n_channel) < 3)
        g_thread_yield ();
    }
  else
    {
      handoff_service_session_call_async (session, "Step", g_variant_new ("()"), NULL, FALSE, "(s)",
                                          NULL, asked_cb, &late);
      wait_asked (&late);
      g_assert_error (late.error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
      asked_clear (&late);
      handoff_service_session_tell (session, "Close", NULL);
    }
  g_assert_cmpint (g_atomic_int_get (&service->n_bus), ==, 0);
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *name;
    void (*run) (ChannelService *, gconstpointer);
    ChannelManner manner;
  } tests[] = {
    { "one-opening", test_one_opening, CHANNEL_OPEN },
    { "shared", test_shared, CHANNEL_OPEN },
    { "refused", test_refused, CHANNEL_REFUSE },
    { "misunderstood/stream", test_misunderstood, CHANNEL_OPEN_STREAM },
    { "misunderstood/no-descriptor", test_misunderstood, CHANNEL_OPEN_NO_FD },
    { "misunderstood/bad-key", test_misunderstood, CHANNEL_OPEN_BAD_KEY },
    { "misunderstood/short-key", test_misunderstood, CHANNEL_OPEN_SHORT_KEY },
    { "reopened", test_reopened, CHANNEL_OPEN_ONCE },
    { "not-begun/closed", test_not_begun, CHANNEL_OPEN_CLOSED },
    { "not-begun/unread", test_not_begun, CHANNEL_OPEN_UNREAD },
    { "lost", test_lost, CHANNEL_OPEN_DROPS },
    { "too-large", test_too_large, CHANNEL_OPEN },
    { "other-type", test_other_type, CHANNEL_OPEN },
    { "cancelled", test_cancelled, CHANNEL_WAIT },
    { "absent", test_absent, CHANNEL_OPEN },
    { "session", test_session, CHANNEL_OPEN },
    { "session-lost", test_session, CHANNEL_OPEN_ONCE },
  };
  gsize i;

  g_unsetenv ("TLS_HANDOFF_CHANNEL");
  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/manager-call/", tests[i].name, NULL);

      g_test_add (path, ChannelService, GINT_TO_POINTER (tests[i].manner), channel_service_set_up,
                  tests[i].run, channel_service_tear_down);
    }
  return g_test_run ();
}
