/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/token-pins.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

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

  guint guesses;     /* wrong ones, since the last right one */
  gint64 wait_until; /* monotonic time */
} Token;

struct _HandoffTokenPins
{
  gatomicrefcount ref_count;
  const HandoffPinDesk *desk; /* (unowned) */
  gpointer data;              /* (unowned): its */
  guint8 salt[HANDOFF_PIN_SALT_SIZE];

  GMutex mutex;       /* of what follows; never held while anything is waited for */
  GHashTable *tokens; /* (owned) (element-type utf8 Token) */
  char *warning;      /* (owned) (nullable): of the PIN file: the last one */
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
  g_free (token);
}

HandoffTokenPins *
handoff_token_pins_new (const HandoffPinDesk *desk,
                        gpointer data,
                        const guint8 salt[HANDOFF_PIN_SALT_SIZE])
{
  HandoffTokenPins *self = g_new0 (HandoffTokenPins, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->desk = desk;
  self->data = data;
  memcpy (self->salt, salt, sizeof self->salt);
  g_mutex_init (&self->mutex);
  self->tokens = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_token);
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
  g_mutex_clear (&self->mutex);
  g_hash_table_unref (self->tokens);
  g_free (self->warning);
  g_free (self);
}

/* With the lock. */
static Token *
get_token (HandoffTokenPins *self, const char *name)
{
  Token *token = g_hash_table_lookup (self->tokens, name);

  if (token != NULL)
    return token;
  token = g_new0 (Token, 1);
  g_hash_table_insert (self->tokens, g_strdup (name), token);
  return token;
}

/* Always returns NULL. */
static gpointer
set_locked (GError **error, const char *token, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, "The token “%s” %s",
               token, what);
  return NULL;
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
  warned = g_strcmp0 (self->warning, error->message) == 0;
  if (!warned)
    {
      g_free (self->warning);
      self->warning = g_strdup (error->message);
    }
  g_mutex_unlock (&self->mutex);
  if (!warned)
    g_warning ("[Tokens] PinFile: %s", error->message);
}

/* The PIN file's, if it can be used. */
static HandoffPin *
find_in_file (HandoffTokenPins *self, const char *token, GError **error)
{
  g_autofree char *identity = NULL;
  g_autoptr (GError) file_error = NULL;
  g_autoptr (GBytes) value = self->desk->find_pin (self->data, token, &identity, &file_error);

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
  return new_pin (value, identity);
}

static HandoffPin *
choose (
    HandoffTokenPins *self, const char *token, GBytes *given, gboolean final_try, GError **error)
{
  HandoffPin *pin = NULL;

  if (given != NULL)
    return new_pin (given, "");
  if (final_try)
    return set_locked (error, token,
                       "wants its PIN, and a wrong one would lock it for good: it must be given by "
                       "somebody who knows it");
  pin = dup_remembered (self, token);
  return pin != NULL ? pin : find_in_file (self, token, error);
}

/* The same PIN of two tokens has two digests. */
static void
digest (const HandoffTokenPins *self,
        const char *token,
        GBytes *value,
        guint8 result[HANDOFF_PIN_DIGEST_SIZE])
{
  gnutls_hmac_hd_t hmac;
  gsize size;
  const guint8 *data = g_bytes_get_data (value, &size);

  gnutls_hmac_init (&hmac, GNUTLS_MAC_SHA256, self->salt, sizeof self->salt);
  gnutls_hmac (hmac, token, strlen (token) + 1);
  gnutls_hmac (hmac, data, size);
  gnutls_hmac_deinit (hmac, result);
}

HandoffPin *
handoff_token_pins_begin (
    HandoffTokenPins *self, const char *token, GBytes *given, gboolean final_try, GError **error)
{
  g_autoptr (HandoffPin) pin = choose (self, token, given, final_try, error);
  guint8 tried[HANDOFF_PIN_DIGEST_SIZE];

  if (pin == NULL)
    return NULL;
  digest (self, token, pin->value, tried);
  if (self->desk->may_try (self->data, token, tried, pin->file_identity))
    return g_steal_pointer (&pin);
  return set_locked (error, token,
                     *pin->file_identity == '\0'
                         ? "refused the PIN before; it is not tried again"
                         : "refused the PIN of the PIN file; it is not tried again until the file "
                           "has another one");
}

static gboolean
equal (GBytes *a, GBytes *b)
{
  /* Compares digests: they have the same size, however long the PINs are. */
  static const guint8 key[1] = { 0 };
  guint8 digests[2][HANDOFF_PIN_DIGEST_SIZE];
  gsize size;
  const guint8 *data = g_bytes_get_data (a, &size);
  gboolean result;

  gnutls_hmac_fast (GNUTLS_MAC_SHA256, key, sizeof key, data, size, digests[0]);
  data = g_bytes_get_data (b, &size);
  gnutls_hmac_fast (GNUTLS_MAC_SHA256, key, sizeof key, data, size, digests[1]);
  result = gnutls_memcmp (digests[0], digests[1], HANDOFF_PIN_DIGEST_SIZE) == 0;
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

/* Tells the desk what became of a try. */
static void
settle (HandoffTokenPins *self, const char *name, HandoffPinFate fate)
{
  gboolean can_open = FALSE, has_given = FALSE;
  const Token *token;

  g_mutex_lock (&self->mutex);
  token = g_hash_table_lookup (self->tokens, name);
  if (token != NULL)
    {
      can_open = token->pin != NULL || token->wants_no_pin;
      has_given = token->pin != NULL && *token->pin->file_identity == '\0';
    }
  g_mutex_unlock (&self->mutex);
  self->desk->settle (self->data, name, fate, can_open, has_given);
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
  settle (self, name, pin != NULL ? HANDOFF_PIN_TAKEN : HANDOFF_PIN_UNUSED);
}

void
handoff_token_pins_refuse (HandoffTokenPins *self,
                           const char *name,
                           HandoffPin *refused,
                           GError **error)
{
  g_autoptr (HandoffPin) pin = refused;
  Token *token;

  g_mutex_lock (&self->mutex);
  token = get_token (self, name);
  /* Forget the PIN: somebody has changed the token's PIN meanwhile. */
  if (token->pin != NULL && equal (token->pin->value, pin->value))
    g_clear_pointer (&token->pin, handoff_pin_free);
  g_mutex_unlock (&self->mutex);
  settle (self, name, HANDOFF_PIN_REFUSED);

  set_locked (error, name,
              *pin->file_identity == '\0'
                  ? "refused the PIN"
                  : "refused the PIN of the PIN file; it is not tried again until the file has "
                    "another one");
}

void
handoff_token_pins_give_up (HandoffTokenPins *self, const char *name, HandoffPin *pin)
{
  handoff_pin_free (pin);
  settle (self, name, HANDOFF_PIN_UNUSED);
}
