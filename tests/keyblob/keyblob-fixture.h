/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What several tests need: states to carry, bytes from hexadecimal, a look into one's own memory.
 */

#pragma once

#include "hpke.h"
#include "key-state.h"

/* A valid state for the suite. Every byte of every secret differs from its neighbours and from the
 * same one of another seed, both directions differ, and no number has its default. An AES-CBC suite
 * encrypts first as a client and authenticates first as a server. */
HandoffKeyState *fixture_key_state (const HandoffCipherSuite *suite, HandoffRole role, guint8 seed);
/* Adds all that only a connection in use has. */
void fixture_make_live (HandoffKeyState *state);
/* Adds every channel binding that the state's protocol can have. */
void fixture_add_bindings (HandoffKeyState *state);

/* (transfer full) */
guint8 *fixture_from_hex (const char *hex, gsize *size);
/* (transfer full) */
char *fixture_to_hex (const guint8 *data, gsize size);

/* Whether the flag (two letters, see proc_pid_smaps(5)) is among the VmFlags of the mapping. */
gboolean fixture_mapping_has_flag (gconstpointer address, const char *flag);

/* How often a pattern occurs in what this process can write to. The pattern is given with all its
 * bits inverted, so that the search does not find itself. */
guint fixture_count_in_memory (const guint8 *inverted, gsize size);
/* Whether the address sanitizer is at work: its address space is too large to be searched, and it
 * does not let memory be locked. */
gboolean fixture_is_sanitized (void);

/* Runs function in a child process; fails the test unless the child exits with 0. */
void fixture_run_in_child (void (*function) (gpointer data), gpointer data);

/* SealBase (RFC 9180 6.1): a context with one message. enc may point into aad: it is written before
 * aad is read. */
gboolean fixture_hpke_seal (guint16 aead_id,
                            const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                            const guint8 *info,
                            gsize info_size,
                            const guint8 *aad,
                            gsize aad_size,
                            const guint8 *plaintext,
                            gsize plaintext_size,
                            const guint8 *ephemeral_private_key,
                            guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                            guint8 *ciphertext,
                            GError **error);
/* OpenBase (RFC 9180 6.1). */
gboolean fixture_hpke_open (guint16 aead_id,
                            const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                            const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                            const guint8 *info,
                            gsize info_size,
                            const guint8 *aad,
                            gsize aad_size,
                            const guint8 *ciphertext,
                            gsize ciphertext_size,
                            guint8 *plaintext,
                            GError **error);
