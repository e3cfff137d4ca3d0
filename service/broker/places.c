/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/places.h"

#include "gate/call.h"

typedef struct
{
  guint per_user;
  guint total;
  guint taken;
} Kind;

struct _HandoffPlacesBook
{
  Kind kinds[HANDOFF_N_PLACES];
  HandoffQuota *waiting; /* (owned): calls */
  GPtrArray *desks;      /* (owned) (element-type HandoffPlacesDesk): all */
};

struct _HandoffPlacesDesk
{
  HandoffHandshaker *handshaker; /* (unowned) */
  HandoffLink *link;             /* (owned) */
  guint taken[HANDOFF_N_PLACES];
  guint most[HANDOFF_N_PLACES];     /* of these, at any time */
  gboolean wants[HANDOFF_N_PLACES]; /* it got fewer than it asked for */
};

HandoffPlacesBook *
handoff_places_book_new (void)
{
  HandoffPlacesBook *self = g_new0 (HandoffPlacesBook, 1);

  self->waiting = handoff_quota_new ("calls that wait for their turn");
  self->desks = g_ptr_array_new ();
  return self;
}

void
handoff_places_book_free (HandoffPlacesBook *self)
{
  guint i;

  for (i = 0; i < HANDOFF_N_PLACES; i++)
    g_assert (self->kinds[i].taken == 0);
  handoff_quota_free (self->waiting);
  g_ptr_array_unref (self->desks);
  g_free (self);
}

/* Whoever got too few can ask again. */
static void
tell (HandoffPlacesBook *self, guint which)
{
  guint i;

  for (i = 0; i < self->desks->len; i++)
    {
      HandoffPlacesDesk *desk = g_ptr_array_index (self->desks, i);

      if (!desk->wants[which])
        continue;
      desk->wants[which] = FALSE;
      handoff_handshaker_send (desk->handshaker, HANDOFF_HANDSHAKER_PLACES_FREE,
                               g_variant_new ("(u)", which));
    }
}

void
handoff_places_book_configure (HandoffPlacesBook *self,
                               HandoffPlaces kind,
                               guint per_user,
                               guint total)
{
  self->kinds[kind].per_user = per_user;
  self->kinds[kind].total = total;
  tell (self, kind);
}

guint
handoff_places_book_get_taken (HandoffPlacesBook *self, HandoffPlaces kind)
{
  return self->kinds[kind].taken;
}

HandoffPlace *
handoff_places_book_take_waiting (HandoffPlacesBook *self, guint uid, gsize size)
{
  const Kind *handshakes = &self->kinds[HANDOFF_PLACES_HANDSHAKES];

  if (size > HANDOFF_CALLS_WAITING_MAX_SIZE)
    return NULL;
  return handoff_quota_take (self->waiting, uid,
                             HANDOFF_CALLS_WAITING_PER_USER + handshakes->per_user,
                             HANDOFF_CALLS_WAITING + handshakes->total, NULL);
}

/* The limits may have become lower than what is taken. */
static guint
take (HandoffPlacesDesk *self, guint which, guint number)
{
  Kind *kind = &self->handshaker->support->places->kinds[which];
  const guint left = kind->total - MIN (kind->taken, kind->total);
  const guint users = kind->per_user - MIN (self->taken[which], kind->per_user);
  const guint given = MIN (MIN (number, users), left > kind->total / 2 ? left : MIN (left, 1));

  self->wants[which] = given < number;
  kind->taken += given;
  self->taken[which] += given;
  self->most[which] = MAX (self->most[which], self->taken[which]);
  return given;
}

static gboolean
give_back (HandoffPlacesDesk *self, guint which, guint number)
{
  if (which >= HANDOFF_N_PLACES || number > self->taken[which])
    return FALSE;
  self->taken[which] -= number;
  self->handshaker->support->places->kinds[which].taken -= number;
  if (number > 0)
    tell (self->handshaker->support->places, which);
  return TRUE;
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  HandoffPlacesDesk *self = user_data;
  guint which, number;

  g_variant_get (message->body, "(uu)", &which, &number);
  if (message->number == HANDOFF_PLACES_GIVE_BACK)
    {
      if (!give_back (self, which, number))
        handoff_handshaker_breach (self->handshaker, "places back that it does not have");
    }
  else if (which < HANDOFF_N_PLACES && number <= HANDOFF_PLACES_BLOCK)
    handoff_link_call_return (g_steal_pointer (&message->call),
                              g_variant_new ("(u)", take (self, which, number)), NULL, 0);
  else
    handoff_handshaker_breach (self->handshaker, "places that there are not");
}

/* One without this link is of no use; if it has ended as a whole, its own link may tell only now.
 */
static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  HandoffPlacesDesk *self = user_data;

  gboolean is_breach;
  const char *fault = handoff_link_get_fault (link, &is_breach);

  if (is_breach)
    handoff_handshaker_breach (self->handshaker, "about places: %s", fault);
  else if (self->handshaker->link != NULL)
    handoff_link_hang_up (self->handshaker->link);
}

static const HandoffLinkFunctions functions = { received, ended };

HandoffPlacesDesk *
handoff_places_desk_new (HandoffHandshaker *handshaker, int *fd, GError **error)
{
  HandoffPlacesDesk *self;
  int sockets[2];

  if (!handoff_link_make_sockets (sockets, error))
    return NULL;
  self = g_new0 (HandoffPlacesDesk, 1);
  self->handshaker = handshaker;
  self->link = handoff_link_new (sockets[0], &handoff_places_table, HANDOFF_LINK_UPPER, NULL,
                                 handshaker->support->program->name, &functions, self);
  handoff_link_set_user (self->link, handshaker->uid);
  g_ptr_array_add (handshaker->support->places->desks, self);
  *fd = sockets[1];
  return self;
}

guint
handoff_places_desk_get_most (HandoffPlacesDesk *self, HandoffPlaces kind)
{
  return self->most[kind];
}

void
handoff_places_desk_free (HandoffPlacesDesk *self)
{
  guint i;

  handoff_link_free (self->link);
  g_ptr_array_remove_fast (self->handshaker->support->places->desks, self);
  for (i = 0; i < HANDOFF_N_PLACES; i++)
    give_back (self, i, self->taken[i]);
  g_free (self);
}
