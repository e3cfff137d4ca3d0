/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/token-pins.h"

#include <gnutls/crypto.h>
#include <string.h>
#include <unistd.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "token-text/pin-file.h"
#include "token/refused-pin-files.h"
#include "work/clock.h"

#define DIGEST_SIZE 32
#define SALT_SIZE 32
/* How many refused PINs are remembered: a token that never locks could be told wrong PINs for ever.
 */
#define MAXIMUM_REFUSED 256
/* Wrong guesses at an open token's PIN that cost no waiting time, and how long more of them wait.
 */
#define FREE_GUESSES 3
#define FIRST_WAIT (60 * G_TIME_SPAN_SECOND)
#define LONGEST_WAIT G_TIME_SPAN_HOUR

/* A token of which something is known. */
typedef struct
{
  HandoffPin *pin;       /* (owned) (nullable): the PIN that the token took */
  gboolean wants_no_pin; /* the token opened without a PIN */
  guint8 salt[SALT_SIZE];
  GQueue refused; /* (owned) (element-type guint8*): digests, the newest first */

  guint guesses;     /* wrong ones, since the last right one */
  gint64 wait_until; /* monotonic time */
} Token;

struct _HandoffTokenPins
{
  gatomicrefcount ref_count;
  HandoffRefusedPinFiles *refused_files; /* (owned): has locks of its own */

  GMutex mutex;            /* of what follows; never held while anything is waited for */
  GHashTable *tokens;      /* (owned) (element-type utf8 Token) */
  char *file;              /* (owned): empty: none */
  gboolean warned_of_file; /* a warning said that the file must not be used */
};

void
handoff_pin_free (HandoffPin *self)
{
  g_bytes_unref (self->value);
  g_free (self->file_identity);
  g_free (self);
}

static HandoffPin *
new_pin (GBytes *value, const char *file_identity)
{
  HandoffPin *self = g_new0 (HandoffPin, 1);

  self->value = g_bytes_ref (value);
  self->file_identity = g_strdup (file_identity);
  return self;
}

static void
free_token (gpointer data)
{
  Token *token = data;

  g_clear_pointer (&token->pin, handoff_pin_free);
  g_queue_clear_full (&token->refused, g_free);
  g_free (token);
}

HandoffTokenPins *
handoff_token_pins_new (const char *state_directory)
{
  HandoffTokenPins *self = g_new0 (HandoffTokenPins, 1);
  g_autofree char *path = g_build_filename (state_directory, "refused-pins", NULL);

  g_atomic_ref_count_init (&self->ref_count);
  self->refused_files = handoff_refused_pin_files_new (path);
  g_mutex_init (&self->mutex);
  self->tokens = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_token);
  self->file = g_strdup ("");
  return self;
}

HandoffTokenPins *
handoff_token_pins_ref (HandoffTokenPins *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_token_pins_unref (HandoffTokenPins *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  handoff_refused_pin_files_free (self->refused_files);
  g_mutex_clear (&self->mutex);
  g_hash_table_unref (self->tokens);
  g_free (self->file);
  g_free (self);
}

void
handoff_token_pins_set_file (HandoffTokenPins *self, const char *path)
{
  g_mutex_lock (&self->mutex);
  g_free (self->file);
  self->file = g_strdup (path);
  self->warned_of_file = FALSE;
  g_mutex_unlock (&self->mutex);
}

/* With the lock. */
static Token *
get_token (HandoffTokenPins *self, const char *name)
{
  Token *token = g_hash_table_lookup (self->tokens, name);

  if (token != NULL)
    return token;
  token = g_new0 (Token, 1);
  g_queue_init (&token->refused);
  gnutls_rnd (GNUTLS_RND_KEY, token->salt, sizeof token->salt);
  g_hash_table_insert (self->tokens, g_strdup (name), token);
  return token;
}

static void
digest (const Token *token, GBytes *value, guint8 result[DIGEST_SIZE])
{
  gsize size;
  const guint8 *data = g_bytes_get_data (value, &size);

  gnutls_hmac_fast (GNUTLS_MAC_SHA256, token->salt, sizeof token->salt, data, size, result);
}

/* With the lock. token: (nullable) */
static gboolean
was_refused (const Token *token, GBytes *value)
{
  guint8 wanted[DIGEST_SIZE];
  const GList *link;

  if (token == NULL)
    return FALSE;
  digest (token, value, wanted);
  for (link = token->refused.head; link != NULL; link = link->next)
    {
      if (gnutls_memcmp (link->data, wanted, DIGEST_SIZE) == 0)
        return TRUE;
    }
  return FALSE;
}

/* Always returns NULL. */
static gpointer
set_locked (GError **error, const char *token, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "The token “%s” %s",
               token, what);
  return NULL;
}

