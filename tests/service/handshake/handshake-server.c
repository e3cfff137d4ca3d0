/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The handshake object as a server, stepwise, against a GnuTLS client in this process. Its
 * credentials come late, or their keys take their time, or the keys are away: faults that a real
 * token does not have at will. With a leak checker, nothing may be left. */

#include "config.h"

#include <unistd.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "resumption/server-tickets.h"
#include "support/memory-key.h"
#include "support/server-handshake-fixture.h"
#include "support/test-clock.h"

static void
assert_direction (gnutls_session_t client, gboolean client_reads, const HandoffDirectionState *ours)
{
  gnutls_datum_t mac_key, iv, key;
  guint8 sequence[8];
  guint64 number;

  g_assert_cmpint (gnutls_record_get_state (client, client_reads, &mac_key, &iv, &key, sequence),
                   ==, 0);
  memcpy (&number, sequence, sizeof number);
  g_assert_cmpmem (ours->key, ours->key_size, key.data, key.size);
  g_assert_cmpmem (ours->iv, ours->iv_size, iv.data, ours->iv_size);
  g_assert_cmpuint (ours->sequence_number, ==, GUINT64_FROM_BE (number));
}

/* Breaks if what a server exports is not what its client has: if roles are mixed up, or sequence
 * numbers do not count the tickets and messages that were sent. */
static void
test_complete (ServerTest *f, gconstpointer data)
{
  const char *const names[] = { "rsa", "ecdsa", "ed25519" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (HandoffCredential) credential = server_test_credential_new (names[i], NULL);
      g_autoptr (HandoffServerTickets) tickets = handoff_server_tickets_new ();
      g_autoptr (HandoffKeyState) state = NULL;
      char byte;

      handoff_server_tickets_set_lifetime (tickets, 3600);
      if (i > 0)
        server_test_set_up_client (f, data, NULL);
      server_test_begin (
          f, credential, NULL,
          handoff_server_tickets_derive_secret (tickets, g_variant_new_string ("test")));
      g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      g_assert_cmpstr (f->progress->outcome->server_name, ==, "www.handoff.test");
      g_assert_cmpstr (f->progress->outcome->credential, ==, names[i]);
      g_assert_cmpuint (g_variant_n_children (f->progress->outcome->peer_certificates), ==, 0);
      /* The client reads what the server sent last: tickets. */
      g_assert_cmpint (server_test_run_client (f), ==, 0);
      while (gnutls_record_recv (f->client, &byte, 1) == GNUTLS_E_INTERRUPTED || f->to_client->len)
        ;
      state = server_test_export_keys (f);
      g_assert_cmpint (state->role, ==, HANDOFF_ROLE_SERVER);
      assert_direction (f->client, TRUE, &state->write);
      assert_direction (f->client, FALSE, &state->read);
      g_assert_null (f->progress->window);
      g_assert_null (f->progress->session_data);
      f->n_ended = 0;
      g_clear_pointer (&f->progress, handoff_handshake_progress_free);
      g_clear_pointer (&f->handshake, handoff_handshake_free);
      g_byte_array_set_size (f->to_server, 0);
      if (i + 1 < G_N_ELEMENTS (names))
        {
          gnutls_deinit (f->client);
          gnutls_certificate_free_credentials (f->credentials);
        }
    }
}

