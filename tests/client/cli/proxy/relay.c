/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What "connect" does with records that a real server would not send, or not in that way. */

#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/record-test-fixture.h"
#include "proxy/relay.h"

/* The ends of what the relay is between. */
typedef struct
{
  int peer[2];   /* a socket pair: the relay's end, the peer's */
  int input[2];  /* a pipe: the relay's end, the user's */
  int output[2]; /* a pipe: the user's end, the relay's */
  CliRelayOutcome outcome;
} Ends;

static void
ends_open (Ends *ends)
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->peer), ==, 0);
  g_assert_cmpint (pipe (ends->input), ==, 0);
  g_assert_cmpint (pipe (ends->output), ==, 0);
}

static void
ends_close (Ends *ends)
{
  for (guint i = 0; i < 2; i++)
    {
      close (ends->peer[i]);
      close (ends->input[i]);
      close (ends->output[i]);
    }
}

static void
send_to_relay (Ends *ends, RecordFixture *f)
{
  g_assert_cmpint (write (ends->peer[1], f->records->data, f->records->len), ==, f->records->len);
}

static gboolean
run (Ends *ends, RecordFixture *f, GError **error)
{
  return cli_relay_run (f->layer, NULL, ends->peer[0], ends->input[0], ends->output[1],
                        CLI_RELAY_NONE, NULL, &ends->outcome, error);
}

static void
assert_output (Ends *ends, const char *expected)
{
  char buffer[256];
  gssize n;

  /* The relay is done, so that what it wrote is there. */
  g_assert_cmpint (write (ends->output[1], "$", 1), ==, 1);
  n = read (ends->output[0], buffer, sizeof buffer);
  g_assert_cmpmem (buffer, n - 1, expected, strlen (expected));
  g_assert_cmpint (buffer[n - 1], ==, '$');
  g_assert_cmpuint (ends->outcome.n_received, ==, strlen (expected));
}

static void
assert_peer_got_alert (Ends *ends, RecordFixture *f, guint8 level, guint8 description)
{
  const guint8 alert[] = { level, description };
  guint8 buffer[256];
  const guint8 *records = buffer;
  gsize size = 0;
  gssize n = read (ends->peer[1], buffer, sizeof buffer);

  g_assert_cmpint (n, >, 0);
  size = n;
  record_fixture_assert_record (f, &records, &size, RECORD_ALERT, alert, sizeof alert);
  g_assert_cmpuint (size, ==, 0);
}

/* Breaks if data is lost that came in the same segment as something invalid, or if that is not
 * answered until the peer sends more, which it may never do. */
