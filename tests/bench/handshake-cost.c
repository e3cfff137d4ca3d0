/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a handshake costs the worker's thread, against the same handshake in GnuTLS alone with
 * everything preloaded: CPU time of the thread, without bus, polkit or caller, and before the keys
 * are sealed for them. Both talk to the
 * same peer, GnuTLS in a thread of its own, on a socket pair, in turns. One line for each role,
 * full and resumed:
 *
 *   handshake-cost-client-full ratio 0.66 aim - [ours 317.3 µs, GnuTLS 512.1 µs]
 *
 *   handshake-cost [--quick] [NAME…]   NAME: client-full, client-resumed, server-full,
 * server-resumed */

#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "handshake/handshake.h"
#include "keyblob/secret-memory.h"
#include "resumption/server-tickets.h"
#include "support/credential-fixture.h"
#include "support/policy-fixture.h"

#define SERVER_NAME "localhost"
#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+ECDHE-PSK"
#define BATCH 10 /* handshakes of one side in a row */

typedef struct
{
  GMainContext *context;
  HandoffWorker *worker;
  HandoffTlsPolicy *policy;
  HandoffCredential *credential;
  HandoffServerTickets *tickets;
  HandoffHandshakeProgress *progress;
  gboolean has_ended;

  gnutls_certificate_credentials_t client_credentials;
  gnutls_certificate_credentials_t server_credentials;
  gnutls_priority_t priority;
  gnutls_datum_t ticket_key;

  GAsyncQueue *answers; /* (element-type Bench) */
  double worker_cpu_time;

  GThread *peer;
  GAsyncQueue *jobs;    /* (element-type Job) */
  GAsyncQueue *results; /* (element-type Job) */
} Bench;

/* One handshake of the peer. */
typedef struct
{
  int fd;
  HandoffRole role;
  gnutls_datum_t session; /* (unowned): a client's, to resume */
  GByteArray *tickets;    /* (nullable): a server's: gets what it gives */
  gboolean takes_session; /* a client: reads until it has a ticket */
} Job;

/* What one side resumes by. */
typedef struct
{
  GBytes *ours;           /* (nullable) */
  gnutls_datum_t others;  /* of GnuTLS's client */
  gnutls_datum_t of_ours; /* of the client of our server */
} Kept;

static void
check (int code)
{
  if (code < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (code));
}

static int
keep_ticket (gnutls_session_t session,
             unsigned int type,
             unsigned int when,
             unsigned int incoming,
             const gnutls_datum_t *message)
{
  GByteArray *tickets = gnutls_session_get_ptr (session);
  const guint8 header[] = { (guint8) type, (guint8) (message->size >> 16),
                            (guint8) (message->size >> 8), (guint8) message->size };

  if (tickets != NULL)
    {
      g_byte_array_append (tickets, header, sizeof header);
      g_byte_array_append (tickets, message->data, message->size);
    }
  return 0;
}

static gnutls_datum_t
take_session (gnutls_session_t session)
{
  gnutls_datum_t data = { NULL, 0 };
  char byte;

  while ((gnutls_session_get_flags (session) & GNUTLS_SFLAGS_SESSION_TICKET) == 0 &&
         gnutls_record_recv (session, &byte, 1) == GNUTLS_E_AGAIN)
    ;
  check (gnutls_session_get_data2 (session, &data));
  return data;
}

