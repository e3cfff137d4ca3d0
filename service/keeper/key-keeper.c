/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeper/key-keeper.h"

#include "keeper/folder-changes.h"
#include "keeper/key-making.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "link/keeper-messages.h"
#include "signatory/signatory.h"

#define MIN_THREADS 2
/* Handshakes on more processors than these could ask for more quick signatures than one thread
 * makes. */
#define MAX_PROCESSORS_AT_ONCE 8

struct _HandoffKeyKeeper
{
  HandoffLink *link;             /* (owned) */
  HandoffKeyRing *ring;          /* (owned) */
  HandoffFolderChanges *changes; /* (owned) */
  HandoffKeyMaking *making;      /* (owned) */
  HandoffSignatory *signatory;   /* (owned) */
  GQueue early;                  /* (element-type Early): wait for keys that are being read */
  HandoffUserTurns *signing;     /* (owned): signatures of handshakes: short */
  HandoffUserTurns *working;     /* (owned): what takes longer, one thread for a user */
  gboolean signs_at_once;        /* where it is quick, without a thread */
  void (*ended) (gpointer user_data);
  gpointer user_data;
};

static const HandoffSignatoryRows rows = {
  .holder = HANDOFF_KEEPER_HOLDER,
  .holder_socket = HANDOFF_KEEPER_HOLDER_SOCKET,
  .holder_gone = HANDOFF_KEEPER_HOLDER_GONE,
  .grant = HANDOFF_KEEPER_GRANT,
  .grant_over = HANDOFF_KEEPER_GRANT_OVER,
  .violation = HANDOFF_KEEPER_VIOLATION,
};

/* Something to do with one key. */
typedef struct
{
  HandoffSignatoryRequest *request; /* (owned) */
  HandoffKeptKey *key;              /* (owned) */
  const HandoffSignatureScheme *scheme;
  HandoffSignatureForm form;
  GBytes *data;   /* (owned) (nullable) */
  GVariant *body; /* (owned) (nullable): of a request for a certificate */
  GBytes *result; /* (owned) (nullable) */
  GError *error;  /* (owned) (nullable) */
} Use;

static void
use_free (Use *use)
{
  handoff_kept_key_unref (use->key);
  g_clear_pointer (&use->data, g_bytes_unref);
  g_clear_pointer (&use->body, g_variant_unref);
  g_clear_pointer (&use->result, g_bytes_unref);
  g_clear_error (&use->error);
  g_free (use);
}

/* request: (transfer full). key: (nullable): NULL: there is none. (nullable): NULL, and the request
 * is answered, then */
static Use *
use_new (HandoffSignatoryRequest *request, HandoffKeptKey *key)
{
  Use *use;

  if (key == NULL)
    {
      g_autoptr (GError) error =
          g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                               "The credential's key is not there any more");

      handoff_signatory_answer (request, NULL, error);
      return NULL;
    }
  use = g_new0 (Use, 1);
  use->request = request;
  use->key = handoff_kept_key_ref (key);
  return use;
}

static void
make_signature (gpointer data)
{
  Use *use = data;

  use->result = handoff_kept_key_sign (use->key, use->scheme, use->form, use->data, &use->error);
}

static void
answer (gpointer data)
{
  Use *use = data;

  handoff_signatory_answer (use->request, use->result, use->error);
  use_free (use);
}

/* A request for a key that is not there yet: handshakes go on while the keeper is started again. */
typedef struct
{
  HandoffSignatoryRequest *request; /* (owned) */
  guint uid;
  char *id; /* (owned) */
  const HandoffSignatureScheme *scheme;
  HandoffSignatureForm form;
  GBytes *data; /* (owned) */
} Early;

static void
sign (HandoffSignatoryRequest *request,
      guint uid,
      const char *id,
      gpointer held,
      const HandoffSignatureScheme *scheme,
      HandoffSignatureForm form,
      GBytes *data,
      gpointer user_data)
{
  HandoffKeyKeeper *self = user_data;
  HandoffKeptKey *key = held != NULL ? held : handoff_key_ring_lookup (self->ring, id);
  Use *use;

  if (key == NULL && handoff_folder_changes_are_loading (self->changes))
    {
      Early *early = g_new (Early, 1);

      *early = (Early){ request, uid, g_strdup (id), scheme, form, g_bytes_ref (data) };
      g_queue_push_tail (&self->early, early);
      return;
    }
  use = use_new (request, key);
  if (use == NULL)
    return;
  use->scheme = scheme;
  use->form = form;
  use->data = g_bytes_ref (data);
  if (!self->signs_at_once || !handoff_kept_key_is_quick (key))
    {
      handoff_user_turns_add (self->signing, uid, make_signature, answer, use);
      return;
    }
  /* Nobody waits long: in a turn of the main loop, a link gives us a few messages at most. */
  make_signature (use);
  handoff_wipe_near_stack ();
  answer (use);
}

