/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "session/resumption.h"

#include <string.h>

#include "keyblob/secret-memory.h"
#include "resumption/server-tickets.h"
#include "work/clock.h"

/* The last client's key: another handshake of which all this is the same has the same one. */
typedef struct
{
  HandoffSessionCacheKey *key; /* (owned) (nullable): NULL: none is known */
  guint64 options;             /* serials; 0: no credential */
  guint64 policy;
  guint64 credential;
  guint64 choice[4];
  char *identity; /* (owned) (nullable) */
  char *bus_name; /* (owned) (nullable) */
  guint uid;
} Known;

struct _HandoffResumption
{
  HandoffWorker *home;           /* (unowned) (nullable) */
  HandoffResumptionStore *store; /* (unowned) */
  HandoffSessionFunc closed;
  gpointer user_data; /* (unowned) */
  Known known;

  GQueue windows;          /* (element-type HandoffSession): the next to close first */
  HandoffHomeTimer *timer; /* (owned) (nullable): for the first of them */
};

HandoffResumption *
handoff_resumption_new (HandoffWorker *home,
                        HandoffResumptionStore *store,
                        HandoffSessionFunc closed,
                        gpointer user_data)
{
  HandoffResumption *self = g_new0 (HandoffResumption, 1);

  self->home = home;
  self->store = store;
  self->closed = closed;
  self->user_data = user_data;
  g_queue_init (&self->windows);
  return self;
}

static void
known_clear (Known *self)
{
  g_clear_pointer (&self->key, handoff_session_cache_key_unref);
  g_free (self->identity);
  g_free (self->bus_name);
}

void
handoff_resumption_free (HandoffResumption *self)
{
  handoff_resumption_rest (self);
  known_clear (&self->known);
  g_free (self);
}

void
handoff_resumption_rest (HandoffResumption *self)
{
  g_assert (g_queue_is_empty (&self->windows));
  g_clear_pointer (&self->timer, handoff_home_timer_free);
}

/* The session may be freed by this. */
static void
close_window (HandoffResumption *self, HandoffSession *session)
{
  handoff_resumption_forget (self, session);
  self->closed (session, self->user_data);
}

void
handoff_resumption_close_outdated (HandoffResumption *self)
{
  HandoffSession *session;

  /* This home may hear late of another configuration: the last windows may be of that one. */
  while ((session = g_queue_peek_head (&self->windows)) != NULL &&
         !handoff_resumption_store_is_in_force (self->store, session->policy_serial))
    close_window (self, session);
}

/* All that decided whether the peer was trusted, who we are, and how well the connection is
 * protected: if any of this differs, the session must not be resumed. */
static GVariant *
new_conditions (const HandoffHandshakeRequest *request)
{
  const HandoffHandshakeOptions *options = request->options;

  return g_variant_new (
      "(smsmst@atbt@ayuu@aq)", request->identity != NULL ? request->identity->text : "",
      options->server_name, options->credential,
      request->credential != NULL ? request->credential->serial : 0,
      g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, request->choice,
                                 G_N_ELEMENTS (request->choice), sizeof (guint64)),
      options->ask_for_credential, handoff_tls_policy_get_serial (request->policy),
      g_variant_new_fixed_array (
          G_VARIANT_TYPE_BYTE, options->trust_anchors_digest,
          options->trust_anchors != NULL ? sizeof options->trust_anchors_digest : 0, 1),
      options->minimum_protocol, options->maximum_protocol,
      options->cipher_suites != NULL
          ? g_variant_new_fixed_array (G_VARIANT_TYPE_UINT16, options->cipher_suites->data,
                                       options->cipher_suites->len, sizeof (guint16))
          : g_variant_new_array (G_VARIANT_TYPE_UINT16, NULL, 0));
}

/* (transfer floating): of a one-call credential, else empty */
static GVariant *
new_pem_digest (const HandoffHandshakeRequest *request)
{
  GBytes *digest = request->credential != NULL ? request->credential->pem_digest : NULL;

  return digest != NULL ? g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, digest, TRUE)
                        : g_variant_new_array (G_VARIANT_TYPE_BYTE, NULL, 0);
}

/* For a server, what it asked clients for counts too, and whose server it is. Two one-call
 * credentials are the same if their keys and certificates are. */
