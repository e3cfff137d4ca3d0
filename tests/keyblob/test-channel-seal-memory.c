/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* When a blob of a channel was sealed or opened, nothing is left at that end that opens it. */

#include "channel-seal.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "key-blob.h"
#include "keyblob-fixture.h"
#include "memory-search.h"
#include "sealed-memfd.h"
#include "tls-handoff-error.h"

#define N_BLOBS 3
#define INFO "org.tlshandoff.Handoff1 channel"
#define SINGLE_INFO "org.tlshandoff.Handoff1 key blob"

/* What opens a blob, or what that is made of, masked. */
typedef struct
{
  guint8 key[32];
  guint8 base_nonce[HANDOFF_HPKE_NONCE_SIZE];
  guint8 exporter_secret[HANDOFF_HPKE_HASH_SIZE];
} Secrets;

typedef struct
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  const char *info;
  HandoffBlobSealer *sealer;
  HandoffBlobOpener *opener;
  guint8 masked_private_key[HANDOFF_HPKE_KEY_SIZE];
  Secrets *secrets; /* of each blob, and of the one after the last; shared with a child */
  HandoffKeyState *state;
  int fds[N_BLOBS];
  GBytes *single;          /* a blob that is no channel's */
  HandoffKeyState *opened; /* from it */
} Channel;

/* These secrets open the single blob, if there is one: they are what is to be looked for. */
static void
check_single (Channel *channel, HandoffHpkeContext context)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffKeyState) state = NULL;
  gsize size;
  const guint8 *blob;

  if (channel->single == NULL)
    return;
  blob = g_bytes_get_data (channel->single, &size);
  state = handoff_key_blob_open_in_context (&context, blob, size, "", &error);
  g_assert_no_error (error);
}

/* In a child, which takes with it what it computes in the clear. */
static void
derive_secrets (gpointer data)
{
  Channel *channel = data;
  HandoffHpkeContext context;

  g_assert_true (handoff_hpke_setup_recipient (
      &context, HANDOFF_HPKE_AEAD_AES_256_GCM, channel->private_key, channel->enc,
      (const guint8 *) channel->info, strlen (channel->info), NULL));
  check_single (channel, context);
  for (gsize i = 0; i <= N_BLOBS; i++)
    {
      Secrets *secrets = &channel->secrets[i];

      memory_mask (context.key, sizeof context.key);
      memory_mask (context.base_nonce, sizeof context.base_nonce);
      memory_mask (context.exporter_secret, sizeof context.exporter_secret);
      memcpy (secrets->key, context.key, sizeof secrets->key);
      memcpy (secrets->base_nonce, context.base_nonce, sizeof secrets->base_nonce);
      memcpy (secrets->exporter_secret, context.exporter_secret, sizeof secrets->exporter_secret);
      memory_mask (context.key, sizeof context.key);
      memory_mask (context.base_nonce, sizeof context.base_nonce);
      memory_mask (context.exporter_secret, sizeof context.exporter_secret);
      g_assert_true (handoff_hpke_context_ratchet (&context, NULL));
    }
}

