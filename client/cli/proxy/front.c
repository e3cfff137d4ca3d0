/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/front.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "terminal/report.h"

/* The clients of a "serve" that one thread has: takes them, and lets them have their turns.
 *
 * The service limits the handshakes that a user has under way. So clients wait in line for theirs;
 * a client that has sent nothing is not in the line. */

/* How long a client may take to end its handshake, seconds. */
#define HANDSHAKE_SECONDS 15

typedef struct
{
  CliFront *front;
  int fd;
  CliWatch watch;
} Listener;

/* A client that another front took. */
typedef struct
{
  int fd;
  struct sockaddr_storage address;
  socklen_t address_size;
} Arrival;

struct _CliFront
{
  const CliFrontSettings *settings;
  CliFrontPeers *peers;
  GAsyncQueue *arrivals; /* (owned) (element-type Arrival): from other fronts */
  int wake_fd;           /* tells of them */
  CliWatch wake;
  int n_clients; /* atomic: those of arrivals among them */
  CliConnectionHost host;
  CliFrontDone done;
  gpointer user_data;

  Listener *listeners; /* (owned): as many as in the settings */
  gboolean paused;     /* accepting failed: until the next tick */
  gboolean listening;
  GSource *timer;      /* (owned) (nullable): ticks, while there is anybody to wait for */
  GHashTable *clients; /* (element-type CliConnection) */
  GQueue waiting;      /* (element-type CliConnection): for their handshake */
  guint n_handshakes;
  gboolean taken; /* a client */
};

static void start_timer (CliFront *self);

/* Clients that have come wait in the kernel while there are too many, or no descriptors. */
static void
listen_or_not (CliFront *self)
{
  const CliFrontSettings *settings = self->settings;
  gboolean wanted = !self->paused && !g_atomic_int_get (&self->peers->ending) &&
                    g_atomic_int_get (&self->peers->n_clients) < settings->max_clients &&
                    !(settings->once && self->taken);

  if (wanted == self->listening)
    return;
  self->listening = wanted;
  for (guint i = 0; i < settings->listeners->len; i++)
    {
      Listener *listener = &self->listeners[i];

      /* One thread is woken for a client, not all. */
      if (!wanted)
        cli_reactor_remove (self->host.reactor, &listener->watch);
      else
        cli_reactor_add (self->host.reactor, &listener->watch, listener->fd,
                         EPOLLIN | EPOLLEXCLUSIVE, NULL);
    }
}

/* If there were too many, this front has to listen again afterwards. One that listens is enough,
 * since it gives clients to the others. */
static void
give_place_back (CliFront *self)
{
  CliFrontPeers *peers = self->peers;

  if (g_atomic_int_dec_and_test (&peers->n_clients) && g_atomic_int_get (&peers->ending))
    peers->left (peers->user_data);
}

/* A place among the clients of all fronts. FALSE if there is none. */
static gboolean
take_place (CliFront *self)
{
  if (g_atomic_int_add (&self->peers->n_clients, 1) < self->settings->max_clients)
    return TRUE;
  /* By now, the last client may have left. */
  give_place_back (self);
  return FALSE;
}

static void
serve (CliFront *self, const Arrival *arrival)
{
  CliConnection *client =
      cli_connection_new (&self->host, arrival->fd, &arrival->address, arrival->address_size);

  if (client == NULL)
    {
      g_atomic_int_add (&self->n_clients, -1);
      give_place_back (self);
      self->taken = FALSE;
      return;
    }
  self->taken = TRUE;
  g_hash_table_add (self->clients, client);
  start_timer (self);
}

/* The kernel wakes the same thread again and again. So one that has many more clients than another
 * gives it the next. */
static CliFront *
find_idle (CliFront *self)
{
  CliFront *idlest = self;
  int least = g_atomic_int_get (&self->n_clients);

  for (guint i = 0; i < CLI_FRONT_MAX_PEERS; i++)
    {
      CliFront *other = g_atomic_pointer_get (&self->peers->fronts[i]);
      int n = other != NULL ? g_atomic_int_get (&other->n_clients) : G_MAXINT;

      if (n < least)
        {
          least = n;
          idlest = other;
        }
    }
  return g_atomic_int_get (&self->n_clients) > least + least / 2 ? idlest : self;
}

