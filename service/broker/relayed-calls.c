/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/relayed-calls.h"

#include <fcntl.h>
#include <unistd.h>

#include "broker/bus-value.h"
#include "broker/known-callers.h"
#include "broker/places.h"
#include "broker/watch.h"
#include "keyblob/tls-handoff-error.h"
#include "link/large-value.h"
#include "work/descriptor-reaper.h"

/* Descriptors that a call has at the most (guard/bus-limits.h), and large arguments. */
#define MAX_FDS 5

/* A call that is under way there. */
typedef struct
{
  HandoffHandshaker *handshaker; /* (owned) */
  HandoffCall *call;             /* (owned) */
  guint64 number;                /* its key in the table */
  char *reply_type;              /* (owned) */
} RelayedCall;

GHashTable *
handoff_relayed_calls_new (void)
{
  return g_hash_table_new (g_int64_hash, g_int64_equal);
}

/* Its call was taken from it. */
static void
relayed_call_free (RelayedCall *self)
{
  g_hash_table_remove (self->handshaker->calls, &self->number);
  handoff_idle_timer_release (self->handshaker->support->idle_timer);
  handoff_handshaker_unref (self->handshaker);
  g_free (self->reply_type);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayedCall, relayed_call_free)

/* The only descriptors in replies are key blobs; to close one cannot take long. */
static gboolean
is_sealed_file (int fd)
{
  const int seals = fcntl (fd, F_GET_SEALS);

  return seals >= 0 && (seals & F_SEAL_WRITE) != 0;
}

/* fds: (out) (nullable): the reply's descriptors. (transfer full) (nullable): NULL if what came is
 * no reply to that method */
static GVariant *
unpack (RelayedCall *self, HandoffLinkMessage *message, GUnixFDList **fds)
{
  g_autoptr (GVariant) sent = NULL;
  g_autoptr (GVariant) value = NULL;
  gboolean is_large;
  guint i, n_fds = message->n_fds;

  g_variant_get (message->body, "(vb)", &sent, &is_large);
  if (is_large && n_fds == 0)
    return NULL;
  n_fds -= is_large ? 1 : 0;
  value = handoff_large_value_unpack (sent, is_large ? message->fds[n_fds] : -1, NULL);
  if (value == NULL || !g_variant_is_of_type (value, G_VARIANT_TYPE (self->reply_type)) ||
      !handoff_bus_value_check (value))
    return NULL;
  for (i = 0; i < n_fds; i++)
    {
      if (!is_sealed_file (message->fds[i]))
        return NULL;
    }
  *fds = n_fds > 0 ? g_unix_fd_list_new () : NULL;
  for (i = 0; i < n_fds; i++)
    {
      int fd = handoff_link_message_steal_fd (message, i);

      g_unix_fd_list_append (*fds, fd, NULL);
      close (fd);
    }
  return g_steal_pointer (&value);
}

/* error: of the handshaker's, or that it has ended. */
static void
fail (HandoffCall *call, const GError *error)
{
  GVariant *details = tls_handoff_error_get_details (error);

  if (details != NULL && handoff_bus_value_check (details))
    handoff_call_allow_error_details (call);
  handoff_call_pass_error (call, error);
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autoptr (RelayedCall) self = user_data;
  HandoffCall *call = g_steal_pointer (&self->call);
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) local_error = NULL;

  /* Whatever came of it, a session may be in another state now. */
  handoff_handshaker_sessions_changed (self->handshaker);
  if (handoff_call_is_cancelled (call))
    {
      handoff_call_free (call);
      return;
    }
  if (error != NULL)
    {
      fail (call, error);
      return;
    }
  value = unpack (self, reply, &fds);
  if (value != NULL)
    {
      handoff_call_return (call, value, fds);
      return;
    }
  handoff_handshaker_breach (self->handshaker, "a reply that is none to its method");
  local_error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                                     "The service's program tls-handoff-handshaker gave an answer "
                                     "that makes no sense, and was ended: call again");
  handoff_call_fail (call, local_error);
}

static void
close_all (int *fds, guint n_fds, guint uid)
{
  guint i;

  for (i = 0; i < n_fds; i++)
    handoff_descriptor_reap (fds[i], uid);
}

void
handoff_handshaker_call (HandoffHandshaker *self, HandoffCall *call, const char *reply_type)
{
  const HandoffAccessRow *row = handoff_call_get_row (call);
  const guint64 caller = handoff_handshaker_announce (self, handoff_call_get_caller (call));
  RelayedCall *relayed;
  g_autoptr (GVariant) arguments = NULL;
  g_autoptr (GError) error = NULL;
  int fds[MAX_FDS], large_fd;
  guint n_fds = 0;

  while (n_fds < MAX_FDS - 1 && handoff_call_count_fds (call) > 0)
    {
      fds[n_fds] = handoff_call_take_fd (call, (gint32) n_fds, "", NULL);
      g_assert (fds[n_fds] >= 0);
      n_fds++;
    }
  handoff_call_reap_fds (call);
  arguments = handoff_large_value_pack (handoff_call_get_parameters (call), &large_fd, &error);
  if (arguments == NULL)
    {
      close_all (fds, n_fds, self->uid);
      handoff_call_fail (call, error);
      return;
    }
  if (large_fd >= 0)
    fds[n_fds++] = large_fd;

  relayed = g_new0 (RelayedCall, 1);
  relayed->handshaker = handoff_handshaker_ref (self);
  relayed->call = call;
  relayed->number = handoff_handshaker_next_number ();
  relayed->reply_type = g_strdup (reply_type);
  handoff_idle_timer_hold (self->support->idle_timer);
  g_hash_table_insert (self->calls, &relayed->number, relayed);
  handoff_handshaker_request (
      self, HANDOFF_HANDSHAKER_CALL,
      g_variant_new ("(ttssssvbuu)", relayed->number, caller, handoff_call_get_object_path (call),
                     row->object, row->interface_name, row->method_name, arguments, large_fd >= 0,
                     handoff_call_get_serial (call),
                     handoff_call_is_interactive (call) ? HANDOFF_HANDSHAKER_CALL_INTERACTIVE : 0),
      fds, n_fds, answered, relayed);
}

void
handoff_handshaker_take_call_waits (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  RelayedCall *relayed;
  HandoffPlace *place;
  guint64 number;

  g_variant_get (message->body, "(t)", &number);
  relayed = g_hash_table_lookup (self->calls, &number);
  if (relayed == NULL)
    return;
  place = handoff_places_book_take_waiting (
      self->support->places, self->uid,
      g_variant_get_size (handoff_call_get_parameters (relayed->call)));
  /* Without one it goes on to count among the calls. */
  if (place != NULL)
    handoff_call_set_place (relayed->call, place);
}
