/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What "serve" carries between a client and a backend: ends that come with data, readers that are
 * slow, records that a real client would not send. */

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/record-test-fixture.h"
#include "proxy/carrier.h"

#define MUCH (3 * 1024 * 1024 + 17)

typedef struct
{
  CliReactor *reactor;
  CliBuffers *buffers;
  CliCarrier *carrier;
  int client[2];  /* a socket pair: the carrier's end, the client's */
  int backend[2]; /* likewise */
  guint n_client_ended;
  guint n_backend_ended;
  guint n_closed;
  CliCarrierEnd client_end;
  CliCarrierEnd backend_end;
  GError *error;
} Bench;

static void
client_ended (CliCarrierEnd end, const GError *error, gpointer user_data)
{
  Bench *b = user_data;

  b->n_client_ended++;
  b->client_end = end;
  g_clear_error (&b->error);
  b->error = error != NULL ? g_error_copy (error) : NULL;
  if (end == CLI_CARRIER_SINK_FAILED)
    cli_carrier_discard (b->carrier);
}

static void
backend_ended (CliCarrierEnd end, const GError *error, gpointer user_data)
{
  Bench *b = user_data;

  b->n_backend_ended++;
  b->backend_end = end;
  if (end == CLI_CARRIER_SOURCE_ENDED)
    cli_carrier_close_output (b->carrier);
}

static void
closed (const GError *error, gpointer user_data)
{
  Bench *b = user_data;

  g_assert_no_error (error);
  b->n_closed++;
}

static void
bench_open (Bench *b, RecordFixture *f)
{
  static const CliCarrierEvents events = { client_ended, backend_ended, closed };

  memset (b, 0, sizeof *b);
  b->reactor = cli_reactor_new ();
  b->buffers = cli_buffers_new ();
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, b->client),
                   ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, b->backend),
                   ==, 0);
  b->carrier = cli_carrier_new (b->reactor, b->buffers, f->layer, b->client[0], &events, b);
}

static void
bench_start (Bench *b)
{
  g_autoptr (GError) error = NULL;

  cli_carrier_start (b->carrier, b->backend[0], b->backend[0], &error);
  g_assert_no_error (error);
}

static void
bench_close (Bench *b)
{
  g_clear_pointer (&b->carrier, cli_carrier_free);
  cli_reactor_free (b->reactor);
  g_ptr_array_unref (b->buffers);
  for (guint i = 0; i < 2; i++)
    {
      close (b->client[i]);
      close (b->backend[i]);
    }
  g_clear_error (&b->error);
}

/* Until nothing is left to do. */
static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
client_sends (Bench *b, RecordFixture *f)
{
  g_assert_cmpint (write (b->client[1], f->records->data, f->records->len), ==, f->records->len);
  g_byte_array_set_size (f->records, 0);
}

static void
assert_backend_got (Bench *b, const char *expected)
{
  char buffer[256];
  gssize n = read (b->backend[1], buffer, sizeof buffer);

  g_assert_cmpmem (buffer, MAX (n, 0), expected, strlen (expected));
}

static void
assert_client_got_alert (Bench *b, RecordFixture *f, guint8 level, guint8 description)
{
  const guint8 alert[] = { level, description };
  guint8 buffer[256];
  const guint8 *records = buffer;
  gssize n = read (b->client[1], buffer, sizeof buffer);
  gsize size = MAX (n, 0);

  record_fixture_assert_record (f, &records, &size, RECORD_ALERT, alert, sizeof alert);
  g_assert_cmpuint (size, ==, 0);
}

/* Breaks if an end that was there before anybody looked, or that came in the same segment as data,
 * is never seen: it is no edge of its own. */
static void
test_ends_with_data (RecordFixture *f, gconstpointer data)
{
  Bench b;

  for (guint early = 0; early < 2; early++)
    {
      bench_open (&b, f);
      if (!early)
        {
          bench_start (&b);
          settle ();
        }
      record_fixture_seal (f, RECORD_DATA, "request", 7);
      client_sends (&b, f);
      g_assert_cmpint (shutdown (b.client[1], SHUT_WR), ==, 0);
      g_assert_cmpint (write (b.backend[1], "", 1), ==, 1);
      g_assert_cmpint (shutdown (b.backend[1], SHUT_WR), ==, 0);
      if (early)
        bench_start (&b);
      settle ();
      assert_backend_got (&b, "request");
      g_assert_cmpuint (b.n_client_ended, ==, 1);
      g_assert_cmpint (b.client_end, ==, CLI_CARRIER_SOURCE_FAILED);
      g_assert_error (b.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED);
      g_assert_cmpuint (b.n_backend_ended, ==, 1);
      g_assert_cmpint (b.backend_end, ==, CLI_CARRIER_SOURCE_ENDED);
      g_assert_cmpuint (b.n_closed, ==, 1);
      bench_close (&b);
      record_fixture_import_again (f);
    }
}

