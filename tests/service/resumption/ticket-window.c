/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* As a record layer does, the tests take the tickets from the wire after the client's session has
 * gone. */

#include "config.h"

#include <string.h>

#include "key/gnutls-support.h"
#include "keyblob-fixture.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "resumption/ticket-window.h"
#include "support/tls-pair.h"
#include "support/test-clock.h"

static void
assert_resumed (TlsPair *connection)
{
  g_assert_true (connection->is_complete);
  g_assert_true (gnutls_session_is_resumed (connection->client.session));
  g_assert_true (gnutls_session_is_resumed (connection->server.session));
}

static void
keep_data (gpointer data, guint lifetime, gpointer user_data)
{
  g_assert_cmpuint (lifetime, >, 0);
  g_ptr_array_add (user_data, data);
}

/* Ends the client's session as the service does, and then takes the tickets that its server sent.
 * Returns: (element-type session data) */
static GPtrArray *
collect (TlsPair *connection, HandoffTicketWindow **window)
{
  GPtrArray *collected = g_ptr_array_new_with_free_func (handoff_secret_free);
  g_autoptr (GByteArray) messages = NULL;
  g_autoptr (GError) error = NULL;
  TlsReadState state;

  tls_read_state_init (&state, connection->client.session);
  *window = handoff_ticket_window_open (connection->client.session);
  g_assert_nonnull (*window);
  g_clear_pointer (&connection->client.session, gnutls_deinit);

  messages = tls_read_state_decrypt (&state, &connection->client);
  g_assert_true (handoff_ticket_window_take_message (*window, messages->data, messages->len,
                                                     keep_data, collected, &error));
  g_assert_no_error (error);
  return collected;
}

/* Breaks if GnuTLS does not take the session data, or the server does not take the ticket; if the
 * second ticket is worth nothing beside the first; or if tickets of a resumed session do not work.
 */
static void
test_resume (TlsPairFixture *fixture, gconstpointer data)
{
  const char *priority = data;
  g_autoptr (TlsPair) first = tls_pair_new (fixture, priority, NULL);
  g_autoptr (HandoffTicketWindow) window = NULL;
  g_autoptr (HandoffTicketWindow) next_window = NULL;
  g_autoptr (GPtrArray) tickets = NULL;
  g_autoptr (GPtrArray) next_tickets = NULL;
  g_autoptr (TlsPair) third = NULL;
  guint i;

  g_assert_true (first->is_complete);
  g_assert_false (gnutls_session_is_resumed (first->client.session));
  tickets = collect (first, &window);
  /* GnuTLS's servers send two. */
  g_assert_cmpuint (tickets->len, ==, 2);

  for (i = 0; i < 2; i++)
    {
      g_autoptr (TlsPair) second =
          tls_pair_new (fixture, priority, g_ptr_array_steal_index (tickets, 0));

      assert_resumed (second);
      if (i == 0)
        next_tickets = collect (second, &next_window);
    }
  third = tls_pair_new (fixture, priority, g_ptr_array_steal_index (next_tickets, 0));
  assert_resumed (third);
}

/* Breaks if all tickets are taken for the same one: without the nonce, the pre-shared key is
 * another. */
static void
test_wrong_nonce (TlsPairFixture *fixture, gconstpointer data)
{
  g_autoptr (TlsPair) first = tls_pair_new (fixture, SHA256_SUITE, NULL);
  g_autoptr (TlsPair) second = NULL;
  g_autoptr (HandoffTicketWindow) window = NULL;
  g_autoptr (GPtrArray) tickets = g_ptr_array_new_with_free_func (handoff_secret_free);
  g_autoptr (GByteArray) messages = NULL;
  TlsReadState state;

  tls_read_state_init (&state, first->client.session);
  window = handoff_ticket_window_open (first->client.session);
  messages = tls_read_state_decrypt (&state, &first->client);
  /* The nonce's last byte: behind the header, two numbers and its length. */
  messages->data[4 + 4 + 4 + messages->data[4 + 4 + 4]] ^= 1;
  g_assert_true (handoff_ticket_window_take_message (window, messages->data, messages->len,
                                                     keep_data, tickets, NULL));
  second = tls_pair_new (fixture, SHA256_SUITE, g_ptr_array_steal_index (tickets, 0));
  g_assert_false (second->is_complete);
}

