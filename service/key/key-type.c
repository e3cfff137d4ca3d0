/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/key-type.h"

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

static const struct
{
  const char *name;
  gnutls_pk_algorithm_t algorithm;
  unsigned int bits;
} key_types[] = {
  { HANDOFF_KEY_TYPE_ECDSA_P256, GNUTLS_PK_ECDSA,
    GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1) },
  { HANDOFF_KEY_TYPE_ECDSA_P384, GNUTLS_PK_ECDSA,
    GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP384R1) },
  { HANDOFF_KEY_TYPE_ED25519, GNUTLS_PK_EDDSA_ED25519, 0 },
  { HANDOFF_KEY_TYPE_RSA_2048, GNUTLS_PK_RSA, 2048 },
  { HANDOFF_KEY_TYPE_RSA_3072, GNUTLS_PK_RSA, 3072 },
  { HANDOFF_KEY_TYPE_RSA_4096, GNUTLS_PK_RSA, 4096 },
};

gboolean
handoff_key_type_find (const char *key_type, gnutls_pk_algorithm_t *algorithm, unsigned int *bits)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (key_types); i++)
    {
      if (g_str_equal (key_types[i].name, key_type))
        {
          *algorithm = key_types[i].algorithm;
          *bits = key_types[i].bits;
          return TRUE;
        }
    }
  return FALSE;
}

gboolean
handoff_key_type_check (const char *key_type, GError **error)
{
  g_autoptr (GString) names = NULL;
  gnutls_pk_algorithm_t algorithm;
  unsigned int bits;
  gsize i;

  if (handoff_key_type_find (key_type, &algorithm, &bits))
    return TRUE;
  names = g_string_new (NULL);
  for (i = 0; i < G_N_ELEMENTS (key_types); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", key_types[i].name);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "key_type: must be one of %s", names->str);
  return FALSE;
}