/* A handshake as an application does it that has preloaded what it can. takes: (out) (nullable) */
static void
do_handshake (Bench *self,
              HandoffRole role,
              int fd,
              gnutls_datum_t resumed,
              GByteArray *tickets,
              gnutls_datum_t *takes)
{
  gnutls_session_t session;
  int code;

  check (gnutls_init (&session, role == HANDOFF_ROLE_CLIENT ? GNUTLS_CLIENT : GNUTLS_SERVER));
  check (gnutls_priority_set (session, self->priority));
  check (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE,
                                 role == HANDOFF_ROLE_CLIENT ? self->client_credentials
                                                             : self->server_credentials));
  if (role == HANDOFF_ROLE_CLIENT)
    {
      check (gnutls_server_name_set (session, GNUTLS_NAME_DNS, SERVER_NAME, strlen (SERVER_NAME)));
      gnutls_session_set_verify_cert (session, SERVER_NAME, 0);
      if (resumed.size > 0)
        check (gnutls_session_set_data (session, resumed.data, resumed.size));
    }
  else
    {
      check (gnutls_session_ticket_enable_server (session, &self->ticket_key));
      gnutls_session_set_ptr (session, tickets);
      gnutls_handshake_set_hook_function (session, GNUTLS_HANDSHAKE_NEW_SESSION_TICKET,
                                          GNUTLS_HOOK_PRE, keep_ticket);
    }
  gnutls_transport_set_int (session, fd);
  while ((code = gnutls_handshake (session)) < 0 && !gnutls_error_is_fatal (code))
    ;
  check (code);
  if (resumed.size > 0 && !gnutls_session_is_resumed (session))
    g_error ("A handshake was not resumed");
  if (takes != NULL)
    *takes = take_session (session);
  gnutls_deinit (session);
}

static gpointer
run_peer (gpointer data)
{
  Bench *self = data;
  Job *job;

  while ((job = g_async_queue_pop (self->jobs))->fd >= 0)
    {
      gnutls_datum_t session = { NULL, 0 };

      do_handshake (self, job->role, job->fd, job->session, job->tickets,
                    job->takes_session ? &session : NULL);
      job->session = session;
      g_async_queue_push (self->results, job);
    }
  return NULL;
}

static void
load (Bench *self)
{
  const char *directory = g_getenv ("HANDOFF_TEST_CERTS");
  g_autofree char *ca = g_build_filename (directory, "ca.pem", NULL);
  g_autofree char *certificate = g_build_filename (directory, "ecdsa.pem", NULL);
  g_autofree char *key = g_build_filename (directory, "ecdsa.key", NULL);
  g_autofree char *content = g_strdup_printf ("[TLS]\nTrustFile=%s\n", ca);
  g_autoptr (GError) error = NULL;

  self->policy = test_policy_new (content);
  self->worker = handoff_worker_new (&error);
  g_assert_no_error (error);
  self->credential = test_credential_new (NULL, "ecdsa", 0, "ecdsa");
  self->tickets = handoff_server_tickets_new ();
  handoff_server_tickets_set_lifetime (self->tickets, 3600);

  check (gnutls_certificate_allocate_credentials (&self->client_credentials));
  check (
      gnutls_certificate_set_x509_trust_file (self->client_credentials, ca, GNUTLS_X509_FMT_PEM));
  check (gnutls_certificate_allocate_credentials (&self->server_credentials));
  check (gnutls_certificate_set_x509_key_file (self->server_credentials, certificate, key,
                                               GNUTLS_X509_FMT_PEM));
  check (gnutls_priority_init (&self->priority, PRIORITY, NULL));
  check (gnutls_session_ticket_key_generate (&self->ticket_key));
  self->answers = g_async_queue_new ();
  self->jobs = g_async_queue_new ();
  self->results = g_async_queue_new ();
  self->peer = g_thread_new ("peer", run_peer, self);
}

static void
unload (Bench *self)
{
  Job last = { .fd = -1 };

  g_async_queue_push (self->jobs, &last);
  g_thread_join (self->peer);
  handoff_worker_free (self->worker);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  handoff_credential_unref (self->credential);
  handoff_server_tickets_free (self->tickets);
  handoff_tls_policy_unref (self->policy);
  gnutls_certificate_free_credentials (self->client_credentials);
  gnutls_certificate_free_credentials (self->server_credentials);
  gnutls_priority_deinit (self->priority);
  gnutls_free (self->ticket_key.data);
  g_async_queue_unref (self->answers);
  g_async_queue_unref (self->jobs);
  g_async_queue_unref (self->results);
}

