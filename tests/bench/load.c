/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Clients that servers are measured with: OpenSSL, TLS 1.3, no resumption, nothing verified but the
 * server's signature. It is driven through its standard input, a line of output for each line:
 *
 *   echo|new|requests|downloads PORT CONNECTIONS DURATION PATH
 *
 * keeps so many connections to 127.0.0.1:PORT, a thread each, for so long (milliseconds):
 *   echo       new ones again and again, a byte each way on each
 *   new        new ones again and again, a request for PATH (HTTP) on each
 *   requests   requests for PATH, one after the other on the same connections
 *   downloads  the same, for a large file
 * and prints how many connections (echo, new) or requests were answered, how many bytes of answers
 * there were, and the CPU time it took, microseconds. */

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_SIZE (256 * 1024)

typedef struct
{
  SSL_CTX *context;
  char kind[16];
  unsigned port;
  char request[256];
  long long end;
  atomic_ullong n_answers;
  atomic_ullong n_bytes;
} Load;

static void
die (const char *what)
{
  perror (what);
  ERR_print_errors_fp (stderr);
  exit (1);
}

/* Microseconds of the monotonic clock. */
static long long
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static SSL *
open_connection (const Load *self)
{
  const struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons ((uint16_t) self->port),
                                       .sin_addr = { htonl (INADDR_LOOPBACK) } };
  const int on = 1;
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  SSL *ssl = SSL_new (self->context);

  if (fd < 0 || connect (fd, (const struct sockaddr *) &address, sizeof address) != 0)
    die ("connect");
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SSL_set_fd (ssl, fd);
  SSL_set_tlsext_host_name (ssl, "localhost");
  if (SSL_connect (ssl) != 1)
    die ("handshake");
  return ssl;
}

static void
close_connection (SSL *ssl)
{
  int fd = SSL_get_fd (ssl);

  SSL_shutdown (ssl);
  SSL_free (ssl);
  close (fd);
}

static void
echo (SSL *ssl)
{
  char byte = 'x';

  if (SSL_write (ssl, &byte, 1) != 1 || SSL_read (ssl, &byte, 1) != 1 || byte != 'x')
    die ("the byte did not come back");
}

/* The size of the answer's body; head: its bytes so far, with their end. */
static unsigned long long
get_length (const char *head)
{
  const char *length = strcasestr (head, "\r\nContent-Length:");

  if (strncmp (head, "HTTP/1.1 200 ", 13) != 0 || length == NULL)
    {
      fprintf (stderr, "load: no answer: %.100s\n", head);
      exit (1);
    }
  return strtoull (length + strlen ("\r\nContent-Length:"), NULL, 10);
}

/* One request, and its answer, or what has come of it at the end of the time. */
static void
ask (Load *self, SSL *ssl, char *buffer)
{
  unsigned long long missing;
  char *body = NULL;
  int n_read = 0;

  if (SSL_write (ssl, self->request, (int) strlen (self->request)) <= 0)
    die ("write");
  while (body == NULL)
    {
      int n = SSL_read (ssl, buffer + n_read, BUFFER_SIZE - 1 - n_read);

      if (n <= 0)
        die ("read");
      n_read += n;
      buffer[n_read] = '\0';
      body = strstr (buffer, "\r\n\r\n");
    }
  missing = get_length (buffer) + (unsigned long long) (body + 4 - buffer) - (unsigned) n_read;
  self->n_bytes += (unsigned) n_read;
  while (missing > 0)
    {
      int n = SSL_read (ssl, buffer, BUFFER_SIZE);

      if (n <= 0)
        die ("read");
      missing -= (unsigned) n;
      self->n_bytes += (unsigned) n;
      if (now () >= self->end)
        return;
    }
  self->n_answers++;
}

static void *
work (void *data)
{
  Load *self = data;
  const bool stay = self->kind[0] != 'n' && self->kind[0] != 'e';
  char *buffer = malloc (BUFFER_SIZE);
  SSL *ssl = stay ? open_connection (self) : NULL;

  while (now () < self->end)
    {
      if (!stay)
        ssl = open_connection (self);
      if (self->kind[0] == 'e')
        {
          echo (ssl);
          self->n_answers++;
        }
      else
        ask (self, ssl, buffer);
      if (!stay)
        close_connection (ssl);
    }
  if (stay)
    close_connection (ssl);
  free (buffer);
  return NULL;
}

static long long
get_cpu_time (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

static void
run (Load *self, unsigned n_connections, unsigned milliseconds, const char *path)
{
  pthread_t *threads = calloc (n_connections, sizeof *threads);
  const long long cpu_time = get_cpu_time ();

  self->n_answers = 0;
  self->n_bytes = 0;
  self->end = now () + milliseconds * 1000LL;
  snprintf (self->request, sizeof self->request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
            path);
  for (unsigned i = 0; i < n_connections; i++)
    if (pthread_create (&threads[i], NULL, work, self) != 0)
      die ("thread");
  for (unsigned i = 0; i < n_connections; i++)
    pthread_join (threads[i], NULL);
  free (threads);
  printf ("%llu %llu %lld\n", self->n_answers, self->n_bytes, get_cpu_time () - cpu_time);
  fflush (stdout);
}

int
main (void)
{
  Load load = { .context = SSL_CTX_new (TLS_client_method ()) };
  char line[512], path[128];
  unsigned n_connections, milliseconds;

  if (load.context == NULL || SSL_CTX_set_min_proto_version (load.context, TLS1_3_VERSION) != 1)
    die ("context");
  SSL_CTX_set_session_cache_mode (load.context, SSL_SESS_CACHE_OFF);
  /* Several records with one system call. */
  SSL_CTX_set_read_ahead (load.context, 1);
  SSL_CTX_set_default_read_buffer_len (load.context, BUFFER_SIZE);
  signal (SIGPIPE, SIG_IGN);
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      if (sscanf (line, "%15s %u %u %u %127s", load.kind, &load.port, &n_connections, &milliseconds,
                  path) != 5)
        {
          fprintf (stderr, "load: no command: %s", line);
          return 2;
        }
      run (&load, n_connections, milliseconds, path);
    }
  return 0;
}
