/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "signatory/signatory.h"

#include "grant/grant-table.h"
#include "keyblob/tls-handoff-error.h"
#include "link/grant-messages.h"
#include "link/signing-messages.h"

#define HOLDER_NAME "tls-handoff-handshaker"
/* Each worker has one, and there are 1024 workers at most; the ends of some that a worker has
 * closed may not have been seen yet. */
#define SOCKETS_PER_HOLDER (1024 + 64)
/* What the requests of a holder that wait for signatures may take, bytes: more than a user's
 * handshakes have, however slow a key is. One that was taken over could have all of its sockets
 * full of requests, with a standing grant for one such key. */
#define MAX_WAITING_SIZE (64 * 1024 * 1024)
/* What one takes beside its data, about. */
#define REQUEST_SIZE 1024

struct _HandoffSignatory
{
  HandoffLink *broker;              /* (unowned) */
  const HandoffSignatoryRows *rows; /* (unowned) */
  HandoffSignatorySign sign;
  const HandoffSignatoryHold *hold; /* (unowned) (nullable) */
  gpointer user_data;
  HandoffGrantTable *grants; /* (owned) */
  GHashTable *holders;       /* (owned) (element-type guint64 Holder) */
};

/* Reference-counted: its sockets and its requests may outlive it. */
typedef struct
{
  guint64 number;
  guint uid;
  GPtrArray *sockets; /* (owned) (nullable) (element-type Socket): NULL once it is gone */
  gsize waiting_size; /* bytes that its requests take, until they are answered */
} Holder;

/* A socket on which a holder asks. A request that is being judged keeps it: the broker may say in
 * the meantime that the holder is gone. */
typedef struct
{
  gatomicrefcount ref_count;
  HandoffSignatory *signatory; /* (unowned) (nullable): NULL once the holder is gone */
  Holder *holder;              /* (owned) */
  HandoffLink *link;           /* (owned) */
} Socket;

struct _HandoffSignatoryRequest
{
  HandoffLinkCall *call; /* (owned) */
  Holder *holder;        /* (owned) (nullable): NULL: it is the broker's */
  gsize size;            /* bytes that it takes */
};

static void
unref_socket (Socket *socket)
{
  if (!g_atomic_ref_count_dec (&socket->ref_count))
    return;
  g_rc_box_release (socket->holder);
  g_free (socket);
}

static void
close_socket (gpointer data)
{
  Socket *socket = data;

  socket->signatory = NULL;
  handoff_link_free (socket->link);
  unref_socket (socket);
}

static void
drop_holder (gpointer data)
{
  Holder *holder = data;

  g_clear_pointer (&holder->sockets, g_ptr_array_unref);
  g_rc_box_release (holder);
}

HandoffSignatory *
handoff_signatory_new (HandoffLink *broker,
                       const HandoffSignatoryRows *rows,
                       HandoffSignatorySign sign,
                       const HandoffSignatoryHold *hold,
                       gpointer user_data)
{
  HandoffSignatory *self = g_new0 (HandoffSignatory, 1);

  self->broker = broker;
  self->rows = rows;
  self->sign = sign;
  self->hold = hold;
  self->user_data = user_data;
  self->grants = hold != NULL ? handoff_grant_table_new (hold->copy, hold->destroy)
                              : handoff_grant_table_new (NULL, NULL);
  self->holders = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, drop_holder);
  return self;
}

void
handoff_signatory_free (HandoffSignatory *self)
{
  g_hash_table_unref (self->holders);
  handoff_grant_table_free (self->grants);
  g_free (self);
}

/* The broker ends who did that. grant: 0: it has to do with none. why: for the log */
static void
report (HandoffSignatory *self, guint64 holder, guint64 grant, const char *why)
{
  handoff_link_send (self->broker, self->rows->violation,
                     g_variant_new (HANDOFF_VIOLATION_TYPE, holder, grant, why), NULL, 0, NULL);
}

/* The request is refused, and the broker ends who made it. why: for the log */
static void
refuse (Socket *socket, HandoffLinkCall *call, guint64 grant, const char *why)
{
  g_autoptr (GError) error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED,
                                          "The signature is refused: %s", why);

  handoff_link_call_fail (call, error);
  report (socket->signatory, socket->holder->number, grant, why);
}

