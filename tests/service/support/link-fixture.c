/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/link-fixture.h"

#include <unistd.h>

#include "keyblob/error-reply.h"
#include "keyblob/packet.h"
#include "keyblob/tls-handoff-error.h"
#include "work/descriptor-reaper.h"
#include "work/home.h"

static const HandoffLinkRow rows[] = {
  [LINK_TEST_TELL] = { "tell", HANDOFF_LINK_DOWN, "(s)", .max_fds = 8 },
  [LINK_TEST_ASK] = { "ask", HANDOFF_LINK_DOWN, "(s)", "(s)", .max_fds = 2, .reply_max_fds = 2,
                      .max_waiting = 3 },
  [LINK_TEST_ANNOUNCE] = { "announce", HANDOFF_LINK_UP, "(s)", .max_fds = 8 },
  [LINK_TEST_QUESTION] = { "question", HANDOFF_LINK_UP, "(s)", "(s)", .reply_max_fds = 2,
                           .max_waiting = 3 },
  [LINK_TEST_START] = { "start", HANDOFF_LINK_UP, "()", .states = LINK_TEST_STATE_NEW,
                        .next_state = LINK_TEST_STATE_STARTED },
  [LINK_TEST_GO] = { "go", HANDOFF_LINK_UP, "()", .states = LINK_TEST_STATE_STARTED },
};
static const HandoffLinkTable table = { "test", rows, G_N_ELEMENTS (rows),
                                        .first_state = LINK_TEST_STATE_NEW };

/* What GLib makes at first use has descriptors of its own. */
static void
warm_up (void)
{
  g_autoptr (GError) error = g_error_new (G_DBUS_ERROR, G_DBUS_ERROR_FAILED, "x");
  g_autoptr (GVariant) body = g_variant_ref_sink (handoff_error_to_variant (error, FALSE));
  g_autoptr (GError) again = handoff_link_error_from_body (body);

  g_assert_nonnull (again);
  g_main_context_iteration (NULL, FALSE);
}

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
link_test_note (LinkTest *f, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  g_assert_true (handoff_home_is_here (f->home));
  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_string_append_printf (f->events, "%s%s", f->events->len > 0 ? ", " : "", text);
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  LinkTest *f = user_data;
  const char *text = "";

  g_assert_true (f->link == NULL || link == f->link);
  if (g_variant_n_children (message->body) > 0)
    g_variant_get (message->body, "(&s)", &text);
  link_test_note (f, "%s %s", rows[message->number].name, text);
  if (f->keeps_fds)
    {
      f->kept_fd = handoff_link_message_steal_fd (message, 0);
      g_assert_cmpint (handoff_link_message_steal_fd (message, 0), ==, -1);
      g_assert_cmpint (handoff_link_message_steal_fd (message, message->n_fds), ==, -1);
    }
  if (g_str_equal (text, "break"))
    handoff_link_breach (link, "the word %s", text);
  if (g_str_equal (text, "close"))
    handoff_link_close (link, NULL);
  if (g_str_equal (text, "hang-up"))
    handoff_link_hang_up (link);
  if (g_str_equal (text, "drop"))
    g_clear_pointer (&f->link, handoff_link_free);
  if (g_str_equal (text, "read-on"))
    handoff_link_read_on (link);
  if (message->call == NULL)
    return;
  g_assert_true (handoff_link_call_get_link (message->call) == link);
  if (f->keeps_call)
    f->call = g_steal_pointer (&message->call);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_true (handoff_link_has_ended (link));
  link_test_note (user_data, "ended: %s", error->message);
}

static const HandoffLinkFunctions functions = { received, ended };

void
link_test_answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  LinkTest *f = user_data;
  const char *text;

  g_assert_true ((reply == NULL) != (error == NULL));
  if (error != NULL)
    {
      g_assert_true (error->domain == TLS_HANDOFF_ERROR);
      link_test_note (f, "error %d: %s", error->code, error->message);
      return;
    }
  g_variant_get (reply->body, "(&s)", &text);
  link_test_note (f, "reply %s", text);
  if (f->keeps_fds)
    f->kept_fd = handoff_link_message_steal_fd (reply, 0);
}

static gboolean
has_run (gpointer data)
{
  ((LinkTest *) data)->has_run = TRUE;
  return G_SOURCE_REMOVE;
}

