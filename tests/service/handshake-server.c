/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The handshake object as a server, stepwise, against a GnuTLS client in this process, with
 * credentials that come late, or whose keys take their time, or that are away: faults that no real
 * token can be made to have at will. With a leak checker, nothing may be left. */

#include "config.h"

#include <unistd.h>

#include "credential-fixture.h"
#include "gnutls-support.h"
#include "handshake.h"
#include "keyblob/hpke.h"
#include "keyblob/key-blob.h"
#include "keyblob/sealed-memfd.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "server-tickets.h"

typedef struct
{
  HandoffWorker *worker;
  HandoffTlsPolicy *policy;
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t client;
  gboolean client_done;
  GByteArray *to_server;
  GByteArray *to_client;

  HandoffHandshake *handshake;
  HandoffHandshakeProgress *progress;
  guint n_ended;
  HandoffCredentialQuestion *question; /* (owned) (nullable) */
} Fixture;

static ssize_t
client_push (gnutls_transport_ptr_t data, const void *bytes, size_t size)
{
  g_byte_array_append (((Fixture *) data)->to_server, bytes, (guint) size);
  return (ssize_t) size;
}

static ssize_t
client_pull (gnutls_transport_ptr_t data, void *buffer, size_t size)
{
  Fixture *f = data;

  size = MIN (size, f->to_client->len);
  if (size == 0)
    {
      gnutls_transport_set_errno (f->client, EAGAIN);
      return -1;
    }
  memcpy (buffer, f->to_client->data, size);
  g_byte_array_remove_range (f->to_client, 0, (guint) size);
  return (ssize_t) size;
}

static char *
cert_path (const char *name, const char *suffix)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL);

  return g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), file, NULL);
}

/* certificate: (nullable): the client's */
static void
set_up_client (Fixture *f, const char *priority, const char *certificate)
{
  f->client_done = FALSE;
  g_assert_cmpint (gnutls_certificate_allocate_credentials (&f->credentials), ==, 0);
  if (certificate != NULL)
    {
      g_autofree char *cert = cert_path (certificate, ".pem");
      g_autofree char *key = cert_path (certificate, ".key");

      g_assert_cmpint (
          gnutls_certificate_set_x509_key_file (f->credentials, cert, key, GNUTLS_X509_FMT_PEM), >=,
          0);
    }
  /* Its certificate goes to whichever authorities the server names. */
  g_assert_cmpint (
      gnutls_init (&f->client, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_FORCE_CLIENT_CERT), ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (f->client, priority, NULL), ==, 0);
  gnutls_credentials_set (f->client, GNUTLS_CRD_CERTIFICATE, f->credentials);
  gnutls_server_name_set (f->client, GNUTLS_NAME_DNS, "WWW.Handoff.Test", 16);
  gnutls_transport_set_ptr (f->client, f);
  gnutls_transport_set_push_function (f->client, client_push);
  gnutls_transport_set_pull_function (f->client, client_pull);
}

/* data: the client's priority string */
static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffConfiguration) configuration = NULL;
  g_autoptr (GError) error = NULL;

  f->to_server = g_byte_array_new ();
  f->to_client = g_byte_array_new ();
  set_up_client (f, data, NULL);
  configuration = handoff_configuration_load ("/nonexistent", &error);
  g_assert_no_error (error);
  f->policy = handoff_tls_policy_new (configuration, &error);
  g_assert_no_error (error);
  f->worker = handoff_worker_new (&error);
  g_assert_no_error (error);
}

static void
ended (gpointer user_data)
{
  ((Fixture *) user_data)->n_ended++;
}

static void
asked (HandoffCredentialQuestion *question, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_null (f->question);
  f->question = question;
}

static void
progressed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_null (f->progress);
  f->progress = handoff_handshake_finish (result);
}