/* Breaks if the session sends one more record, with a sequence number that the exported keys use
 * too, or if it reads what is for others to read. */
static void
test_cut_off (TlsPairFixture *fixture, gconstpointer data)
{
  g_autoptr (TlsPair) connection = tls_pair_new (fixture, SHA256_SUITE, NULL);
  g_autoptr (HandoffTicketWindow) window = NULL;
  guint sent = connection->server.in->len;
  guint received = connection->client.taken;
  char byte[1];

  window = handoff_ticket_window_open (connection->client.session);
  g_assert_nonnull (window);
  /* There are tickets to read, which belong to the record layer. */
  g_assert_cmpuint (connection->client.in->len, >, received);
  g_assert_cmpint (gnutls_record_recv (connection->client.session, byte, 1), <, 0);
  g_assert_cmpint (gnutls_record_send (connection->client.session, "x", 1), <, 0);
  gnutls_session_key_update (connection->client.session, GNUTLS_KU_PEER);
  gnutls_alert_send (connection->client.session, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
  gnutls_bye (connection->client.session, GNUTLS_SHUT_RDWR);
  g_clear_pointer (&connection->client.session, gnutls_deinit);
  g_assert_cmpuint (connection->server.in->len, ==, sent);
  g_assert_cmpuint (connection->client.taken, ==, received);
}

static gboolean
holds (HandoffTicketWindow *window, const guint8 *bytes, gsize size)
{
  return memmem (window, handoff_secret_get_size (window), bytes, size) != NULL;
}

/* Breaks if the connection's own keys can still be had through a window, or if a secret is left
 * behind beside it, or after it. */
static void
test_memory (TlsPairFixture *fixture, gconstpointer data)
{
  const gsize secret_size = 32;
  g_autoptr (TlsPair) connection = tls_pair_new (fixture, SHA256_SUITE, NULL);
  g_autoptr (HandoffTicketWindow) window = NULL;
  g_autoptr (GPtrArray) tickets = NULL;
  const gnutls_datum_t *chain;
  guint8 *certificate, *session_data;
  guint8 inverted[32];
  TlsReadState read_state;
  guint certificate_size, i, n_certificates;

  tls_read_state_init (&read_state, connection->client.session);
  chain = gnutls_certificate_get_peers (connection->client.session, &n_certificates);
  certificate = g_memdup2 (chain->data, chain->size);
  certificate_size = chain->size;

  tickets = collect (connection, &window);
  g_assert_true (holds (window, certificate, certificate_size));
  g_free (certificate);
  g_assert_cmpuint (connection->client.n_secrets, ==, 4);
  for (i = 0; i < connection->client.n_secrets; i++)
    g_assert_false (holds (window, connection->client.secrets[i], connection->client.secret_size));
  g_assert_false (holds (window, read_state.key, read_state.key_size));
  g_assert_false (holds (window, read_state.iv, sizeof read_state.iv));

  /* The secret, from the session data: 16 bytes of numbers follow it. */
  session_data = g_ptr_array_index (tickets, 0);
  session_data += handoff_secret_get_size (session_data) - 16 - secret_size;
  g_assert_true (holds (window, session_data, secret_size));
  for (i = 0; i < secret_size; i++)
    inverted[i] = session_data[i] ^ 0xff;
  g_ptr_array_set_size (tickets, 0);

  if (fixture_is_sanitized ())
    {
      g_test_skip ("the sanitizer's address space cannot be searched");
      return;
    }
  /* The server knows it, too. */
  g_clear_pointer (&connection->server.session, gnutls_deinit);
  handoff_wipe_stack ();
  g_assert_cmpuint (fixture_count_in_memory (inverted, secret_size), ==, 1);
  g_clear_pointer (&window, handoff_ticket_window_free);
  g_assert_cmpuint (fixture_count_in_memory (inverted, secret_size), ==, 0);
}

static HandoffTicketWindow *
open_window (TlsPairFixture *fixture)
{
  g_autoptr (TlsPair) connection = tls_pair_new (fixture, SHA256_SUITE, NULL);
  HandoffTicketWindow *window = handoff_ticket_window_open (connection->client.session);

  g_assert_nonnull (window);
  return window;
}

#define LIFETIME "00000e10"
#define AGE_ADD "01020304"
#define BODY                                                                                       \
  LIFETIME AGE_ADD "0100"                                                                          \
                   "0002abcd"

typedef struct
{
  const char *hex;
  guint n_tickets;
} Message;

static const Message good_messages[] = {
  { "04000010" BODY "0000", 1 },
  { "04000010" BODY "0000"
    "04000010" BODY "0000",
    2 },
  { "0400000f" LIFETIME AGE_ADD "00"
    "0002abcd"
    "0000",
    1 },
  { "04000018" BODY "0008"
    "002a0004ffffffff",
    1 },
  { "04000018" BODY "0008"
    "fafa0000"
    "fafb0000",
    1 },
  /* not to be used */
  { "04000010"
    "00000000" AGE_ADD "0100"
    "0002abcd"
    "0000",
    0 },
};

static const char *const bad_messages[] = {
  "",
  "04",
  "040000",
  "04000000",
  /* another type: KeyUpdate, HelloRequest, certificate request; or one after a good one */
  "1800000100",
  "00000000",
  "0d00000300"
  "0000",
  "04000010" BODY "0000"
  "1800000100",
  "18000010" BODY "0000",
  /* cut off, or with something left, at each level */
  "04000010" BODY "00",
  "0400000f" BODY "00",
  "0400000e" BODY,
  "04000011" BODY "0000"
  "00",
  "04000010" BODY "0000"
  "00",
  "04000010" BODY "0000"
  "04000010" BODY "00",
  "04000008" LIFETIME AGE_ADD,
  "04000009" LIFETIME AGE_ADD "ff",
  "04000009" LIFETIME AGE_ADD "00",
  "0400000c" LIFETIME AGE_ADD "0100"
  "ffff",
  "04000010" BODY "0001",
  "04000011" BODY "0001"
  "00",
  "04000013" BODY "0003"
  "002a00",
  "04000014" BODY "0004"
  "fafa0001",
  /* an empty ticket */
  "0400000e" LIFETIME AGE_ADD "0100"
  "0000"
  "0000",
  /* an extension twice; a maximum of early data that is no number */
  "04000018" BODY "0008"
  "fafa0000"
  "fafa0000",
  "04000017" BODY "0007"
  "002a0003ffffff",
};

static void
count_ticket (gpointer data, guint lifetime, gpointer user_data)
{
  g_assert_cmpuint (lifetime, ==, 3600);
  (*(guint *) user_data)++;
  handoff_secret_free (data);
}

/* Breaks if bytes of one message are read as another's, or beyond its end (sanitizers), or if half
 * of a call's tickets are taken. */
static void
test_messages (TlsPairFixture *fixture, gconstpointer data)
{
  gsize i, size;
  guint n_tickets;

  for (i = 0; i < G_N_ELEMENTS (good_messages); i++)
    {
      g_autoptr (HandoffTicketWindow) window = open_window (fixture);
      g_autofree guint8 *message = fixture_from_hex (good_messages[i].hex, &size);
      g_autoptr (GError) error = NULL;

      n_tickets = 0;
      g_assert_true (handoff_ticket_window_take_message (window, message, size, count_ticket,
                                                         &n_tickets, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (n_tickets, ==, good_messages[i].n_tickets);
    }

  for (i = 0; i < G_N_ELEMENTS (bad_messages); i++)
    {
      g_autoptr (HandoffTicketWindow) window = open_window (fixture);
      g_autofree guint8 *message = fixture_from_hex (bad_messages[i], &size);
      g_autoptr (GError) error = NULL;

      n_tickets = 0;
      g_test_message ("%s", bad_messages[i]);
      g_assert_false (handoff_ticket_window_take_message (window, message, size, count_ticket,
                                                          &n_tickets, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_assert_cmpuint (n_tickets, ==, 0);
    }
}

static void
note_lifetime (gpointer data, guint lifetime, gpointer user_data)
{
  g_array_append_val ((GArray *) user_data, lifetime);
  handoff_secret_free (data);
}

/* Breaks if a ticket is kept for longer than a week, or if a server fills the memory with tickets,
 * in one message or in many. */
static void
test_limits (TlsPairFixture *fixture, gconstpointer data)
{
  const char *const messages[] = {
    "04000010"
    "00093a80" AGE_ADD "0100"
    "0002abcd"
    "0000",
    "04000010"
    "00093a81" AGE_ADD "0100"
    "0002abcd"
    "0000",
    "04000010"
    "ffffffff" AGE_ADD "0100"
    "0002abcd"
    "0000" /* */
    "04000010"
    "00000001" AGE_ADD "0100"
    "0002abcd"
    "0000"
    "04000010"
    "00000002" AGE_ADD "0100"
    "0002abcd"
    "0000",
    "04000010"
    "00000003" AGE_ADD "0100"
    "0002abcd"
    "0000",
  };
  const guint expected[] = { 604800, 604800, 604800, 1 };
  g_autoptr (HandoffTicketWindow) window = open_window (fixture);
  g_autoptr (GArray) lifetimes = g_array_new (FALSE, FALSE, sizeof (guint));
  gsize i, size;

  for (i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      g_autofree guint8 *message = fixture_from_hex (messages[i], &size);

      g_assert_true (handoff_ticket_window_take_message (window, message, size, note_lifetime,
                                                         lifetimes, NULL));
    }
  g_assert_cmpmem (lifetimes->data, lifetimes->len * sizeof (guint), expected, sizeof expected);
}

static const HandoffTicket layout_ticket = {
  7200, 0x01020304, (const guint8 *) "nonce", 5, (const guint8 *) "ticket", 6
};

static void
append_hex (GByteArray *bytes, const char *hex)
{
  gsize size;
  g_autofree guint8 *part = fixture_from_hex (hex, &size);

  g_byte_array_append (bytes, part, size);
}

/* Session data as GnuTLS 3.7 writes them: five bytes of something, and the part for TLS 1.3. */
static GByteArray *
make_session_data (guint8 secret_size)
{
  const guint64 seconds = GUINT64_TO_BE ((guint64) g_get_real_time () / G_TIME_SPAN_SECOND);
  const guint8 part_size = 4 + 4 + 1 + 5 + 4 + 6 + 1 + secret_size + 12 + 4;
  GByteArray *data = g_byte_array_new ();
  guint i;

  append_hex (data, "1122334455"
                    "000000");
  g_byte_array_append (data, &part_size, 1);
  append_hex (data, "00001c20"
                    "01020304"
                    "05"
                    "6e6f6e6365"
                    "00000006"
                    "7469636b6574");
  g_byte_array_append (data, &secret_size, 1);
  for (i = 0; i < secret_size; i++)
    append_hex (data, "5e");
  g_byte_array_append (data, (const guint8 *) &seconds, sizeof seconds);
  append_hex (data, "3b9ac9ff"
                    "ffffffff");
  return data;
}

static gboolean
is_understood (GByteArray *data, gsize secret_size)
{
  /* In memory of its own, so that a sanitizer sees what is read beyond its end. */
  g_autofree guint8 *copy = g_memdup2 (data->data, data->len);
  g_autoptr (HandoffTicketWindow) window =
      handoff_ticket_window_new_from_data (copy, data->len, &layout_ticket, secret_size);

  return window != NULL;
}

/* Breaks if another version's session data are taken for what they are not. */
static void
test_layout (void)
{
  const guint prefix_size = 5;
  const guint secret_at = 5 + 4 + 4 + 4 + 6 + 10 + 1;
  const guint seconds_at = secret_at + 32;
  g_autoptr (GByteArray) data = make_session_data (32);
  g_autoptr (GByteArray) longest = make_session_data (48);
  g_autoptr (GByteArray) too_long = make_session_data (49);
  guint i, bit;

  g_assert_true (is_understood (data, 32));
  g_assert_false (is_understood (data, 0));
  g_assert_false (is_understood (data, 31));
  g_assert_false (is_understood (data, 33));
  g_assert_false (is_understood (data, 48));
  g_assert_false (is_understood (data, 1000));
  g_assert_true (is_understood (longest, 48));
  g_assert_false (is_understood (too_long, 49));

  for (i = prefix_size; i < data->len - 4; i++)
    {
      for (bit = 0; bit < 8; bit++)
        {
          gboolean is_value = (i >= secret_at && i < seconds_at) ||
                              (i >= seconds_at + 6 && i < seconds_at + 8) || i >= seconds_at + 8;

          data->data[i] ^= 1 << bit;
          if (!is_value)
            g_assert_false (is_understood (data, 32));
          data->data[i] ^= 1 << bit;
        }
    }
  data->data[seconds_at + 8] = 0x40;
  g_assert_false (is_understood (data, 32));
  data->data[seconds_at + 8] = 0;
  g_assert_true (is_understood (data, 32));

  g_byte_array_append (data, (const guint8 *) "", 1);
  g_assert_false (is_understood (data, 32));
  for (i = data->len - 2; i > 0; i--)
    {
      g_byte_array_set_size (data, i);
      g_assert_false (is_understood (data, 32));
    }
}

/* Breaks if a clock that is set while the session data are made ends resumption, or if any number
 * is taken for a time. In a process of its own: newer versions of GnuTLS, once a test has given
 * them a clock, know whole seconds alone, and take a ticket of this second for one of the future.
 */
static void
test_arrival (void)
{
  g_autoptr (GByteArray) data = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  data = make_session_data (32);
  test_clock_install ();
  test_clock_set_wall (59 * G_TIME_SPAN_MINUTE);
  g_assert_true (is_understood (data, 32));
  test_clock_set_wall (2 * G_TIME_SPAN_MINUTE);
  g_assert_false (is_understood (data, 32));
  test_clock_set_wall (-2 * 60 * G_TIME_SPAN_MINUTE);
  g_assert_true (is_understood (data, 32));
  test_clock_set_wall (-2 * G_TIME_SPAN_MINUTE);
  g_assert_false (is_understood (data, 32));
  test_clock_uninstall ();
}

static guint n_warnings;

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  if (level & G_LOG_LEVEL_WARNING)
    n_warnings++;
  return G_LOG_WRITER_HANDLED;
}

/* Breaks if the service says nothing, or the same for every connection, or if a TLS 1.2 server
 * causes a warning. In a process of its own, because of its log. */
static void
test_not_understood (TlsPairFixture *fixture, gconstpointer data)
{
  g_autoptr (TlsPair) old = NULL;
  g_autoptr (TlsPair) connection = NULL;
  guint i;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (count_warnings, NULL, NULL);
  old = tls_pair_new (fixture, TLS1_2_SUITE, NULL);
  g_assert_true (old->is_complete);
  g_assert_null (handoff_ticket_window_open (old->client.session));
  g_assert_cmpuint (n_warnings, ==, 0);

  /* GnuTLS's servers take no tickets. */
  connection = tls_pair_new (fixture, SHA256_SUITE, NULL);
  for (i = 0; i < 3; i++)
    g_assert_null (handoff_ticket_window_open (connection->server.session));
  g_assert_cmpuint (n_warnings, ==, 1);
}

int
main (int argc, char *argv[])
{
  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
#define ADD(name, data, function)                                                                  \
  g_test_add ("/service/ticket-window/" name, TlsPairFixture, data, tls_pair_set_up, function,     \
              tls_pair_tear_down)
  ADD ("resume/sha256", SHA256_SUITE, test_resume);
  ADD ("resume/sha384", SHA384_SUITE, test_resume);
  ADD ("resume/chacha20", CHACHA20_SUITE, test_resume);
  ADD ("wrong-nonce", NULL, test_wrong_nonce);
  ADD ("cut-off", NULL, test_cut_off);
  ADD ("memory", NULL, test_memory);
  ADD ("messages", NULL, test_messages);
  ADD ("limits", NULL, test_limits);
  ADD ("not-understood", NULL, test_not_understood);
#undef ADD
  g_test_add_func ("/service/ticket-window/layout", test_layout);
  g_test_add_func ("/service/ticket-window/arrival", test_arrival);
  return g_test_run ();
}
