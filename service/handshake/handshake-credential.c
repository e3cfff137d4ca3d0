/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-credential.h"

#include <string.h>

#include "handshake/handshake-wait.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

/* Threads: all of it is the worker's. What other threads are asked travels in structs of its own:
 * a question to the main thread (Asking) and its Answer, a Signing to the key's thread. Each has
 * one owner at a time (handshake-wait.h). */
struct _HandoffHandshakeCredential
{
  HandoffHandshakePause *pause;           /* (unowned) */
  const HandoffHandshakeRequest *request; /* (unowned) */
  HandoffCredentialAskFunc ask;           /* (nullable) */
  gpointer ask_data;

  HandoffCredential *credential; /* (owned) (nullable) */
  gnutls_privkey_t key; /* (owned) (nullable): our handle, which signs with the credential's key */
  gnutls_ocsp_data_st ocsp;
  GError *error;     /* (owned) (nullable) */
  char *server_name; /* (owned) (nullable) */
  gboolean is_requested;
};

HandoffHandshakeCredential *
handoff_handshake_credential_new (HandoffHandshakePause *pause,
                                  const HandoffHandshakeRequest *request,
                                  HandoffCredentialAskFunc ask,
                                  gpointer ask_data)
{
  HandoffHandshakeCredential *self = g_new0 (HandoffHandshakeCredential, 1);

  self->pause = pause;
  self->request = request;
  self->ask = request->may_ask ? ask : NULL;
  self->ask_data = ask_data;
  return self;
}

void
handoff_handshake_credential_free (HandoffHandshakeCredential *self)
{
  g_clear_pointer (&self->key, gnutls_privkey_deinit);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_clear_error (&self->error);
  g_free (self->server_name);
  g_free (self);
}

/* What the main thread answers. */
typedef struct
{
  HandoffCredential *credential; /* (owned) (nullable) */
  GError *error;                 /* (owned) (nullable) */
} Answer;

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_clear_pointer (&answer->credential, handoff_credential_unref);
  g_clear_error (&answer->error);
  g_free (answer);
}

/* A question on its way to the main thread. */
typedef struct
{
  HandoffHandshakePause *pause;        /* (owned) */
  HandoffCredentialQuestion *question; /* (owned) */
  HandoffCredentialAskFunc ask;
  gpointer ask_data; /* (unowned) */
} Asking;

static void
asking_free (gpointer data)
{
  Asking *asking = data;

  handoff_handshake_pause_unref (asking->pause);
  g_free (asking);
}

static gboolean
ask_on_main_thread (gpointer data)
{
  Asking *asking = data;

  if (handoff_handshake_pause_has_ended (asking->pause))
    handoff_credential_question_answer (asking->question, NULL, NULL);
  else
    asking->ask (asking->question, asking->ask_data);
  return G_SOURCE_REMOVE;
}

static void
answered (HandoffCredential *credential, const GError *error, gpointer user_data)
{
  g_autoptr (HandoffHandshakeWait) wait = user_data;
  Answer *answer = handoff_handshake_wait_get_result (wait);

  if (credential != NULL)
    answer->credential = handoff_credential_ref (credential);
  if (error != NULL)
    answer->error = g_error_copy (error);
  handoff_handshake_wait_done (wait);
}

/* Not by g_main_context_invoke(), which might run it in this thread. */
static void
ask (HandoffHandshakeCredential *self, HandoffCredentialQuestion *question)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Asking *asking = g_new (Asking, 1);

  asking->pause = handoff_handshake_pause_ref (self->pause);
  asking->question = question;
  asking->ask = self->ask;
  asking->ask_data = self->ask_data;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, ask_on_main_thread, asking, asking_free);
  g_source_attach (source, NULL);
}

/* FALSE if the handshake ends. */
static gboolean
wait_for_answer (HandoffHandshakeCredential *self, HandoffHandshakeWait *wait)
{
  Answer *answer;

  if (!handoff_handshake_wait_for (wait))
    return FALSE;
  answer = handoff_handshake_wait_get_result (wait);
  self->credential = g_steal_pointer (&answer->credential);
  self->error = g_steal_pointer (&answer->error);
  return TRUE;
}

