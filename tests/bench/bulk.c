/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What an application's thread pays for data after the handshake: our streams over a TCP connection
 * on the loopback interface, against GnuTLS and OpenSSL over the same; and the record layer in
 * memory against the cipher alone. TLS 1.3 with AES-256-GCM.
 *
 *   bulk [--quick] [FIGURE...]
 *
 * A line for each FIGURE, all without: name, ratio, medians. The ratio is that of the processor
 * time that the thread spends to send and receive the same: theirs over ours. The other end is
 * another thread that is not counted: it throws away what it is sent without copying it, or sends
 * records that were made before. --quick only shows that it runs. */

#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include <gnutls/crypto.h>

#include "bulk-sides.h"
#include "client/support/record-test-utils.h"

#define CIPHER_SUITE 0x1302 /* TLS_AES_256_GCM_SHA384 */
#define MAX_PLAINTEXT 16384
#define MAX_RECORD_OVERHEAD 22
#define TAG_SIZE 16
#define RECEIVED_SIZE (62 * 1024) /* as our stream reads it */

/* The processor's time of this thread, ns. */
static double
get_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* --- The measurements --- */

/* What an application does. */
typedef struct
{
  gsize size;  /* bytes that it writes, and asks for, at once */
  gsize total; /* bytes of a round */
} Load;

typedef struct
{
  const char *name;
  guint load;  /* index */
  guint rival; /* index */
} Figure;

static const Load loads[] = {
  { 16 * 1024, 16 * 1024 * 1024 },
  { 1024 * 1024, 16 * 1024 * 1024 },
  { 64, 1024 * 1024 },
};
/* The first is compared with the others. */
static const Contender *const contenders[] = { &bulk_handoff, &bulk_gnutls, &bulk_openssl };
static const Figure figures[] = {
  { "bulk-gnutls-16k", 0, 1 }, { "bulk-gnutls-1m", 1, 1 },    { "bulk-openssl-16k", 0, 2 },
  { "bulk-openssl-1m", 1, 2 }, { "bulk-small-gnutls", 2, 1 }, { "bulk-small-openssl", 2, 2 },
};

/* The processor's time for a byte, ns. */
static double
send_round (Side *side, gsize size, gsize total, const guint8 *data)
{
  const double start = get_time ();

  for (gsize sent = 0; sent < total; sent += size)
    side->contender->write (side->self, data, size);
  return (get_time () - start) / (double) total;
}

typedef struct
{
  int fd;
  GByteArray *records;
} Pump;

static gpointer
pump (gpointer data)
{
  const Pump *self = data;
  gsize sent = 0;

  bulk_stay_on_processor (1);
  while (sent < self->records->len)
    {
      gssize n = send (self->fd, self->records->data + sent,
                       MIN (self->records->len - sent, 256 * 1024), MSG_NOSIGNAL);

      g_assert_cmpint (n, >, 0);
      sent += (gsize) n;
    }
  return NULL;
}

/* Likewise. */
static double
receive_round (Side *side, gsize size, gsize total, const guint8 *data, guint8 *buffer)
{
  g_autoptr (GByteArray) records = NULL;
  gsize received = 0;
  GThread *thread;
  double start, elapsed;
  Pump job;
  gsize n = 0;

  for (gsize made = 0; made < total; made += size)
    gnutls_side_send (side->producer, data, size);
  records = gnutls_pipe_take (side->made);
  job = (Pump){ side->other_fd, records };
  thread = g_thread_new ("pump", pump, &job);

  start = get_time ();
  while (received < total)
    {
      n = side->contender->read (side->self, buffer, MIN (size, total - received));
      received += n;
    }
  elapsed = get_time () - start;

  g_thread_join (thread);
  /* The last of them, at least, came as it was sent. */
  g_assert_cmpmem (buffer, n, data + size - n, n);
  return elapsed / (double) total;
}

/* names: ends with NULL; none means all */
static gboolean
is_wanted (const char *name, char **names)
{
  return *names == NULL || g_strv_contains ((const char *const *) names, name);
}

static double
get_median (GArray *values)
{
  g_array_sort (values, compare_doubles);
  return g_array_index (values, double, values->len / 2);
}

static void
print_figure (const Figure *figure, const Side *sides)
{
  const Side *rival = &sides[figure->rival];
  double ours[2], theirs[2];

  for (guint i = 0; i < 2; i++)
    {
      ours[i] = get_median (sides[0].costs[i]);
      theirs[i] = get_median (rival->costs[i]);
    }
  printf ("%s %.3f sending %.2f: ours %.3f, %s %.3f GB/s; "
          "receiving %.2f: ours %.3f, %s %.3f GB/s\n",
          figure->name, (theirs[0] + theirs[1]) / (ours[0] + ours[1]), theirs[0] / ours[0],
          1 / ours[0], rival->contender->name, 1 / theirs[0], theirs[1] / ours[1], 1 / ours[1],
          rival->contender->name, 1 / theirs[1]);
  fflush (stdout);
}

/* All contenders in turn, so that they see the same machine. */
static void
run_load (guint load, const HandoffCipherSuite *suite, gboolean quick, char **names)
{
  const guint n_rounds = quick ? 1 : 15;
  const gsize size = loads[load].size;
  const gsize total = quick ? size : loads[load].total;
  g_autoptr (GBytes) bytes = record_test_data (size);
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  g_autofree guint8 *buffer = g_malloc (size);
  Side sides[G_N_ELEMENTS (contenders)] = { { NULL } };
  gboolean wanted = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    wanted = wanted || (figures[i].load == load && is_wanted (figures[i].name, names));
  if (!wanted)
    return;

  for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
    side_init (&sides[i], contenders[i], suite);
  for (guint round = 0; round < n_rounds; round++)
    for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
      {
        double cost = send_round (&sides[i], size, total, data);

        g_array_append_val (sides[i].costs[0], cost);
        cost = receive_round (&sides[i], size, total, data, buffer);
        g_array_append_val (sides[i].costs[1], cost);
      }
  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    if (figures[i].load == load && is_wanted (figures[i].name, names))
      print_figure (&figures[i], sides);
  for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
    side_clear (&sides[i]);
}