static void
test_data_then_garbage (RecordFixture *f, gconstpointer data)
{
  Ends ends;
  g_autoptr (GError) error = NULL;

  ends_open (&ends);
  record_fixture_seal (f, RECORD_DATA, "hello", 5);
  record_fixture_seal (f, RECORD_DATA, "forged", 6);
  f->records->data[f->records->len - 1] ^= 1;
  send_to_relay (&ends, f);
  /* Else the relay would wait for it. */
  g_assert_cmpint (shutdown (ends.peer[1], SHUT_WR), ==, 0);
  g_assert_false (run (&ends, f, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);
  assert_output (&ends, "hello");
  assert_peer_got_alert (&ends, f, 2, 20); /* bad_record_mac */
  ends_close (&ends);
}

/* Breaks if the reason that the peer gave is lost because it closed the connection right after. */
static void
test_data_then_alert (RecordFixture *f, gconstpointer data)
{
  Ends ends;
  g_autoptr (GError) error = NULL;

  ends_open (&ends);
  record_fixture_seal (f, RECORD_DATA, "hello", 5);
  record_fixture_seal (f, RECORD_ALERT, "\002\120", 2); /* internal_error */
  send_to_relay (&ends, f);
  g_assert_cmpint (shutdown (ends.peer[1], SHUT_WR), ==, 0);
  g_assert_false (run (&ends, f, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_ALERT_RECEIVED);
  assert_output (&ends, "hello");
  ends_close (&ends);
}

/* Breaks if an end without close_notify passes for a good one, in the middle of a record or between
 * two. */
static void
test_truncated (RecordFixture *f, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      Ends ends;
      g_autoptr (GError) error = NULL;

      ends_open (&ends);
      record_fixture_import_again (f);
      g_byte_array_set_size (f->records, 0);
      record_fixture_seal (f, RECORD_DATA, "hello", 5);
      if (i == 1)
        {
          record_fixture_seal (f, RECORD_DATA, "half", 4);
          g_byte_array_set_size (f->records, f->records->len - 1);
        }
      send_to_relay (&ends, f);
      g_assert_cmpint (shutdown (ends.peer[1], SHUT_WR), ==, 0);
      g_assert_false (run (&ends, f, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED);
      assert_output (&ends, "hello");
      ends_close (&ends);
    }
}

/* Breaks if a close_notify is not answered, or waits for the end of an input that stays open. */
static void
test_peer_closes (RecordFixture *f, gconstpointer data)
{
  Ends ends;
  g_autoptr (GError) error = NULL;

  ends_open (&ends);
  record_fixture_seal (f, RECORD_DATA, "bye", 3);
  record_fixture_seal (f, RECORD_ALERT, "\001\000", 2);
  send_to_relay (&ends, f);
  g_assert_true (run (&ends, f, &error));
  g_assert_no_error (error);
  assert_output (&ends, "bye");
  assert_peer_got_alert (&ends, f, 1, 0);
  ends_close (&ends);
}

/* Breaks if the relay does not tell that it did not see the end of the input; or if one byte that
 * it leaves is taken away from whoever reads the input next. */
static void
test_input_left (RecordFixture *f, gconstpointer data)
{
  Ends ends;
  g_autoptr (GError) error = NULL;
  char left[16];

  ends_open (&ends);
  g_assert_cmpint (write (ends.input[1], "unsent", 6), ==, 6);
  record_fixture_seal (f, RECORD_ALERT, "\001\000", 2);
  send_to_relay (&ends, f);
  g_assert_true (run (&ends, f, &error));
  g_assert_no_error (error);
  g_assert_false (ends.outcome.input_ended);
  g_assert_cmpint (read (ends.input[0], left, sizeof left), ==, 6);
  ends_close (&ends);
}

typedef struct
{
  int fd;
  GByteArray *bytes;
} Dribble;

static gpointer
dribble_thread (gpointer data)
{
  Dribble *dribble = data;

  for (guint i = 0; i < dribble->bytes->len; i++)
    g_assert_cmpint (write (dribble->fd, dribble->bytes->data + i, 1), ==, 1);
  return NULL;
}

/* Breaks if records are put together wrongly when they come in pieces. */
static void
test_dribble (RecordFixture *f, gconstpointer data)
{
  Ends ends;
  g_autoptr (GError) error = NULL;
  Dribble dribble;
  GThread *thread;

  ends_open (&ends);
  record_fixture_seal (f, RECORD_DATA, "one ", 4);
  record_fixture_seal (f, RECORD_DATA, "two ", 4);
  record_fixture_seal (f, RECORD_DATA, "three", 5);
  record_fixture_seal (f, RECORD_ALERT, "\001\000", 2);
  dribble = (Dribble){ ends.peer[1], f->records };
  thread = g_thread_new ("dribble", dribble_thread, &dribble);
  g_assert_true (run (&ends, f, &error));
  g_assert_no_error (error);
  g_thread_join (thread);
  assert_output (&ends, "one two three");
  ends_close (&ends);
}

typedef struct
{
  int fd;
  GByteArray *farewell;
} Rude;

/* Waits for the first data, and then takes no more. */
static gpointer
rude_thread (gpointer data)
{
  Rude *rude = data;
  struct pollfd pollfd = { rude->fd, POLLIN, 0 };
  guint8 buffer[4096];

  g_assert_cmpint (poll (&pollfd, 1, -1), ==, 1);
  g_assert_cmpint (write (rude->fd, rude->farewell->data, rude->farewell->len), ==,
                   rude->farewell->len);
  g_assert_cmpint (shutdown (rude->fd, SHUT_RD), ==, 0);
  /* Room in the socket's buffer makes the relay try to send more. */
  while (read (rude->fd, buffer, sizeof buffer) > 0)
    ;
  return NULL;
}

/* Breaks if data is not missed that was read from the input and could not be sent. */
static void
test_data_lost (RecordFixture *f, gconstpointer data)
{
  static const guint8 upload[60000];
  const int small = 1;
  Ends ends;
  Rude rude;
  GThread *thread;
  g_autoptr (GError) error = NULL;

  ends_open (&ends);
  g_assert_cmpint (setsockopt (ends.peer[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), ==, 0);
  g_assert_cmpint (write (ends.input[1], upload, sizeof upload), ==, sizeof upload);
  record_fixture_seal (f, RECORD_ALERT, "\001\000", 2);
  rude = (Rude){ ends.peer[1], f->records };
  thread = g_thread_new ("rude", rude_thread, &rude);
  g_assert_false (run (&ends, f, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED);
  g_assert_cmpuint (ends.outcome.n_sent, ==, sizeof upload);
  g_thread_join (thread);
  ends_close (&ends);
}

/* Makes the socket pair a TCP connection that takes little of what the relay sends. */
static void
ends_use_tcp (Ends *ends)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  const int small = 1;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  close (ends->peer[0]);
  close (ends->peer[1]);
  g_assert_cmpint (setsockopt (listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), ==, 0);
  g_assert_cmpint (bind (listener, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *) &address, &size), ==, 0);
  ends->peer[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (setsockopt (ends->peer[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), ==, 0);
  g_assert_cmpint (connect (ends->peer[0], (struct sockaddr *) &address, size), ==, 0);
  ends->peer[1] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (ends->peer[1], >=, 0);
  close (listener);
}

/* The peer's window is full, so that nothing that is sent acknowledges what comes. */
static gboolean
is_stuck (int fd)
{
  int n_unsent = 0;

  g_assert_cmpint (ioctl (fd, SIOCOUTQNSD, &n_unsent), ==, 0);
  return n_unsent > 0;
}

/* The relay, which runs in the first thread, waits for the peer, and has asked for
 * acknowledgements. */
static gboolean
is_relay_waiting (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/stat", (int) getpid ());
  g_autofree char *status = NULL;

  g_assert_true (g_file_get_contents (path, &status, NULL, NULL));
  /* The state stands behind the name, which is in parentheses. */
  return g_str_has_prefix (strrchr (status, ')'), ") S");
}

typedef struct
{
  Ends *ends;
  GByteArray *first;
  GByteArray *second;
} Hurried;

/* Reads nothing, answers in two segments, and closes. */
static gpointer
hurried_thread (gpointer data)
{
  Hurried *hurried = data;
  int fd = hurried->ends->peer[1];

  while (!is_stuck (hurried->ends->peer[0]) || !is_relay_waiting ())
    g_thread_yield ();
  g_assert_cmpint (write (fd, hurried->first->data, hurried->first->len), ==, hurried->first->len);
  g_assert_cmpint (write (fd, hurried->second->data, hurried->second->len), ==,
                   hurried->second->len);
  close (fd);
  hurried->ends->peer[1] = -1;
  return NULL;
}

/* Breaks if an answer is lost that the peer's system keeps back until what came before it is
 * acknowledged, and does not send any more after the peer closed; or if it is not said then that
 * input was not sent. */
static void
test_early_answer (RecordFixture *f, gconstpointer data)
{
  static const guint8 upload[60000];
  g_autoptr (GByteArray) first = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  Ends ends;
  Hurried hurried;
  GThread *thread;

  ends_open (&ends);
  ends_use_tcp (&ends);
  g_assert_cmpint (write (ends.input[1], upload, sizeof upload), ==, sizeof upload);
  /* Who got something and answers lets acknowledgements wait. */
  record_fixture_seal (f, RECORD_DATA, "hello ", 6);
  send_to_relay (&ends, f);
  g_byte_array_set_size (f->records, 0);
  record_fixture_seal (f, RECORD_DATA, "too ", 4);
  g_byte_array_append (first, f->records->data, f->records->len);
  g_byte_array_set_size (f->records, 0);
  record_fixture_seal (f, RECORD_DATA, "large", 5);
  hurried = (Hurried){ &ends, first, f->records };
  thread = g_thread_new ("hurried", hurried_thread, &hurried);
  g_assert_false (run (&ends, f, &error));
  g_thread_join (thread);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED);
  g_assert_nonnull (strstr (error->message, "before all of the input was sent"));
  assert_output (&ends, "hello too large");
  ends_close (&ends);
}

static void
assert_expanded (const char *text, gboolean *after_cr, const char *expected)
{
  guint8 expanded[64];
  gsize size = cli_relay_expand_crlf ((const guint8 *) text, strlen (text), expanded, after_cr);

  g_assert_cmpmem (expanded, size, expected, strlen (expected));
}

/* Breaks if a line end is doubled or missed where two reads meet. */
static void
test_crlf (void)
{
  gboolean after_cr = FALSE;

  assert_expanded ("a\nb\r\nc\n\n", &after_cr, "a\r\nb\r\nc\r\n\r\n");
  assert_expanded ("\n", &after_cr, "\r\n");
  assert_expanded ("x\r", &after_cr, "x\r");
  assert_expanded ("\ny", &after_cr, "\ny");
  assert_expanded ("", &after_cr, "");
}

int
main (int argc, char **argv)
{
  static const RecordTestConfig tls13 = { 0x0304, HANDOFF_NONCE_XOR, HANDOFF_ROLE_CLIENT };
  static const RecordTestConfig tls12 = { 0x0303, HANDOFF_NONCE_EXPLICIT, HANDOFF_ROLE_CLIENT };
  static const struct
  {
    const char *name;
    void (*function) (RecordFixture *f, gconstpointer data);
  } tests[] = {
    { "data-then-garbage", test_data_then_garbage },
    { "data-then-alert", test_data_then_alert },
    { "truncated", test_truncated },
    { "peer-closes", test_peer_closes },
    { "input-left", test_input_left },
    { "data-lost", test_data_lost },
    { "dribble", test_dribble },
    { "early-answer", test_early_answer },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path13 = g_strdup_printf ("/cli/relay/tls1.3/%s", tests[i].name);
      g_autofree char *path12 = g_strdup_printf ("/cli/relay/tls1.2/%s", tests[i].name);

      record_fixture_add (path13, &tls13, tests[i].function);
      record_fixture_add (path12, &tls12, tests[i].function);
    }
  g_test_add_func ("/cli/relay/crlf", test_crlf);
  return g_test_run ();
}
