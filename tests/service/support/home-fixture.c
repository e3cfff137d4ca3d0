/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/home-fixture.h"

#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/hpke.h"
#include "keyblob/tls-handoff-error.h"
#include "work/home.h"

#define UID 1000

/* The log's, which has no user data. */
static HomeTest *current;

static gboolean
ignore_idle (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static void
note (HomeTest *f, char *event)
{
  g_mutex_lock (&f->mutex);
  g_ptr_array_add (f->events, event);
  g_mutex_unlock (&f->mutex);
  g_main_context_wakeup (NULL);
}

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "HANDOFF_OUTCOME"))
      note (current, g_strconcat ("audit ", fields[i].value, NULL));
  return level <= G_LOG_LEVEL_WARNING ? g_log_writer_default (level, fields, n_fields, user_data)
                                      : G_LOG_WRITER_HANDLED;
}

void
home_test_set_up (HomeTest *f, gconstpointer data)
{
  static gsize is_logged;
  g_autoptr (GError) error = NULL;

  client_test_set_up (&f->client, data);
  f->peer = -1;
  f->events = g_ptr_array_new_with_free_func (g_free);
  g_mutex_init (&f->mutex);
  current = f;
  if (g_once_init_enter (&is_logged))
    {
      g_log_set_writer_func (write_log, NULL, NULL);
      g_once_init_leave (&is_logged, 1);
    }
  f->handshakes = handoff_quota_new ("handshakes");
  f->sessions = handoff_quota_new ("sessions");
  f->caller = handoff_caller_new (":1.1", UID, 1);
  f->main.idle_timer = handoff_idle_timer_new (ignore_idle, NULL);
  f->main.statistics = handoff_statistics_new ();
  f->main.book = handoff_session_book_new ();
  f->main.kept = handoff_resumption_store_new ();
  handoff_resumption_store_configure (f->main.kept,
                                      handoff_tls_policy_get_serial (f->client.policy), 3600);
  f->main.worker_pool = handoff_worker_pool_new (1, &error);
  g_assert_no_error (error);
  handoff_session_home_init (&f->main);
  f->homes = handoff_session_homes_new ();
  f->home = handoff_session_home_new (
      &f->main, handoff_worker_pool_take_seat (f->main.worker_pool, UID), NULL);
  handoff_session_homes_add (f->homes, f->home);
}

static void
close_home (HomeTest *f)
{
  g_clear_pointer (&f->session, handoff_session_unref);
  handoff_session_home_close (f->home);
}

static gboolean
is_held (HomeTest *f)
{
  return handoff_idle_timer_is_held (f->main.idle_timer);
}

void
home_test_tear_down (HomeTest *f, gconstpointer data)
{
  home_test_run (f, close_home);
  handoff_session_homes_remove (f->homes, f->home);
  handoff_session_home_unref (f->home);
  if (f->peer >= 0)
    shutdown (f->peer, SHUT_RDWR);
  if (f->peer_thread != NULL)
    g_thread_join (f->peer_thread);
  if (f->peer >= 0)
    close (f->peer);
  /* A farewell may still be said. */
  while (is_held (f))
    g_main_context_iteration (NULL, TRUE);
  handoff_session_homes_free (f->homes);
  handoff_session_home_clear (&f->main);
  handoff_worker_pool_free (f->main.worker_pool);
  g_assert_cmpuint (handoff_quota_get_total (f->handshakes), ==, 0);
  g_assert_cmpuint (handoff_quota_get_total (f->sessions), ==, 0);
  handoff_quota_free (f->handshakes);
  handoff_quota_free (f->sessions);
  handoff_session_book_free (f->main.book);
  handoff_resumption_store_free (f->main.kept);
  handoff_statistics_free (f->main.statistics);
  handoff_idle_timer_free (f->main.idle_timer);
  g_object_unref (f->caller);
  g_ptr_array_unref (f->events);
  g_mutex_clear (&f->mutex);
  client_test_tear_down (&f->client, data);
}

typedef struct
{
  HomeTest *f;
  void (*function) (HomeTest *f);
  gboolean has_run; /* the main thread's */
} Job;

