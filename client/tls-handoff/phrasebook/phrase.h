/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* A phrase is a message for people, with "%s" in each place where it quotes something: a number,
 * too, or another phrase. It comes from this library or from its translations, never from the
 * service, and no function of printf()'s family sees it. */

#define HANDOFF_PHRASE_MAX_PARTS 6

/* What a text has in the places of a phrase. */
typedef struct
{
  const char *start; /* in the text */
  gsize size;
  gboolean is_quoted; /* whether the phrase has it between “” */
} HandoffPhrasePart;

/* Whether text is phrase with something in its places: each is as short as it can be, the last one
 * goes on to what follows it in phrase.
 * parts: (out): HANDOFF_PHRASE_MAX_PARTS, of which the first *n_parts are filled in
 * n_literal: (out): bytes that text and phrase have in common: the more, the better they fit */
gboolean handoff_phrase_match (const char *phrase,
                               const char *text,
                               HandoffPhrasePart *parts,
                               guint *n_parts,
                               gsize *n_literal);

/* translation: of a phrase, with "%s", or with "%1$s" to "%6$s" where their order differs.
 * (transfer full) (nullable): NULL if it has other directives, or more places than parts */
char *handoff_phrase_fill (const char *translation, const char *const *parts, guint n_parts);
