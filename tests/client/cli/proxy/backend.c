/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Where "serve" finds the server that it forwards to, when that moves to another address. The name
 * is the test's own resolver's to answer, the sockets are real. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "proxy/backend.h"
#include "support/test-resolver.h"

#define OLD "127.0.0.1"
#define NEW "127.0.0.2"
/* More than wait for a server that accepts none. */
#define CROWD 8

typedef struct
{
  CliReactor *reactor;
  CliBackendPlace place;
  CliTarget target;
  CliBackendAddress address;
} Fixture;

/* A server that accepts nobody: the kernel answers for it, as long as few clients wait. */
static int
listen_at (const char *address, guint16 *port)
{
  const int on = 1;
  struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons (*port) };
  socklen_t size = sizeof name;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (inet_pton (AF_INET, address, &name.sin_addr), ==, 1);
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &name, size), ==, 0);
  g_assert_cmpint (listen (fd, CROWD / 2), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &name, &size), ==, 0);
  *port = ntohs (name.sin_port);
  return fd;
}

static void
fixture_open (Fixture *f, guint16 port)
{
  memset (f, 0, sizeof *f);
  f->reactor = cli_reactor_new ();
  f->target = (CliTarget){ (char *) TEST_RESOLVER_NAME, port };
  f->address.forward = &f->target;
}

static void
ready (CliBackend *backend, const GError *error, gpointer user_data)
{
  CliBackend **result = user_data;

  g_assert_no_error (error);
  *result = backend;
}

static void
gone (const char *problem, gpointer user_data G_GNUC_UNUSED)
{
  g_assert_null (problem);
}

/* A client comes, and gets there. */
static void
assert_connects (Fixture *f, const char *address)
{
  CliBackend *backend = NULL;
  struct sockaddr_in peer;
  socklen_t size = sizeof peer;
  char text[INET_ADDRSTRLEN];

  cli_backend_open (&f->address, &f->place, f->reactor, NULL, NULL, ready, &backend);
  while (backend == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (getpeername (cli_backend_get_input (backend), (struct sockaddr *) &peer, &size),
                   ==, 0);
  inet_ntop (AF_INET, &peer.sin_addr, text, sizeof text);
  g_assert_cmpstr (text, ==, address);
  cli_backend_close (backend, FALSE, gone, NULL);
}

/* Breaks if each client has the name looked up; or if clients do not find a server that has moved,
 * because it is only looked for where it was. */
static void
test_moved (void)
{
  static const char *const old[] = { OLD, NULL }, *const new[] = { NEW, NULL };
  guint16 port = 0;
  int listener = listen_at (OLD, &port);
  guint n;
  Fixture f;

  fixture_open (&f, port);
  test_resolver_set (old);
  assert_connects (&f, OLD);
  n = test_resolver_count ();
  g_assert_cmpuint (n, >, 0);
  assert_connects (&f, OLD);
  g_assert_cmpuint (test_resolver_count (), ==, n);

  close (listener);
  listener = listen_at (NEW, &port);
  test_resolver_set (new);
  assert_connects (&f, NEW);
  g_assert_cmpuint (test_resolver_count (), >, 0);
  close (listener);
  cli_reactor_free (f.reactor);
}

/* Breaks if clients wait, as long as TCP does, for a server that is where it was no more: nobody
 * answers there, not even to refuse them. */
static void
test_silent (void)
{
  static const char *const old[] = { OLD, NULL }, *const new[] = { NEW, NULL };
  guint16 port = 0;
  int listener = listen_at (OLD, &port), new_listener = listen_at (NEW, &port);
  int crowd[CROWD];
  Fixture f;

  fixture_open (&f, port);
  test_resolver_set (old);
  assert_connects (&f, OLD);
  /* With all its places taken, the kernel answers nobody. */
  for (guint i = 0; i < CROWD; i++)
    {
      crowd[i] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      connect (crowd[i], (struct sockaddr *) &f.place.address, f.place.size);
    }
  test_resolver_set (new);
  assert_connects (&f, NEW);
  for (guint i = 0; i < CROWD; i++)
    close (crowd[i]);
  close (listener);
  close (new_listener);
  cli_reactor_free (f.reactor);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/backend/moved", test_moved);
  g_test_add_func ("/cli/backend/silent", test_silent);
  return g_test_run ();
}
