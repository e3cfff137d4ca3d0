/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/link-call.h"

#include "keyblob/error-reply.h"
#include "keyblob/tls-handoff-error.h"
#include "link/link-output.h"

struct _HandoffLinkCall
{
  HandoffLink *link; /* (owned) */
  guint number;
  guint32 serial;
};

static void
call_free (HandoffLinkCall *call)
{
  handoff_link_object_unref (call->link);
  g_free (call);
}

HandoffLinkCall *
handoff_link_call_new (HandoffLink *link, const HandoffLinkHead *head)
{
  HandoffLinkCall *call = g_new0 (HandoffLinkCall, 1);

  *call = (HandoffLinkCall){ handoff_link_object_ref (link), head->number, head->serial };
  g_hash_table_add (link->calls, GUINT_TO_POINTER (head->serial));
  link->n_calls[head->number]++;
  return call;
}

/* body: (unowned). fds: (transfer full) */
static gboolean
answer (HandoffLinkCall *call,
        HandoffLinkKind kind,
        GVariant *body,
        const int *fds,
        guint n_fds,
        GError **error)
{
  const HandoffLinkHead head = { kind, call->number, call->serial };
  HandoffLink *link = call->link;

  if (handoff_link_output_is_open (link))
    return handoff_link_output_send (link, &head, body, fds, n_fds, error);
  handoff_link_queue_drop (&link->queue, fds, n_fds);
  return TRUE;
}

/* The answer is on its way. */
static void
call_done (HandoffLinkCall *call)
{
  g_hash_table_remove (call->link->calls, GUINT_TO_POINTER (call->serial));
  call->link->n_calls[call->number]--;
  call_free (call);
}

void
handoff_link_call_return (HandoffLinkCall *call, GVariant *body, const int *fds, guint n_fds)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (body);
  const HandoffLinkRow *row = handoff_link_table_find (call->link->table, call->number);
  g_autoptr (GError) error = NULL;

  g_return_if_fail (g_variant_is_of_type (owned, G_VARIANT_TYPE (row->reply_type)));
  g_return_if_fail (n_fds >= row->reply_min_fds && n_fds <= row->reply_max_fds);
  if (answer (call, HANDOFF_LINK_REPLY, owned, fds, n_fds, &error))
    call_done (call);
  else
    handoff_link_call_fail (call, error);
}

void
handoff_link_call_fail (HandoffLinkCall *call, const GError *error)
{
  g_autoptr (GVariant) full = g_variant_ref_sink (handoff_error_to_variant (error, TRUE));
  g_autoptr (GVariant) bare = g_variant_ref_sink (handoff_error_to_variant (error, FALSE));

  /* Details may be too large: a peer's certificates. */
  if (!answer (call, HANDOFF_LINK_ERROR, full, NULL, 0, NULL) &&
      !answer (call, HANDOFF_LINK_ERROR, bare, NULL, 0, NULL))
    handoff_link_object_end_soon (
        call->link,
        g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, error->message));
  call_done (call);
}

HandoffLink *
handoff_link_call_get_link (HandoffLinkCall *call)
{
  return call->link;
}

void
handoff_link_call_refuse (HandoffLinkCall *call)
{
  const HandoffLinkRow *row = handoff_link_table_find (call->link->table, call->number);
  g_autoptr (GError) error = g_error_new (
      TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
      "This program of the service does not answer requests of the kind %s", row->name);

  handoff_link_call_fail (call, error);
}