static double
get_cpu_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (double) time.tv_sec * 1e6 + (double) time.tv_nsec / 1e3;
}

/* On the worker. */
static gboolean
answer (gpointer data)
{
  Bench *self = data;

  self->worker_cpu_time = get_cpu_time ();
  g_async_queue_push (self->answers, self);
  return G_SOURCE_REMOVE;
}

static double
get_worker_cpu_time (Bench *self)
{
  handoff_worker_invoke (self->worker, answer, self, NULL);
  g_async_queue_pop (self->answers);
  return self->worker_cpu_time;
}

static void
progressed (HandoffHandshakeProgress *progress, gpointer user_data)
{
  ((Bench *) user_data)->progress = progress;
}

static void
ended (gpointer user_data)
{
  ((Bench *) user_data)->has_ended = TRUE;
}

static guint8 *
copy_secret (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  guint8 *secret = handoff_secret_new (size, HANDOFF_SECRET_DEFAULT);

  memcpy (secret, data, size);
  return secret;
}

static HandoffHandshakeRequest *
new_request (Bench *self, HandoffRole role, int fd, GBytes *session)
{
  g_autoptr (GVariant) options = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  g_autoptr (GError) error = NULL;
  HandoffHandshakeRequest *request = handoff_handshake_request_new (
      role, role == HANDOFF_ROLE_CLIENT ? SERVER_NAME : "", options, self->policy, &error);

  g_assert_no_error (error);
  request->fd = fd;
  request->uid = getuid ();
  request->recipient.by_channel = TRUE;
  request->keeps_sessions = TRUE;
  request->keeps_sessions_of_min = 0x0304;
  if (role == HANDOFF_ROLE_SERVER)
    {
      request->credential = handoff_credential_ref (self->credential);
      request->ticket_secret =
          handoff_server_tickets_derive_secret (self->tickets, g_variant_new_string ("bench"));
      request->ticket_lifetime = 3600;
    }
  if (session != NULL)
    {
      request->session_data = copy_secret (session);
      request->session_data_size = g_bytes_get_size (session);
    }
  return request;
}

static void
take_ticket (gpointer data, guint lifetime, gpointer user_data)
{
  GBytes **kept = user_data;

  if (*kept == NULL)
    *kept = g_bytes_new (data, handoff_secret_get_size (data));
  handoff_secret_free (data);
}

/* A handshake of the service's. tickets: (nullable): what the peer gives; then *kept is set. */
static void
do_ours (Bench *self, HandoffRole role, int fd, GBytes *session, GByteArray *tickets, GBytes **kept)
{
  HandoffHandshake *handshake = handoff_handshake_new (
      self->worker, NULL, new_request (self, role, fd, session), ended, NULL, self);
  g_autoptr (GError) error = NULL;

  self->has_ended = FALSE;
  handoff_handshake_start (handshake);
  handoff_handshake_step (handshake, NULL, progressed, self);
  while (self->progress == NULL || !self->has_ended)
    g_main_context_iteration (NULL, TRUE);
  if (self->progress->state != HANDOFF_HANDSHAKE_EXPORTED)
    g_error ("The handshake failed: %s", self->progress->error->message);
  if (session != NULL && !self->progress->outcome->resumed)
    g_error ("A handshake was not resumed");
  if (tickets != NULL)
    {
      Job *job = g_async_queue_pop (self->results);

      handoff_ticket_window_take_message (self->progress->window, tickets->data, tickets->len,
                                          take_ticket, kept, &error);
      g_assert_no_error (error);
      g_async_queue_push (self->results, job);
    }
  g_clear_pointer (&self->progress, handoff_handshake_progress_free);
  handoff_handshake_free (handshake);
}