/* --- The limit: the cipher alone, in memory --- */

typedef struct
{
  TlsHandoffRecordLayer *writer; /* (owned) */
  TlsHandoffRecordLayer *reader; /* (owned) */
  gnutls_aead_cipher_hd_t aead;  /* (owned) */
  const guint8 *data;            /* (unowned): with a byte for the content's type behind it */
  gsize size;                    /* of a record's content */
  guint n_records;               /* that fit into records */
  guint8 records[RECEIVED_SIZE];
} Limit;

/* Records are made one by one, and then opened together: as an application writes, and as its
 * stream finds them in what it received. */
static void
cross_layers (Limit *l)
{
  TlsHandoffRecordStatus status;
  gsize consumed, size;
  gsize end = 0;

  for (guint i = 0; i < l->n_records; i++)
    {
      gboolean ok =
          tls_handoff_record_layer_protect (l->writer, l->data, l->size, &consumed,
                                            l->records + end, sizeof l->records - end, &size, NULL);

      g_assert_true (ok);
      end += size;
    }
  {
    gboolean ok = tls_handoff_record_layer_unprotect (l->reader, l->records, end, &consumed, &size,
                                                      &status, NULL);

    g_assert_true (ok && size == l->n_records * l->size);
  }
}

/* What such records need at the least: their headers and nonces made already. */
static void
cross_aead (Limit *l)
{
  const guint8 nonce[12] = { 0 };
  const guint8 aad[5] = { 23, 3, 3 };
  const gsize sealed_size = l->size + 1 + TAG_SIZE;
  int r = 0;

  for (guint i = 0; i < l->n_records && r >= 0; i++)
    {
      gsize size = sealed_size;

      r = gnutls_aead_cipher_encrypt (l->aead, nonce, sizeof nonce, aad, sizeof aad, TAG_SIZE,
                                      l->data, l->size + 1, l->records + i * sealed_size, &size);
    }
  for (guint i = 0; i < l->n_records && r >= 0; i++)
    {
      guint8 *record = l->records + i * sealed_size;
      gsize size = l->size + 1;

      r = gnutls_aead_cipher_decrypt (l->aead, nonce, sizeof nonce, aad, sizeof aad, TAG_SIZE,
                                      record, sealed_size, record, &size);
    }
  g_assert_cmpint (r, >=, 0);
}

/* µs for a record. */
static double
time_crossing (Limit *l, void (*cross) (Limit *l), guint n)
{
  const double start = get_time ();

  for (guint i = 0; i < n; i++)
    cross (l);
  return (get_time () - start) / 1e3 / n / l->n_records;
}

static void
run_limit (const char *name, gsize size, const HandoffCipherSuite *suite, gboolean quick)
{
  const guint n_rounds = quick ? 1 : 15;
  const guint n = quick ? 1 : 100;
  const guint8 key[32] = { 1 };
  const gnutls_datum_t key_datum = { (guint8 *) key, sizeof key };
  g_autoptr (GArray) ours = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) theirs = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GBytes) data = record_test_data (size + 1);
  GnutlsPair *pair = gnutls_pair_new (suite);
  g_autoptr (HandoffKeyState) state = gnutls_side_get_state (&pair->client, suite);
  g_autoptr (HandoffKeyState) peer_state = gnutls_side_get_state (&pair->server, suite);
  g_autofree Limit *l = g_new0 (Limit, 1);
  double ours_median, theirs_median;

  l->writer = record_test_import (state);
  l->reader = record_test_import (peer_state);
  l->data = g_bytes_get_data (data, NULL);
  l->size = size;
  l->n_records = (guint) (sizeof l->records / (size + MAX_RECORD_OVERHEAD));
  g_assert_cmpint (gnutls_aead_cipher_init (&l->aead, suite->cipher, &key_datum), >=, 0);
  for (guint i = 0; i < n_rounds; i++)
    {
      double time = time_crossing (l, cross_layers, n);

      g_array_append_val (ours, time);
      time = time_crossing (l, cross_aead, n);
      g_array_append_val (theirs, time);
    }
  ours_median = get_median (ours);
  theirs_median = get_median (theirs);
  printf ("%s %.3f sealing and opening a record: ours %.3f, the AEAD alone %.3f µs\n", name,
          theirs_median / ours_median, ours_median, theirs_median);
  fflush (stdout);

  gnutls_aead_cipher_deinit (l->aead);
  g_object_unref (l->writer);
  g_object_unref (l->reader);
  gnutls_pair_free (pair);
}

int
main (int argc, char **argv)
{
  const HandoffCipherSuite *suite = handoff_cipher_suite_by_id (CIPHER_SUITE);
  const gboolean quick = argc > 1 && g_str_equal (argv[1], "--quick");
  char **names = argv + (quick ? 2 : 1);

  bulk_init ();
  for (guint i = 0; i < G_N_ELEMENTS (loads); i++)
    run_load (i, suite, quick, names);
  if (is_wanted ("bulk-limit-16k", names))
    run_limit ("bulk-limit-16k", MAX_PLAINTEXT, suite, quick);
  if (is_wanted ("bulk-limit-64", names))
    run_limit ("bulk-limit-64", 64, suite, quick);
  return 0;
}
