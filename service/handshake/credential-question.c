/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/credential-question.h"

#include "handshake/presented-chain.h"

struct _HandoffCredentialQuestion
{
  HandoffRole role;
  char *server_name;      /* (owned) (nullable) */
  GPtrArray *authorities; /* (owned) (element-type GBytes): a client's */
  GArray *algorithms;     /* (owned) (element-type gnutls_pk_algorithm_t): a client's */
  GArray *schemes;        /* (owned) (element-type guint16): a server's */
  HandoffCredentialAnswered answered;
  gpointer user_data; /* (unowned) */
};

/* The kinds of keys that signature schemes are for (RFC 8446 4.2.3, RFC 5246 7.4.1.4.1). */
static const struct
{
  guint16 scheme;
  gnutls_pk_algorithm_t algorithm;
} schemes_of_keys[] = {
  { 0x0401, GNUTLS_PK_RSA },           { 0x0501, GNUTLS_PK_RSA },
  { 0x0601, GNUTLS_PK_RSA },           { 0x0804, GNUTLS_PK_RSA },
  { 0x0805, GNUTLS_PK_RSA },           { 0x0806, GNUTLS_PK_RSA },
  { 0x0809, GNUTLS_PK_RSA_PSS },       { 0x080a, GNUTLS_PK_RSA_PSS },
  { 0x080b, GNUTLS_PK_RSA_PSS },       { 0x0403, GNUTLS_PK_ECDSA },
  { 0x0503, GNUTLS_PK_ECDSA },         { 0x0603, GNUTLS_PK_ECDSA },
  { 0x0807, GNUTLS_PK_EDDSA_ED25519 }, { 0x0808, GNUTLS_PK_EDDSA_ED448 },
};

static HandoffCredentialQuestion *
question_new (HandoffRole role, HandoffCredentialAnswered answered, gpointer user_data)
{
  HandoffCredentialQuestion *self = g_new0 (HandoffCredentialQuestion, 1);

  self->role = role;
  self->answered = answered;
  self->user_data = user_data;
  return self;
}

HandoffCredentialQuestion *
handoff_credential_question_new_for_client (const gnutls_datum_t *authorities,
                                            guint n_authorities,
                                            const gnutls_pk_algorithm_t *algorithms,
                                            guint n_algorithms,
                                            HandoffCredentialAnswered answered,
                                            gpointer user_data)
{
  HandoffCredentialQuestion *self = question_new (HANDOFF_ROLE_CLIENT, answered, user_data);
  guint i;

  self->authorities = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (i = 0; i < n_authorities; i++)
    g_ptr_array_add (self->authorities, g_bytes_new (authorities[i].data, authorities[i].size));
  self->algorithms = g_array_new (FALSE, FALSE, sizeof (gnutls_pk_algorithm_t));
  if (n_algorithms > 0)
    g_array_append_vals (self->algorithms, algorithms, n_algorithms);
  return self;
}

HandoffCredentialQuestion *
handoff_credential_question_new_for_server (const char *server_name,
                                            const guint16 *schemes,
                                            guint n_schemes,
                                            HandoffCredentialAnswered answered,
                                            gpointer user_data)
{
  HandoffCredentialQuestion *self = question_new (HANDOFF_ROLE_SERVER, answered, user_data);

  self->server_name = g_strdup (server_name);
  self->schemes = g_array_new (FALSE, FALSE, sizeof (guint16));
  if (n_schemes > 0)
    g_array_append_vals (self->schemes, schemes, n_schemes);
  return self;
}

HandoffRole
handoff_credential_question_get_role (HandoffCredentialQuestion *self)
{
  return self->role;
}

const char *
handoff_credential_question_get_server_name (HandoffCredentialQuestion *self)
{
  return self->server_name;
}

static gboolean
server_takes (HandoffCredentialQuestion *self, const HandoffCredential *credential)
{
  g_autofree gnutls_datum_t *authorities = g_new (gnutls_datum_t, self->authorities->len);
  int algorithm =
      gnutls_pubkey_get_pk_algorithm (handoff_private_key_get_public_key (credential->key), NULL);
  gboolean is_algorithm_taken = FALSE;
  gsize size;
  guint i;

  for (i = 0; i < self->algorithms->len; i++)
    is_algorithm_taken |=
        (int) g_array_index (self->algorithms, gnutls_pk_algorithm_t, i) == algorithm;
  if (!is_algorithm_taken)
    return FALSE;

  for (i = 0; i < self->authorities->len; i++)
    {
      authorities[i].data = (unsigned char *) g_bytes_get_data (self->authorities->pdata[i], &size);
      authorities[i].size = (unsigned int) size;
    }
  return handoff_presented_chain_is_issued_by (credential, authorities, self->authorities->len);
}

static gboolean
client_takes (HandoffCredentialQuestion *self, const HandoffCredential *credential)
{
  int algorithm =
      gnutls_pubkey_get_pk_algorithm (handoff_private_key_get_public_key (credential->key), NULL);
  guint i;
  gsize j;

  /* RFC 5246 7.4.1.4.1: a client without the list takes what there was before it. */
  if (self->schemes->len == 0)
    return algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_ECDSA;
  for (i = 0; i < self->schemes->len; i++)
    for (j = 0; j < G_N_ELEMENTS (schemes_of_keys); j++)
      if (schemes_of_keys[j].scheme == g_array_index (self->schemes, guint16, i) &&
          (int) schemes_of_keys[j].algorithm == algorithm)
        return TRUE;
  return FALSE;
}

gboolean
handoff_credential_question_accepts (HandoffCredentialQuestion *self,
                                     const HandoffCredential *credential)
{
  return self->role == HANDOFF_ROLE_CLIENT ? server_takes (self, credential)
                                           : client_takes (self, credential);
}

void
handoff_credential_question_answer (HandoffCredentialQuestion *self,
                                    HandoffCredential *credential,
                                    HandoffSigningGrant *grant,
                                    const GError *error)
{
  self->answered (credential, grant, error, self->user_data);
  g_free (self->server_name);
  g_clear_pointer (&self->authorities, g_ptr_array_unref);
  g_clear_pointer (&self->algorithms, g_array_unref);
  g_clear_pointer (&self->schemes, g_array_unref);
  g_free (self);
}
