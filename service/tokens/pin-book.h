/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "token-text/pin-fate.h"

/* What the service knows of tokens' PINs, by the token's label. It keeps no PIN: those that a token
 * took are in the process of its module, and from the PIN file that gets the PINs of the tokens
 * that it has, not the file. Here is what has to outlive that process: which PINs were refused, as
 * salted digests, and which PIN files.
 *
 * A PIN that a token refused is never tried again, and a PIN that a token was told when its process
 * died counts as refused: the token may have counted it. So each try is announced here before the
 * token is told. Main thread. */
typedef struct _HandoffPinBook HandoffPinBook;

/* state_directory: of the file "refused-pins" */
HandoffPinBook *handoff_pin_book_new (const char *state_directory);
void handoff_pin_book_free (HandoffPinBook *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPinBook, handoff_pin_book_free)
/* path: of the PIN file; empty: none */
void handoff_pin_book_set_file (HandoffPinBook *self, const char *path);
/* What handoff_pin_file_find() finds in the PIN file; NULL without an error if there is no file. */
GBytes *handoff_pin_book_find_in_file (HandoffPinBook *self,
                                       const char *token,
                                       char **identity,
                                       GError **error);
/* Of the digests: HANDOFF_PIN_SALT_SIZE bytes. (transfer none) */
const guint8 *handoff_pin_book_get_salt (HandoffPinBook *self);

/* A process of a module wants to tell the token a PIN. helper: a number of that process.
 * file_identity: as handoff_pin_file_find() gives it; empty: somebody gave the PIN. FALSE: the
 * token refused it before. */
gboolean handoff_pin_book_may_try (HandoffPinBook *self,
                                   guint64 helper,
                                   const char *token,
                                   const guint8 digest[HANDOFF_PIN_DIGEST_SIZE],
                                   const char *file_identity);
/* Whether the process has announced a try of that token's PIN that is not settled. */
gboolean handoff_pin_book_is_trying (HandoffPinBook *self, guint64 helper, const char *token);
/* What became of the last try, if there is one, and what the process knows now: whether it can open
 * the token, and with a PIN that somebody gave. */
void handoff_pin_book_settle (HandoffPinBook *self,
                              guint64 helper,
                              const char *token,
                              HandoffPinFate fate,
                              gboolean can_open,
                              gboolean has_given);
/* That process has ended: the PINs that it remembered are gone, and a PIN that a token was told and
 * that is not settled counts as refused. */
void handoff_pin_book_remove_helper (HandoffPinBook *self, guint64 helper);

/* Whether the service can open the token by itself, as far as is known. Reads the PIN file, but
 * keeps nothing of it. */
gboolean handoff_pin_book_can_open (HandoffPinBook *self, const char *token);
/* Whether a PIN is remembered that somebody gave: a later process would not know it. */
gboolean handoff_pin_book_has_given (HandoffPinBook *self);
