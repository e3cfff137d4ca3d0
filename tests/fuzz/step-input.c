/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a peer sends during a stepwise handshake: everything that Step() hands to the handshake, on
 * a real worker, with the decision about the certificate that the input asks for.
 *
 * Input: a byte that says how the rest is cut into steps and what is decided, then the bytes. */

#include "config.h"

#include "fuzz.h"
#include "handshake.h"

typedef struct
{
  HandoffHandshakeProgress *progress; /* (owned) (nullable) */
  gboolean ended;
} Run;

static HandoffWorker *worker;
static HandoffTlsPolicy *policy;

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_autoptr (HandoffConfiguration) configuration = NULL;
  g_autoptr (GError) error = NULL;

  fuzz_silence ();
  worker = handoff_worker_new (&error);
  g_assert_no_error (error);
  configuration = handoff_configuration_load ("/nonexistent", &error);
  g_assert_no_error (error);
  policy = handoff_tls_policy_new (configuration, &error);
  g_assert_no_error (error);
  return 0;
}

static void
ended (gpointer user_data)
{
  ((Run *) user_data)->ended = TRUE;
}

static void
progressed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Run *) user_data)->progress = handoff_handshake_finish (result);
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
  g_autoptr (GVariant) options = NULL;
  g_autoptr (HandoffHandshake) handshake = NULL;
  HandoffHandshakeRequest *request;
  HandoffHandshakeState state;
  gsize chunk, consumed;
  gboolean accept;

  if (size < 1)
    return 0;
  accept = (data[0] & 0x80) != 0;
  chunk = (data[0] & 0x7f) != 0 ? 8u * (data[0] & 0x7f) : G_MAXSIZE;
  data++;
  size--;

  options = g_variant_ref_sink (g_variant_new_parsed ("{'review-certificate': <true>}"));
  request = handoff_handshake_request_new (HANDOFF_ROLE_CLIENT, "localhost", options, policy, NULL);
  request->stepwise = TRUE;
  handshake = handoff_handshake_new (worker, request, ended, NULL, &run);
  handoff_handshake_step_async (handshake, NULL, progressed, &run);
  state = wait_for_progress (&run, &consumed);
  while (size > 0 && (state == HANDOFF_HANDSHAKE_CONTINUE || state == HANDOFF_HANDSHAKE_REVIEW))
    {
      g_autoptr (GBytes) input = g_bytes_new (data, MIN (chunk, size));

      if (state == HANDOFF_HANDSHAKE_REVIEW)
        {
          handoff_handshake_review_async (handshake, accept, progressed, &run);
          state = wait_for_progress (&run, &consumed);
          continue;
        }
      handoff_handshake_step_async (handshake, input, progressed, &run);
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
