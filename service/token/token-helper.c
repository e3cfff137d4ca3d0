/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/token-helper.h"

#include <dlfcn.h>
#include <gnutls/pkcs11.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "link/token-messages.h"
#include "signatory/signatory.h"
#include "token/remote-desk.h"
#include "token/token-key.h"
#include "token/token-keys.h"
#include "token/token-modules.h"
#include "token/token-thread.h"
#include "work/clock.h"

typedef struct
{
  HandoffLink *broker;          /* (owned) */
  HandoffTokenThread *searcher; /* (owned): looks for tokens */
  HandoffSignatory *signatory;  /* (owned) */

  /* From the first message on. */
  HandoffTokenTable *table; /* (owned) (nullable) */
  HandoffTokenKeys *keys;   /* (owned) (nullable) */
} Helper;

static gboolean
load (const char *path, gpointer *library, GError **error)
{
  *library = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  if (*library == NULL)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot load: %s", dlerror ());
  return *library != NULL;
}

gboolean
handoff_token_helper_load (const HandoffTokenModule *module, GError **error)
{
  gulong (*get_functions) (gpointer *) = NULL;
  gpointer library, functions;
  gsize i;

  /* Before GnuTLS could want a module by itself. */
  handoff_token_modules_init (module->path);
  for (i = 0; module->libraries[i] != NULL; i++)
    {
      if (!load (module->libraries[i], &library, error))
        return FALSE;
    }
  if (!load (module->path, &library, error))
    return FALSE;
  /* Some load more code when they are asked for their functions. */
  *(gpointer *) &get_functions = dlsym (library, "C_GetFunctionList");
  if (get_functions != NULL && get_functions (&functions) == 0)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "%s is no PKCS#11 module",
               module->path);
  return FALSE;
}

static void
configure (Helper *self, GVariant *body)
{
  g_autoptr (GVariant) salt = g_variant_get_child_value (body, 0);
  g_autoptr (HandoffTokenPins) pins = NULL;

  if (g_variant_get_size (salt) != HANDOFF_PIN_SALT_SIZE)
    {
      handoff_link_breach (self->broker, "a salt of another size");
      return;
    }
  pins = handoff_token_pins_new (&handoff_remote_desk, self->broker, g_variant_get_data (salt));
  self->table = handoff_token_table_new (pins);
  self->keys = handoff_token_keys_new (self->table, self->broker);
}

/* A search for a token. Its thread has it, then the main thread. */
typedef struct
{
  HandoffLinkCall *call; /* (owned) */
  char *uri;             /* (owned) */
  gboolean has;
} Search;

static gboolean
answer_search (gpointer data)
{
  Search *search = data;

  handoff_link_call_return (search->call, g_variant_new ("(b)", search->has), NULL, 0);
  g_free (search->uri);
  g_free (search);
  return G_SOURCE_REMOVE;
}

static void
run_search (gpointer data, const GError *thread_error)
{
  Search *search = data;
  unsigned int flags;

  if (thread_error == NULL && handoff_token_modules_load ())
    search->has = gnutls_pkcs11_token_get_flags (search->uri, &flags) >= 0;
  handoff_run_in_main_thread (answer_search, search);
}

static void
begin_search (Helper *self, HandoffLinkMessage *message)
{
  Search *search = g_new0 (Search, 1);

  g_variant_get (message->body, "(s)", &search->uri);
  search->call = g_steal_pointer (&message->call);
  handoff_token_thread_push (self->searcher, run_search, search);
}

/* Who has found a key has a credential made of it, or unlocks one: its token stays open until the
 * broker can say so. */
#define FOUND_TIME (10 * G_TIME_SPAN_SECOND)

static gboolean
let_go (gpointer lease)
{
  handoff_token_lease_unref (lease);
  return G_SOURCE_REMOVE;
}

/* A key that is looked for. The token's thread has it, then the main thread. */
typedef struct
{
  HandoffLinkCall *call;    /* (owned) */
  HandoffTokenLease *lease; /* (owned) */
  HandoffTokenKey *key;     /* (owned) (nullable): what was found */
  GError *error;            /* (owned) (nullable) */
} Find;

/* (transfer floating) (nullable) */
static GVariant *
describe_key (const HandoffTokenKey *key, GError **error)
{
  g_auto (GVariantBuilder) certificates = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aay"));
  gnutls_datum_t der = { NULL, 0 };
  GVariant *public_key;
  guint i;

  if (gnutls_pubkey_export2 (key->public_key, GNUTLS_X509_FMT_DER, &der) < 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The token has a key of a kind that cannot be used");
      return NULL;
    }
  public_key = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, der.data, der.size, 1);
  gnutls_free (der.data);
  for (i = 0; i < key->certificates->len; i++)
    g_variant_builder_add_value (
        &certificates, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING,
                                                 g_ptr_array_index (key->certificates, i), TRUE));
  return g_variant_new ("(@ayaay)", public_key, &certificates);
}

