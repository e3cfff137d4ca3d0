/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/key-type.h"

#include <string.h>

#include "key/private-key.h"
#include "support/memory-key.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

/* Breaks if an offered type cannot be made, or if another type is made. */
static void
test_generate (void)
{
  static const char *const types[] = { HANDOFF_KEY_TYPE_ECDSA_P256, HANDOFF_KEY_TYPE_ECDSA_P384,
                                       HANDOFF_KEY_TYPE_ED25519, HANDOFF_KEY_TYPE_RSA_2048 };
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (HandoffPrivateKey) key = NULL;
      gnutls_x509_privkey_t x509 = handoff_key_type_generate (types[i], &error);

      g_assert_no_error (error);
      key = test_memory_key_new (x509, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (handoff_private_key_get_algorithm (key), ==, types[i]);
      g_assert_true (handoff_key_type_check (types[i], &error));
    }
  g_assert_false (handoff_key_type_check ("rsa-1024", &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "ecdsa-p256"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/key-type/generate", test_generate);
  return g_test_run ();
}
