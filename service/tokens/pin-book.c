/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/pin-book.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "token-text/pin-file.h"
#include "tokens/refused-pin-files.h"

/* How many refused PINs are remembered: a token that never locks could be told wrong PINs for ever.
 */
#define MAXIMUM_REFUSED 256

/* A token of which something is known. */
typedef struct
{
  GQueue refused; /* (owned) (element-type guint8*): digests, the newest first */

  guint64 helper;     /* who told what follows; 0: that process is gone */
  gboolean can_open;  /* it needs nobody for that */
  gboolean has_given; /* because somebody gave it the PIN */

  gboolean is_trying;
  guint8 tried[HANDOFF_PIN_DIGEST_SIZE];
  char *tried_file; /* (owned) (nullable): the identity of the PIN file; empty: none */
} Token;

struct _HandoffPinBook
{
  HandoffRefusedPinFiles *refused_files; /* (owned) */
  GHashTable *tokens;                    /* (owned) (element-type utf8 Token) */
  char *file;                            /* (owned): empty: none */
  guint8 salt[HANDOFF_PIN_SALT_SIZE];
};

static void
free_token (gpointer data)
{
  Token *token = data;

  g_queue_clear_full (&token->refused, g_free);
  g_free (token->tried_file);
  g_free (token);
}

HandoffPinBook *
handoff_pin_book_new (const char *state_directory)
{
  HandoffPinBook *self = g_new0 (HandoffPinBook, 1);
  g_autofree char *path = g_build_filename (state_directory, "refused-pins", NULL);

  self->refused_files = handoff_refused_pin_files_new (path);
  self->tokens = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_token);
  self->file = g_strdup ("");
  gnutls_rnd (GNUTLS_RND_KEY, self->salt, sizeof self->salt);
  return self;
}

void
handoff_pin_book_free (HandoffPinBook *self)
{
  handoff_refused_pin_files_free (self->refused_files);
  g_hash_table_unref (self->tokens);
  g_free (self->file);
  g_free (self);
}

void
handoff_pin_book_set_file (HandoffPinBook *self, const char *path)
{
  g_free (self->file);
  self->file = g_strdup (path);
}

GBytes *
handoff_pin_book_find_in_file (HandoffPinBook *self,
                               const char *token,
                               char **identity,
                               GError **error)
{
  return *self->file != '\0' ? handoff_pin_file_find (self->file, token, identity, error) : NULL;
}

const guint8 *
handoff_pin_book_get_salt (HandoffPinBook *self)
{
  return self->salt;
}

static Token *
get_token (HandoffPinBook *self, const char *label)
{
  Token *token = g_hash_table_lookup (self->tokens, label);

  if (token != NULL)
    return token;
  token = g_new0 (Token, 1);
  g_queue_init (&token->refused);
  g_hash_table_insert (self->tokens, g_strdup (label), token);
  return token;
}

static gboolean
was_refused (const Token *token, const guint8 digest[HANDOFF_PIN_DIGEST_SIZE])
{
  const GList *link;

  for (link = token->refused.head; link != NULL; link = link->next)
    {
      if (gnutls_memcmp (link->data, digest, HANDOFF_PIN_DIGEST_SIZE) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
end_try (Token *token)
{
  token->is_trying = FALSE;
  g_clear_pointer (&token->tried_file, g_free);
}

/* The PIN of the try. */
static void
refuse (HandoffPinBook *self, const char *label, Token *token)
{
  g_queue_push_head (&token->refused, g_memdup2 (token->tried, sizeof token->tried));
  if (token->refused.length > MAXIMUM_REFUSED)
    g_free (g_queue_pop_tail (&token->refused));
  if (*token->tried_file != '\0')
    handoff_refused_pin_files_add (self->refused_files, label, token->tried_file);
}

gboolean
handoff_pin_book_may_try (HandoffPinBook *self,
                          guint64 helper,
                          const char *label,
                          const guint8 digest[HANDOFF_PIN_DIGEST_SIZE],
                          const char *file_identity)
{
  Token *token = get_token (self, label);

  if (was_refused (token, digest))
    {
      /* Another PIN file with the same PIN: it is said at once then that it is of no use. */
      if (*file_identity != '\0' &&
          !handoff_refused_pin_files_contains (self->refused_files, label, file_identity))
        handoff_refused_pin_files_add (self->refused_files, label, file_identity);
      return FALSE;
    }
  if (*file_identity != '\0' &&
      handoff_refused_pin_files_contains (self->refused_files, label, file_identity))
    return FALSE;

  end_try (token);
  token->helper = helper;
  token->is_trying = TRUE;
  memcpy (token->tried, digest, sizeof token->tried);
  token->tried_file = g_strdup (file_identity);
  return TRUE;
}

gboolean
handoff_pin_book_is_trying (HandoffPinBook *self, guint64 helper, const char *label)
{
  const Token *token = g_hash_table_lookup (self->tokens, label);

  return token != NULL && token->is_trying && token->helper == helper;
}

void
handoff_pin_book_settle (HandoffPinBook *self,
                         guint64 helper,
                         const char *label,
                         HandoffPinFate fate,
                         gboolean can_open,
                         gboolean has_given)
{
  Token *token = get_token (self, label);

  if (token->is_trying && token->helper == helper)
    {
      if (fate == HANDOFF_PIN_REFUSED)
        refuse (self, label, token);
      end_try (token);
    }
  token->helper = helper;
  token->can_open = can_open;
  token->has_given = has_given;
}

void
handoff_pin_book_remove_helper (HandoffPinBook *self, guint64 helper)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, self->tokens);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      Token *token = value;

      if (token->helper != helper)
        continue;
      if (token->is_trying)
        {
          g_warning (
              "The process of the module of the token “%s” ended when the token had been told "
              "its PIN: it is not tried again",
              (const char *) key);
          refuse (self, key, token);
          end_try (token);
        }
      token->helper = 0;
      token->can_open = FALSE;
      token->has_given = FALSE;
    }
}

/* Whether the PIN file has a PIN that has not been refused. */
static gboolean
can_open_by_file (HandoffPinBook *self, const char *label)
{
  g_autofree char *identity = NULL;
  g_autoptr (GBytes) pin = handoff_pin_book_find_in_file (self, label, &identity, NULL);

  return pin != NULL && !handoff_refused_pin_files_contains (self->refused_files, label, identity);
}

gboolean
handoff_pin_book_can_open (HandoffPinBook *self, const char *label)
{
  const Token *token = g_hash_table_lookup (self->tokens, label);

  return (token != NULL && token->can_open) || can_open_by_file (self, label);
}

gboolean
handoff_pin_book_has_given (HandoffPinBook *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->tokens);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      if (((const Token *) value)->has_given)
        return TRUE;
    }
  return FALSE;
}
