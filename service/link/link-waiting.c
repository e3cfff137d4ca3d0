/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/link-waiting.h"

typedef struct
{
  guint64 order; /* counts up, where serial numbers may begin anew */
  guint32 serial;
  guint number;
  HandoffLinkReplyFunc function;
  gpointer user_data; /* (unowned) */
} Request;

struct _HandoffLinkWaiting
{
  GHashTable *requests; /* (owned) (element-type serial Request) */
  guint *counts;        /* (owned): of each row */
  guint64 n_made;
  guint32 last_serial;
};

HandoffLinkWaiting *
handoff_link_waiting_new (const HandoffLinkTable *table)
{
  HandoffLinkWaiting *self = g_new0 (HandoffLinkWaiting, 1);

  self->requests = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->counts = g_new0 (guint, table->n_rows);
  return self;
}

void
handoff_link_waiting_free (HandoffLinkWaiting *self)
{
  g_assert (g_hash_table_size (self->requests) == 0);
  g_hash_table_unref (self->requests);
  g_free (self->counts);
  g_free (self);
}

static Request *
find (HandoffLinkWaiting *self, guint32 serial)
{
  return g_hash_table_lookup (self->requests, GUINT_TO_POINTER (serial));
}

guint32
handoff_link_waiting_add (HandoffLinkWaiting *self,
                          guint number,
                          HandoffLinkReplyFunc function,
                          gpointer user_data)
{
  Request *request = g_new0 (Request, 1);

  do
    self->last_serial++;
  while (self->last_serial == 0 || find (self, self->last_serial) != NULL);
  *request = (Request){ self->n_made++, self->last_serial, number, function, user_data };
  self->counts[number]++;
  g_hash_table_insert (self->requests, GUINT_TO_POINTER (request->serial), request);
  return request->serial;
}

guint
handoff_link_waiting_count (HandoffLinkWaiting *self, guint number)
{
  return self->counts[number];
}

gboolean
handoff_link_waiting_has (HandoffLinkWaiting *self, guint32 serial, guint number)
{
  const Request *request = find (self, serial);

  return request != NULL && request->number == number;
}

void
handoff_link_waiting_answer (HandoffLinkWaiting *self,
                             guint32 serial,
                             HandoffLinkMessage *reply,
                             const GError *error)
{
  const Request *waiting = find (self, serial);
  Request request;

  if (waiting == NULL)
    return;
  request = *waiting;
  g_hash_table_remove (self->requests, GUINT_TO_POINTER (serial));
  self->counts[request.number]--;
  request.function (reply, error, request.user_data);
}

static int
compare_orders (gconstpointer a, gconstpointer b)
{
  const guint64 order_a = (*(const Request *const *) a)->order;
  const guint64 order_b = (*(const Request *const *) b)->order;

  return (order_a > order_b) - (order_a < order_b);
}

/* Their serial numbers, in the order in which they were made. (transfer full) */
static GArray *
list_serials (HandoffLinkWaiting *self)
{
  g_autoptr (GPtrArray) requests = g_ptr_array_new ();
  GArray *serials = g_array_new (FALSE, FALSE, sizeof (guint32));
  GHashTableIter iter;
  gpointer request;
  guint i;

  g_hash_table_iter_init (&iter, self->requests);
  while (g_hash_table_iter_next (&iter, NULL, &request))
    g_ptr_array_add (requests, request);
  g_ptr_array_sort (requests, compare_orders);
  for (i = 0; i < requests->len; i++)
    g_array_append_val (serials, ((const Request *) g_ptr_array_index (requests, i))->serial);
  return serials;
}

void
handoff_link_waiting_fail_all (HandoffLinkWaiting *self, const GError *error)
{
  g_autoptr (GArray) serials = list_serials (self);
  guint i;

  /* Whoever is told may close the link, which fails the rest before this comes to it. */
  for (i = 0; i < serials->len; i++)
    handoff_link_waiting_answer (self, g_array_index (serials, guint32, i), NULL, error);
}