int
handoff_handshake_credential_choose (HandoffHandshakeCredential *self,
                                     const HandoffClientHello *client_hello)
{
  g_autoptr (HandoffHandshakeWait) wait = NULL;

  self->server_name = g_strdup (client_hello->server_name);
  if (self->request->credential != NULL)
    {
      self->credential = handoff_credential_ref (self->request->credential);
      return GNUTLS_E_SUCCESS;
    }
  if (self->ask != NULL)
    {
      wait = handoff_handshake_wait_new (self->pause, g_new0 (Answer, 1), answer_free);
      ask (self, handoff_credential_question_new_for_server (
                     client_hello->server_name, client_hello->schemes, client_hello->n_schemes,
                     answered, handoff_handshake_wait_ref (wait)));
      if (!wait_for_answer (self, wait))
        return GNUTLS_E_INTERRUPTED;
    }
  if (self->credential != NULL)
    return GNUTLS_E_SUCCESS;
  if (self->error == NULL)
    self->error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                                       "There is no credential to authenticate the server with");
  return GNUTLS_E_UNRECOGNIZED_NAME;
}

/* As a client, when the server wants a certificate. A server that names no authorities gets no
 * answer: otherwise anybody could ask who the user is. */
static gboolean
choose_for_server (HandoffHandshakeCredential *self, const struct gnutls_cert_retr_st *info)
{
  g_autoptr (HandoffHandshakeWait) wait = NULL;

  if (self->request->credential != NULL)
    {
      self->credential = handoff_credential_ref (self->request->credential);
      return TRUE;
    }
  if (self->ask == NULL || info->nreqs <= 0)
    return TRUE;

  wait = handoff_handshake_wait_new (self->pause, g_new0 (Answer, 1), answer_free);
  ask (self, handoff_credential_question_new_for_client (
                 info->req_ca_rdn, (guint) info->nreqs, info->pk_algos,
                 (guint) info->pk_algos_length, answered, handoff_handshake_wait_ref (wait)));
  return wait_for_answer (self, wait) && self->error == NULL;
}

/* A signature that is being made. */
typedef struct
{
  gnutls_sign_algorithm_t algorithm;
  guint flags;
  gboolean prehashed;
  gnutls_datum_t data;      /* (owned): what is to be signed; no secret */
  gnutls_datum_t signature; /* (owned) */
  GError *error;            /* (owned) (nullable) */
} Signing;

static void
signing_free (gpointer data)
{
  Signing *signing = data;

  gnutls_free (signing->data.data);
  gnutls_free (signing->signature.data);
  g_clear_error (&signing->error);
  g_free (signing);
}

static int
use_key (gnutls_privkey_t key, gpointer user_data)
{
  Signing *signing = handoff_handshake_wait_get_result (user_data);

  if (!signing->prehashed)
    return gnutls_privkey_sign_data2 (key, signing->algorithm, signing->flags, &signing->data,
                                      &signing->signature);
  /* The hash with its algorithm around it (PKCS #1's DigestInfo), as TLS 1.2 has it. */
  if (signing->algorithm == GNUTLS_SIGN_RSA_RAW)
    return gnutls_privkey_sign_hash (key, GNUTLS_DIG_UNKNOWN, GNUTLS_PRIVKEY_SIGN_FLAG_TLS1_RSA,
                                     &signing->data, &signing->signature);
  return gnutls_privkey_sign_hash2 (key, signing->algorithm, signing->flags, &signing->data,
                                    &signing->signature);
}

static void
key_used (const GError *error, gpointer user_data)
{
  g_autoptr (HandoffHandshakeWait) wait = user_data;
  Signing *signing = handoff_handshake_wait_get_result (wait);

  if (error != NULL)
    signing->error = g_error_copy (error);
  handoff_handshake_wait_done (wait);
}

static int
sign (HandoffHandshakeCredential *self,
      gnutls_sign_algorithm_t algorithm,
      guint flags,
      gboolean prehashed,
      const gnutls_datum_t *data,
      gnutls_datum_t *signature)
{
  g_autoptr (HandoffHandshakeWait) wait = NULL;
  Signing *signing = g_new0 (Signing, 1);

  signing->algorithm = algorithm;
  signing->flags = flags;
  signing->prehashed = prehashed;
  signing->data.data = gnutls_malloc (data->size);
  signing->data.size = data->size;
  if (signing->data.data != NULL && data->size > 0)
    memcpy (signing->data.data, data->data, data->size);

  wait = handoff_handshake_wait_new (self->pause, signing, signing_free);
  handoff_private_key_use (self->credential->key, use_key, key_used,
                           handoff_handshake_wait_ref (wait));
  if (!handoff_handshake_wait_for (wait))
    return GNUTLS_E_INTERRUPTED;
  if (signing->error != NULL)
    {
      self->error = g_steal_pointer (&signing->error);
      return GNUTLS_E_PK_SIGN_FAILED;
    }
  *signature = signing->signature;
  signing->signature.data = NULL;
  return GNUTLS_E_SUCCESS;
}