/* What is wrong with a request; NULL: nothing, and it is used. (transfer none) */
static const char *
judge (HandoffSignatory *self,
       Socket *socket,
       guint64 grant,
       guint role,
       guint scheme_number,
       GBytes *data,
       HandoffSignatureForm *form,
       char **key,
       gpointer *held)
{
  HandoffGrantVerdict verdict;
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);

  if (role != HANDOFF_SIGNATURE_CLIENT && role != HANDOFF_SIGNATURE_SERVER)
    return "there is no such role";
  *form = handoff_signature_form_find ((HandoffSignatureRole) role, scheme_number, bytes, size);
  if (*form == HANDOFF_SIGNATURE_FORM_NONE)
    return "it is nothing that TLS signs in that role";
  verdict = handoff_grant_table_use (self->grants, grant, socket->holder->number,
                                     (HandoffSignatureRole) role, key, held);
  return verdict != HANDOFF_GRANT_VALID ? handoff_grant_verdict_explain (verdict) : NULL;
}

static void
fail_gone (HandoffLinkCall *call)
{
  g_autoptr (GError) error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                                                  "The service lets this program go");

  handoff_link_call_fail (call, error);
}

/* (nullable): NULL, and call is answered, if too much waits. call: (transfer full) */
static HandoffSignatoryRequest *
begin (Holder *holder, HandoffLinkCall *call, gsize data_size)
{
  HandoffSignatoryRequest *request;
  const gsize size = REQUEST_SIZE + data_size;

  if (holder->waiting_size + size > MAX_WAITING_SIZE)
    {
      g_autoptr (GError) error = g_error_new_literal (
          TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
          "Too many handshakes of this user wait for a signature at the same time");

      handoff_link_call_fail (call, error);
      return NULL;
    }
  holder->waiting_size += size;
  request = handoff_signatory_request_new (call);
  request->holder = g_rc_box_acquire (holder);
  request->size = size;
  return request;
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  Socket *socket = user_data;
  HandoffLinkCall *call = g_steal_pointer (&message->call);
  HandoffSignatoryRequest *request;
  g_autofree char *key = NULL;
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) error = NULL;
  HandoffSignatureForm form = HANDOFF_SIGNATURE_FORM_NONE;
  guint64 grant;
  guint role, scheme;
  gpointer held = NULL;
  const char *why;

  data = handoff_signing_message_read (message->body, message->n_fds > 0 ? message->fds[0] : -1,
                                       HANDOFF_SIGNATURE_MAX_DATA, &grant, &role, &scheme, &error);
  if (data == NULL)
    {
      handoff_link_call_fail (call, error);
      return;
    }

  /* What the broker has granted, or taken back, may still be on its way here. */
  g_atomic_ref_count_inc (&socket->ref_count);
  handoff_link_read_on (socket->signatory->broker);
  if (socket->signatory != NULL)
    {
      why = judge (socket->signatory, socket, grant, role, scheme, data, &form, &key, &held);
      if (why != NULL)
        refuse (socket, call, grant, why);
      else if ((request = begin (socket->holder, call, g_bytes_get_size (data))) != NULL)
        socket->signatory->sign (request, socket->holder->uid, key, held,
                                 handoff_signature_scheme_find (scheme), form, data,
                                 socket->signatory->user_data);
      if (held != NULL)
        socket->signatory->hold->destroy (held);
    }
  else
    fail_gone (call);
  unref_socket (socket);
}

/* A worker of the holder has ended, or somebody took it over and broke the link's rules. */
static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  Socket *socket = user_data;
  gboolean is_breach;
  const char *fault = handoff_link_get_fault (link, &is_breach);

  if (socket->signatory == NULL)
    return;
  if (fault != NULL && is_breach)
    report (socket->signatory, socket->holder->number, 0, fault);
  g_ptr_array_remove_fast (socket->holder->sockets, socket);
}

static const HandoffLinkFunctions functions = { received, ended };