static void
early_free (gpointer data)
{
  Early *early = data;

  g_free (early->id);
  g_bytes_unref (early->data);
  g_free (early);
}

static void
loaded (gpointer user_data)
{
  HandoffKeyKeeper *self = user_data;
  Early *early;

  while ((early = g_queue_pop_head (&self->early)) != NULL)
    {
      sign (early->request, early->uid, early->id, NULL, early->scheme, early->form, early->data,
            self);
      early_free (early);
    }
}

static void
give_up_early (HandoffKeyKeeper *self)
{
  g_autoptr (GError) error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                                                  "The keeper of the keys is ending");
  Early *early;

  while ((early = g_queue_pop_head (&self->early)) != NULL)
    {
      handoff_signatory_answer (early->request, NULL, error);
      early_free (early);
    }
}

/* A handshake that has begun ends with the credential that it has, whatever becomes of that. */
static gpointer
find_key (const char *id, gpointer user_data)
{
  HandoffKeyKeeper *self = user_data;
  HandoffKeptKey *key = handoff_key_ring_lookup (self->ring, id);

  return key != NULL ? handoff_kept_key_ref (key) : NULL;
}

static gpointer
copy_key (gpointer key)
{
  return handoff_kept_key_ref (key);
}

static void
drop_key (gpointer key)
{
  handoff_kept_key_unref (key);
}

static const HandoffSignatoryHold hold = { find_key, copy_key, drop_key };

static void
make_request (gpointer data)
{
  Use *use = data;

  use->result = handoff_kept_key_request_certificate (use->key, use->body, &use->error);
}

static void
receive_certificate_request (HandoffKeyKeeper *self, HandoffLinkMessage *message)
{
  HandoffSignatoryRequest *request =
      handoff_signatory_request_new (g_steal_pointer (&message->call));
  const char *id;
  guint32 uid;
  Use *use;

  g_variant_get_child (message->body, 0, "&s", &id);
  g_variant_get_child (message->body, 1, "u", &uid);
  use = use_new (request, handoff_key_ring_lookup (self->ring, id));
  if (use == NULL)
    return;
  use->body = g_variant_ref (message->body);
  handoff_user_turns_add (self->working, uid, make_request, answer, use);
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  HandoffKeyKeeper *self = user_data;

  if (message->number == HANDOFF_KEEPER_REQUEST_CERTIFICATE)
    receive_certificate_request (self, message);
  else if (message->number == HANDOFF_KEEPER_PING)
    handoff_link_call_return (g_steal_pointer (&message->call), g_variant_new ("()"), NULL, 0);
  else if (!handoff_signatory_receive (self->signatory, message) &&
           !handoff_key_making_receive (self->making, message))
    handoff_folder_changes_receive (self->changes, message);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  HandoffKeyKeeper *self = user_data;

  if (self->ended != NULL)
    self->ended (self->user_data);
}

static const HandoffLinkFunctions functions = { received, ended };

HandoffKeyKeeper *
handoff_key_keeper_new (int socket,
                        int parent,
                        const char *path,
                        void (*when_ended) (gpointer user_data),
                        gpointer user_data)
{
  HandoffKeyKeeper *self = g_new0 (HandoffKeyKeeper, 1);
  const guint n_threads = MAX (g_get_num_processors (), MIN_THREADS);

  self->ended = when_ended;
  self->user_data = user_data;
  self->ring = handoff_key_ring_new ();
  self->signing = handoff_user_turns_new ("signing", n_threads, n_threads);
  self->working = handoff_user_turns_new ("making keys", n_threads, 1);
  self->signs_at_once = g_get_num_processors () <= MAX_PROCESSORS_AT_ONCE;
  self->link = handoff_link_new (socket, &handoff_keeper_messages, HANDOFF_LINK_LOWER, NULL,
                                 "tls-handoffd", &functions, self);
  self->changes = handoff_folder_changes_new (self->link, self->ring, parent, path);
  handoff_folder_changes_set_loaded (self->changes, loaded, self);
  self->making = handoff_key_making_new (self->ring, self->working);
  self->signatory = handoff_signatory_new (self->link, &rows, sign, &hold, self);
  return self;
}

void
handoff_key_keeper_free (HandoffKeyKeeper *self)
{
  give_up_early (self);
  handoff_user_turns_free (self->signing);
  handoff_user_turns_free (self->working);
  handoff_signatory_free (self->signatory);
  handoff_key_making_free (self->making);
  handoff_folder_changes_free (self->changes);
  handoff_link_free (self->link);
  handoff_key_ring_free (self->ring);
  g_free (self);
}
