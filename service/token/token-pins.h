/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What the service knows of tokens' PINs, by the token's label: the PIN that opened the token, and
 * the PINs that it refused. A refused PIN is never tried again. PINs are in secret memory, refused
 * ones only as salted digests. Errors are TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED and name the token.
 * Reference-counted; any thread. */
typedef struct _HandoffTokenPins HandoffTokenPins;

/* A PIN that a token is told. */
typedef struct
{
  GBytes *value;       /* (owned): secret memory */
  char *file_identity; /* (owned) (nullable): of the PIN file, if the PIN is from there */
} HandoffPin;

void handoff_pin_free (HandoffPin *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPin, handoff_pin_free)

/* state_directory: of the file "refused-pins" */
HandoffTokenPins *handoff_token_pins_new (const char *state_directory);
HandoffTokenPins *handoff_token_pins_ref (HandoffTokenPins *self);
void handoff_token_pins_unref (HandoffTokenPins *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokenPins, handoff_token_pins_unref)
/* path: of the PIN file; empty: none */
void handoff_token_pins_set_file (HandoffTokenPins *self, const char *path);

/* The PIN that somebody gave, if the token may be told that PIN. */
HandoffPin *handoff_token_pins_check_given (HandoffTokenPins *self,
                                            const char *token,
                                            GBytes *given,
                                            GError **error);
/* The PIN that the token took before, otherwise the PIN from the PIN file. final_try: one more
 * wrong PIN locks the token: then there is no PIN for it. */
HandoffPin *handoff_token_pins_find (HandoffTokenPins *self,
                                     const char *token,
                                     gboolean final_try,
                                     GError **error);
/* Whether given is the PIN that opened the token. In constant time. The token is not asked, so it
 * does not count failures; instead, whoever guesses has to wait longer and longer. */
gboolean handoff_token_pins_check_open (HandoffTokenPins *self,
                                        const char *token,
                                        GBytes *given,
                                        GError **error);

/* The token took the PIN. pin: (nullable) (transfer full): NULL if the token wanted none */
void handoff_token_pins_accept (HandoffTokenPins *self, const char *token, HandoffPin *pin);
/* The token refused the PIN. May write to the disk. pin: (transfer none). error: tells the refusal
 */
void handoff_token_pins_refuse (HandoffTokenPins *self,
                                const char *token,
                                const HandoffPin *pin,
                                GError **error);

/* Whether the service can open the token by itself, as far as is known. */
gboolean handoff_token_pins_can_open (HandoffTokenPins *self, const char *token);
/* Whether a PIN is remembered that somebody gave. */
gboolean handoff_token_pins_has_given (HandoffTokenPins *self);