static void
set_up (Channel *channel, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  channel->info = INFO;
  g_assert_true (handoff_hpke_generate_key_pair (channel->private_key, channel->public_key, NULL));
  channel->sealer = handoff_blob_sealer_new (channel->public_key, channel->enc, &error);
  g_assert_no_error (error);
  channel->secrets = mmap (NULL, (N_BLOBS + 1) * sizeof (Secrets), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (channel->secrets != MAP_FAILED);
  fixture_run_in_child (derive_secrets, channel);
  memcpy (channel->masked_private_key, channel->private_key, sizeof channel->private_key);
  memory_mask (channel->masked_private_key, sizeof channel->masked_private_key);
  channel->state = fixture_key_state (handoff_cipher_suite_by_id (0x1302), HANDOFF_ROLE_CLIENT, 7);
}

static void
tear_down (Channel *channel, gconstpointer data)
{
  g_clear_pointer (&channel->sealer, handoff_blob_sealer_free);
  g_clear_pointer (&channel->opener, handoff_blob_opener_free);
  g_clear_pointer (&channel->state, handoff_key_state_free);
  g_clear_pointer (&channel->opened, handoff_key_state_free);
  g_clear_pointer (&channel->single, g_bytes_unref);
  munmap (channel->secrets, (N_BLOBS + 1) * sizeof (Secrets));
}

/* How many of the three are there. */
static guint
count (const Secrets *secrets)
{
  return (memory_search (secrets->key, sizeof secrets->key) > 0 ? 1 : 0) +
         (memory_search (secrets->base_nonce, sizeof secrets->base_nonce) > 0 ? 1 : 0) +
         (memory_search (secrets->exporter_secret, sizeof secrets->exporter_secret) > 0 ? 1 : 0);
}

/* What is left on the stack must not be overwritten by chance, by what is called next. */
static gboolean G_GNUC_NO_INLINE
call_deep (gboolean (*function) (Channel *channel, gsize i), Channel *channel, gsize i)
{
  volatile guint8 distance[64 * 1024];
  gboolean result;

  distance[0] = 0;
  result = function (channel, i);
  distance[sizeof distance - 1] = distance[0];
  return result;
}

static gboolean
seal (Channel *channel, gsize i)
{
  g_autoptr (GBytes) blob = handoff_blob_sealer_seal (channel->sealer, channel->state, NULL);

  channel->fds[i] = handoff_sealed_memfd_new (blob, NULL);
  return channel->fds[i] >= 0;
}

static gboolean
make_opener (Channel *channel, gsize i)
{
  channel->opener = handoff_blob_opener_new (channel->private_key, channel->enc, NULL);
  handoff_wipe (channel->private_key, sizeof channel->private_key);
  return channel->opener != NULL;
}

static gboolean
open_blob (Channel *channel, gsize i)
{
  g_autoptr (HandoffKeyState) state =
      handoff_blob_opener_open (channel->opener, channel->fds[i], NULL);

  return state != NULL && handoff_key_state_equal (state, channel->state);
}

static void
seal_all (Channel *channel)
{
  for (gsize i = 0; i < N_BLOBS; i++)
    {
      /* The search finds what is there. */
      g_assert_cmpuint (count (&channel->secrets[i]), ==, 3);
      g_assert_true (call_deep (seal, channel, i));
      for (gsize j = 0; j <= i; j++)
        g_assert_cmpuint (count (&channel->secrets[j]), ==, 0);
    }
  g_clear_pointer (&channel->sealer, handoff_blob_sealer_free);
  g_assert_cmpuint (count (&channel->secrets[N_BLOBS]), ==, 0);
}

/* A look into the service, or later into the application, finds what opens an earlier blob. */
static void
test_gone (Channel *channel, gconstpointer data)
{
  seal_all (channel);

  g_assert_true (call_deep (make_opener, channel, 0));
  g_assert_cmpuint (memory_search (channel->masked_private_key, sizeof channel->masked_private_key),
                    ==, 0);
  for (gsize i = 0; i < N_BLOBS; i++)
    {
      g_assert_cmpuint (count (&channel->secrets[i]), ==, 3);
      g_assert_true (call_deep (open_blob, channel, i));
      for (gsize j = 0; j <= i; j++)
        g_assert_cmpuint (count (&channel->secrets[j]), ==, 0);
      close (channel->fds[i]);
    }
  g_assert_cmpuint (count (&channel->secrets[N_BLOBS]), ==, 3);
  g_clear_pointer (&channel->opener, handoff_blob_opener_free);
  g_assert_cmpuint (count (&channel->secrets[N_BLOBS]), ==, 0);
}

/* A channel that is broken keeps what opens the blobs that come. */
static void
test_dead (Channel *channel, gconstpointer data)
{
  seal_all (channel);

  g_assert_true (call_deep (make_opener, channel, 0));
  g_assert_true (call_deep (open_blob, channel, 0));
  g_assert_cmpuint (count (&channel->secrets[1]), ==, 3);
  g_assert_false (call_deep (open_blob, channel, 0));
  for (gsize i = 0; i <= N_BLOBS; i++)
    g_assert_cmpuint (count (&channel->secrets[i]), ==, 0);
  for (gsize i = 0; i < N_BLOBS; i++)
    close (channel->fds[i]);
}

static gboolean
seal_single (Channel *channel, gsize i)
{
  channel->single = handoff_key_blob_seal (channel->state, channel->public_key, NULL);
  return channel->single != NULL;
}

/* Nothing is called after it here, where that would overwrite what it leaves. */
static gboolean
open_single (Channel *channel, gsize i)
{
  gsize size;
  const guint8 *blob = g_bytes_get_data (channel->single, &size);

  channel->opened = handoff_key_blob_open (blob, size, channel->private_key, NULL);
  return channel->opened != NULL;
}

/* The same of a blob that is sealed by itself. */
static void
test_single (Channel *channel, gconstpointer data)
{
  g_assert_true (call_deep (seal_single, channel, 0));
  /* Only now is it known what to look for. */
  channel->info = SINGLE_INFO;
  memcpy (channel->enc,
          (const guint8 *) g_bytes_get_data (channel->single, NULL) +
              HANDOFF_KEY_BLOB_OPENER_OFFSET,
          sizeof channel->enc);
  fixture_run_in_child (derive_secrets, channel);
  g_assert_cmpuint (count (&channel->secrets[0]), ==, 0);

  g_assert_true (call_deep (open_single, channel, 0));
  handoff_wipe (channel->private_key, sizeof channel->private_key);
  g_assert_cmpuint (count (&channel->secrets[0]), ==, 0);
  g_assert_cmpuint (memory_search (channel->masked_private_key, sizeof channel->masked_private_key),
                    ==, 0);
  g_assert_true (handoff_key_state_equal (channel->opened, channel->state));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/keyblob/channel-seal-memory/gone", Channel, NULL, set_up, test_gone, tear_down);
  g_test_add ("/keyblob/channel-seal-memory/dead", Channel, NULL, set_up, test_dead, tear_down);
  g_test_add ("/keyblob/channel-seal-memory/single", Channel, NULL, set_up, test_single, tear_down);
  return g_test_run ();
}