static void
client_came (guint32 events G_GNUC_UNUSED, gpointer user_data)
{
  const guint64 one = 1;
  Listener *listener = user_data;
  CliFront *self = listener->front;
  CliFront *front;
  Arrival arrival = { .address_size = sizeof arrival.address };

  if (!take_place (self))
    {
      listen_or_not (self);
      return;
    }
  arrival.fd = accept4 (listener->fd, (struct sockaddr *) &arrival.address, &arrival.address_size,
                        SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (arrival.fd < 0)
    {
      int code = errno;

      give_place_back (self);
      /* The others say that a client left before it was taken, or that another thread has it. */
      if (code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM)
        {
          cli_report (_ ("Cannot accept a connection: %s"), g_strerror (code));
          self->paused = TRUE;
          start_timer (self);
          listen_or_not (self);
        }
      return;
    }
  front = find_idle (self);
  g_atomic_int_inc (&front->n_clients);
  if (front == self)
    serve (self, &arrival);
  else
    {
      g_async_queue_push (front->arrivals, g_memdup2 (&arrival, sizeof arrival));
      if (write (front->wake_fd, &one, sizeof one) < 0)
        g_warning ("eventfd: %s", g_strerror (errno));
    }
  listen_or_not (self);
}

/* Who has said nothing yet loses nothing. */
static void
end_silent_clients (CliFront *self)
{
  guint n_clients;
  g_autofree gpointer *clients = g_hash_table_get_keys_as_array (self->clients, &n_clients);

  for (guint i = 0; i < n_clients; i++)
    cli_connection_end_if_silent (clients[i]);
}

/* Or no more clients are taken. */
static void
clients_arrived (guint32 events G_GNUC_UNUSED, gpointer user_data)
{
  CliFront *self = user_data;
  Arrival *arrival;
  guint64 n;

  if (read (self->wake_fd, &n, sizeof n) < 0)
    return;
  while ((arrival = g_async_queue_try_pop (self->arrivals)) != NULL)
    {
      serve (self, arrival);
      g_free (arrival);
    }
  listen_or_not (self);
  if (g_atomic_int_get (&self->peers->ending))
    end_silent_clients (self);
}

static void
begin_next (CliFront *self)
{
  CliConnection *next;

  while (self->n_handshakes < self->settings->max_handshakes &&
         (next = g_queue_pop_head (&self->waiting)) != NULL)
    {
      self->n_handshakes++;
      cli_connection_begin (next);
    }
}

static void
spoke (CliConnection *client, gpointer user_data)
{
  CliFront *self = user_data;

  g_queue_push_tail (&self->waiting, client);
  begin_next (self);
}

static void
handshake_over (gpointer user_data)
{
  CliFront *self = user_data;

  self->n_handshakes--;
  begin_next (self);
}

static void
client_done (CliConnection *client, gboolean ok, gpointer user_data)
{
  CliFront *self = user_data;

  g_hash_table_remove (self->clients, client);
  g_atomic_int_add (&self->n_clients, -1);
  give_place_back (self);
  if (self->settings->once)
    self->done (ok, self->user_data);
  else
    listen_or_not (self);
}

/* Once a second. A timer for each client would cost the main loop more than the clients do. */
static gboolean
tick (gpointer user_data)
{
  CliFront *self = user_data;
  guint n_clients;
  g_autofree gpointer *clients = g_hash_table_get_keys_as_array (self->clients, &n_clients);
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < n_clients; i++)
    cli_connection_check_time (clients[i], now);
  self->paused = FALSE;
  listen_or_not (self);
  if (n_clients > 0)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->timer, g_source_unref);
  return G_SOURCE_REMOVE;
}

static void
start_timer (CliFront *self)
{
  if (self->timer != NULL)
    return;
  self->timer = g_timeout_source_new_seconds (1);
  g_source_set_callback (self->timer, tick, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

/**
 * cli_front_new:
 * @peers: the other fronts of the process, at most %CLI_FRONT_MAX_PEERS with this one
 * @done: called if the front was to end with its first client
 *
 * Serves clients in this thread, in its thread-default main context, until the process ends.
 */
CliFront *
cli_front_new (const CliFrontSettings *settings,
               CliFrontPeers *peers,
               CliFrontDone done,
               gpointer user_data)
{
  CliFront *self = g_new0 (CliFront, 1);
  guint place = 0;

  self->settings = settings;
  self->done = done;
  self->user_data = user_data;
  self->host.settings = &settings->connection;
  self->host.reactor = cli_reactor_new ();
  self->host.buffers = cli_buffers_new ();
  self->host.spoke = spoke;
  self->host.handshake_over = handshake_over;
  self->host.done = client_done;
  self->host.user_data = self;
  self->clients = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->waiting);
  self->listeners = g_new0 (Listener, settings->listeners->len);
  for (guint i = 0; i < settings->listeners->len; i++)
    {
      Listener *listener = &self->listeners[i];

      listener->front = self;
      listener->fd = g_socket_get_fd (settings->listeners->pdata[i]);
      listener->watch = (CliWatch){ client_came, listener };
    }
  self->peers = peers;
  self->arrivals = g_async_queue_new ();
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  self->wake = (CliWatch){ clients_arrived, self };
  if (self->wake_fd < 0 ||
      !cli_reactor_add (self->host.reactor, &self->wake, self->wake_fd, EPOLLIN, NULL))
    g_error ("eventfd: %s", g_strerror (errno));
  while (!g_atomic_pointer_compare_and_exchange (&peers->fronts[place], NULL, self))
    place++;
  listen_or_not (self);
  return self;
}

/**
 * cli_front_peers_end:
 *
 * Takes no more clients, and lets those who are there go on. @peers tells when the last one has
 * left, which may be at once.
 */
void
cli_front_peers_end (CliFrontPeers *peers)
{
  const guint64 one = 1;

  /* The place of nobody: so that the fronts do not tell before all of them know. */
  g_atomic_int_inc (&peers->n_clients);
  g_atomic_int_set (&peers->ending, TRUE);
  for (guint i = 0; i < CLI_FRONT_MAX_PEERS; i++)
    {
      CliFront *front = g_atomic_pointer_get (&peers->fronts[i]);

      if (front != NULL && write (front->wake_fd, &one, sizeof one) < 0)
        g_warning ("eventfd: %s", g_strerror (errno));
    }
  if (g_atomic_int_dec_and_test (&peers->n_clients))
    peers->left (peers->user_data);
}

/**
 * cli_front_set_time_limit:
 *
 * Limits in @options the time that a client has for its handshake.
 */
void
cli_front_set_time_limit (TlsHandoffHandshakeOptions *options)
{
  tls_handoff_handshake_options_set_timeout (options, HANDSHAKE_SECONDS);
}
