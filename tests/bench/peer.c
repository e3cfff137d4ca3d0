/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The server that clients of all kinds are measured with: OpenSSL, whose P-256 and X25519 are the
 * fastest at hand, so that little of the time is the peer's. TLS 1.3; sends back each byte.
 *
 *   peer CERTIFICATES THREADS
 *
 * CERTIFICATES: a chain and its key, PEM. Prints two ports of 127.0.0.1: of a server without
 * session tickets, and of one that gives one ticket a connection. Each has THREADS threads, a
 * connection in each. For each line on its standard input it prints how many connections it has
 * served, how many of them were resumed, and the CPU time it took, microseconds. */

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  SSL_CTX *context;
  int listener;
} Server;

static atomic_uint n_served;
static atomic_uint n_resumed;

static void
die (const char *what)
{
  perror (what);
  ERR_print_errors_fp (stderr);
  exit (1);
}

static void
serve (const Server *self, int fd)
{
  SSL *ssl = SSL_new (self->context);
  const int on = 1;
  char byte;

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SSL_set_fd (ssl, fd);
  if (SSL_accept (ssl) == 1)
    {
      n_resumed += SSL_session_reused (ssl) ? 1 : 0;
      n_served++;
      while (SSL_read (ssl, &byte, 1) == 1 && SSL_write (ssl, &byte, 1) == 1)
        ;
    }
  /* Who connected without TLS is no failure; a client whose handshake fails says why. */
  SSL_free (ssl);
  ERR_clear_error ();
}

static void *
serve_all (void *data)
{
  const Server *self = data;
  int fd;

  while ((fd = accept (self->listener, NULL, NULL)) >= 0)
    {
      serve (self, fd);
      close (fd);
    }
  die ("accept");
  return NULL;
}

/* Returns the port. */
static unsigned
start (Server *self, const char *certificates, size_t n_tickets, unsigned long n_threads)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t size = sizeof address;

  self->context = SSL_CTX_new (TLS_server_method ());
  if (self->context == NULL || SSL_CTX_set_min_proto_version (self->context, TLS1_3_VERSION) != 1 ||
      SSL_CTX_use_certificate_chain_file (self->context, certificates) != 1 ||
      SSL_CTX_use_PrivateKey_file (self->context, certificates, SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_set_num_tickets (self->context, n_tickets) != 1)
    die (certificates);
  SSL_CTX_set_session_id_context (self->context, (const unsigned char *) "bench", 5);
  SSL_CTX_set_session_cache_mode (self->context, SSL_SESS_CACHE_OFF);
  self->listener = socket (AF_INET, SOCK_STREAM, 0);
  if (self->listener < 0 || bind (self->listener, (struct sockaddr *) &address, size) != 0 ||
      listen (self->listener, 1024) != 0 ||
      getsockname (self->listener, (struct sockaddr *) &address, &size) != 0)
    die ("listen");
  for (unsigned long i = 0; i < n_threads; i++)
    {
      pthread_t thread;

      if (pthread_create (&thread, NULL, serve_all, self) != 0)
        die ("thread");
    }
  return ntohs (address.sin_port);
}

static long long
get_cpu_time (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

int
main (int argc, char **argv)
{
  static Server full, resuming; /* their threads never end */
  char line[16];
  unsigned port_full;
  unsigned long n_threads;

  if (argc != 3)
    {
      fprintf (stderr, "usage: peer CERTIFICATES THREADS\n");
      return 2;
    }
  n_threads = strtoul (argv[2], NULL, 10);
  signal (SIGPIPE, SIG_IGN);
  port_full = start (&full, argv[1], 0, n_threads);
  printf ("%u %u\n", port_full, start (&resuming, argv[1], 1, n_threads));
  fflush (stdout);
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      printf ("%u %u %lld\n", n_served, n_resumed, get_cpu_time ());
      fflush (stdout);
    }
  return 0;
}