static void
send_back (gpointer data)
{
  handoff_home_invoke (NULL, has_run, data, NULL);
}

static gboolean
hold (gpointer data)
{
  LinkTest *f = data;

  g_async_queue_pop (f->releases);
  return G_SOURCE_REMOVE;
}

/* What is due at home happens there, and then job. Until the next call, a worker sleeps, so that it
 * does nothing behind the test's back. */
void
link_test_run (LinkTest *f, GSourceFunc job)
{
  f->has_run = FALSE;
  handoff_home_invoke (f->home, job, f, send_back);
  if (f->home != NULL)
    {
      handoff_home_invoke (f->home, hold, f, NULL);
      g_async_queue_push (f->releases, f);
    }
  while (!f->has_run)
    g_main_context_iteration (NULL, TRUE);
}

gboolean
link_test_do_nothing (gpointer data)
{
  return G_SOURCE_REMOVE;
}

/* Lets the link work until that has happened, and forgets it. */
void
link_test_expect (LinkTest *f, const char *events)
{
  do
    link_test_run (f, link_test_do_nothing);
  while (f->events->len < strlen (events));
  /* What would come beyond it. */
  link_test_run (f, link_test_do_nothing);
  link_test_run (f, link_test_do_nothing);
  g_assert_cmpstr (f->events->str, ==, events);
  g_string_truncate (f->events, 0);
}

gboolean
link_test_make_link (gpointer data)
{
  LinkTest *f = data;
  g_autoptr (GError) error = NULL;
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, &error));
  g_assert_no_error (error);
  f->peer = sockets[1];
  f->link = handoff_link_new (sockets[0], &table, HANDOFF_LINK_UPPER, f->home, "tls-handoff-test",
                              &functions, f);
  return G_SOURCE_REMOVE;
}

/* is_worker: (nullable): NULL: on the main thread */
static void
set_up (LinkTest *f, gconstpointer is_worker)
{
  g_autoptr (GError) error = NULL;

  f->events = g_string_new (NULL);
  f->releases = g_async_queue_new ();
  f->kept_fd = -1;
  f->n_open = count_open ();
  if (is_worker != NULL)
    {
      f->home = f->worker = handoff_worker_new (&error);
      g_assert_no_error (error);
      handoff_worker_invoke (f->worker, hold, f, NULL);
    }
  link_test_run (f, link_test_make_link);
}

gboolean
link_test_drop_link (gpointer data)
{
  g_clear_pointer (&((LinkTest *) data)->link, handoff_link_free);
  return G_SOURCE_REMOVE;
}

void
link_test_hang_up (LinkTest *f)
{
  if (f->peer >= 0)
    close (f->peer);
  f->peer = -1;
}

static void
tear_down (LinkTest *f, gconstpointer is_worker)
{
  link_test_run (f, link_test_drop_link);
  g_async_queue_push (f->releases, f);
  g_clear_pointer (&f->worker, handoff_worker_free);
  g_async_queue_unref (f->releases);
  link_test_hang_up (f);
  if (f->kept_fd >= 0)
    close (f->kept_fd);
  g_assert_cmpstr (f->events->str, ==, "");
  g_string_free (f->events, TRUE);
  while (handoff_descriptor_reaper_is_busy ())
    g_thread_yield ();
  /* Breaks if a descriptor that came, or was sent, is forgotten on some path. */
  g_assert_cmpuint (count_open (), ==, f->n_open);
}

/* What the peer says. */

void
link_test_say (LinkTest *f, HandoffLinkHead head, GVariant *body, guint n_fds)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (body);
  const int fds[] = { 0, 1, 2, 0, 1, 2, 0, 1, 2 };
  g_autoptr (GError) error = NULL;
  HandoffLinkBytes bytes;

  g_assert_true (handoff_link_message_pack (&table, &head, owned, &bytes, NULL));
  g_assert_cmpint (handoff_packet_send (f->peer, bytes.data, bytes.size, fds, n_fds, &error), ==,
                   HANDOFF_PACKET_DONE);
  g_assert_no_error (error);
  handoff_link_bytes_clear (&bytes);
}

void
link_test_say_text (
    LinkTest *f, HandoffLinkKind kind, guint number, guint32 serial, const char *text)
{
  link_test_say (f, (HandoffLinkHead){ kind, number, serial }, g_variant_new ("(s)", text), 0);
}

