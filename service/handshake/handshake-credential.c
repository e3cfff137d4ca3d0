/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-credential.h"

#include "handshake/handshake-key.h"
#include "handshake/handshake-wait.h"
#include "handshake/presented-chain.h"
#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"
#include "work/home.h"

/* Threads: all of it is the worker's. The question (Asking) and its Answer travel in structs of
 * their own; each has one owner at a time (handshake-wait.h). */
struct _HandoffHandshakeCredential
{
  HandoffHandshakePause *pause;           /* (unowned) */
  const HandoffHandshakeRequest *request; /* (unowned) */
  HandoffSignatureInput *input;           /* (unowned) */
  HandoffCredentialAskFunc ask;           /* (nullable) */
  gpointer ask_data;

  HandoffCredential *credential; /* (owned) (nullable) */
  HandoffSigningGrant *grant;    /* (owned) (nullable): to use it */
  HandoffHandshakeKey *key;      /* (owned) (nullable): of the credential */
  gnutls_ocsp_data_st ocsp;
  GError *error;     /* (owned) (nullable): why there is none */
  char *server_name; /* (owned) (nullable) */
  /* As a client, from the server's request on: aay (owned) (nullable) */
  GVariant *authorities;

  gboolean is_looked_for; /* of the main thread: now or before */
  /* The caller's choice, if it wants to choose. */
  HandoffHandshakeWait *choice; /* (unowned) (nullable): while the caller is asked */
  gboolean is_caller_asked;     /* now or before */
  gboolean is_request_new;      /* nobody took it yet */
};

HandoffHandshakeCredential *
handoff_handshake_credential_new (HandoffHandshakePause *pause,
                                  const HandoffHandshakeRequest *request,
                                  HandoffSignatureInput *input,
                                  HandoffCredentialAskFunc ask,
                                  gpointer ask_data)
{
  HandoffHandshakeCredential *self = g_new0 (HandoffHandshakeCredential, 1);

  self->pause = pause;
  self->request = request;
  self->input = input;
  self->ask = request->may_ask ? ask : NULL;
  self->ask_data = ask_data;
  return self;
}

void
handoff_handshake_credential_free (HandoffHandshakeCredential *self)
{
  g_clear_pointer (&self->key, handoff_handshake_key_free);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_clear_pointer (&self->grant, handoff_signing_grant_unref);
  g_clear_error (&self->error);
  g_clear_pointer (&self->authorities, g_variant_unref);
  g_free (self->server_name);
  g_free (self);
}

/* What the main thread answers, or the caller. */
typedef struct
{
  HandoffCredential *credential; /* (owned) (nullable) */
  HandoffSigningGrant *grant;    /* (owned) (nullable) */
  GError *error;                 /* (owned) (nullable) */
  gboolean automatic;            /* the caller's: look for one of the user's */
} Answer;

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_clear_pointer (&answer->credential, handoff_credential_unref);
  g_clear_pointer (&answer->grant, handoff_signing_grant_unref);
  g_clear_error (&answer->error);
  g_free (answer);
}

/* A question on its way home. */
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
ask_at_home (gpointer data)
{
  Asking *asking = data;

  if (handoff_handshake_pause_has_ended (asking->pause))
    handoff_credential_question_answer (asking->question, NULL, NULL, NULL);
  else
    asking->ask (asking->question, asking->ask_data);
  return G_SOURCE_REMOVE;
}

static void
take_credential (Answer *answer, HandoffCredential *credential, HandoffSigningGrant *grant)
{
  if (credential != NULL)
    answer->credential = handoff_credential_ref (credential);
  if (grant != NULL)
    answer->grant = handoff_signing_grant_ref (grant);
}

static void
answered (HandoffCredential *credential,
          HandoffSigningGrant *grant,
          const GError *error,
          gpointer user_data)
{
  g_autoptr (HandoffHandshakeWait) wait = user_data;
  Answer *answer = handoff_handshake_wait_get_result (wait);

  take_credential (answer, credential, grant);
  if (error != NULL)
    answer->error = g_error_copy (error);
  handoff_handshake_wait_done (wait);
}

