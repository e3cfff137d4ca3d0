/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a peer sends during a stepwise handshake: everything that Step() hands to the handshake, on
 * a real worker, as client or server, with the decision about the certificate, and the credential,
 * that the input asks for.
 *
 * Input: a byte that says how the rest is cut into steps, who we are and what is decided, then the
 * bytes. */

#include "config.h"

#include <gnutls/x509.h>
#include <string.h>

#include "fuzz.h"
#include "handshake/handshake.h"
#include "support/credential-fixture.h"
#include "support/memory-key.h"
#include "support/policy-fixture.h"

#define ACCEPT 0x80
#define SERVER 0x40
#define CHUNK 0x3f

typedef struct
{
  HandoffHandshakeProgress *progress; /* (owned) (nullable) */
  gboolean ended;
} Run;

static HandoffWorker *worker;
static HandoffTlsPolicy *policy;
static HandoffCredential *credential;

/* The server's, of a key that is made here. */
static HandoffCredential *
make_credential (void)
{
  const guint8 serial = 1;
  g_autoptr (GPtrArray) certificates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (HandoffPrivateKey) private_key = NULL;
  g_autoptr (GError) error = NULL;
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t certificate;
  gnutls_datum_t der;
  HandoffCredential *made;

  gnutls_x509_privkey_init (&key);
  gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
                                GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
  gnutls_x509_crt_init (&certificate);
  gnutls_x509_crt_set_version (certificate, 3);
  gnutls_x509_crt_set_serial (certificate, &serial, 1);
  gnutls_x509_crt_set_dn (certificate, "CN=localhost", NULL);
  gnutls_x509_crt_set_activation_time (certificate, time (NULL) - 60);
  gnutls_x509_crt_set_expiration_time (certificate, time (NULL) + 7 * 24 * 60 * 60);
  gnutls_x509_crt_set_key (certificate, key);
  g_assert_cmpint (gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA256, 0), ==,
                   0);
  g_assert_cmpint (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_DER, &der), ==, 0);
  g_ptr_array_add (certificates, g_bytes_new (der.data, der.size));
  gnutls_free (der.data);
  gnutls_x509_crt_deinit (certificate);
  private_key = test_memory_key_new (key, &error);
  g_assert_no_error (error);
  made = test_credential_make (NULL, "fuzz", 0, HANDOFF_CREDENTIAL_ROLE_BOTH, private_key, NULL,
                               certificates, NULL, &error);
  g_assert_no_error (error);
  return made;
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;

  fuzz_silence ();
  worker = handoff_worker_new (&error);
  g_assert_no_error (error);
  policy = test_policy_new ("");
  credential = make_credential ();
  return 0;
}

/* What the handshake is told before the peer says anything. */
static HandoffHandshakeRequest *
new_request (gboolean is_server)
{
  /* The client is to be asked for a certificate, and whatever it sends is judged. */
  g_autoptr (GVariant) options = g_variant_ref_sink (g_variant_new_parsed (
      is_server ? "{'client-certificate': <'request'>, 'review-certificate': <true>,"
                  " 'application-protocols': <['h2']>}"
                : "{'review-certificate': <true>, 'ask-for-credential': <true>}"));
  HandoffHandshakeRequest *request =
      handoff_handshake_request_new (is_server ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT,
                                     is_server ? "" : "localhost", options, policy, NULL);

  request->stepwise = TRUE;
  if (is_server)
    request->credential = handoff_credential_ref (credential);
  return request;
}

static void
ended (gpointer user_data)
{
  ((Run *) user_data)->ended = TRUE;
}

static void
progressed (HandoffHandshakeProgress *progress, gpointer user_data)
{
  ((Run *) user_data)->progress = progress;
}

/* Waits for the operation's end; returns its state. */
static HandoffHandshakeState
wait_for_progress (Run *run, gsize *consumed)
{
  HandoffHandshakeState state;

  while (run->progress == NULL)
    g_main_context_iteration (NULL, TRUE);
  state = run->progress->state;
  *consumed = run->progress->consumed;
  g_clear_pointer (&run->progress, handoff_handshake_progress_free);
  return state;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Run run = { NULL, FALSE };
  g_autoptr (HandoffHandshake) handshake = NULL;
  HandoffHandshakeRequest *request;
  HandoffHandshakeState state;
  gsize chunk, consumed;
  gboolean accept;

  if (size < 1)
    return 0;
  accept = (data[0] & ACCEPT) != 0;
  chunk = (data[0] & CHUNK) != 0 ? 16u * (data[0] & CHUNK) : G_MAXSIZE;
  request = new_request ((data[0] & SERVER) != 0);
  data++;
  size--;

  handshake = handoff_handshake_new (worker, NULL, request, ended, NULL, &run);
  handoff_handshake_start (handshake);
  handoff_handshake_step (handshake, NULL, progressed, &run);
  state = wait_for_progress (&run, &consumed);
  while (size > 0 && (state == HANDOFF_HANDSHAKE_CONTINUE || state == HANDOFF_HANDSHAKE_REVIEW ||
                      state == HANDOFF_HANDSHAKE_REQUEST))
    {
      g_autoptr (GBytes) input = g_bytes_new (data, MIN (chunk, size));

      if (state == HANDOFF_HANDSHAKE_REVIEW)
        {
          handoff_handshake_review (handshake, accept, progressed, &run);
          state = wait_for_progress (&run, &consumed);
          continue;
        }
      if (state == HANDOFF_HANDSHAKE_REQUEST)
        {
          handoff_handshake_provide (handshake, accept ? credential : NULL, NULL, FALSE, progressed,
                                     &run);
          state = wait_for_progress (&run, &consumed);
          continue;
        }
      handoff_handshake_step (handshake, input, progressed, &run);
      state = wait_for_progress (&run, &consumed);
      g_assert_cmpuint (consumed, <=, g_bytes_get_size (input));
      if (state == HANDOFF_HANDSHAKE_CONTINUE)
        g_assert_cmpuint (consumed, ==, g_bytes_get_size (input));
      data += consumed;
      size -= consumed;
    }
  handoff_handshake_cancel (handshake);
  while (!run.ended)
    g_main_context_iteration (NULL, TRUE);
  return 0;
}