HandoffPin *
handoff_token_pins_check_given (HandoffTokenPins *self,
                                const char *token,
                                GBytes *given,
                                GError **error)
{
  gboolean refused;

  g_mutex_lock (&self->mutex);
  refused = was_refused (g_hash_table_lookup (self->tokens, token), given);
  g_mutex_unlock (&self->mutex);
  if (refused)
    return set_locked (error, token, "refused the PIN before; it is not tried again");
  return new_pin (given, NULL);
}

/* (nullable) */
static HandoffPin *
dup_remembered (HandoffTokenPins *self, const char *name)
{
  HandoffPin *pin = NULL;
  const Token *token;

  g_mutex_lock (&self->mutex);
  token = g_hash_table_lookup (self->tokens, name);
  if (token != NULL && token->pin != NULL)
    pin = new_pin (token->pin->value, token->pin->file_identity);
  g_mutex_unlock (&self->mutex);
  return pin;
}

/* Warns the administrator, once, of a PIN file that must not be used. */
static void
warn_of_file (HandoffTokenPins *self, const GError *error)
{
  gboolean warned;

  g_mutex_lock (&self->mutex);
  warned = self->warned_of_file;
  self->warned_of_file = TRUE;
  g_mutex_unlock (&self->mutex);
  if (!warned)
    g_warning ("[Tokens] PinFile: %s", error->message);
}

/* The PIN file's, if it can be used. */
static HandoffPin *
find_in_file (HandoffTokenPins *self, const char *token, GError **error)
{
  g_autofree char *file = NULL;
  g_autofree char *identity = NULL;
  g_autoptr (GBytes) value = NULL;
  g_autoptr (GError) file_error = NULL;
  int fd = -1;
  gboolean refused;

  g_mutex_lock (&self->mutex);
  file = g_strdup (self->file);
  g_mutex_unlock (&self->mutex);

  if (*file != '\0')
    fd = handoff_pin_file_open (file, &file_error);
  if (fd >= 0)
    {
      value = handoff_pin_file_find (fd, file, token, &identity, &file_error);
      close (fd);
    }
  if (file_error != NULL)
    {
      warn_of_file (self, file_error);
      return set_locked (error, token,
                         "wants its PIN; the PIN file of the configuration must not be used, and "
                         "the service's journal says why");
    }
  if (value == NULL)
    return set_locked (error, token,
                       "wants its PIN: unlock the credential with it, or put it into the PIN file "
                       "of the configuration");

  refused = handoff_refused_pin_files_contains (self->refused_files, token, identity);
  if (!refused)
    {
      g_mutex_lock (&self->mutex);
      refused = was_refused (g_hash_table_lookup (self->tokens, token), value);
      g_mutex_unlock (&self->mutex);
    }
  if (refused)
    return set_locked (error, token,
                       "refused the PIN of the PIN file; it is not tried again until the file has "
                       "another one");
  return new_pin (value, identity);
}

HandoffPin *
handoff_token_pins_find (HandoffTokenPins *self,
                         const char *token,
                         gboolean final_try,
                         GError **error)
{
  HandoffPin *pin = NULL;

  if (final_try)
    return set_locked (error, token,
                       "wants its PIN, and a wrong one would lock it for good: it must be given by "
                       "somebody who knows it");
  pin = dup_remembered (self, token);
  return pin != NULL ? pin : find_in_file (self, token, error);
}

