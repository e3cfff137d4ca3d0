/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "offer.h"

#include "resumption/server-tickets.h"
#include "support/server-handshake-fixture.h"
#include "tls-hello.h"
#include "tls-names.h"
#include "tls-reader.h"

#define CLIENT_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-PSK"

/* What the client of the fixture reads: in TLS 1.3 most of it was encrypted on the way. */
typedef struct
{
  TlsReader reader;
  GString *text; /* (unowned) */
} Log;

static int
print_message (gnutls_session_t session,
               unsigned int type,
               unsigned int when,
               unsigned int incoming,
               const gnutls_datum_t *message)
{
  Log *log = gnutls_session_get_ptr (session);
  TlsBytes bytes = { message->data, message->size };

  if (incoming)
    tls_reader_print (&log->reader, type, bytes, log->text);
  return 0;
}

static void
set_up_client (ServerTest *f, Log *log)
{
  server_test_set_up_client (f, CLIENT_PRIORITY, "client");
  gnutls_session_set_ptr (f->client, log);
  gnutls_handshake_set_hook_function (f->client, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE,
                                      print_message);
}

static void
drop_client (ServerTest *f)
{
  gnutls_deinit (f->client);
  gnutls_certificate_free_credentials (f->credentials);
}

/* NULL if the policy keeps nothing. (transfer full) (nullable) */
static guint8 *
new_ticket_secret (ServerTest *f, HandoffServerTickets *tickets)
{
  const HandoffConfiguration *configuration = handoff_tls_policy_get_configuration (f->policy);

  if (configuration->resumption_scope == HANDOFF_RESUMPTION_NONE)
    return NULL;
  return handoff_server_tickets_derive_secret (tickets, g_variant_new_string ("the same"));
}

/* The messages of a handshake with a client of GnuTLS that offers what is usual, and of another
 * that resumes its session. */
static void
print_messages (ServerTest *f, const char *options, GString *text)
{
  g_autoptr (HandoffServerTickets) tickets = handoff_server_tickets_new ();
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("ecdsa", NULL);
  Log log = { { 0 }, text };
  gnutls_datum_t session = { NULL, 0 };
  char byte;

  handoff_server_tickets_set_lifetime (tickets, 3600);
  drop_client (f);
  set_up_client (f, &log);
  server_test_begin (f, credential, options, new_ticket_secret (f, tickets));
  g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
  server_test_run_client (f);
  while (gnutls_record_recv (f->client, &byte, 1) == GNUTLS_E_INTERRUPTED || f->to_client->len)
    ;
  g_assert_cmpint (gnutls_session_get_data2 (f->client, &session), ==, 0);
  server_test_end_connection (f);

  g_string_append (text, "\nTo a client that would resume this session\n");
  set_up_client (f, &log);
  gnutls_session_set_data (f->client, session.data, session.size);
  gnutls_free (session.data);
  server_test_begin (f, credential, options, new_ticket_secret (f, tickets));
  g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
  server_test_end_connection (f);
  server_test_set_up_client (f, CLIENT_PRIORITY, NULL);
}

/* What the server answers to hello without being sent more. FALSE if that is an alert, which is
 * then in *alert. */
static gboolean
ask (ServerTest *f,
     HandoffCredential *credential,
     const char *options,
     const TlsHello *hello,
     TlsReader *reader,
     guint *alert)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GByteArray) messages = g_byte_array_new ();
  TlsBytes bytes, record, message;
  gboolean success = TRUE;

  tls_hello_write (hello, f->to_server);
  server_test_begin (f, credential, options, NULL);
  server_test_start_step (f);
  server_test_finish_operation (f);
  bytes = (TlsBytes){ f->to_client->data, f->to_client->len };
  /* As far as it is not encrypted. */
  while (success && bytes.size > 0)
    {
      guint type = tls_bytes_record (&bytes, &record);

      if (type == 22)
        g_byte_array_append (messages, record.data, (guint) record.size);
      else if (type == 21)
        {
          tls_bytes_number (&record, 1);
          *alert = tls_bytes_number (&record, 1);
          success = FALSE;
        }
    }
  bytes = (TlsBytes){ messages->data, messages->len };
  while (success && bytes.size > 0)
    {
      guint type = tls_bytes_message (&bytes, &message);

      tls_reader_print (reader, type, message, text);
    }
  server_test_end_connection (f);
  server_test_set_up_client (f, CLIENT_PRIORITY, NULL);
  return success;
}

static gboolean
remove_number (GArray *numbers, guint number)
{
  for (guint i = 0; i < numbers->len; i++)
    {
      if (g_array_index (numbers, guint16, i) == number)
        {
          g_array_remove_index (numbers, i);
          return TRUE;
        }
    }
  return FALSE;
}