static void
prepare_server (HandoffResumption *self,
                HandoffSession *session,
                const char *bus_name,
                HandoffHandshakeRequest *request)
{
  const HandoffHandshakeOptions *options = request->options;
  GVariant *conditions = g_variant_new (
      "(ums@(smsmstatbtayuuaq)u@as)", handoff_caller_get_uid (session->caller), bus_name,
      new_conditions (request), (guint) options->client_certificate,
      g_variant_new_strv ((const char *const *) options->application_protocols->pdata,
                          (gssize) options->application_protocols->len));

  request->ticket_secret = handoff_resumption_store_derive_secret (
      self->store, handoff_tls_policy_get_serial (request->policy),
      g_variant_new ("(v@ay)", conditions, new_pem_digest (request)));
  request->ticket_lifetime =
      handoff_tls_policy_get_configuration (request->policy)->resumption_maximum_age;
}

/* bus_name: (nullable): see handoff_session_cache_key_new(). (transfer full) */
static HandoffSessionCacheKey *
dup_key (HandoffResumption *self,
         guint uid,
         const char *bus_name,
         const HandoffHandshakeRequest *request)
{
  Known *known = &self->known;
  const char *identity = request->identity != NULL ? request->identity->text : NULL;
  const guint64 credential = request->credential != NULL ? request->credential->serial : 0;
  const guint64 policy = handoff_tls_policy_get_serial (request->policy);

  if (known->key == NULL || known->options != request->options->serial || known->policy != policy ||
      known->credential != credential || known->uid != uid ||
      memcmp (known->choice, request->choice, sizeof known->choice) != 0 ||
      g_strcmp0 (known->identity, identity) != 0 || g_strcmp0 (known->bus_name, bus_name) != 0)
    {
      known_clear (known);
      *known = (Known){
        .key = handoff_session_cache_key_new (uid, bus_name, new_conditions (request)),
        .options = request->options->serial,
        .policy = policy,
        .credential = credential,
        .identity = g_strdup (identity),
        .bus_name = g_strdup (bus_name),
        .uid = uid,
      };
      memcpy (known->choice, request->choice, sizeof known->choice);
    }
  return handoff_session_cache_key_ref (known->key);
}

void
handoff_resumption_prepare (HandoffResumption *self,
                            HandoffSession *session,
                            HandoffHandshakeRequest *request)
{
  const HandoffConfiguration *configuration =
      handoff_tls_policy_get_configuration (request->policy);
  const char *bus_name = NULL;

  /* Nothing that a client did with a caller's one-call key stays here. A server must give the same
   * key again before its tickets are of use. */
  if (request->role == HANDOFF_ROLE_CLIENT && request->options->credential_pem >= 0)
    return;
  if (request->options->credential_pem >= 0 && request->credential->pem_digest == NULL)
    return;
  /* Nobody knows whose session it would be. */
  if (request->identity != NULL && handoff_server_identity_is_nobody (request->identity))
    return;
  if (!request->options->resumption || configuration->resumption_scope == HANDOFF_RESUMPTION_NONE ||
      !handoff_resumption_store_is_in_force (self->store,
                                             handoff_tls_policy_get_serial (request->policy)))
    return;
  /* A caller who has left cannot come back. */
  if (configuration->resumption_scope == HANDOFF_RESUMPTION_CALLER && session->outlives_caller)
    return;

  request->keeps_sessions = TRUE;
  request->keeps_sessions_of_min = configuration->resumption_minimum_protocol;
  if (configuration->resumption_scope == HANDOFF_RESUMPTION_CALLER)
    bus_name = handoff_caller_get_bus_name (session->caller);
  if (request->role == HANDOFF_ROLE_SERVER)
    {
      prepare_server (self, session, bus_name, request);
      return;
    }
  session->cache_key = dup_key (self, handoff_caller_get_uid (session->caller), bus_name, request);
  session->policy_serial = handoff_tls_policy_get_serial (request->policy);
  session->window_seconds = configuration->ticket_window;
  request->session_data = handoff_resumption_store_take (self->store, session->policy_serial,
                                                         session->cache_key, &session->verified_at);
  session->offered = request->session_data != NULL;
  if (request->session_data != NULL)
    request->session_data_size = handoff_secret_get_size (request->session_data);
}

static void schedule (HandoffResumption *self);