/* Breaks if the answer of the main thread is lost, or the handshake does not wait for it. */
static void
test_asked (ServerTest *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("ecdsa", NULL);

  server_test_begin (f, NULL, NULL, NULL);
  server_test_run_client (f);
  server_test_start_step (f);
  while (f->question == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (f->progress);
  g_assert_cmpint (handoff_credential_question_get_role (f->question), ==, HANDOFF_ROLE_SERVER);
  g_assert_cmpstr (handoff_credential_question_get_server_name (f->question), ==,
                   "www.handoff.test");
  g_assert_true (handoff_credential_question_accepts (f->question, credential));
  handoff_credential_question_answer (f->question, credential, NULL, NULL);
  g_assert_cmpint (server_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_cmpstr (f->progress->outcome->credential, ==, "ecdsa");
}

/* Breaks if a handshake without a credential goes on, or does not say why it failed: to its caller
 * in words, to its peer by the alert. */
static void
test_nothing_found (ServerTest *f, gconstpointer data)
{
  g_autoptr (GError) reason =
      g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "None is for it");

  server_test_begin (f, NULL, NULL, NULL);
  server_test_run_client (f);
  server_test_start_step (f);
  while (f->question == NULL)
    g_main_context_iteration (NULL, TRUE);
  handoff_credential_question_answer (f->question, NULL, NULL, reason);
  g_assert_cmpint (server_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  g_assert_nonnull (strstr (f->progress->error->message, "None is for it"));
  g_assert_cmpint (server_test_run_client (f), ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
  g_assert_cmpint (gnutls_alert_get (f->client), ==, GNUTLS_A_UNRECOGNIZED_NAME);
}

/* Breaks if a handshake that ends while it waits for an answer crashes, hangs or leaks; or if the
 * later answer does. */
static void
test_cancelled_while_asked (ServerTest *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("ecdsa", NULL);

  server_test_begin (f, NULL, NULL, NULL);
  server_test_run_client (f);
  server_test_start_step (f);
  while (f->question == NULL)
    g_main_context_iteration (NULL, TRUE);
  handoff_handshake_cancel (f->handshake);
  g_assert_cmpint (server_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
  server_test_wait_for_end (f);
  handoff_credential_question_answer (f->question, credential, NULL, NULL);
}

/* A key that signs in a thread of its own when it is told to, as a token does. */
typedef struct
{
  HandoffPrivateKey *real; /* (owned) */
  GMutex mutex;
  GCond cond;
  gboolean may_sign;
  gboolean is_asked;
  GError *error; /* (owned) (nullable): what it answers */
  GThread *thread;
  gnutls_sign_algorithm_t algorithm;
  GBytes *input; /* (owned) */
  HandoffKeySigned signed_func;
  gpointer user_data;
} SlowKey;

static gpointer
sign_slowly (gpointer data)
{
  SlowKey *self = data;

  g_mutex_lock (&self->mutex);
  while (!self->may_sign)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  if (self->error != NULL)
    self->signed_func (NULL, self->error, self->user_data);
  else
    handoff_private_key_sign (self->real, self->algorithm, self->input, self->signed_func,
                              self->user_data);
  g_clear_pointer (&self->input, g_bytes_unref);
  return NULL;
}

static void
begin_to_sign (gpointer data,
               gnutls_sign_algorithm_t algorithm,
               GBytes *input,
               HandoffKeySigned signed_func,
               gpointer user_data)
{
  SlowKey *self = data;

  self->algorithm = algorithm;
  self->input = g_bytes_ref (input);
  self->signed_func = signed_func;
  self->user_data = user_data;
  g_assert_null (self->thread);
  self->thread = g_thread_new ("slow key", sign_slowly, self);
  g_mutex_lock (&self->mutex);
  self->is_asked = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static void
leave_to_its_owner (gpointer data)
{
}

static const HandoffPrivateKeyKind slow_kind = { begin_to_sign, leave_to_its_owner };

static HandoffPrivateKey *
slow_key_init (SlowKey *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  gnutls_privkey_t key;
  gnutls_pubkey_t public_key;

  self->real = test_memory_key_new (test_x509_key_new (name), &error);
  g_assert_no_error (error);
  gnutls_privkey_init (&key);
  gnutls_pubkey_init (&public_key);
  g_assert_cmpint (gnutls_privkey_import_x509 (key, test_x509_key_new (name),
                                               GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE),
                   ==, 0);
  g_assert_cmpint (gnutls_pubkey_import_privkey (public_key, key, 0, 0), ==, 0);
  gnutls_privkey_deinit (key);
  return handoff_private_key_new (&slow_kind, public_key, self);
}

static void
slow_key_wait_until_asked (SlowKey *self)
{
  g_mutex_lock (&self->mutex);
  while (!self->is_asked)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

static void
slow_key_sign (SlowKey *self)
{
  g_mutex_lock (&self->mutex);
  self->may_sign = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static void
slow_key_clear (SlowKey *self)
{
  if (self->thread != NULL)
    g_thread_join (self->thread);
  handoff_private_key_unref (self->real);
  g_clear_error (&self->error);
}

static gboolean
note (gpointer data)
{
  g_atomic_int_set ((gint *) data, TRUE);
  return G_SOURCE_REMOVE;
}

/* Breaks if a token that takes its time holds up the worker, or its signature is lost. */
static void
test_slow_key (ServerTest *f, gconstpointer data)
{
  SlowKey slow = { 0 };
  g_autoptr (HandoffPrivateKey) key = slow_key_init (&slow, "ecdsa");
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("ecdsa", key);
  gint worker_is_free = FALSE;

  server_test_begin (f, credential, NULL, NULL);
  server_test_run_client (f);
  server_test_start_step (f);
  slow_key_wait_until_asked (&slow);
  handoff_worker_invoke (f->worker, note, &worker_is_free, NULL);
  while (!g_atomic_int_get (&worker_is_free))
    g_thread_yield ();
  g_assert_null (f->progress);
  slow_key_sign (&slow);
  g_assert_cmpint (server_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
  slow_key_clear (&slow);
}

/* Breaks if the caller does not hear why the token did not sign, or the peer gets no alert. */
static void
test_key_fails (ServerTest *f, gconstpointer data)
{
  SlowKey slow = { 0 };
  g_autoptr (HandoffPrivateKey) key = slow_key_init (&slow, "rsa");
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("rsa", key);

  slow.error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "PIN, please");
  server_test_begin (f, credential, NULL, NULL);
  server_test_run_client (f);
  server_test_start_step (f);
  slow_key_sign (&slow);
  g_assert_cmpint (server_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED);
  g_assert_cmpint (server_test_run_client (f), ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
  g_assert_cmpint (gnutls_alert_get (f->client), ==, GNUTLS_A_INTERNAL_ERROR);
  slow_key_clear (&slow);
}

/* Breaks if the time limit does not hold while a token signs, or if the signature that comes at
 * last uses something that is gone. */
static void
test_timeout_while_signing (ServerTest *f, gconstpointer data)
{
  SlowKey slow = { 0 };
  g_autoptr (HandoffPrivateKey) key = slow_key_init (&slow, "ecdsa");
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("ecdsa", key);

  server_test_begin (f, credential, "{'timeout': <uint32 20>}", NULL);
  server_test_run_client (f);
  server_test_start_step (f);
  slow_key_wait_until_asked (&slow);
  test_clock_pass (20 * TEST_SECOND);
  g_assert_cmpint (server_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  server_test_wait_for_end (f);
  slow_key_sign (&slow);
  slow_key_clear (&slow);
}

/* A client's certificate. Breaks if the server does not ask for it, verify it, or show it. */
static void
test_client_certificate (ServerTest *f, gconstpointer data)
{
  static const struct
  {
    const char *mode;
    const char *trusted;
    const char *certificate; /* the client's; NULL: none */
    gboolean good;
  } cases[] = {
    { "none", NULL, "client", TRUE },           { "request", "client-ca", NULL, TRUE },
    { "request", "client-ca", "client", TRUE }, { "request", "client-ca", "rsa", FALSE },
    { "require", "client-ca", NULL, FALSE },    { "require", "client-ca", "client", TRUE },
    { "require", "ca", "rsa", FALSE }, /* a server's: the wrong purpose */
    { "require", "ca", "wrong-purpose", TRUE }, { "require", "other-ca", "client", FALSE },
  };
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("ecdsa", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
      g_autofree char *options = NULL;
      g_autoptr (GVariant) variant = NULL;
      HandoffHandshakeState state;

      gnutls_deinit (f->client);
      gnutls_certificate_free_credentials (f->credentials);
      server_test_set_up_client (f, data, cases[i].certificate);
      if (cases[i].trusted != NULL)
        {
          g_autoptr (GBytes) anchor = test_certificate_new (cases[i].trusted);
          GVariant *der = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, anchor, TRUE);

          g_variant_dict_insert_value (&dict, "trust-anchors", g_variant_new_array (NULL, &der, 1));
        }
      g_variant_dict_insert (&dict, "client-certificate", "s", cases[i].mode);
      variant = g_variant_ref_sink (g_variant_dict_end (&dict));
      options = g_variant_print (variant, TRUE);
      server_test_begin (f, credential, options, NULL);
      state = server_test_run (f);
      g_test_message ("%s, trusting %s: %s: %s", cases[i].mode, cases[i].trusted,
                      cases[i].certificate,
                      f->progress->error != NULL ? f->progress->error->message : "complete");
      g_assert_cmpint (state, ==,
                       cases[i].good ? HANDOFF_HANDSHAKE_COMPLETE : HANDOFF_HANDSHAKE_FAILED);
      if (cases[i].good)
        g_assert_cmpuint (g_variant_n_children (f->progress->outcome->peer_certificates), ==,
                          cases[i].trusted != NULL && cases[i].certificate != NULL ? 1 : 0);
      server_test_end_connection (f);
      server_test_set_up_client (f, data, NULL);
    }
}

/* (transfer full): what the client can resume by */
static gnutls_datum_t
take_session (ServerTest *f)
{
  gnutls_datum_t session = { NULL, 0 };
  char byte;

  server_test_run_client (f);
  while (gnutls_record_recv (f->client, &byte, 1) == GNUTLS_E_INTERRUPTED || f->to_client->len)
    ;
  g_assert_cmpint (gnutls_session_get_data2 (f->client, &session), ==, 0);
  return session;
}

/* Breaks if a client cannot resume; if it can although the ticket is from another server, or from
 * another credential; or if a resumed session has no key exchange of its own. */
static void
test_resumption (ServerTest *f, gconstpointer data)
{
  g_autoptr (HandoffServerTickets) tickets = handoff_server_tickets_new ();
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("ecdsa", NULL);
  g_autoptr (HandoffCredential) other = server_test_credential_new ("rsa", NULL);
  static const struct
  {
    const char *conditions;
    gboolean other_credential;
    gboolean resumed;
  } cases[] = {
    { "alice", FALSE, TRUE },
    { "bob", FALSE, FALSE },
    { "alice", TRUE, FALSE },
  };

  handoff_server_tickets_set_lifetime (tickets, 3600);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gnutls_datum_t session;

      server_test_begin (
          f, credential, NULL,
          handoff_server_tickets_derive_secret (tickets, g_variant_new_string ("alice")));
      g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      session = take_session (f);
      server_test_end_connection (f);

      server_test_set_up_client (f, data, NULL);
      gnutls_session_set_data (f->client, session.data, session.size);
      gnutls_free (session.data);
      server_test_begin (f, cases[i].other_credential ? other : credential, NULL,
                         handoff_server_tickets_derive_secret (
                             tickets, g_variant_new_string (cases[i].conditions)));
      g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      g_assert_cmpint (f->progress->outcome->resumed, ==, cases[i].resumed);
      server_test_end_connection (f);
      server_test_set_up_client (f, data, NULL);
    }
}

int
main (int argc, char **argv)
{
  /* GnuTLS resumes with a key exchange only if it has one of that kind in its list. */
  const char *const priorities[][2] = {
    { "tls1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.3:+ECDHE-PSK" },
    { "tls1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.2" },
  };
  const struct
  {
    const char *name;
    void (*function) (ServerTest *f, gconstpointer data);
  } cases[] = {
    { "complete", test_complete },
    { "asked", test_asked },
    { "nothing-found", test_nothing_found },
    { "cancelled-while-asked", test_cancelled_while_asked },
    { "slow-key", test_slow_key },
    { "key-fails", test_key_fails },
    { "timeout-while-signing", test_timeout_while_signing },
    { "client-certificate", test_client_certificate },
    { "resumption", test_resumption },
  };

  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (cases); j++)
        {
          g_autofree char *path =
              g_strdup_printf ("/service/handshake-server/%s/%s", cases[j].name, priorities[i][0]);

          g_test_add (path, ServerTest, priorities[i][1], server_test_set_up, cases[j].function,
                      server_test_tear_down);
        }
    }
  return g_test_run ();
}