static void
add_holder (HandoffSignatory *self, GVariant *body)
{
  Holder *holder;
  guint64 number;
  guint uid;

  g_variant_get (body, HANDOFF_HOLDER_TYPE, &number, &uid);
  if (!handoff_grant_table_add_holder (self->grants, number))
    return;
  holder = g_rc_box_new0 (Holder);
  holder->number = number;
  holder->uid = uid;
  holder->sockets = g_ptr_array_new_with_free_func (close_socket);
  g_hash_table_insert (self->holders, &holder->number, holder);
}

static void
add_socket (HandoffSignatory *self, HandoffLinkMessage *message)
{
  HandoffLinkCall *call = g_steal_pointer (&message->call);
  g_autoptr (GError) error = NULL;
  Holder *holder;
  Socket *socket;
  guint64 number;

  g_variant_get (message->body, HANDOFF_HOLDER_SOCKET_TYPE, &number);
  holder = g_hash_table_lookup (self->holders, &number);
  if (holder == NULL)
    {
      fail_gone (call);
      return;
    }
  if (holder->sockets->len >= SOCKETS_PER_HOLDER)
    {
      report (self, number, 0, "it has more sockets than it can have workers");
      g_set_error_literal (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                           "This process has too many sockets to ask for signatures");
      handoff_link_call_fail (call, error);
      return;
    }
  socket = g_new0 (Socket, 1);
  g_atomic_ref_count_init (&socket->ref_count);
  socket->signatory = self;
  socket->holder = g_rc_box_acquire (holder);
  socket->link =
      handoff_link_new (handoff_link_message_steal_fd (message, 0), &handoff_signing_table,
                        HANDOFF_LINK_LOWER, NULL, HOLDER_NAME, &functions, socket);
  handoff_link_set_user (socket->link, holder->uid);
  g_ptr_array_add (holder->sockets, socket);
  handoff_link_call_return (call, g_variant_new ("()"), NULL, 0);
}

static void
remove_holder (HandoffSignatory *self, GVariant *body)
{
  guint64 holder;

  g_variant_get (body, "(t)", &holder);
  handoff_grant_table_remove_holder (self->grants, holder);
  g_hash_table_remove (self->holders, &holder);
}

static void
add_grant (HandoffSignatory *self, GVariant *body)
{
  HandoffGrantTerms terms;
  g_autoptr (GError) error = NULL;
  guint role;

  g_variant_get (body, "(tt&suux)", &terms.number, &terms.holder, &terms.key, &role, &terms.uses,
                 &terms.until);
  terms.role = (HandoffSignatureRole) role;
  terms.data = self->hold != NULL ? self->hold->find (terms.key, self->user_data) : NULL;
  if (handoff_grant_table_add (self->grants, &terms, &error))
    return;
  g_warning ("%s", error->message);
  if (terms.data != NULL)
    self->hold->destroy (terms.data);
}

static void
end_grant (HandoffSignatory *self, GVariant *body)
{
  guint64 number;

  g_variant_get (body, "(t)", &number);
  handoff_grant_table_end (self->grants, number);
}

gboolean
handoff_signatory_receive (HandoffSignatory *self, HandoffLinkMessage *message)
{
  if (message->number == self->rows->holder)
    add_holder (self, message->body);
  else if (message->number == self->rows->holder_socket)
    add_socket (self, message);
  else if (message->number == self->rows->holder_gone)
    remove_holder (self, message->body);
  else if (message->number == self->rows->grant)
    add_grant (self, message->body);
  else if (message->number == self->rows->grant_over)
    end_grant (self, message->body);
  else
    return FALSE;
  return TRUE;
}

HandoffSignatoryRequest *
handoff_signatory_request_new (HandoffLinkCall *call)
{
  HandoffSignatoryRequest *request = g_new0 (HandoffSignatoryRequest, 1);

  request->call = call;
  return request;
}

void
handoff_signatory_answer (HandoffSignatoryRequest *request, GBytes *result, const GError *error)
{
  if (result != NULL)
    handoff_link_call_return (
        request->call,
        g_variant_new ("(@ay)", g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, result, TRUE)),
        NULL, 0);
  else
    handoff_link_call_fail (request->call, error);
  if (request->holder != NULL)
    {
      request->holder->waiting_size -= request->size;
      g_rc_box_release (request->holder);
    }
  g_free (request);
}
