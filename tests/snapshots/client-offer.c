/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "offer.h"

#include "keyblob/hpke.h"
#include "keyblob/secret-memory.h"
#include "support/client-handshake-fixture.h"
#include "tls-reader.h"

#define SERVER_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-PSK"
#define IDENTITY "other.handoff.test"

/* The ClientHello that a handshake sends first. */
static char *
print_hello (ClientTest *f)
{
  GString *text = g_string_new (NULL);
  gsize size;
  const guint8 *data = g_bytes_get_data (f->progress->output, &size);
  TlsBytes bytes = { data, size };
  TlsBytes record, message;
  TlsReader reader = { 0 };

  g_assert_cmpuint (tls_bytes_record (&bytes, &record), ==, 22);
  g_assert_cmpuint (tls_bytes_message (&record, &message), ==, TLS_CLIENT_HELLO);
  g_assert_cmpuint (bytes.size + record.size, ==, 0);
  tls_reader_print (&reader, TLS_CLIENT_HELLO, message, text);
  return g_string_free (text, FALSE);
}

/* The tickets that the server sends, with their headers: encrypted on the way, and then for the
 * caller's record layer to decrypt. */
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

  g_byte_array_append (tickets, header, sizeof header);
  g_byte_array_append (tickets, message->data, message->size);
  return 0;
}

static void
keep_session_data (gpointer data, guint lifetime, gpointer user_data)
{
  guint8 **session_data = user_data;

  if (*session_data == NULL)
    *session_data = data;
  else
    handoff_secret_free (data);
}

/* Ends the handshake. (transfer full) (nullable): what the service keeps of it */
static guint8 *
complete (ClientTest *f, GByteArray *tickets)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  HandoffRecipient recipient = { .by_channel = FALSE };
  guint8 *session_data;
  g_autoptr (GError) error = NULL;

  while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_COMPLETE);
  client_test_forget_progress (f);
  g_assert_true (handoff_hpke_generate_key_pair (private_key, recipient.key, NULL));
  handoff_handshake_export (f->handshake, &recipient, client_test_progressed, f);
  g_assert_cmpint (client_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_EXPORTED);
  session_data = g_steal_pointer (&f->progress->session_data);
  if (f->progress->window != NULL)
    handoff_ticket_window_take_message (f->progress->window, tickets->data, tickets->len,
                                        keep_session_data, &session_data, &error);
  g_assert_no_error (error);
  return session_data;
}

/* The lines of which other has none, with a mark before each. */
static void
print_missing (const char *of, const char *other, const char *mark, GString *text)
{
  g_auto (GStrv) lines = g_strsplit (of, "\n", -1);
  g_auto (GStrv) other_lines = g_strsplit (other, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (!g_strv_contains ((const char *const *) other_lines, lines[i]))
        g_string_append_printf (text, "%s%s\n", mark, lines[i]);
    }
}

static void
set_up_server (ClientTest *f, const gnutls_datum_t *ticket_key, GByteArray *tickets)
{
  client_test_set_up_server (f, "wrong-name", SERVER_PRIORITY);
  gnutls_session_ticket_enable_server (f->server, ticket_key);
  gnutls_session_set_ptr (f->server, tickets);
  gnutls_handshake_set_hook_function (f->server, GNUTLS_HANDSHAKE_NEW_SESSION_TICKET,
                                      GNUTLS_HOOK_PRE, keep_ticket);
}

static void
print_offers (ClientTest *f, const char *options, GString *text)
{
  g_autoptr (GByteArray) tickets = g_byte_array_new ();
  g_autofree char *hello = NULL;
  g_autofree char *next_hello = NULL;
  gnutls_datum_t ticket_key;
  guint8 *session_data;

  g_assert_cmpint (gnutls_session_ticket_key_generate (&ticket_key), ==, 0);
  gnutls_deinit (f->server);
  gnutls_certificate_free_credentials (f->credentials);
  set_up_server (f, &ticket_key, tickets);
  client_test_begin_with (f, IDENTITY, options, NULL);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  hello = print_hello (f);
  g_string_append (text, hello);

  session_data = complete (f, tickets);
  client_test_end_connection (f);
  set_up_server (f, &ticket_key, tickets);
  if (session_data == NULL)
    g_string_append (text, "\nNothing is kept, and nothing resumed.\n");
  else
    {
      client_test_begin_with (f, IDENTITY, options, session_data);
      g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
      next_hello = print_hello (f);
      g_string_append (text,
                       "\nThe ClientHello that resumes this session: more (+), and less (-)\n");
      print_missing (next_hello, hello, "+", text);
      print_missing (hello, next_hello, "-", text);
      complete (f, tickets);
    }
  gnutls_free (ticket_key.data);
}

char *
client_offer (HandoffTlsPolicy *policy, const char *minimum, const char *maximum)
{
  const HandoffConfiguration *configuration = handoff_tls_policy_get_configuration (policy);
  GString *text = g_string_new (NULL);
  g_autofree char *options = offer_options (HANDOFF_ROLE_CLIENT, policy, minimum, maximum, text);
  ClientTest f = { 0 };

  if (options == NULL)
    return g_string_free (text, FALSE);
  client_test_set_up (&f, SERVER_PRIORITY);
  handoff_tls_policy_unref (f.policy);
  f.policy = handoff_tls_policy_ref (policy);
  f.keeps_sessions = configuration->resumption_scope != HANDOFF_RESUMPTION_NONE;
  f.keeps_sessions_of_min = configuration->resumption_minimum_protocol;
  print_offers (&f, options, text);
  client_test_tear_down (&f, NULL);
  return g_string_free (text, FALSE);
}
