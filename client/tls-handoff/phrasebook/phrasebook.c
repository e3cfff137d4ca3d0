/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "phrasebook/phrasebook.h"

#include <string.h>

#include "keyblob/error-details.h"
#include "phrasebook/library-text.h"
#include "phrasebook/phrase.h"
#include "phrasebook/phrases.h"
#include "tls-handoff-error.h"

/* Bytes. A longer text is no message for people. */
#define MAX_TEXT 4096
/* Phrases within phrases. */
#define MAX_DEPTH 8

/* How the service joins what it has to say, in this order. They are the same in every language.
 * What comes first is known, or the name of something. */
static const char *const joints[] = { "%s; %s", "%s: %s", "%s (%s)", NULL };

static char *translate (const char *text, guint depth);

/* A better match than the one before, if there was one. */
typedef struct
{
  const char *phrase; /* (nullable) */
  HandoffPhrasePart parts[HANDOFF_PHRASE_MAX_PARTS];
  guint n_parts;
  gsize n_literal;
} Match;

static void
look_up (const char *const *phrases, const char *text, Match *best)
{
  Match match = { 0 };

  for (; *phrases != NULL; phrases++)
    {
      match.phrase = *phrases;
      if (handoff_phrase_match (match.phrase, text, match.parts, &match.n_parts,
                                &match.n_literal) &&
          (best->phrase == NULL || match.n_literal > best->n_literal))
        *best = match;
    }
}

/* The words of the libraries that the service uses. (transfer full) */
static char *
translate_foreign (const char *text)
{
  static const char *const domains[] = { "gnutls30", "libc" };
  gsize i;

  /* A single word is rather a name. */
  if (strchr (text, ' ') == NULL)
    return g_strdup (text);
  for (i = 0; i < G_N_ELEMENTS (domains); i++)
    {
      const char *translated = g_dgettext (domains[i], text);

      if (translated != text && g_utf8_validate (translated, -1, NULL))
        return g_strdup (translated);
    }
  return g_strdup (text);
}

/* (transfer full) (nullable): NULL if the translation is not one of the phrase */
static char *
fill (const Match *match, const char *translation, guint depth)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  guint i;

  for (i = 0; i < match->n_parts; i++)
    {
      const HandoffPhrasePart *part = &match->parts[i];
      g_autofree char *text = g_strndup (part->start, part->size);

      /* What is quoted is a name, or a peer's words. */
      g_ptr_array_add (parts,
                       part->is_quoted ? g_steal_pointer (&text) : translate (text, depth + 1));
    }
  return handoff_phrase_fill (translation, (const char *const *) parts->pdata, match->n_parts);
}

/* Whether a joint's first part leaves the rest in another language. */
static gboolean
begins_strangely (const Match *match, guint depth)
{
  g_autofree char *first = g_strndup (match->parts[0].start, match->parts[0].size);
  g_autofree char *translated = translate (first, depth + 1);

  return strchr (first, ' ') != NULL && g_str_equal (first, translated);
}

static char *
translate (const char *text, guint depth)
{
  Match best = { 0 };
  const char *translation;
  char *filled;
  gsize i;

  if (depth > MAX_DEPTH)
    return g_strdup (text);
  look_up (handoff_phrases_blob, text, &best);
  look_up (handoff_phrases_call, text, &best);
  look_up (handoff_phrases_handshake, text, &best);
  look_up (handoff_phrases_trust, text, &best);
  look_up (handoff_phrases_credential, text, &best);
  if (best.phrase != NULL)
    {
      translation = handoff_library_text (best.phrase);
      /* Parts in another language would not help. */
      filled = translation != best.phrase ? fill (&best, translation, depth) : NULL;
      return filled != NULL ? filled : g_strdup (text);
    }
  for (i = 0; joints[i] != NULL; i++)
    {
      if (handoff_phrase_match (joints[i], text, best.parts, &best.n_parts, &best.n_literal) &&
          !begins_strangely (&best, depth))
        return fill (&best, joints[i], depth);
    }
  return translate_foreign (text);
}

char *
handoff_phrasebook_translate (const char *text)
{
  return strlen (text) <= MAX_TEXT ? translate (text, 0) : g_strdup (text);
}

void
handoff_phrasebook_translate_error (GError *error)
{
  g_autofree char *translated = NULL;

  if (error == NULL)
    return;
  translated = handoff_phrasebook_translate (error->message);
  if (g_str_equal (translated, error->message))
    return;
  if (error->domain == TLS_HANDOFF_ERROR)
    handoff_error_set_original_message (error, error->message);
  g_free (error->message);
  error->message = g_steal_pointer (&translated);
}

void
handoff_phrasebook_translate_returned (GError **error)
{
  if (error != NULL)
    handoff_phrasebook_translate_error (*error);
}
