/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker/grant-desk.h"

#include "grant/signature-form.h"
#include "link/handshaker-messages.h"

struct _HandoffGrantDesk
{
  HandoffLink *link;            /* (unowned): outlives it */
  HandoffSigningGrants *grants; /* (owned) */
};

static void
grant_over (guint64 number, gpointer user_data)
{
  HandoffGrantDesk *self = user_data;

  handoff_link_send (self->link, HANDOFF_HANDSHAKER_GRANT_OVER, g_variant_new ("(t)", number), NULL,
                     0, NULL);
}

/* A signer's socket that was asked for. */
typedef struct
{
  HandoffSignerOpened opened;
  gpointer data;
} Opening;

static void
socket_came (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autofree Opening *opening = user_data;

  opening->opened (reply != NULL ? handoff_link_message_steal_fd (reply, 0) : -1, error,
                   opening->data);
}

static void
open_socket (guint64 number, HandoffSignerOpened opened, gpointer opened_data, gpointer user_data)
{
  HandoffGrantDesk *self = user_data;
  Opening *opening = g_new (Opening, 1);

  opening->opened = opened;
  opening->data = opened_data;
  handoff_link_request (self->link, HANDOFF_HANDSHAKER_OPEN_SIGNING, g_variant_new ("(t)", number),
                        NULL, 0, socket_came, opening);
}

static const HandoffSigningGrantsFunctions functions = { open_socket, grant_over };

HandoffGrantDesk *
handoff_grant_desk_new (HandoffLink *link)
{
  HandoffGrantDesk *self = g_new0 (HandoffGrantDesk, 1);

  self->link = link;
  self->grants = handoff_signing_grants_new (&functions, self);
  return self;
}

void
handoff_grant_desk_free (HandoffGrantDesk *self)
{
  handoff_signing_grants_free (self->grants);
  g_free (self);
}

HandoffSigningGrant *
handoff_grant_desk_take (HandoffGrantDesk *self, GVariant *grant, HandoffRole role)
{
  HandoffSigningTerms terms = { .role = role == HANDOFF_ROLE_SERVER ? HANDOFF_SIGNATURE_SERVER
                                                                    : HANDOFF_SIGNATURE_CLIENT };

  g_variant_get (grant, HANDOFF_GIVEN_GRANT_TYPE, &terms.number, &terms.uses, &terms.until,
                 &terms.signer);
  if (terms.number == 0)
    return NULL;
  return handoff_signing_grants_add (self->grants, &terms);
}

static void
taken_back (gpointer data)
{
  handoff_link_call_return (data, g_variant_new ("()"), NULL, 0);
}

void
handoff_grant_desk_take_back (HandoffGrantDesk *self, guint64 number, HandoffLinkCall *request)
{
  handoff_signing_grants_take_back (self->grants, number, taken_back, request);
}
