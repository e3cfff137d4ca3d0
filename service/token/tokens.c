/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/tokens.h"

#include "key/gnutls-support.h"
#include "token/token-modules.h"
#include "token/token-thread.h"
#include "token-text/token-uri.h"
#include "token/token-table.h"
#include "tokens/pin-book.h"

/* Reference-counted, since keys outlive the service's handle. Any thread. */
struct _HandoffTokens
{
  gatomicrefcount ref_count;
  HandoffTokenPins *pins;   /* (owned) */
  HandoffTokenTable *table; /* (owned) */

  GMutex book_mutex;    /* of book; nothing is waited for with it */
  HandoffPinBook *book; /* (owned) */
};

/* One use of a token. */
typedef struct
{
  HandoffTokens *tokens;    /* (owned) */
  HandoffTokenLease *lease; /* (owned) */
} Use;

static void
unref_tokens (HandoffTokens *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  handoff_token_table_free (self->table);
  handoff_token_pins_unref (self->pins);
  handoff_pin_book_free (self->book);
  g_mutex_clear (&self->book_mutex);
  g_free (self);
}

/* All in this process. */
#define HERE 1

static int
open_pin_file (gpointer data, char **path, GError **error)
{
  HandoffTokens *self = data;
  int fd;

  g_mutex_lock (&self->book_mutex);
  *path = g_strdup (handoff_pin_book_get_path (self->book));
  fd = handoff_pin_book_open_file (self->book, error);
  g_mutex_unlock (&self->book_mutex);
  return fd;
}

static gboolean
may_try (gpointer data,
         const char *token,
         const guint8 digest[HANDOFF_PIN_DIGEST_SIZE],
         const char *file_identity)
{
  HandoffTokens *self = data;
  gboolean may;

  g_mutex_lock (&self->book_mutex);
  may = handoff_pin_book_may_try (self->book, HERE, token, digest, file_identity);
  g_mutex_unlock (&self->book_mutex);
  return may;
}

static void
settle (
    gpointer data, const char *token, HandoffPinFate fate, gboolean can_open, gboolean has_given)
{
  HandoffTokens *self = data;

  g_mutex_lock (&self->book_mutex);
  handoff_pin_book_settle (self->book, HERE, token, fate, can_open, has_given);
  g_mutex_unlock (&self->book_mutex);
}

static const HandoffPinDesk desk = { open_pin_file, may_try, settle };

HandoffTokens *
handoff_tokens_new (const char *state_directory)
{
  HandoffTokens *self = g_new0 (HandoffTokens, 1);

  handoff_token_modules_init ();
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->book_mutex);
  self->book = handoff_pin_book_new (state_directory);
  self->pins = handoff_token_pins_new (&desk, self, handoff_pin_book_get_salt (self->book));
  self->table = handoff_token_table_new (self->pins);
  return self;
}

void
handoff_tokens_free (HandoffTokens *self)
{
  unref_tokens (self);
}

gboolean
handoff_tokens_are_busy (void)
{
  return handoff_token_thread_is_any_running ();
}

void
handoff_tokens_configure (HandoffTokens *self, const HandoffConfiguration *configuration)
{
  g_mutex_lock (&self->book_mutex);
  handoff_pin_book_set_file (self->book, configuration->pin_file);
  g_mutex_unlock (&self->book_mutex);
  handoff_token_modules_load ((const char *const *) configuration->token_modules);
}

/* NULL, with an error, if uri is none. public_key: (nullable) */
static Use *
begin_use (HandoffTokens *self, const char *uri, gnutls_pubkey_t public_key, GError **error)
{
  g_autoptr (GBytes) key_id = public_key != NULL ? handoff_gnutls_dup_key_id (public_key) : NULL;
  HandoffTokenLease *lease = handoff_token_lease_new (self->table, uri, key_id, error);
  Use *use;

  if (lease == NULL)
    return NULL;
  g_atomic_ref_count_inc (&self->ref_count);
  use = g_new0 (Use, 1);
  use->tokens = self;
  use->lease = lease;
  return use;
}

static void
end_use (gpointer data)
{
  Use *use = data;

  handoff_token_lease_unref (use->lease);
  unref_tokens (use->tokens);
  g_free (use);
}

static void
use_key (gpointer data, HandoffKeyUse use, HandoffKeyUsed used, gpointer user_data)
{
  handoff_token_lease_use (((Use *) data)->lease, use, used, user_data);
}

/* A key whose stored URI is damaged: whoever wants to use the key gets the error. */
static void
fail_use (gpointer data, HandoffKeyUse use, HandoffKeyUsed used, gpointer user_data)
{
  used (data, user_data);
}

HandoffPrivateKey *
handoff_tokens_get_key (HandoffTokens *self, const char *uri, gnutls_pubkey_t public_key)
{
  static const HandoffPrivateKeyKind kind = { use_key, end_use };
  static const HandoffPrivateKeyKind bad_kind = { fail_use, (void (*) (gpointer)) g_error_free };
  GError *error = NULL;
  Use *use = begin_use (self, uri, public_key, &error);

  return use != NULL ? handoff_private_key_new (&kind, public_key, use)
                     : handoff_private_key_new (&bad_kind, public_key, error);
}

/* The search for a key. The task owns it, so that the token stays open until the task ends. */
typedef struct
{
  Use *use;             /* (owned) */
  HandoffTokenKey *key; /* (owned) (nullable): what was found */
} Find;

static void
free_find (gpointer data)
{
  Find *find = data;

  g_clear_pointer (&find->key, handoff_token_key_free);
  end_use (find->use);
  g_free (find);
}

static int
read_key (gnutls_privkey_t key, gpointer user_data)
{
  Find *find = g_task_get_task_data (user_data);

  g_clear_pointer (&find->key, handoff_token_key_free);
  find->key = g_new0 (HandoffTokenKey, 1);
  return handoff_token_key_read (key, handoff_token_lease_get_uri (find->use->lease), find->key);
}

static void
key_read (const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Find *find = g_task_get_task_data (task);

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_pointer (task, g_steal_pointer (&find->key),
                           (GDestroyNotify) handoff_token_key_free);
}

void
handoff_tokens_find_key_async (HandoffTokens *self,
                               const char *uri,
                               gnutls_pubkey_t public_key,
                               GBytes *pin,
                               gboolean may_use_known_pin,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  g_autoptr (GError) error = NULL;
  Use *use = begin_use (self, uri, public_key, &error);
  Find *find;

  g_task_set_source_tag (task, handoff_tokens_find_key_async);
  if (use == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  find = g_new0 (Find, 1);
  find->use = use;
  g_task_set_task_data (task, find, free_find);
  handoff_token_lease_use_with_pin (use->lease, pin, may_use_known_pin, read_key, key_read,
                                    g_steal_pointer (&task));
}

HandoffTokenKey *
handoff_tokens_find_key_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
handoff_tokens_is_locked (HandoffTokens *self, const char *uri)
{
  g_autoptr (HandoffTokenUri) parsed = handoff_token_uri_parse (uri, NULL);
  gboolean can_open;

  if (parsed == NULL)
    return TRUE;
  g_mutex_lock (&self->book_mutex);
  can_open = handoff_pin_book_can_open (self->book, handoff_token_uri_get_token (parsed));
  g_mutex_unlock (&self->book_mutex);
  return !can_open;
}

gboolean
handoff_tokens_holds_pins (HandoffTokens *self)
{
  gboolean has_given;

  g_mutex_lock (&self->book_mutex);
  has_given = handoff_pin_book_has_given (self->book);
  g_mutex_unlock (&self->book_mutex);
  return has_given;
}