/* If this is its home, it asks at once. */
static void
ask (HandoffHandshakeCredential *self, HandoffCredentialQuestion *question)
{
  HandoffWorker *home = handoff_handshake_pause_get_home (self->pause);
  Asking *asking;

  if (home != NULL)
    {
      self->ask (question, self->ask_data);
      return;
    }
  asking = g_new (Asking, 1);
  asking->pause = handoff_handshake_pause_ref (self->pause);
  asking->question = question;
  asking->ask = self->ask;
  asking->ask_data = self->ask_data;
  handoff_home_invoke (home, ask_at_home, asking, asking_free);
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
  self->grant = g_steal_pointer (&answer->grant);
  self->error = g_steal_pointer (&answer->error);
  return TRUE;
}

/* The one that the request names. FALSE if it names none. */
static gboolean
take_requested (HandoffHandshakeCredential *self)
{
  if (self->request->credential == NULL)
    return FALSE;
  self->credential = handoff_credential_ref (self->request->credential);
  if (self->request->grant != NULL)
    self->grant = handoff_signing_grant_ref (self->request->grant);
  return TRUE;
}

int
handoff_handshake_credential_choose (HandoffHandshakeCredential *self,
                                     const HandoffClientHello *client_hello)
{
  g_autoptr (HandoffHandshakeWait) wait = NULL;

  self->server_name = g_strdup (client_hello->server_name);
  if (take_requested (self))
    return GNUTLS_E_SUCCESS;
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

/* At most 64 KiB (RFC 8446 4.3.2, RFC 5246 7.4.4), and for each name the number that finds it
 * there. (transfer full) */
static GVariant *
new_authorities (const struct gnutls_cert_retr_st *info)
{
  GVariantBuilder builder;
  GVariant *authorities;
  guint i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_BYTESTRING_ARRAY);
  for (i = 0; i < info->nreqs; i++)
    g_variant_builder_add_value (&builder, g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE,
                                                                      info->req_ca_rdn[i].data,
                                                                      info->req_ca_rdn[i].size, 1));
  authorities = g_variant_ref_sink (g_variant_builder_end (&builder));
  /* Makes one piece of memory of it. Until then each name is an object of its own, of more than a
   * hundred bytes, and a server may send twenty thousand names of one byte. */
  g_variant_get_data (authorities);
  return authorities;
}

/* FALSE if the handshake ends. */
static gboolean
ask_caller (HandoffHandshakeCredential *self,
            const struct gnutls_cert_retr_st *info,
            gboolean *automatic)
{
  g_autoptr (HandoffHandshakeWait) wait =
      handoff_handshake_wait_new (self->pause, g_new0 (Answer, 1), answer_free);
  gboolean is_answered;

  self->is_caller_asked = self->is_request_new = TRUE;
  self->choice = wait;
  is_answered = wait_for_answer (self, wait);
  self->choice = NULL;
  *automatic = ((Answer *) handoff_handshake_wait_get_result (wait))->automatic;
  return is_answered;
}

/* As a client, when the server wants a certificate. A server that names no authorities gets no
 * answer: otherwise anybody could ask who the user is. */
static gboolean
choose_for_server (HandoffHandshakeCredential *self, const struct gnutls_cert_retr_st *info)
{
  g_autoptr (HandoffHandshakeWait) wait = NULL;
  gboolean automatic = TRUE;

  if (take_requested (self))
    return TRUE;
  /* It has said that there is none. */
  if (self->is_caller_asked)
    return TRUE;
  if (self->request->options->ask_for_credential && !ask_caller (self, info, &automatic))
    return FALSE;
  if (!automatic || self->ask == NULL || info->nreqs <= 0)
    return TRUE;

  self->is_looked_for = TRUE;
  wait = handoff_handshake_wait_new (self->pause, g_new0 (Answer, 1), answer_free);
  ask (self, handoff_credential_question_new_for_client (
                 info->req_ca_rdn, (guint) info->nreqs, info->pk_algos,
                 (guint) info->pk_algos_length, answered, handoff_handshake_wait_ref (wait)));
  return wait_for_answer (self, wait) && self->error == NULL;
}

