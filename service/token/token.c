/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/token.h"

#include <gnutls/pkcs11.h>
#include <string.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "token/token-key.h"
#include "token/token-modules.h"
#include "token/token-thread.h"
#include "token-text/token-uri.h"

/* Work with a key, in the token's thread. */
typedef struct
{
  HandoffToken *token; /* (owned) */
  char *uri;           /* (owned) */
  GBytes *key_id;      /* (owned) (nullable): of the key that is wanted */
  gboolean is_checked; /* the user has to prove that he may open the token */
  GBytes *pin;         /* (owned) (nullable): that the user gave */
  gboolean may_use_known_pin;
  HandoffTokenUse use;
  HandoffTokenUsed used;
  gpointer user_data;
} Job;

struct _HandoffToken
{
  gatomicrefcount ref_count;
  char *label;                /* (owned) */
  HandoffTokenPins *pins;     /* (owned) */
  HandoffTokenThread *thread; /* (owned) */

  /* The thread's. */
  GHashTable *keys;   /* (owned) (element-type utf8 gnutls_privkey_t): by make_open_name(); each has
                         a session, and as long as there is a session the token stays open */
  const Job *job;     /* (nullable): that is being done */
  gboolean was_asked; /* the job had to open the token */
  HandoffPin *told;   /* (owned) (nullable): the PIN that the token has not answered yet */
  GError *pin_error;  /* (owned) (nullable): why the token could not be opened */
};

HandoffToken *
handoff_token_new (const char *label, HandoffTokenPins *pins)
{
  HandoffToken *self = g_new0 (HandoffToken, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->label = g_strdup (label);
  self->pins = handoff_token_pins_ref (pins);
  self->thread = handoff_token_thread_new ("token");
  self->keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                      (GDestroyNotify) gnutls_privkey_deinit);
  return self;
}

HandoffToken *
handoff_token_ref (HandoffToken *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* This closes sessions, for which the token may need some time. */
static void
close_token (gpointer data, const GError *thread_error)
{
  HandoffToken *self = data;

  g_hash_table_unref (self->keys);
  g_clear_error (&self->pin_error);
  handoff_token_pins_unref (self->pins);
  handoff_token_thread_unref (self->thread);
  g_free (self->label);
  g_free (self);
}

void
handoff_token_unref (HandoffToken *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    handoff_token_thread_push (self->thread, close_token, self);
}

static void
free_job (Job *job)
{
  g_clear_pointer (&job->token, handoff_token_unref);
  g_clear_pointer (&job->pin, g_bytes_unref);
  g_clear_pointer (&job->key_id, g_bytes_unref);
  g_free (job->uri);
  g_free (job);
}

/* Takes over an error of the PIN; the first one stays. */
static void
set_pin_error (HandoffToken *self, GError *error)
{
  if (self->pin_error == NULL)
    self->pin_error = error;
  else
    g_clear_error (&error);
}

static void
refuse_told (HandoffToken *self)
{
  GError *error = NULL;

  if (self->told == NULL)
    return;
  handoff_token_pins_refuse (self->pins, self->label, g_steal_pointer (&self->told), &error);
  set_pin_error (self, error);
}

static void
give_up_told (HandoffToken *self)
{
  if (self->told != NULL)
    handoff_token_pins_give_up (self->pins, self->label, g_steal_pointer (&self->told));
}

/* (nullable) */
static HandoffPin *
choose_pin (HandoffToken *self, unsigned int flags, GError **error)
{
  const Job *job = self->job;

  if (job->pin != NULL || job->may_use_known_pin)
    return handoff_token_pins_begin (self->pins, self->label, job->pin,
                                     (flags & GNUTLS_PIN_FINAL_TRY) != 0, error);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
               "The token “%s” wants its PIN: the option “pin” has to give it", self->label);
  return NULL;
}

/* GnuTLS asks for the PIN of one of our keys, in the token's thread. Nobody can be asked here. */
static int
give_pin (void *user_data,
          int attempt,
          const char *token_url,
          const char *token_label,
          unsigned int flags,
          char *pin,
          size_t pin_max)
{
  HandoffToken *self = user_data;
  GError *error = NULL;
  const char *value;
  gsize size;

  self->was_asked = TRUE;
  if (attempt > 0 || (flags & GNUTLS_PIN_WRONG) != 0)
    refuse_told (self);
  if (self->pin_error != NULL || self->job == NULL || (flags & GNUTLS_PIN_SO) != 0 || attempt > 0)
    return GNUTLS_E_PKCS11_PIN_ERROR;

  give_up_told (self);
  self->told = choose_pin (self, flags, &error);
  if (self->told == NULL)
    {
      set_pin_error (self, error);
      return GNUTLS_E_PKCS11_PIN_ERROR;
    }

  value = g_bytes_get_data (self->told->value, &size);
  if (size == 0 || size >= pin_max || memchr (value, '\0', size) != NULL)
    {
      give_up_told (self);
      g_set_error (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                   "The token “%s” was not told the PIN: it is empty, too long or no text",
                   self->label);
      set_pin_error (self, error);
      return GNUTLS_E_PKCS11_PIN_ERROR;
    }
  memcpy (pin, value, size);
  pin[size] = '\0';
  return GNUTLS_E_SUCCESS;
}