static gboolean
answer_find (gpointer data)
{
  Find *find = data;
  GVariant *found = NULL;

  if (find->error == NULL)
    found = describe_key (find->key, &find->error);
  if (found != NULL)
    handoff_link_call_return (find->call, found, NULL, 0);
  else
    handoff_link_call_fail (find->call, find->error);
  g_clear_pointer (&find->key, handoff_token_key_free);
  g_clear_error (&find->error);
  if (found != NULL)
    handoff_clock_add_timeout (FOUND_TIME, let_go, find->lease);
  else
    handoff_token_lease_unref (find->lease);
  g_free (find);
  return G_SOURCE_REMOVE;
}

static int
read_key (gnutls_privkey_t key, gpointer user_data)
{
  Find *find = user_data;

  g_clear_pointer (&find->key, handoff_token_key_free);
  find->key = g_new0 (HandoffTokenKey, 1);
  return handoff_token_key_read (key, handoff_token_lease_get_uri (find->lease), find->key);
}

static void
key_read (const GError *error, gpointer user_data)
{
  Find *find = user_data;

  if (error != NULL)
    find->error = g_error_copy (error);
  handoff_run_in_main_thread (answer_find, find);
}

/* Empty: NULL. (transfer full) */
static GBytes *
dup_key_id (GVariant *value)
{
  return g_variant_get_size (value) > 0
             ? g_bytes_new (g_variant_get_data (value), g_variant_get_size (value))
             : NULL;
}

static void
begin_find (Helper *self, HandoffLinkMessage *message)
{
  HandoffLinkCall *call = g_steal_pointer (&message->call);
  g_autoptr (GVariant) id = NULL;
  g_autoptr (GVariant) given = NULL;
  g_autoptr (GBytes) key_id = NULL;
  g_autoptr (GBytes) pin = NULL;
  g_autoptr (GError) error = NULL;
  HandoffTokenLease *lease;
  const char *uri;
  gboolean may_use_known_pin;
  Find *find;

  g_variant_get (message->body, "(&s@aym@ayb)", &uri, &id, &given, &may_use_known_pin);
  key_id = dup_key_id (id);
  if (given != NULL)
    pin = handoff_remote_desk_dup_pin (given);
  lease = handoff_token_lease_new (self->table, uri, key_id, &error);
  if (lease == NULL)
    {
      handoff_link_call_fail (call, error);
      return;
    }
  find = g_new0 (Find, 1);
  find->call = call;
  find->lease = lease;
  handoff_token_lease_use_with_pin (lease, pin, may_use_known_pin, read_key, key_read, find);
}

static void
add_key (Helper *self, GVariant *body)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GBytes) key_id = NULL;
  const char *id, *uri;

  g_variant_get (body, "(&s&s@ay)", &id, &uri, &value);
  key_id = dup_key_id (value);
  handoff_token_keys_add (self->keys, id, uri, key_id);
}

static void
sign (HandoffSignatoryRequest *request,
      guint uid,
      const char *key,
      gpointer held,
      const HandoffSignatureScheme *scheme,
      HandoffSignatureForm form,
      GBytes *data,
      gpointer user_data)
{
  Helper *self = user_data;

  handoff_token_keys_sign (self->keys, request, held, scheme, data);
}

/* A handshake that has begun ends with the credential that it has, whatever becomes of that. */
static gpointer
hold_key (const char *id, gpointer user_data)
{
  Helper *self = user_data;

  return self->keys != NULL ? handoff_token_keys_hold (self->keys, id) : NULL;
}

static const HandoffSignatoryHold hold = { hold_key, handoff_token_keys_copy_held,
                                           handoff_token_keys_drop_held };

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  Helper *self = user_data;
  const char *id;

  if (handoff_signatory_receive (self->signatory, message))
    return;
  switch (message->number)
    {
    case HANDOFF_TOKEN_CONFIGURE:
      configure (self, message->body);
      break;
    case HANDOFF_TOKEN_HAS:
      begin_search (self, message);
      break;
    case HANDOFF_TOKEN_FIND:
      begin_find (self, message);
      break;
    case HANDOFF_TOKEN_ADD_KEY:
      add_key (self, message->body);
      break;
    case HANDOFF_TOKEN_REMOVE_KEY:
      g_variant_get (message->body, "(&s)", &id);
      handoff_token_keys_remove (self->keys, id);
      break;
    case HANDOFF_TOKEN_REQUEST_CERTIFICATE:
      handoff_token_keys_request_certificate (self->keys, g_steal_pointer (&message->call),
                                              message->body);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Threads of the module may hang, and its destructors would take away what they work with. */
static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  _exit (EXIT_SUCCESS);
}

void
handoff_token_helper_run (int socket)
{
  static const HandoffLinkFunctions functions = { received, ended };
  static const HandoffSignatoryRows rows = { HANDOFF_TOKEN_HOLDER,      HANDOFF_TOKEN_HOLDER_SOCKET,
                                             HANDOFF_TOKEN_HOLDER_GONE, HANDOFF_TOKEN_GRANT,
                                             HANDOFF_TOKEN_GRANT_OVER,  HANDOFF_TOKEN_VIOLATION };
  static Helper self;
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);

  self.searcher = handoff_token_thread_new ("search");
  self.broker = handoff_link_new (socket, &handoff_token_messages, HANDOFF_LINK_LOWER, NULL,
                                  "tls-handoffd", &functions, &self);
  self.signatory = handoff_signatory_new (self.broker, &rows, sign, &hold, &self);
  g_main_loop_run (loop);
  g_assert_not_reached ();
}