/* Clients would refuse a certificate with a status that is out of date: better none. */
static gboolean
has_current_ocsp_response (const HandoffDescription *description)
{
  return description->ocsp_response != NULL &&
         description->ocsp_not_after > handoff_clock_get_wall_seconds ();
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
  const HandoffPresentedChain *chain;
  const HandoffDescription *description;
  gsize size;

  *n_pcerts = 0;
  *n_ocsp = 0;
  *flags = 0;
  if (self->request->role == HANDOFF_ROLE_CLIENT)
    {
      if (self->authorities == NULL)
        self->authorities = new_authorities (info);
      if (self->credential == NULL && !choose_for_server (self, info))
        return -1;
    }
  if (self->credential == NULL)
    return 0;
  if (self->key == NULL)
    self->key =
        handoff_handshake_key_new (self->pause, self->input, self->credential->key, self->grant);
  if (self->key == NULL)
    return -1;

  chain = handoff_presented_chain_get (self->credential, self->error == NULL ? &self->error : NULL);
  if (chain == NULL)
    return -1;

  *pcerts = chain->pcerts;
  *n_pcerts = chain->n_pcerts;
  *key = handoff_handshake_key_get (self->key);
  description = self->credential->description;
  if (self->request->role == HANDOFF_ROLE_SERVER && has_current_ocsp_response (description))
    {
      self->ocsp.response.data =
          (unsigned char *) g_bytes_get_data (description->ocsp_response, &size);
      self->ocsp.response.size = (unsigned int) size;
      self->ocsp.exptime = (time_t) description->ocsp_not_after;
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
  return self->authorities != NULL;
}

gboolean
handoff_handshake_credential_takes_request (HandoffHandshakeCredential *self)
{
  gboolean is_new = self->is_request_new;

  self->is_request_new = FALSE;
  return is_new;
}

GVariant *
handoff_handshake_credential_get_authorities (HandoffHandshakeCredential *self)
{
  return self->authorities;
}

void
handoff_handshake_credential_provide (HandoffHandshakeCredential *self,
                                      HandoffCredential *credential,
                                      HandoffSigningGrant *grant,
                                      gboolean automatic)
{
  Answer *answer = handoff_handshake_wait_get_result (self->choice);

  take_credential (answer, credential, grant);
  answer->automatic = automatic;
  handoff_handshake_wait_done (self->choice);
}

gboolean
handoff_handshake_credential_was_caller_asked (HandoffHandshakeCredential *self)
{
  return self->is_caller_asked;
}

gboolean
handoff_handshake_credential_was_looked_for (HandoffHandshakeCredential *self)
{
  return self->is_looked_for;
}

gboolean
handoff_handshake_credential_may_sign (HandoffHandshakeCredential *self)
{
  HandoffCredential *credential = self->credential;
  const HandoffPresentedChain *chain =
      credential != NULL ? handoff_presented_chain_get (credential, NULL) : NULL;
  unsigned int usage = 0;

  /* Without the extension a certificate allows everything (RFC 5280 4.2.1.3). */
  if (chain == NULL || chain->n_pcerts == 0 ||
      gnutls_pubkey_get_key_usage (chain->pcerts[0].pubkey, &usage) < 0 || usage == 0 ||
      (usage & GNUTLS_KEY_DIGITAL_SIGNATURE) != 0)
    return TRUE;
  if (self->error == NULL)
    self->error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
                               "The certificate of the credential%s%s%s is not meant for TLS: its "
                               "key usage does not allow signing a handshake (digital signature)",
                               *credential->label != '\0' ? " “" : "", credential->label,
                               *credential->label != '\0' ? "”" : "");
  return FALSE;
}

const GError *
handoff_handshake_credential_get_error (HandoffHandshakeCredential *self)
{
  if (self->error == NULL && self->key != NULL)
    return handoff_handshake_key_get_error (self->key);
  return self->error;
}