/* Offers numbers, which belong to hello; takes away what the server chose (a field of reader); and
 * so on, until it refuses. */
static void
print_ranking (ServerTest *f,
               HandoffCredential *credential,
               const char *options,
               const TlsHello *hello,
               GArray *numbers,
               TlsReader *reader,
               const guint *chosen,
               const char *(*name_of) (guint number),
               GString *text)
{
  guint alert = 0;

  while (ask (f, credential, options, hello, reader, &alert))
    {
      /* Without a group of finite fields in the list, the client takes any (RFC 7919 4). */
      if (!remove_number (numbers, *chosen))
        {
          g_string_append_printf (text, "  0x%04x %s, where none of the list can be had\n", *chosen,
                                  name_of (*chosen));
          return;
        }
      g_string_append_printf (text, "  0x%04x %s\n", *chosen, name_of (*chosen));
    }
  g_string_append_printf (text, "  then alert %u %s\n", alert, tls_name_of_alert (alert));
}

/* In TLS 1.3, what the server chose is encrypted: so each is offered alone. */
static void
print_accepted_schemes (ServerTest *f,
                        HandoffCredential *credential,
                        const char *options,
                        TlsHello *hello,
                        GString *text)
{
  g_autoptr (GArray) schemes = g_steal_pointer (&hello->schemes);
  TlsReader reader = { 0 };
  guint alert;

  hello->schemes = g_array_new (FALSE, FALSE, sizeof (guint16));
  for (guint i = 0; i < schemes->len; i++)
    {
      guint16 scheme = g_array_index (schemes, guint16, i);

      g_array_set_size (hello->schemes, 0);
      g_array_append_val (hello->schemes, scheme);
      if (ask (f, credential, options, hello, &reader, &alert))
        g_string_append_printf (text, "  0x%04x %s\n", scheme, tls_name_of_scheme (scheme));
    }
}

static void
print_rankings (ServerTest *f, const char *name, guint version, const char *options, GString *text)
{
  g_autoptr (HandoffCredential) credential = server_test_credential_new (name, NULL);
  const char *version_name = tls_name_of_version (version);
  g_autoptr (TlsHello) suites = tls_hello_new (version);
  g_autoptr (TlsHello) groups = tls_hello_new (version);
  g_autoptr (TlsHello) schemes = tls_hello_new (version);
  TlsReader reader = { 0 };
  guint alert;

  /* Who does not speak TLS 1.3 does not read its extension, either. */
  if (!ask (f, credential, options, suites, &reader, &alert) || reader.version != version)
    return;
  g_string_append_printf (text, "\n%s, credential %s: cipher suites, the best first\n",
                          version_name, name);
  print_ranking (f, credential, options, suites, suites->suites, &reader, &reader.suite,
                 tls_name_of_suite, text);
  if (version == 0x0303)
    {
      g_autoptr (TlsHello) plain = tls_hello_new (version);

      plain->with_encrypt_then_mac = FALSE;
      g_string_append (text, " the same without encrypt_then_mac\n");
      print_ranking (f, credential, options, plain, plain->suites, &reader, &reader.suite,
                     tls_name_of_suite, text);
    }
  groups->with_key_share = FALSE;
  g_string_append (text, " groups, the best first\n");
  print_ranking (f, credential, options, groups, groups->groups, &reader, &reader.group,
                 tls_name_of_group, text);
  if (version == 0x0303)
    {
      g_string_append (text, " signature schemes, in the client's order\n");
      print_ranking (f, credential, options, schemes, schemes->schemes, &reader, &reader.scheme,
                     tls_name_of_scheme, text);
    }
  else
    {
      g_string_append (text, " signature schemes, each offered alone\n");
      print_accepted_schemes (f, credential, options, schemes, text);
    }
}

char *
server_offer (HandoffTlsPolicy *policy, const char *minimum, const char *maximum)
{
  static const char *const names[] = { "ecdsa", "rsa", "ed25519" };
  const HandoffConfiguration *configuration = handoff_tls_policy_get_configuration (policy);
  GString *text = g_string_new (NULL);
  g_autofree char *options = offer_options (HANDOFF_ROLE_SERVER, policy, minimum, maximum, text);
  ServerTest f = { 0 };

  if (options == NULL)
    return g_string_free (text, FALSE);
  server_test_set_up (&f, CLIENT_PRIORITY);
  handoff_tls_policy_unref (f.policy);
  f.policy = handoff_tls_policy_ref (policy);
  f.keeps_sessions_of_min = configuration->resumption_minimum_protocol;
  print_messages (&f, options, text);
  for (guint version = 0x0304; version >= 0x0303; version--)
    {
      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        print_rankings (&f, names[i], version, options, text);
    }
  server_test_tear_down (&f, NULL);
  return g_string_free (text, FALSE);
}