/* One handshake against the peer. kept: (inout): what it resumes by, or takes. */
static void
run_one (Bench *self, HandoffRole role, gboolean is_ours, gboolean takes, Kept *kept)
{
  const HandoffRole peer_role =
      role == HANDOFF_ROLE_CLIENT ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT;
  g_autoptr (GByteArray) tickets = g_byte_array_new ();
  const gnutls_datum_t nothing = { NULL, 0 };
  Job job = { .role = peer_role };
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  job.fd = fds[1];
  job.tickets = tickets;
  if (peer_role == HANDOFF_ROLE_CLIENT)
    {
      job.session = is_ours ? kept->of_ours : kept->others;
      job.takes_session = takes;
    }
  g_async_queue_push (self->jobs, &job);
  if (is_ours)
    do_ours (self, role, dup (fds[0]), kept->ours,
             takes && role == HANDOFF_ROLE_CLIENT ? tickets : NULL, &kept->ours);
  else
    do_handshake (self, role, fds[0], role == HANDOFF_ROLE_CLIENT ? kept->others : nothing, NULL,
                  takes && role == HANDOFF_ROLE_CLIENT ? &kept->others : NULL);
  g_async_queue_pop (self->results);
  if (takes && peer_role == HANDOFF_ROLE_CLIENT)
    *(is_ours ? &kept->of_ours : &kept->others) = job.session;
  close (fds[1]);
  close (fds[0]);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const double one = *(const double *) a, other = *(const double *) b;

  return (one > other) - (one < other);
}

static double
get_median (GArray *times)
{
  g_array_sort (times, compare_times);
  return g_array_index (times, double, times->len / 2);
}

static void
measure (Bench *self, HandoffRole role, gboolean resumed, guint n_batches)
{
  g_autoptr (GArray) ours = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) others = g_array_new (FALSE, FALSE, sizeof (double));
  Kept kept = { NULL };
  guint i, j;

  for (i = 0; i < 2; i++)
    run_one (self, role, i == 0, resumed, &kept);
  for (i = 0; i < n_batches; i++)
    {
      double start = get_worker_cpu_time (self), time;

      for (j = 0; j < BATCH; j++)
        run_one (self, role, TRUE, FALSE, &kept);
      time = (get_worker_cpu_time (self) - start) / BATCH;
      g_array_append_val (ours, time);
      start = get_cpu_time ();
      for (j = 0; j < BATCH; j++)
        run_one (self, role, FALSE, FALSE, &kept);
      time = (get_cpu_time () - start) / BATCH;
      g_array_append_val (others, time);
    }
  g_print ("handshake-cost-%s-%s ratio %.2f aim - [ours %.1f µs, GnuTLS %.1f µs]\n",
           role == HANDOFF_ROLE_CLIENT ? "client" : "server", resumed ? "resumed" : "full",
           get_median (ours) / get_median (others), get_median (ours), get_median (others));
  g_clear_pointer (&kept.ours, g_bytes_unref);
  gnutls_free (kept.others.data);
  gnutls_free (kept.of_ours.data);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    HandoffRole role;
    gboolean resumed;
  } cases[] = {
    { "client-full", HANDOFF_ROLE_CLIENT, FALSE },
    { "client-resumed", HANDOFF_ROLE_CLIENT, TRUE },
    { "server-full", HANDOFF_ROLE_SERVER, FALSE },
    { "server-resumed", HANDOFF_ROLE_SERVER, TRUE },
  };
  gboolean quick = argc > 1 && g_str_equal (argv[1], "--quick");
  const char *const *names = (const char *const *) argv + 1 + quick;
  Bench bench = { NULL };
  gsize i;

  setlocale (LC_ALL, "");
  load (&bench);
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      if (names[0] == NULL || g_strv_contains (names, cases[i].name))
        measure (&bench, cases[i].role, cases[i].resumed, quick ? 2 : 100);
    }
  unload (&bench);
  return EXIT_SUCCESS;
}