/* What the result of a call that may have opened the token means for the PIN that the token was
 * told. */
static int
settle_pin (HandoffToken *self, int code)
{
  if (!self->was_asked)
    return code;
  /* GnuTLS leaves the PIN on its stack. */
  handoff_wipe_stack ();
  if (code == GNUTLS_E_PKCS11_PIN_ERROR || code == GNUTLS_E_PKCS11_PIN_LOCKED ||
      code == GNUTLS_E_PKCS11_PIN_EXPIRED)
    refuse_told (self);
  else if (code >= 0 && self->told != NULL)
    handoff_token_pins_accept (self->pins, self->label, g_steal_pointer (&self->told));
  else
    give_up_told (self);
  return code;
}

static gboolean
is_pkcs11_error (int code)
{
  return code <= GNUTLS_E_PKCS11_ERROR && code >= GNUTLS_E_PKCS11_REQUESTED_OBJECT_NOT_AVAILBLE;
}

static gboolean
wants_login (const char *uri)
{
  unsigned int flags = 0;

  return gnutls_pkcs11_token_get_flags (uri, &flags) < 0 ||
         (flags & GNUTLS_PKCS11_TOKEN_LOGIN_REQUIRED) != 0;
}

/* The token was open, or needs no PIN. Whether the job may go on. */
static gboolean
check_open (HandoffToken *self, const Job *job, gboolean wants_pin, GError **error)
{
  if (!job->is_checked || !wants_pin || (job->pin == NULL && job->may_use_known_pin))
    return TRUE;
  if (job->pin != NULL)
    return handoff_token_pins_check_open (self->pins, self->label, job->pin, error);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
               "The token “%s” wants its PIN: the option “pin” has to give it", self->label);
  return FALSE;
}

/* code: GnuTLS's: it may know more than that nothing was found. */
static gboolean
set_not_found (HandoffToken *self, int code, GError **error)
{
  gboolean is_known = code != GNUTLS_E_PKCS11_REQUESTED_OBJECT_NOT_AVAILBLE &&
                      code != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
               "The token “%s” is not there, or has no such key%s%s%s", self->label,
               is_known ? " (" : "", is_known ? gnutls_strerror (code) : "", is_known ? ")" : "");
  return FALSE;
}

static gboolean
set_error (HandoffToken *self, int code, gboolean opening, GError **error)
{
  if (self->pin_error != NULL && code != GNUTLS_E_PKCS11_PIN_LOCKED)
    {
      g_propagate_error (error, g_steal_pointer (&self->pin_error));
      return FALSE;
    }
  switch (code)
    {
    case GNUTLS_E_PKCS11_PIN_LOCKED:
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,
                   "The token “%s” has locked its PIN: it must be unblocked with the token's own "
                   "tools",
                   self->label);
      return FALSE;
    case GNUTLS_E_PKCS11_LOAD_ERROR:
    case GNUTLS_E_PKCS11_SLOT_ERROR:
    case GNUTLS_E_PKCS11_DEVICE_ERROR:
    case GNUTLS_E_PKCS11_SESSION_ERROR:
    case GNUTLS_E_PKCS11_TOKEN_ERROR:
    case GNUTLS_E_PKCS11_REQUESTED_OBJECT_NOT_AVAILBLE:
    case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
      return set_not_found (self, code, error);
    case GNUTLS_E_CERTIFICATE_KEY_MISMATCH:
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                   "The token “%s” has another key than that of the credential: is it the right "
                   "token?",
                   self->label);
      return FALSE;
    default:
      if (opening && is_pkcs11_error (code))
        return set_not_found (self, code, error);
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The token “%s” cannot use the key: %s", self->label, gnutls_strerror (code));
      return FALSE;
    }
}

/* Another token may have the same label, and another key under the same name. Only jobs that want
 * the same key share an open one. key_id: (nullable) */
static char *
make_open_name (const char *uri, GBytes *key_id)
{
  g_autofree char *id = NULL;

  if (key_id == NULL)
    return g_strdup (uri);
  id = g_base64_encode (g_bytes_get_data (key_id, NULL), g_bytes_get_size (key_id));
  return g_strconcat (uri, " ", id, NULL);
}

/* (nullable) */
static GBytes *
dup_key_id (const Job *job, gnutls_privkey_t key)
{
  g_autoptr (HandoffTokenUri) uri = handoff_token_uri_parse (job->uri, NULL);

  return handoff_token_key_dup_id (key, uri);
}

