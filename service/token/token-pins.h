/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "token-text/pin-fate.h"

/* What the process of a module knows of its tokens' PINs, by the token's label: the PIN that opened
 * the token, and who guesses at it. Which PINs were refused is known elsewhere, and outlives this
 * process: a refused PIN is never tried again. PINs are in secret memory. Errors are
 * TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED and name the token. Reference-counted; any thread. */
typedef struct _HandoffTokenPins HandoffTokenPins;

/* Who knows the rest. Threads of tokens call it, several at the same time. */
typedef struct
{
  /* The PIN of that token in the PIN file, (transfer full), in secret memory; NULL without an error
   * if there is none. file_identity: (out) (transfer full) (nullable): as may_try wants it. Error:
   * the file must not be used; it says why */
  GBytes *(*find_pin) (gpointer data, const char *token, char **file_identity, GError **error);
  /* Whether the token may be told the PIN of that digest. file_identity: of the PIN file, as
   * handoff_pin_file_find() gives it; empty: somebody gave the PIN. */
  gboolean (*may_try) (gpointer data,
                       const char *token,
                       const guint8 digest[HANDOFF_PIN_DIGEST_SIZE],
                       const char *file_identity);
  /* What became of the last try, and what is known now. */
  void (*settle) (
      gpointer data, const char *token, HandoffPinFate fate, gboolean can_open, gboolean has_given);
} HandoffPinDesk;

/* A PIN that a token is told. */
typedef struct
{
  GBytes *value;       /* (owned): secret memory */
  char *file_identity; /* (owned): of the PIN file, if the PIN is from there; otherwise empty */
} HandoffPin;

void handoff_pin_free (HandoffPin *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPin, handoff_pin_free)

/* desk, data: (unowned): as long as this. salt: of the digests; copied */
HandoffTokenPins *handoff_token_pins_new (const HandoffPinDesk *desk,
                                          gpointer data,
                                          const guint8 salt[HANDOFF_PIN_SALT_SIZE]);
HandoffTokenPins *handoff_token_pins_ref (HandoffTokenPins *self);
void handoff_token_pins_unref (HandoffTokenPins *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokenPins, handoff_token_pins_unref)

/* The PIN that the token is to be told now: that which somebody gave, or, given NULL, the PIN that
 * the token took before, otherwise the PIN from the PIN file. final_try: one more wrong PIN locks
 * the token: then only a given one may be told. Its end must be one of the next three. May wait for
 * the desk. */
HandoffPin *handoff_token_pins_begin (
    HandoffTokenPins *self, const char *token, GBytes *given, gboolean final_try, GError **error);
/* The token took the PIN. pin: (nullable) (transfer full): NULL if the token wanted none */
void handoff_token_pins_accept (HandoffTokenPins *self, const char *token, HandoffPin *pin);
/* The token refused the PIN. pin: (transfer full). error: tells the refusal */
void handoff_token_pins_refuse (HandoffTokenPins *self,
                                const char *token,
                                HandoffPin *pin,
                                GError **error);
/* The token was not told the PIN, or did not say what it thinks of it. pin: (transfer full) */
void handoff_token_pins_give_up (HandoffTokenPins *self, const char *token, HandoffPin *pin);

/* Whether given is the PIN that opened the token. In constant time. The token is not asked, so it
 * does not count failures; instead, whoever guesses has to wait longer and longer. */
gboolean handoff_token_pins_check_open (HandoffTokenPins *self,
                                        const char *token,
                                        GBytes *given,
                                        GError **error);
