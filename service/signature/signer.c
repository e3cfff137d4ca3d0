/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "signature/signer.h"

#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "link/link.h"
#include "link/signing-messages.h"
#include "work/home.h"
#include "work/worker.h"

struct _HandoffSigner
{
  gatomicrefcount ref_count;
  guint64 number;
  char *name; /* (owned) */
  HandoffSignerOpenFunc open;
  gpointer user_data; /* (unowned) */
};

/* What a worker has of a signer. Modes: no link; a socket is asked for; a link.
 *
 * Threads: the worker's, but for what is under the lock: the main thread brings the socket, and the
 * worker may have ended. Under the lock the worker is invoked. */
typedef struct
{
  gatomicrefcount ref_count;
  HandoffSigner *signer; /* (owned) */
  HandoffLink *link;     /* (owned) (nullable) */
  gboolean is_opening;
  GQueue waiting; /* (element-type Request): until there is a link */

  GMutex mutex;
  HandoffWorker *worker; /* (unowned) (nullable), under mutex: NULL once it has ended */
} Line;

typedef struct
{
  guint64 grant;
  guint role;
  guint scheme;
  GBytes *data; /* (owned) */
  HandoffSigned signed_func;
  gpointer user_data;
} Request;

HandoffSigner *
handoff_signer_new (guint64 number,
                    const char *name,
                    HandoffSignerOpenFunc open,
                    gpointer user_data)
{
  HandoffSigner *self = g_new0 (HandoffSigner, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->number = number;
  self->name = g_strdup (name);
  self->open = open;
  self->user_data = user_data;
  return self;
}

HandoffSigner *
handoff_signer_ref (HandoffSigner *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_signer_unref (HandoffSigner *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->name);
  g_free (self);
}

static Line *
line_ref (Line *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
line_unref (gpointer data)
{
  Line *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->link == NULL && g_queue_is_empty (&self->waiting));
  g_mutex_clear (&self->mutex);
  handoff_signer_unref (self->signer);
  g_free (self);
}

static void
request_free (Request *request)
{
  g_bytes_unref (request->data);
  g_free (request);
}

static void
request_fail (Request *request, const GError *error)
{
  request->signed_func (NULL, error, request->user_data);
  request_free (request);
}

/* Those who ask may ask again at once: they wait for another link. */
static void
fail_waiting (Line *self, const GError *error)
{
  GQueue waiting = self->waiting;
  Request *request;

  g_queue_init (&self->waiting);
  while ((request = g_queue_pop_head (&waiting)) != NULL)
    request_fail (request, error);
}

/* The worker ends, or nothing comes on this line any more. */
static void
line_close (gpointer data)
{
  Line *self = data;
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&self->mutex);
  self->worker = NULL;
  g_mutex_unlock (&self->mutex);
  g_set_error_literal (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED, "The service ends");
  if (self->link != NULL)
    handoff_link_close (self->link, error);
  g_clear_pointer (&self->link, handoff_link_free);
  fail_waiting (self, error);
  line_unref (self);
}

static Line *
line_new (HandoffSigner *signer, HandoffWorker *worker)
{
  Line *self = g_new0 (Line, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->signer = handoff_signer_ref (signer);
  g_queue_init (&self->waiting);
  g_mutex_init (&self->mutex);
  self->worker = worker;
  return self;
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Request *request = user_data;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GBytes) signature = NULL;

  if (reply != NULL)
    {
      value = g_variant_get_child_value (reply->body, 0);
      signature = g_variant_get_data_as_bytes (value);
    }
  request->signed_func (signature, error, request->user_data);
  request_free (request);
}

/* request: (transfer full) */
static void
send (Line *self, Request *request)
{
  g_autoptr (GError) error = NULL;
  int fd;
  GVariant *body = handoff_signing_message_new (request->grant, request->role, request->scheme,
                                                request->data, &fd, &error);

  if (body == NULL)
    request_fail (request, error);
  else
    handoff_link_request (self->link, HANDOFF_SIGNING_SIGN, body, &fd, fd >= 0 ? 1 : 0, answered,
                          request);
}

/* It sends nothing but answers. */
static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  Line *self = user_data;

  /* The next signature asks for another one. */
  g_clear_pointer (&self->link, handoff_link_free);
}

static const HandoffLinkFunctions functions = { received, ended };

/* A socket on its way to the worker. */
typedef struct
{
  Line *line;    /* (owned) */
  int socket;    /* (owned): -1: none */
  GError *error; /* (owned) (nullable) */
} Delivery;

static void
delivery_free (gpointer data)
{
  Delivery *delivery = data;

  if (delivery->socket >= 0)
    close (delivery->socket);
  line_unref (delivery->line);
  g_clear_error (&delivery->error);
  g_free (delivery);
}

static gboolean
take_socket (gpointer data)
{
  Delivery *delivery = data;
  Line *self = delivery->line;
  GQueue waiting = self->waiting;
  Request *request;

  self->is_opening = FALSE;
  if (delivery->socket < 0)
    {
      fail_waiting (self, delivery->error);
      return G_SOURCE_REMOVE;
    }
  self->link =
      handoff_link_new (g_steal_fd (&delivery->socket), &handoff_signing_table, HANDOFF_LINK_UPPER,
                        self->worker, self->signer->name, &functions, self);
  g_queue_init (&self->waiting);
  while ((request = g_queue_pop_head (&waiting)) != NULL)
    send (self, request);
  return G_SOURCE_REMOVE;
}

/* On the main thread. */
static void
opened (int socket, const GError *error, gpointer opened_data)
{
  Line *self = opened_data;
  Delivery *delivery = g_new0 (Delivery, 1);
  gboolean is_sent = FALSE;

  delivery->line = self;
  delivery->socket = socket;
  delivery->error = error != NULL ? g_error_copy (error) : NULL;
  g_mutex_lock (&self->mutex);
  if (self->worker != NULL)
    {
      handoff_worker_invoke (self->worker, take_socket, delivery, delivery_free);
      is_sent = TRUE;
    }
  g_mutex_unlock (&self->mutex);
  if (!is_sent)
    delivery_free (delivery);
}

static gboolean
open_on_main (gpointer data)
{
  Line *self = data;

  self->signer->open (self->signer->number, opened, self, self->signer->user_data);
  return G_SOURCE_REMOVE;
}

static Line *
get_line (HandoffSigner *self)
{
  HandoffWorker *worker = handoff_worker_get_here ();
  Line *line = handoff_worker_get_data (worker, self);

  if (line == NULL)
    {
      line = line_new (self, worker);
      handoff_worker_set_data (worker, self, line, line_close);
    }
  return line;
}

void
handoff_signer_sign (HandoffSigner *self,
                     guint64 grant,
                     guint role,
                     guint scheme,
                     GBytes *data,
                     HandoffSigned signed_func,
                     gpointer user_data)
{
  Line *line = get_line (self);
  Request *request = g_new (Request, 1);

  *request = (Request){ grant, role, scheme, g_bytes_ref (data), signed_func, user_data };
  if (line->link != NULL && !handoff_link_has_ended (line->link))
    {
      send (line, request);
      return;
    }
  g_queue_push_tail (&line->waiting, request);
  if (line->is_opening)
    return;
  line->is_opening = TRUE;
  handoff_home_invoke (NULL, open_on_main, line_ref (line), NULL);
}