static int
sign_data (gnutls_privkey_t key,
           gnutls_sign_algorithm_t algorithm,
           void *user_data,
           unsigned int flags,
           const gnutls_datum_t *data,
           gnutls_datum_t *signature)
{
  return sign (user_data, algorithm, flags, FALSE, data, signature);
}

static int
sign_hash (gnutls_privkey_t key,
           gnutls_sign_algorithm_t algorithm,
           void *user_data,
           unsigned int flags,
           const gnutls_datum_t *hash,
           gnutls_datum_t *signature)
{
  return sign (user_data, algorithm, flags, TRUE, hash, signature);
}

/* What GnuTLS asks about a key that it does not have. */
static int
describe_key (gnutls_privkey_t key, unsigned int flags, void *user_data)
{
  HandoffHandshakeCredential *self = user_data;
  gnutls_pubkey_t public_key = handoff_private_key_get_public_key (self->credential->key);
  unsigned int bits = 0;
  int algorithm = gnutls_pubkey_get_pk_algorithm (public_key, &bits);

  if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
    return algorithm;
  if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
    return (int) bits;
  if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
    return (int) gnutls_sign_supports_pk_algorithm (GNUTLS_FLAGS_TO_SIGN_ALGO (flags), algorithm);
  return -1;
}

static gboolean
make_key (HandoffHandshakeCredential *self)
{
  return gnutls_privkey_init (&self->key) >= 0 &&
         gnutls_privkey_import_ext4 (self->key, self, sign_data, sign_hash, NULL, NULL,
                                     describe_key, 0) >= 0;
}

/* Clients would refuse a certificate with a status that is out of date: better none. */
static gboolean
has_current_ocsp_response (const HandoffCredential *credential)
{
  return credential->ocsp_response != NULL &&
         credential->ocsp_not_after > handoff_clock_get_wall_seconds ();
}

int
handoff_handshake_credential_retrieve (HandoffHandshakeCredential *self,
                                       const struct gnutls_cert_retr_st *info,
                                       gnutls_pcert_st **pcerts,
                                       unsigned int *n_pcerts,
                                       gnutls_ocsp_data_st **ocsp,
                                       unsigned int *n_ocsp,
                                       gnutls_privkey_t *key,
                                       unsigned int *flags)
{
  gsize size;

  *n_pcerts = 0;
  *n_ocsp = 0;
  *flags = 0;
  if (self->request->role == HANDOFF_ROLE_CLIENT)
    {
      self->is_requested = TRUE;
      if (self->credential == NULL && !choose_for_server (self, info))
        return -1;
    }
  if (self->credential == NULL)
    return 0;
  if (self->key == NULL && !make_key (self))
    return -1;

  *pcerts = self->credential->pcerts;
  *n_pcerts = self->credential->n_pcerts;
  *key = self->key;
  if (self->request->role == HANDOFF_ROLE_SERVER && has_current_ocsp_response (self->credential))
    {
      self->ocsp.response.data =
          (unsigned char *) g_bytes_get_data (self->credential->ocsp_response, &size);
      self->ocsp.response.size = (unsigned int) size;
      self->ocsp.exptime = (time_t) self->credential->ocsp_not_after;
      *ocsp = &self->ocsp;
      *n_ocsp = 1;
    }
  return 0;
}

HandoffCredential *
handoff_handshake_credential_get (HandoffHandshakeCredential *self)
{
  return self->credential;
}

const char *
handoff_handshake_credential_get_server_name (HandoffHandshakeCredential *self)
{
  return self->server_name;
}

gboolean
handoff_handshake_credential_is_requested (HandoffHandshakeCredential *self)
{
  return self->is_requested;
}

const GError *
handoff_handshake_credential_get_error (HandoffHandshakeCredential *self)
{
  return self->error;
}
