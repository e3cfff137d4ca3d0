/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/importer-fixture.h"

#include "keyblob/tls-handoff-error.h"
#include "link/importer-messages.h"

/* An importer. */
typedef struct
{
  TestImporters *importers; /* (unowned) */
  HandoffLink *link;        /* (owned): the broker's end */
  HandoffLink *other;       /* (owned): its own */
  HandoffLinkCall *call;    /* (owned) (nullable): that waits */
} Process;

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  Process *self = user_data;

  if (message->call == NULL)
    return;
  self->importers->asked (message, self->importers->user_data);
  if (message->call == NULL)
    return;
  g_assert_null (self->call);
  self->call = g_steal_pointer (&message->call);
}

static void
link_ended (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static gpointer
start (const HandoffLinkFunctions *broker, gpointer link_data, GError **error, gpointer user_data)
{
  static const HandoffLinkFunctions functions = { received, link_ended };
  Process *self = g_new0 (Process, 1);
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, error));
  self->importers = user_data;
  self->link = handoff_link_new (sockets[0], &handoff_importer_table, HANDOFF_LINK_UPPER, NULL,
                                 "tls-handoff-importer", broker, link_data);
  self->other = handoff_link_new (sockets[1], &handoff_importer_table, HANDOFF_LINK_LOWER, NULL,
                                  "tls-handoffd", &functions, self);
  return self;
}

static HandoffLink *
get_link (gpointer data)
{
  Process *self = data;

  return self->link;
}

static void
end (gpointer data)
{
  Process *self = data;
  g_autoptr (GError) error =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "dead");

  handoff_link_free (self->link);
  if (self->call != NULL)
    handoff_link_call_fail (self->call, error);
  handoff_link_free (self->other);
  self->importers->n_ended++;
  g_free (self);
}

const HandoffImporterProgram test_importer_program = {
  .start = start,
  .get_link = get_link,
  .end = end,
};
