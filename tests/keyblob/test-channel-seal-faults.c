/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What becomes of a channel when GnuTLS fails: no number and no key is used twice. The functions
 * here stand before those of GnuTLS that have the same names. */

#include "channel-seal.h"

#include <dlfcn.h>
#include <gnutls/crypto.h>
#include <unistd.h>

#include "keyblob-fixture.h"
#include "sealed-memfd.h"
#include "tls-handoff-error.h"

typedef enum
{
  FAULT_NONE,
  FAULT_EXTRACT,
  FAULT_EXPAND,
  FAULT_ENCRYPT,
} Fault;

static Fault fault;

typedef int (*Extract) (gnutls_mac_algorithm_t mac,
                        const gnutls_datum_t *key,
                        const gnutls_datum_t *salt,
                        void *output);
typedef int (*Expand) (gnutls_mac_algorithm_t mac,
                       const gnutls_datum_t *key,
                       const gnutls_datum_t *info,
                       void *output,
                       size_t length);
typedef int (*Encrypt) (gnutls_aead_cipher_hd_t handle,
                        const void *nonce,
                        size_t nonce_len,
                        const void *auth,
                        size_t auth_len,
                        size_t tag_size,
                        const void *ptext,
                        size_t ptext_len,
                        void *ctext,
                        size_t *ctext_len);

int
gnutls_hkdf_extract (gnutls_mac_algorithm_t mac,
                     const gnutls_datum_t *key,
                     const gnutls_datum_t *salt,
                     void *output)
{
  if (fault == FAULT_EXTRACT)
    return GNUTLS_E_LIB_IN_ERROR_STATE;
  return ((Extract) dlsym (RTLD_NEXT, __func__)) (mac, key, salt, output);
}

int
gnutls_hkdf_expand (gnutls_mac_algorithm_t mac,
                    const gnutls_datum_t *key,
                    const gnutls_datum_t *info,
                    void *output,
                    size_t length)
{
  if (fault == FAULT_EXPAND)
    return GNUTLS_E_LIB_IN_ERROR_STATE;
  return ((Expand) dlsym (RTLD_NEXT, __func__)) (mac, key, info, output, length);
}

int
gnutls_aead_cipher_encrypt (gnutls_aead_cipher_hd_t handle,
                            const void *nonce,
                            size_t nonce_len,
                            const void *auth,
                            size_t auth_len,
                            size_t tag_size,
                            const void *ptext,
                            size_t ptext_len,
                            void *ctext,
                            size_t *ctext_len)
{
  if (fault == FAULT_ENCRYPT)
    return GNUTLS_E_LIB_IN_ERROR_STATE;
  return ((Encrypt) dlsym (RTLD_NEXT, __func__)) (handle, nonce, nonce_len, auth, auth_len,
                                                  tag_size, ptext, ptext_len, ctext, ctext_len);
}

typedef struct
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  HandoffBlobSealer *sealer;
  HandoffBlobOpener *opener;
  HandoffKeyState *state;
} Channel;

static void
set_up (Channel *channel, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];

  handoff_hpke_generate_key_pair (channel->private_key, public_key, &error);
  g_assert_no_error (error);
  channel->sealer = handoff_blob_sealer_new (public_key, channel->enc, &error);
  g_assert_no_error (error);
  channel->opener = handoff_blob_opener_new (channel->private_key, channel->enc, &error);
  g_assert_no_error (error);
  channel->state = fixture_key_state (handoff_cipher_suite_by_id (0x1301), HANDOFF_ROLE_CLIENT, 1);
}

static void
tear_down (Channel *channel, gconstpointer data)
{
  fault = FAULT_NONE;
  g_clear_pointer (&channel->sealer, handoff_blob_sealer_free);
  g_clear_pointer (&channel->opener, handoff_blob_opener_free);
  g_clear_pointer (&channel->state, handoff_key_state_free);
}

/* A channel goes on after it has used a number for a blob that nobody got, or the key of one for
 * the next. data: the fault */
static void
test_seal (Channel *channel, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) later_error = NULL;

  fault = (Fault) GPOINTER_TO_INT (data);
  g_assert_null (handoff_blob_sealer_seal (channel->sealer, channel->state, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);

  fault = FAULT_NONE;
  g_assert_null (handoff_blob_sealer_seal (channel->sealer, channel->state, &later_error));
  g_assert_error (later_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

/* The key of a blob that was opened stays, and so does the channel. */
static void
test_open (Channel *channel, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) blob = handoff_blob_sealer_seal (channel->sealer, channel->state, NULL);
  const int fd = handoff_sealed_memfd_new (blob, NULL);

  fault = FAULT_EXPAND;
  g_assert_null (handoff_blob_opener_open (channel->opener, fd, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_true (handoff_blob_opener_is_dead (channel->opener));
  close (fd);
}

/* The service is said to have sent a wrong key. */
static void
test_new (Channel *channel, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fault = FAULT_EXTRACT;
  g_assert_null (handoff_blob_opener_new (channel->private_key, channel->enc, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/keyblob/channel-seal-faults/encrypt", Channel, GINT_TO_POINTER (FAULT_ENCRYPT),
              set_up, test_seal, tear_down);
  g_test_add ("/keyblob/channel-seal-faults/ratchet", Channel, GINT_TO_POINTER (FAULT_EXPAND),
              set_up, test_seal, tear_down);
  g_test_add ("/keyblob/channel-seal-faults/open", Channel, NULL, set_up, test_open, tear_down);
  g_test_add ("/keyblob/channel-seal-faults/new", Channel, NULL, set_up, test_new, tear_down);
  return g_test_run ();
}