static gboolean
time_is_up (gpointer user_data)
{
  HandoffResumption *self = user_data;
  gint64 now = handoff_clock_get_boot_time ();
  HandoffSession *session;

  g_clear_pointer (&self->timer, handoff_home_timer_free);
  while ((session = g_queue_peek_head (&self->windows)) != NULL && session->window_deadline <= now)
    close_window (self, session);
  schedule (self);
  return G_SOURCE_REMOVE;
}

/* One timer for all: there may be thousands of windows, and they close in the order in which they
 * opened. After a suspend the timer is late: take_tickets() checks whether the window is open. */
static void
schedule (HandoffResumption *self)
{
  HandoffSession *first = g_queue_peek_head (&self->windows);
  gint64 wait;

  if (first == NULL || self->timer != NULL)
    return;
  wait = MAX (first->window_deadline - handoff_clock_get_boot_time (), 0);
  self->timer = handoff_home_timer_new (self->home, wait, time_is_up, self);
}

/* When what is kept of the session was last verified: a session that is resumed again and again
 * grows no younger. */
static gint64
get_verification_time (const HandoffSession *session)
{
  return session->outcome->resumed ? session->verified_at : HANDOFF_SESSION_VERIFIED_NOW;
}

/* If the caller leaves now, the main thread may have asked the store to forget what is his before
 * this was put. */
static void
forget_if_left (HandoffResumption *self, HandoffSession *session)
{
  if (g_cancellable_is_cancelled (handoff_caller_get_cancellable (session->caller)))
    handoff_resumption_store_remove_all_of (self->store,
                                            handoff_caller_get_bus_name (session->caller));
}

void
handoff_resumption_keep (HandoffResumption *self,
                         HandoffSession *session,
                         HandoffHandshakeProgress *progress)
{
  /* The caller left meanwhile, or the configuration has changed. */
  if (session->removed ||
      !handoff_resumption_store_is_in_force (self->store, session->policy_serial))
    return;

  if (progress->session_data != NULL)
    {
      handoff_resumption_store_put (self->store, session->policy_serial, session->cache_key, FALSE,
                                    g_steal_pointer (&progress->session_data),
                                    progress->session_lifetime, get_verification_time (session));
      forget_if_left (self, session);
    }
  if (progress->window != NULL)
    {
      session->window = g_steal_pointer (&progress->window);
      session->session_lifetime = progress->session_lifetime;
      session->window_deadline =
          handoff_clock_get_boot_time () + session->window_seconds * G_TIME_SPAN_SECOND;
      session->window_link.data = session;
      g_queue_push_tail_link (&self->windows, &session->window_link);
      schedule (self);
    }
}

/* While tickets are put into the cache. */
typedef struct
{
  HandoffResumption *resumption; /* (unowned) */
  HandoffSession *session;       /* (unowned) */
  guint n_tickets;
} Taking;

static void
put_ticket (gpointer data, guint lifetime, gpointer user_data)
{
  Taking *taking = user_data;

  handoff_resumption_store_put (taking->resumption->store, taking->session->policy_serial,
                                taking->session->cache_key, TRUE, data,
                                MIN (lifetime, taking->session->session_lifetime),
                                get_verification_time (taking->session));
  taking->n_tickets++;
}

gboolean
handoff_resumption_take_tickets (HandoffResumption *self,
                                 HandoffSession *session,
                                 const guint8 *messages,
                                 gsize size,
                                 GError **error)
{
  Taking taking = { self, session, 0 };

  if (session->window == NULL)
    return TRUE;
  if (session->window_deadline <= handoff_clock_get_boot_time ())
    {
      close_window (self, session);
      return TRUE;
    }
  if (!handoff_ticket_window_take_message (session->window, messages, size, put_ticket, &taking,
                                           error))
    return FALSE;
  if (taking.n_tickets > 0)
    {
      forget_if_left (self, session);
      close_window (self, session);
    }
  return TRUE;
}

void
handoff_resumption_failed (HandoffResumption *self, HandoffSession *session)
{
  if (session->offered)
    handoff_resumption_store_remove (self->store, session->cache_key);
}

void
handoff_resumption_forget (HandoffResumption *self, HandoffSession *session)
{
  if (session->window == NULL)
    return;
  g_queue_unlink (&self->windows, &session->window_link);
  g_clear_pointer (&session->window, handoff_ticket_window_free);
}