/* key: (nullable): what signs in place of the key in the file */
static HandoffCredential *
credential_new (const char *name, HandoffPrivateKey *key)
{
  g_autoptr (GPtrArray) certificates = NULL;
  g_autoptr (GError) error = NULL;
  HandoffCredential *credential;

  if (key == NULL)
    return test_credential_new (NULL, name, 0, name);
  certificates = test_certificates_new (name, NULL);
  credential = handoff_credential_new (NULL, name, 0, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL,
                                       certificates, NULL, &error);
  g_assert_no_error (error);
  return credential;
}

/* credential: (nullable): NULL: it asks. ticket_secret: (transfer full) (nullable) */
static void
begin (Fixture *f, HandoffCredential *credential, const char *options, guint8 *ticket_secret)
{
  g_autoptr (GVariant) variant =
      g_variant_ref_sink (g_variant_new_parsed (options != NULL ? options : "@a{sv} {}"));
  g_autoptr (GError) error = NULL;
  HandoffHandshakeRequest *request =
      handoff_handshake_request_new (HANDOFF_ROLE_SERVER, "", variant, f->policy, &error);

  g_assert_no_error (error);
  request->stepwise = TRUE;
  if (credential != NULL)
    request->credential = handoff_credential_ref (credential);
  request->may_ask = credential == NULL;
  request->keeps_sessions = ticket_secret != NULL;
  request->keeps_sessions_of_min = 0x0303;
  request->ticket_secret = ticket_secret;
  request->ticket_lifetime = 3600;
  f->handshake = handoff_handshake_new (f->worker, request, ended, asked, f);
}

static void
start_step (Fixture *f)
{
  g_autoptr (GBytes) input = g_bytes_new (f->to_server->data, f->to_server->len);

  g_clear_pointer (&f->progress, handoff_handshake_progress_free);
  handoff_handshake_step_async (f->handshake, input, progressed, f);
}

static HandoffHandshakeState
finish_operation (Fixture *f)
{
  gsize size;
  gconstpointer output;

  while (f->progress == NULL)
    g_main_context_iteration (NULL, TRUE);
  output = g_bytes_get_data (f->progress->output, &size);
  g_byte_array_append (f->to_client, output, (guint) size);
  g_byte_array_remove_range (f->to_server, 0, (guint) f->progress->consumed);
  return f->progress->state;
}

/* Of one that is done, GnuTLS would make a key update. */
static int
run_client (Fixture *f)
{
  int code = f->client_done ? GNUTLS_E_SUCCESS : gnutls_handshake (f->client);

  f->client_done = code == GNUTLS_E_SUCCESS;
  return code;
}

/* One step with all that the client sent. */
static HandoffHandshakeState
step (Fixture *f)
{
  run_client (f);
  start_step (f);
  return finish_operation (f);
}

static HandoffHandshakeState
run (Fixture *f)
{
  HandoffHandshakeState state;

  while ((state = step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  return state;
}

static void
wait_for_end (Fixture *f)
{
  while (f->n_ended == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->n_ended, ==, 1);
}

/* (transfer full) */
static HandoffKeyState *
export_keys (Fixture *f)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) blob = NULL;
  HandoffKeyState *state;
  gconstpointer data;
  gsize size;

  g_clear_pointer (&f->progress, handoff_handshake_progress_free);
  g_assert_true (handoff_hpke_generate_key_pair (private_key, public_key, NULL));
  handoff_handshake_export_async (f->handshake, public_key, progressed, f);
  g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_EXPORTED);
  blob =
      handoff_sealed_memfd_read (f->progress->key_blob_fd, 48, HANDOFF_KEY_BLOB_MAX_SIZE, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (blob, &size);
  state = handoff_key_blob_open (data, size, private_key, &error);
  g_assert_no_error (error);
  wait_for_end (f);
  return state;
}