static gboolean
equal (GBytes *a, GBytes *b)
{
  /* Compares digests: they have the same size, however long the PINs are. */
  static const guint8 key[1] = { 0 };
  guint8 digests[2][DIGEST_SIZE];
  gsize size;
  const guint8 *data = g_bytes_get_data (a, &size);
  gboolean result;

  gnutls_hmac_fast (GNUTLS_MAC_SHA256, key, sizeof key, data, size, digests[0]);
  data = g_bytes_get_data (b, &size);
  gnutls_hmac_fast (GNUTLS_MAC_SHA256, key, sizeof key, data, size, digests[1]);
  result = gnutls_memcmp (digests[0], digests[1], DIGEST_SIZE) == 0;
  handoff_wipe (digests, sizeof digests);
  return result;
}

/* With the lock. NULL if the guess is right, otherwise the message for people. */
static const char *
guess (Token *token, GBytes *given)
{
  const gint64 now = handoff_clock_get_monotonic_time ();

  if (token->pin == NULL)
    return "was opened without a PIN that the service knows";
  if (now < token->wait_until)
    return "is open, and too many wrong PINs were given for it: try again later";
  if (equal (token->pin->value, given))
    {
      token->guesses = 0;
      return NULL;
    }
  token->guesses++;
  if (token->guesses >= FREE_GUESSES)
    token->wait_until =
        now + MIN (FIRST_WAIT << MIN (token->guesses - FREE_GUESSES, 10), LONGEST_WAIT);
  return "is open with another PIN than the one that was given";
}

gboolean
handoff_token_pins_check_open (HandoffTokenPins *self,
                               const char *token,
                               GBytes *given,
                               GError **error)
{
  const char *why;

  g_mutex_lock (&self->mutex);
  why = guess (get_token (self, token), given);
  g_mutex_unlock (&self->mutex);
  if (why != NULL)
    set_locked (error, token, why);
  return why == NULL;
}

void
handoff_token_pins_accept (HandoffTokenPins *self, const char *name, HandoffPin *pin)
{
  Token *token;

  g_mutex_lock (&self->mutex);
  token = get_token (self, name);
  token->wants_no_pin = pin == NULL;
  if (pin != NULL)
    {
      g_clear_pointer (&token->pin, handoff_pin_free);
      token->pin = pin;
      token->guesses = 0;
      token->wait_until = 0;
    }
  g_mutex_unlock (&self->mutex);
}

void
handoff_token_pins_refuse (HandoffTokenPins *self,
                           const char *name,
                           const HandoffPin *pin,
                           GError **error)
{
  guint8 *refused = g_malloc (DIGEST_SIZE);
  Token *token;

  g_mutex_lock (&self->mutex);
  token = get_token (self, name);
  digest (token, pin->value, refused);
  g_queue_push_head (&token->refused, refused);
  if (token->refused.length > MAXIMUM_REFUSED)
    g_free (g_queue_pop_tail (&token->refused));
  /* Forget the PIN: somebody has changed the token's PIN meanwhile. */
  if (token->pin != NULL && equal (token->pin->value, pin->value))
    g_clear_pointer (&token->pin, handoff_pin_free);
  g_mutex_unlock (&self->mutex);

  if (pin->file_identity == NULL)
    {
      set_locked (error, name, "refused the PIN");
      return;
    }
  handoff_refused_pin_files_add (self->refused_files, name, pin->file_identity);
  set_locked (error, name,
              "refused the PIN of the PIN file; it is not tried again until the file has another "
              "one");
}

gboolean
handoff_token_pins_can_open (HandoffTokenPins *self, const char *name)
{
  g_autoptr (HandoffPin) pin = NULL;
  gboolean wants_no_pin;
  const Token *token;

  g_mutex_lock (&self->mutex);
  token = g_hash_table_lookup (self->tokens, name);
  wants_no_pin = token != NULL && token->wants_no_pin;
  g_mutex_unlock (&self->mutex);
  if (wants_no_pin)
    return TRUE;
  pin = handoff_token_pins_find (self, name, FALSE, NULL);
  return pin != NULL;
}

gboolean
handoff_token_pins_has_given (HandoffTokenPins *self)
{
  GHashTableIter iter;
  gpointer value;
  gboolean found = FALSE;

  g_mutex_lock (&self->mutex);
  g_hash_table_iter_init (&iter, self->tokens);
  while (!found && g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Token *token = value;

      found = token->pin != NULL && token->pin->file_identity == NULL;
    }
  g_mutex_unlock (&self->mutex);
  return found;
}