/* Breaks if a close_notify ends more than the client's way, or is not sent when the backend ends.
 */
static void
test_close_notify (RecordFixture *f, gconstpointer data)
{
  Bench b;

  bench_open (&b, f);
  bench_start (&b);
  record_fixture_seal (f, RECORD_DATA, "bye", 3);
  record_fixture_seal (f, RECORD_ALERT, "\001\000", 2);
  client_sends (&b, f);
  settle ();
  assert_backend_got (&b, "bye");
  g_assert_cmpuint (b.n_client_ended, ==, 1);
  g_assert_cmpint (b.client_end, ==, CLI_CARRIER_SOURCE_ENDED);
  g_assert_cmpuint (b.n_backend_ended, ==, 0);
  g_assert_cmpint (shutdown (b.backend[1], SHUT_WR), ==, 0);
  settle ();
  g_assert_cmpuint (b.n_closed, ==, 1);
  assert_client_got_alert (&b, f, 1, 0);
  bench_close (&b);
}

/* Breaks if data is lost that came before something invalid, or the client hears no alert. */
static void
test_data_then_garbage (RecordFixture *f, gconstpointer data)
{
  Bench b;

  bench_open (&b, f);
  bench_start (&b);
  record_fixture_seal (f, RECORD_DATA, "hello", 5);
  record_fixture_seal (f, RECORD_DATA, "forged", 6);
  f->records->data[f->records->len - 1] ^= 1;
  client_sends (&b, f);
  settle ();
  assert_backend_got (&b, "hello");
  g_assert_cmpint (b.client_end, ==, CLI_CARRIER_SOURCE_FAILED);
  g_assert_error (b.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);
  assert_client_got_alert (&b, f, 2, 20); /* bad_record_mac */
  bench_close (&b);
}

/* Breaks if the half of a record that was read is lost when the backend takes no more: then what
 * follows does not fit, and a client that ends well looks like an attack. */
static void
test_backend_takes_no_more (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) records = NULL;
  Bench b;

  bench_open (&b, f);
  bench_start (&b);
  g_assert_cmpint (shutdown (b.backend[1], SHUT_RD), ==, 0);
  record_fixture_seal (f, RECORD_DATA, "first", 5);
  record_fixture_seal (f, RECORD_DATA, "second", 6);
  record_fixture_seal (f, RECORD_ALERT, "\001\000", 2);
  records = g_steal_pointer (&f->records);
  f->records = g_byte_array_new ();
  g_byte_array_append (f->records, records->data, records->len - 40);
  client_sends (&b, f);
  settle ();
  g_assert_cmpuint (b.n_client_ended, ==, 1);
  g_assert_cmpint (b.client_end, ==, CLI_CARRIER_SINK_FAILED);
  g_byte_array_append (f->records, records->data + records->len - 40, 40);
  client_sends (&b, f);
  settle ();
  g_assert_cmpuint (b.n_client_ended, ==, 2);
  g_assert_cmpint (b.client_end, ==, CLI_CARRIER_SOURCE_ENDED);
  bench_close (&b);
}

/* Reads all records that there are, and appends their data. */
static void
client_reads (Bench *b, RecordFixture *f, GByteArray *pending, GByteArray *received)
{
  guint8 buffer[64 * 1024];
  gssize n;

  while ((n = read (b->client[1], buffer, sizeof buffer)) > 0)
    g_byte_array_append (pending, buffer, (guint) n);
  while (pending->len >= 5)
    {
      const guint8 *record = pending->data;
      gsize record_size = 5 + (((gsize) record[3] << 8) | record[4]);
      gsize size = record_size;
      g_autoptr (GBytes) content = NULL;
      guint8 type;

      if (pending->len < record_size)
        break;
      content = record_peer_open (&f->peer, &record, &size, &type);
      g_assert_cmpuint (type, ==, RECORD_DATA);
      g_byte_array_append (received, g_bytes_get_data (content, NULL), g_bytes_get_size (content));
      g_byte_array_remove_range (pending, 0, (guint) record_size);
    }
}