/* For another connection in the same test. */
static void
end_connection (Fixture *f)
{
  g_clear_pointer (&f->progress, handoff_handshake_progress_free);
  handoff_handshake_cancel (f->handshake);
  wait_for_end (f);
  f->n_ended = 0;
  g_clear_pointer (&f->handshake, handoff_handshake_unref);
  g_byte_array_set_size (f->to_server, 0);
  g_byte_array_set_size (f->to_client, 0);
  gnutls_deinit (f->client);
  gnutls_certificate_free_credentials (f->credentials);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->progress, handoff_handshake_progress_free);
  if (f->handshake != NULL)
    {
      handoff_handshake_cancel (f->handshake);
      wait_for_end (f);
      handoff_handshake_unref (f->handshake);
    }
  handoff_worker_free (f->worker);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  handoff_tls_policy_unref (f->policy);
  gnutls_deinit (f->client);
  gnutls_certificate_free_credentials (f->credentials);
  g_byte_array_unref (f->to_server);
  g_byte_array_unref (f->to_client);
}

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

/* Breaks if what a server exports is not what its client has: roles mixed up, or sequence numbers
 * that do not count the tickets and messages that were sent. */
static void
test_complete (Fixture *f, gconstpointer data)
{
  const char *const names[] = { "rsa", "ecdsa", "ed25519" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (HandoffCredential) credential = credential_new (names[i], NULL);
      g_autoptr (HandoffServerTickets) tickets = handoff_server_tickets_new (NULL);
      g_autoptr (HandoffKeyState) state = NULL;
      char byte;

      handoff_server_tickets_set_lifetime (tickets, 3600);
      if (i > 0)
        set_up_client (f, data, NULL);
      begin (f, credential, NULL,
             handoff_server_tickets_derive_secret (tickets, g_variant_new_string ("test")));
      g_assert_cmpint (run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      g_assert_cmpstr (f->progress->outcome->server_name, ==, "www.handoff.test");
      g_assert_cmpstr (f->progress->outcome->credential, ==, names[i]);
      g_assert_cmpuint (g_variant_n_children (f->progress->outcome->peer_certificates), ==, 0);
      /* The client takes in what the server sent last: tickets. */
      g_assert_cmpint (run_client (f), ==, 0);
      while (gnutls_record_recv (f->client, &byte, 1) == GNUTLS_E_INTERRUPTED || f->to_client->len)
        ;
      state = export_keys (f);
      g_assert_cmpint (state->role, ==, HANDOFF_ROLE_SERVER);
      assert_direction (f->client, TRUE, &state->write);
      assert_direction (f->client, FALSE, &state->read);
      g_assert_null (f->progress->window);
      g_assert_null (f->progress->session_data);
      f->n_ended = 0;
      g_clear_pointer (&f->progress, handoff_handshake_progress_free);
      g_clear_pointer (&f->handshake, handoff_handshake_unref);
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
test_asked (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = credential_new ("ecdsa", NULL);

  begin (f, NULL, NULL, NULL);
  run_client (f);
  start_step (f);
  while (f->question == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (f->progress);
  g_assert_cmpint (handoff_credential_question_get_role (f->question), ==, HANDOFF_ROLE_SERVER);
  g_assert_cmpstr (handoff_credential_question_get_server_name (f->question), ==,
                   "www.handoff.test");
  g_assert_true (handoff_credential_question_accepts (f->question, credential));
  handoff_credential_question_answer (f->question, credential, NULL);
  g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  g_assert_cmpint (run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_cmpstr (f->progress->outcome->credential, ==, "ecdsa");
}

/* Breaks if a handshake without a credential goes on, or does not say why it failed: to its caller
 * in words, to its peer with the alert. */
static void
test_nothing_found (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) reason =
      g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, "None is for it");

  begin (f, NULL, NULL, NULL);
  run_client (f);
  start_step (f);
  while (f->question == NULL)
    g_main_context_iteration (NULL, TRUE);
  handoff_credential_question_answer (f->question, NULL, reason);
  g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  g_assert_nonnull (strstr (f->progress->error->message, "None is for it"));
  g_assert_cmpint (run_client (f), ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
  g_assert_cmpint (gnutls_alert_get (f->client), ==, GNUTLS_A_UNRECOGNIZED_NAME);
}

/* Breaks if a handshake that ends while it waits for an answer crashes, hangs or leaks; or if the
 * answer that comes later does. */
static void
test_cancelled_while_asked (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffCredential) credential = credential_new ("ecdsa", NULL);

  begin (f, NULL, NULL, NULL);
  run_client (f);
  start_step (f);
  while (f->question == NULL)
    g_main_context_iteration (NULL, TRUE);
  handoff_handshake_cancel (f->handshake);
  g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
  wait_for_end (f);
  handoff_credential_question_answer (f->question, credential, NULL);
}

/* A key that signs in a thread of its own when it is told to: a token. */
typedef struct
{
  HandoffPrivateKey *real; /* (owned) */
  GMutex mutex;
  GCond cond;
  gboolean may_sign;
  gboolean is_asked;
  GError *error; /* (owned) (nullable): what it answers */
  GThread *thread;
  HandoffKeyUse use;
  HandoffKeyUsed used;
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
    self->used (self->error, self->user_data);
  else
    handoff_private_key_use (self->real, self->use, self->used, self->user_data);
  return NULL;
}

static void
use_slowly (gpointer data, HandoffKeyUse use, HandoffKeyUsed used, gpointer user_data)
{
  SlowKey *self = data;

  self->use = use;
  self->used = used;
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

static const HandoffPrivateKeyKind slow_kind = { use_slowly, leave_to_its_owner };

static HandoffPrivateKey *
slow_key_init (SlowKey *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  gnutls_privkey_t key;
  gnutls_pubkey_t public_key;

  self->real = handoff_private_key_new_x509 (test_x509_key_new (name), &error);
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
  *(gint *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Breaks if a token that takes its time holds up the worker, or its signature is lost. */
static void
test_slow_key (Fixture *f, gconstpointer data)
{
  SlowKey slow = { 0 };
  g_autoptr (HandoffPrivateKey) key = slow_key_init (&slow, "ecdsa");
  g_autoptr (HandoffCredential) credential = credential_new ("ecdsa", key);
  gint worker_is_free = FALSE;

  begin (f, credential, NULL, NULL);
  run_client (f);
  start_step (f);
  slow_key_wait_until_asked (&slow);
  handoff_worker_invoke (f->worker, note, &worker_is_free, NULL);
  while (!g_atomic_int_get (&worker_is_free))
    g_thread_yield ();
  g_assert_null (f->progress);
  slow_key_sign (&slow);
  g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  g_assert_cmpint (run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
  slow_key_clear (&slow);
}

/* Breaks if why the token did not sign is not told, or the peer is left without an alert. */
static void
test_key_fails (Fixture *f, gconstpointer data)
{
  SlowKey slow = { 0 };
  g_autoptr (HandoffPrivateKey) key = slow_key_init (&slow, "rsa");
  g_autoptr (HandoffCredential) credential = credential_new ("rsa", key);

  slow.error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "PIN, please");
  begin (f, credential, NULL, NULL);
  run_client (f);
  start_step (f);
  slow_key_sign (&slow);
  g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED);
  g_assert_cmpint (run_client (f), ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
  g_assert_cmpint (gnutls_alert_get (f->client), ==, GNUTLS_A_INTERNAL_ERROR);
  slow_key_clear (&slow);
}

/* Breaks if the time limit does not hold while a token signs, or if its signature, when it comes at
 * last, comes to something that is gone. */
static void
test_timeout_while_signing (Fixture *f, gconstpointer data)
{
  SlowKey slow = { 0 };
  g_autoptr (HandoffPrivateKey) key = slow_key_init (&slow, "ecdsa");
  g_autoptr (HandoffCredential) credential = credential_new ("ecdsa", key);

  begin (f, credential, "{'timeout': <uint32 1>}", NULL);
  run_client (f);
  start_step (f);
  g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  wait_for_end (f);
  slow_key_sign (&slow);
  slow_key_clear (&slow);
}

/* A client's certificate. Breaks if one is not asked for, not verified, or not shown. */
static void
test_client_certificate (Fixture *f, gconstpointer data)
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
  g_autoptr (HandoffCredential) credential = credential_new ("ecdsa", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
      g_autofree char *options = NULL;
      g_autoptr (GVariant) variant = NULL;
      HandoffHandshakeState state;

      gnutls_deinit (f->client);
      gnutls_certificate_free_credentials (f->credentials);
      set_up_client (f, data, cases[i].certificate);
      if (cases[i].trusted != NULL)
        {
          g_autoptr (GBytes) anchor = test_certificate_new (cases[i].trusted);
          GVariant *der = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, anchor, TRUE);

          g_variant_dict_insert_value (&dict, "trust-anchors", g_variant_new_array (NULL, &der, 1));
        }
      g_variant_dict_insert (&dict, "client-certificate", "s", cases[i].mode);
      variant = g_variant_ref_sink (g_variant_dict_end (&dict));
      options = g_variant_print (variant, TRUE);
      begin (f, credential, options, NULL);
      state = run (f);
      g_test_message ("%s, trusting %s: %s: %s", cases[i].mode, cases[i].trusted,
                      cases[i].certificate,
                      f->progress->error != NULL ? f->progress->error->message : "complete");
      g_assert_cmpint (state, ==,
                       cases[i].good ? HANDOFF_HANDSHAKE_COMPLETE : HANDOFF_HANDSHAKE_FAILED);
      if (cases[i].good)
        g_assert_cmpuint (g_variant_n_children (f->progress->outcome->peer_certificates), ==,
                          cases[i].trusted != NULL && cases[i].certificate != NULL ? 1 : 0);
      end_connection (f);
      set_up_client (f, data, NULL);
    }
}

/* (transfer full): what the client could resume by */
static gnutls_datum_t
take_session (Fixture *f)
{
  gnutls_datum_t session = { NULL, 0 };
  char byte;

  run_client (f);
  while (gnutls_record_recv (f->client, &byte, 1) == GNUTLS_E_INTERRUPTED || f->to_client->len)
    ;
  g_assert_cmpint (gnutls_session_get_data2 (f->client, &session), ==, 0);
  return session;
}

/* Breaks if a client cannot resume; if it can although the ticket is another server's, or another
 * credential's; or if a resumed session is one without a key exchange of its own. */
static void
test_resumption (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffServerTickets) tickets = handoff_server_tickets_new (NULL);
  g_autoptr (HandoffCredential) credential = credential_new ("ecdsa", NULL);
  g_autoptr (HandoffCredential) other = credential_new ("rsa", NULL);
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

      begin (f, credential, NULL,
             handoff_server_tickets_derive_secret (tickets, g_variant_new_string ("alice")));
      g_assert_cmpint (run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      session = take_session (f);
      end_connection (f);

      set_up_client (f, data, NULL);
      gnutls_session_set_data (f->client, session.data, session.size);
      gnutls_free (session.data);
      begin (f, cases[i].other_credential ? other : credential, NULL,
             handoff_server_tickets_derive_secret (tickets,
                                                   g_variant_new_string (cases[i].conditions)));
      g_assert_cmpint (run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      g_assert_cmpint (f->progress->outcome->resumed, ==, cases[i].resumed);
      end_connection (f);
      set_up_client (f, data, NULL);
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
    void (*function) (Fixture *f, gconstpointer data);
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
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (cases); j++)
        {
          g_autofree char *path =
              g_strdup_printf ("/service/handshake-server/%s/%s", cases[j].name, priorities[i][0]);

          g_test_add (path, Fixture, priorities[i][1], set_up, cases[j].function, tear_down);
        }
    }
  return g_test_run ();
}