void
link_test_announce (LinkTest *f, const char *text)
{
  link_test_say_text (f, HANDOFF_LINK_NOTICE, LINK_TEST_ANNOUNCE, 0, text);
}

/* What the peer hears: "KIND NAME SERIAL BODY FDS", or "" if it is the end. */
char *
link_test_hear (LinkTest *f)
{
  static guint8 buffer[HANDOFF_PACKET_MAX_SIZE];
  static const char *const kinds[] = { NULL, "notice", "request", "reply", "error" };
  g_autoptr (GVariant) body = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  HandoffPacketRights rights;
  HandoffPacketStatus status;
  HandoffLinkHead head;
  gsize size;
  guint i;

  while ((status = handoff_packet_receive (f->peer, buffer, &size, &rights, &error)) ==
             HANDOFF_PACKET_WOULD_BLOCK ||
         status == HANDOFF_PACKET_RESET)
    link_test_run (f, link_test_do_nothing);
  g_assert_no_error (error);
  if (status == HANDOFF_PACKET_CLOSED)
    return g_strdup ("");
  g_assert_cmpint (status, ==, HANDOFF_PACKET_DONE);
  g_assert_true (handoff_link_message_parse (&table, HANDOFF_LINK_LOWER, buffer, size, rights.n_fds,
                                             &head, &body, &error));
  for (i = 0; i < rights.n_fds; i++)
    close (rights.fds[i]);
  text = g_variant_print (body, FALSE);
  return g_strdup_printf ("%s %s %u %s %u", kinds[head.kind], rows[head.number].name, head.serial,
                          text, rights.n_fds);
}

void
link_test_assert_hears (LinkTest *f, const char *what)
{
  g_autofree char *heard = link_test_hear (f);

  g_assert_cmpstr (heard, ==, what);
}

/* Jobs */

gboolean
link_test_tell_two (gpointer data)
{
  LinkTest *f = data;
  const int fds[] = { dup (0), dup (1) };

  g_assert_true (
      handoff_link_send (f->link, LINK_TEST_TELL, g_variant_new ("(s)", "one"), NULL, 0, NULL));
  g_assert_true (
      handoff_link_send (f->link, LINK_TEST_TELL, g_variant_new ("(s)", "two"), fds, 2, NULL));
  return G_SOURCE_REMOVE;
}

gboolean
link_test_ask_two (gpointer data)
{
  LinkTest *f = data;

  handoff_link_request (f->link, LINK_TEST_ASK, g_variant_new ("(s)", "one"), NULL, 0,
                        link_test_answered, f);
  handoff_link_request (f->link, LINK_TEST_ASK, g_variant_new ("(s)", "two"), NULL, 0,
                        link_test_answered, f);
  g_assert_cmpstr (f->events->str, ==, "");
  return G_SOURCE_REMOVE;
}

gboolean
link_test_return_call (gpointer data)
{
  LinkTest *f = data;
  const int fds[] = { dup (0) };

  handoff_link_call_return (g_steal_pointer (&f->call), g_variant_new ("(s)", "yes"), fds, 1);
  return G_SOURCE_REMOVE;
}

gboolean
link_test_fail_call (gpointer data)
{
  LinkTest *f = data;
  g_autoptr (GError) error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED, "no");

  handoff_link_call_fail (g_steal_pointer (&f->call), error);
  return G_SOURCE_REMOVE;
}

gboolean
link_test_ask_one (gpointer data)
{
  LinkTest *f = data;

  handoff_link_request (f->link, LINK_TEST_ASK, g_variant_new ("(s)", "one"), NULL, 0,
                        link_test_answered, f);
  return G_SOURCE_REMOVE;
}

void
link_test_add (const char *group, const LinkTestCase *cases, gsize n_cases)
{
  static int is_worker;
  gsize i;

  warm_up ();
  for (i = 0; i < n_cases; i++)
    {
      g_autofree char *on_main = g_strdup_printf ("/service/%s/main/%s", group, cases[i].name);
      g_autofree char *on_worker = g_strdup_printf ("/service/%s/worker/%s", group, cases[i].name);

      g_test_add (on_main, LinkTest, NULL, set_up, cases[i].function, tear_down);
      g_test_add (on_worker, LinkTest, &is_worker, set_up, cases[i].function, tear_down);
    }
}