/* Breaks if data is lost, doubled or put in another order when the client, or the backend, reads
 * slower than the other side writes; or if the carrier stops when there is room again. */
static void
test_slow_readers (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GBytes) much = record_test_data (MUCH);
  const guint8 *bytes = g_bytes_get_data (much, NULL);
  g_autoptr (GByteArray) pending = g_byte_array_new ();
  g_autoptr (GByteArray) received = g_byte_array_new ();
  g_autoptr (GByteArray) told = g_byte_array_new ();
  gsize n_written = 0, n_sealed = 0;
  Bench b;

  bench_open (&b, f);
  bench_start (&b);
  while (received->len < MUCH || told->len < MUCH)
    {
      guint8 buffer[10000];
      gssize n;

      if (n_written < MUCH && (n = write (b.backend[1], bytes + n_written, MUCH - n_written)) > 0)
        n_written += (gsize) n;
      if (f->records->len == 0 && n_sealed < MUCH)
        {
          gsize size = MIN (16384, MUCH - n_sealed);

          record_fixture_seal (f, RECORD_DATA, bytes + n_sealed, size);
          n_sealed += size;
        }
      n = f->records->len > 0 ? write (b.client[1], f->records->data, f->records->len) : 0;
      if (n > 0)
        g_byte_array_remove_range (f->records, 0, (guint) n);
      settle ();
      client_reads (&b, f, pending, received);
      n = read (b.backend[1], buffer, sizeof buffer);
      if (n > 0)
        g_byte_array_append (told, buffer, (guint) n);
    }
  g_assert_cmpmem (received->data, received->len, bytes, MUCH);
  g_assert_cmpmem (told->data, told->len, bytes, MUCH);
  bench_close (&b);
}

/* Breaks if something of what was carried stays in memory that waits for the next client. */
static void
test_leaves_nothing (RecordFixture *f, gconstpointer data)
{
  const char *said = "the client's secret", *answered = "the backend's secret";
  Bench b;

  bench_open (&b, f);
  bench_start (&b);
  record_fixture_seal (f, RECORD_DATA, said, strlen (said));
  client_sends (&b, f);
  g_assert_cmpint (write (b.backend[1], answered, strlen (answered)), ==, strlen (answered));
  settle ();
  assert_backend_got (&b, said);
  g_clear_pointer (&b.carrier, cli_carrier_free);
  g_assert_cmpuint (b.buffers->len, >, 0);
  for (guint i = 0; i < b.buffers->len; i++)
    {
      const CliBuffer *buffer = b.buffers->pdata[i];

      g_assert_null (memmem (buffer->bytes, CLI_BUFFER_SIZE, said, strlen (said)));
      g_assert_null (memmem (buffer->bytes, CLI_BUFFER_SIZE, answered, strlen (answered)));
    }
  bench_close (&b);
}

int
main (int argc, char **argv)
{
  static const RecordTestConfig tls13 = { 0x0304, HANDOFF_NONCE_XOR, HANDOFF_ROLE_SERVER };
  static const RecordTestConfig tls12 = { 0x0303, HANDOFF_NONCE_EXPLICIT, HANDOFF_ROLE_SERVER };
  static const struct
  {
    const char *name;
    void (*function) (RecordFixture *f, gconstpointer data);
  } tests[] = {
    { "ends-with-data", test_ends_with_data },
    { "close-notify", test_close_notify },
    { "data-then-garbage", test_data_then_garbage },
    { "backend-takes-no-more", test_backend_takes_no_more },
    { "slow-readers", test_slow_readers },
    { "leaves-nothing", test_leaves_nothing },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path13 = g_strdup_printf ("/cli/carrier/tls1.3/%s", tests[i].name);
      g_autofree char *path12 = g_strdup_printf ("/cli/carrier/tls1.2/%s", tests[i].name);

      record_fixture_add (path13, &tls13, tests[i].function);
      record_fixture_add (path12, &tls12, tests[i].function);
    }
  return g_test_run ();
}