static gboolean
has_run (gpointer data)
{
  ((Job *) data)->has_run = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
run (gpointer data)
{
  Job *job = data;

  g_assert_true (handoff_home_is_here (job->f->home->home));
  job->function (job->f);
  handoff_home_invoke (NULL, has_run, job, NULL);
  return G_SOURCE_REMOVE;
}

void
home_test_run (HomeTest *f, void (*function) (HomeTest *f))
{
  Job job = { f, function, FALSE };

  handoff_home_invoke (f->home->home, run, &job, NULL);
  while (!job.has_run)
    g_main_context_iteration (NULL, TRUE);
}

guint
home_test_count (HomeTest *f, const char *event)
{
  guint n = 0;

  g_mutex_lock (&f->mutex);
  for (guint i = 0; i < f->events->len; i++)
    n += g_str_equal (f->events->pdata[i], event);
  g_mutex_unlock (&f->mutex);
  return n;
}

void
home_test_wait (HomeTest *f, const char *event, guint n)
{
  while (home_test_count (f, event) < n)
    g_main_context_iteration (NULL, TRUE);
}

char *
home_test_take_events (HomeTest *f)
{
  char *events;

  g_mutex_lock (&f->mutex);
  g_ptr_array_add (f->events, NULL);
  events = g_strjoinv (", ", (char **) f->events->pdata);
  g_ptr_array_set_size (f->events, 0);
  g_mutex_unlock (&f->mutex);
  return events;
}

void
home_test_begin (HomeTest *f, const char *options, int fd)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_parsed (options));
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  g_autoptr (GError) error = NULL;
  HandoffHandshakeRequest *request = handoff_handshake_request_new (
      HANDOFF_ROLE_CLIENT, "other.handoff.test", variant, f->client.policy, &error);

  g_assert_no_error (error);
  request->stepwise = fd < 0;
  request->fd = fd;
  request->uid = UID;
  g_assert_true (handoff_hpke_generate_key_pair (private_key, request->recipient.key, NULL));
  request->may_ask = FALSE;
  g_clear_pointer (&f->session, handoff_session_unref);
  f->session = handoff_session_new (HANDOFF_ROLE_CLIENT, f->caller, "other.handoff.test",
                                    f->home->idle_timer);
  f->session->transient = request->options->transient;
  f->session->outlives_caller = request->options->outlive_caller;
  f->session->handshake_place = handoff_quota_take (f->handshakes, UID, 10, 10, &error);
  f->session->session_place = handoff_quota_take (f->sessions, UID, 10, 10, &error);
  g_assert_no_error (error);
  handoff_session_begin (f->home, f->session, request);
}

void
home_test_begin_on_socket (HomeTest *f, const char *options)
{
  int fds[2];

  g_assert_cmpint (f->peer, ==, -1);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  f->peer = fds[1];
  home_test_begin (f, options, fds[0]);
}

static void
replied (HandoffSession *session, HandoffHandshakeProgress *progress, gpointer user_data)
{
  HomeTest *f = user_data;
  gsize size;
  gconstpointer output = g_bytes_get_data (progress->output, &size);
  const char *state = handoff_session_get_state_name (session);
  g_autofree char *error =
      progress->error != NULL ? g_dbus_error_encode_gerror (progress->error) : NULL;
  const char *reason = error != NULL ? strrchr (error, '.') + 1 : NULL;

  g_assert_true (handoff_home_is_here (f->home->home));
  g_byte_array_append (f->client.to_server, output, (guint) size);
  g_byte_array_remove_range (f->client.to_client, 0, (guint) progress->consumed);
  note (f, g_strconcat ("reply ", state, reason != NULL ? " " : "", reason, NULL));
  if (f->on_reply != NULL)
    f->on_reply (progress, f);
}

static void
left (gpointer user_data)
{
  note (user_data, g_strdup ("left"));
}

HandoffSessionReply
home_test_reply (HomeTest *f)
{
  return (HandoffSessionReply){ f->caller, replied, f, left };
}

void
home_test_step (HomeTest *f)
{
  g_autoptr (GBytes) input = NULL;

  if (f->session->stepwise)
    input = g_bytes_new (f->client.to_client->data, f->client.to_client->len);
  handoff_session_step (f->home, f->session, input, home_test_reply (f));
}

static gpointer
serve (gpointer data)
{
  HomeTest *f = data;
  gnutls_session_t session;
  int code;

  g_assert_cmpint (gnutls_init (&session, GNUTLS_SERVER), ==, 0);
  g_assert_cmpint (gnutls_set_default_priority (session), ==, 0);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, f->client.credentials);
  gnutls_transport_set_int (session, f->peer);
  do
    code = gnutls_handshake (session);
  while (code < 0 && !gnutls_error_is_fatal (code));
  gnutls_deinit (session);
  return NULL;
}

void
home_test_serve (HomeTest *f)
{
  f->peer_thread = g_thread_new ("peer", serve, f);
}
