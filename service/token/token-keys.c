/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/token-keys.h"

#include "keyblob/tls-handoff-error.h"
#include "link/token-messages.h"
#include "signatory/request-signing.h"
#include "signatory/signatory.h"
#include "token/remote-desk.h"
#include "token/token-key.h"

struct _HandoffTokenKeys
{
  HandoffTokenTable *table; /* (unowned) */
  HandoffLink *broker;      /* (unowned) */
  GHashTable *keys;         /* (owned) (element-type utf8 Key): by the credential's id */
};

/* Reference-counted: grants hold it. */
typedef struct
{
  HandoffTokenLease *lease; /* (owned) (nullable): NULL if its URI is none */
  GError *error;            /* (owned) (nullable): what is wrong with the URI */
} Key;

/* Something that is signed. The token's thread has it, then the main thread. */
typedef struct
{
  HandoffLink *broker;                  /* (unowned) */
  HandoffSignatoryRequest *request;     /* (owned) */
  HandoffTokenLease *lease;             /* (owned) */
  const HandoffSignatureScheme *scheme; /* of a handshake's */
  GBytes *data;                         /* (owned) (nullable): of a handshake */
  GVariant *body;                       /* (owned) (nullable): of a request for a certificate */
  gnutls_datum_t result;                /* (owned): signature, or the request in DER */
  GError *error;                        /* (owned) (nullable) */
} Signing;

static void
clear_key (gpointer data)
{
  Key *key = data;

  g_clear_pointer (&key->lease, handoff_token_lease_unref);
  g_clear_error (&key->error);
}

gpointer
handoff_token_keys_copy_held (gpointer held)
{
  return g_rc_box_acquire (held);
}

void
handoff_token_keys_drop_held (gpointer held)
{
  g_rc_box_release_full (held, clear_key);
}

gpointer
handoff_token_keys_hold (HandoffTokenKeys *self, const char *id)
{
  gpointer key = g_hash_table_lookup (self->keys, id);

  return key != NULL ? handoff_token_keys_copy_held (key) : NULL;
}

HandoffTokenKeys *
handoff_token_keys_new (HandoffTokenTable *table, HandoffLink *broker)
{
  HandoffTokenKeys *self = g_new0 (HandoffTokenKeys, 1);

  self->table = table;
  self->broker = broker;
  self->keys =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, handoff_token_keys_drop_held);
  return self;
}

void
handoff_token_keys_add (HandoffTokenKeys *self, const char *id, const char *uri, GBytes *key_id)
{
  Key *key = g_rc_box_new0 (Key);

  key->lease = handoff_token_lease_new (self->table, uri, key_id, &key->error);
  g_hash_table_replace (self->keys, g_strdup (id), key);
}

void
handoff_token_keys_remove (HandoffTokenKeys *self, const char *id)
{
  g_hash_table_remove (self->keys, id);
}

static gboolean
answer (gpointer data)
{
  Signing *signing = data;
  g_autoptr (GBytes) result = NULL;

  if (signing->error == NULL)
    result = g_bytes_new (signing->result.data, signing->result.size);
  else if (g_error_matches (signing->error, TLS_HANDOFF_ERROR,
                            TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND))
    handoff_link_send (signing->broker, HANDOFF_TOKEN_LOST,
                       g_variant_new ("(s)", handoff_token_uri_get_token (
                                                 handoff_token_lease_get_uri (signing->lease))),
                       NULL, 0, NULL);
  handoff_signatory_answer (signing->request, result, signing->error);

  handoff_token_lease_unref (signing->lease);
  g_clear_pointer (&signing->data, g_bytes_unref);
  g_clear_pointer (&signing->body, g_variant_unref);
  gnutls_free (signing->result.data);
  g_clear_error (&signing->error);
  g_free (signing);
  return G_SOURCE_REMOVE;
}

static void
signed_or_not (const GError *error, gpointer user_data)
{
  Signing *signing = user_data;

  if (error != NULL)
    signing->error = g_error_copy (error);
  handoff_run_in_main_thread (answer, signing);
}

/* (nullable): NULL, and request is answered, if there is no such key. request: (transfer full).
 * key: (nullable) */
static Signing *
begin (HandoffTokenKeys *self, HandoffSignatoryRequest *request, const Key *key)
{
  Signing *signing;
  g_autoptr (GError) error = NULL;

  if (key == NULL || key->lease == NULL)
    {
      if (key == NULL)
        g_set_error (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                     "The credential is not there any more");
      handoff_signatory_answer (request, NULL, error != NULL ? error : key->error);
      return NULL;
    }
  signing = g_new0 (Signing, 1);
  signing->broker = self->broker;
  signing->request = request;
  signing->lease = handoff_token_lease_ref (key->lease);
  return signing;
}

static int
sign (gnutls_privkey_t key, gpointer user_data)
{
  Signing *signing = user_data;
  gsize size;
  gconstpointer bytes = g_bytes_get_data (signing->data, &size);
  const gnutls_datum_t data = { (unsigned char *) bytes, (unsigned int) size };

  gnutls_free (signing->result.data);
  return gnutls_privkey_sign_data2 (key, signing->scheme->algorithm, 0, &data, &signing->result);
}

void
handoff_token_keys_sign (HandoffTokenKeys *self,
                         HandoffSignatoryRequest *request,
                         gpointer held,
                         const HandoffSignatureScheme *scheme,
                         GBytes *data)
{
  Signing *signing = begin (self, request, held);

  if (signing == NULL)
    return;
  signing->scheme = scheme;
  signing->data = g_bytes_ref (data);
  handoff_token_lease_use (signing->lease, sign, signed_or_not, signing);
}

static int
request_certificate (gnutls_privkey_t key, gpointer user_data)
{
  Signing *signing = user_data;
  gnutls_pubkey_t public_key = NULL;
  int code = handoff_token_key_read_public_key (key, handoff_token_lease_get_uri (signing->lease),
                                                &public_key);

  if (code >= 0)
    code = handoff_request_signing_sign (signing->body, key, public_key, &signing->result);
  g_clear_pointer (&public_key, gnutls_pubkey_deinit);
  return code;
}

void
handoff_token_keys_request_certificate (HandoffTokenKeys *self,
                                        HandoffLinkCall *call,
                                        GVariant *body)
{
  const char *id;
  Signing *signing;

  g_variant_get_child (body, 0, "&s", &id);
  signing =
      begin (self, handoff_signatory_request_new (call), g_hash_table_lookup (self->keys, id));
  if (signing == NULL)
    return;
  signing->body = g_variant_ref (body);
  handoff_token_lease_use (signing->lease, request_certificate, signed_or_not, signing);
}