/* Finds the key in the token, and opens the token if it is not open yet. (transfer none) */
static gnutls_privkey_t
open_key (HandoffToken *self, const Job *job, GError **error)
{
  g_autoptr (GBytes) found_id = NULL;
  gnutls_privkey_t key;
  gboolean wants_pin = FALSE;
  int code;

  if (!handoff_token_modules_load ())
    {
      g_set_error (
          error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
          "The token “%s” is not there: its PKCS#11 module cannot be used, and the service's "
          "journal says why",
          self->label);
      return NULL;
    }
  gnutls_privkey_init (&key);
  gnutls_privkey_set_pin_function (key, give_pin, self);
  code = gnutls_privkey_import_url (key, job->uri, 0);
  if (code >= 0 && !self->was_asked)
    wants_pin = wants_login (job->uri);

  /* Before the PIN is remembered: it may have opened another token. */
  if (code >= 0)
    found_id = dup_key_id (job, key);
  if (found_id != NULL && job->key_id != NULL && !g_bytes_equal (found_id, job->key_id))
    code = GNUTLS_E_CERTIFICATE_KEY_MISMATCH;
  code = settle_pin (self, code);
  if (code < 0)
    {
      gnutls_privkey_deinit (key);
      set_error (self, code, TRUE, error);
      return NULL;
    }
  if (!self->was_asked)
    {
      if (!wants_pin)
        handoff_token_pins_accept (self->pins, self->label, NULL);
      if (!check_open (self, job, wants_pin, error))
        {
          gnutls_privkey_deinit (key);
          return NULL;
        }
    }
  g_hash_table_replace (
      self->keys, make_open_name (job->uri, job->key_id != NULL ? job->key_id : found_id), key);
  return key;
}

static gboolean
do_job (HandoffToken *self, const Job *job, GError **error)
{
  g_autofree char *name = make_open_name (job->uri, job->key_id);
  /* A user who has to prove something gets a session of his own: an older one may be stale. */
  gnutls_privkey_t key = job->is_checked ? NULL : g_hash_table_lookup (self->keys, name);
  const gboolean was_open = key != NULL;
  int code;

  if (!was_open)
    key = open_key (self, job, error);
  if (key == NULL)
    return FALSE;
  code = settle_pin (self, job->use (key, job->user_data));
  if (code >= 0)
    return TRUE;

  if (is_pkcs11_error (code))
    {
      /* Perhaps the token was away: then its sessions are gone, and new sessions may get their
       * numbers. */
      g_hash_table_remove_all (self->keys);
      if (was_open && self->pin_error == NULL)
        {
          key = open_key (self, job, error);
          if (key == NULL)
            return FALSE;
          code = settle_pin (self, job->use (key, job->user_data));
        }
    }
  return code >= 0 || set_error (self, code, FALSE, error);
}

static void
run_job (gpointer data, const GError *thread_error)
{
  Job *job = data;
  HandoffToken *self = job->token;
  g_autoptr (GError) error = NULL;

  if (thread_error != NULL)
    {
      g_set_error (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The token “%s” cannot be used now: %s", self->label, thread_error->message);
    }
  else
    {
      self->job = job;
      self->was_asked = FALSE;
      do_job (self, job, &error);
      self->job = NULL;
      g_clear_error (&self->pin_error);
    }
  job->used (error, job->user_data);
  free_job (job);
}

static void
push_job (HandoffToken *self, Job *job, const char *uri, GBytes *key_id)
{
  job->token = handoff_token_ref (self);
  job->uri = g_strdup (uri);
  job->key_id = key_id != NULL ? g_bytes_ref (key_id) : NULL;
  handoff_token_thread_push (self->thread, run_job, job);
}

void
handoff_token_use_key (HandoffToken *self,
                       const char *uri,
                       GBytes *key_id,
                       HandoffTokenUse use,
                       HandoffTokenUsed used,
                       gpointer user_data)
{
  Job *job = g_new0 (Job, 1);

  job->may_use_known_pin = TRUE;
  job->use = use;
  job->used = used;
  job->user_data = user_data;
  push_job (self, job, uri, key_id);
}

void
handoff_token_use_key_with_pin (HandoffToken *self,
                                const char *uri,
                                GBytes *key_id,
                                GBytes *pin,
                                gboolean may_use_known_pin,
                                HandoffTokenUse use,
                                HandoffTokenUsed used,
                                gpointer user_data)
{
  Job *job = g_new0 (Job, 1);

  job->is_checked = TRUE;
  job->pin = pin != NULL ? g_bytes_ref (pin) : NULL;
  job->may_use_known_pin = may_use_known_pin;
  job->use = use;
  job->used = used;
  job->user_data = user_data;
  push_job (self, job, uri, key_id);
}
