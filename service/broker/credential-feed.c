/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/credential-feed.h"
#include "broker/watch.h"

/* One that the handshaker was told of. */
typedef struct
{
  guint owner;
  guint64 serial;
} Told;

struct _HandoffCredentialFeed
{
  GHashTable *told; /* (owned) (element-type utf8 Told): by id */
};

static void
heard (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  HandoffBarrier *barrier = user_data;

  if (barrier != NULL)
    handoff_barrier_release (barrier);
}

/* barrier: (nullable) */
static void
send (HandoffHandshaker *handshaker,
      HandoffHandshakerMessage message,
      GVariant *body,
      HandoffBarrier *barrier)
{
  handoff_handshaker_request (handshaker, message, body, NULL, 0, heard,
                              barrier != NULL ? handoff_barrier_hold (barrier) : NULL);
}

/* barrier: (nullable) */
static void
tell (HandoffHandshaker *handshaker, HandoffCredential *credential, HandoffBarrier *barrier)
{
  HandoffCredentialFeed *self = handshaker->feed;
  Told *told = g_hash_table_lookup (self->told, credential->id);

  if (told != NULL && told->serial == credential->serial)
    return;
  if (told == NULL)
    {
      told = g_new0 (Told, 1);
      g_hash_table_insert (self->told, g_strdup (credential->id), told);
    }
  told->owner = credential->owner;
  told->serial = credential->serial;
  send (handshaker, HANDOFF_HANDSHAKER_CREDENTIAL,
        g_variant_new ("(ssuut@" HANDOFF_DESCRIPTION_TYPE ")", credential->id, credential->label,
                       credential->owner, credential->roles, credential->serial,
                       credential->description->variant),
        barrier);
}

static void
tell_all_of (HandoffHandshaker *handshaker, guint owner, HandoffBarrier *barrier)
{
  g_autoptr (GPtrArray) list = handoff_credentials_list (handshaker->support->credentials, &owner);
  guint i;

  for (i = 0; i < list->len; i++)
    tell (handshaker, g_ptr_array_index (list, i), barrier);
}

/* Of those that it was told of: which have changed or are gone. */
static void
look_again (HandoffHandshaker *handshaker, HandoffBarrier *barrier)
{
  GHashTable *told = handshaker->feed->told;
  g_autoptr (GList) ids = g_hash_table_get_keys (told);
  GList *link;

  for (link = ids; link != NULL; link = link->next)
    {
      const char *id = link->data;
      HandoffCredential *credential =
          handoff_credentials_lookup (handshaker->support->credentials, id);

      if (credential != NULL)
        {
          tell (handshaker, credential, barrier);
          continue;
        }
      send (handshaker, HANDOFF_HANDSHAKER_CREDENTIAL_GONE, g_variant_new ("(s)", id), barrier);
      g_hash_table_remove (told, id);
    }
}

static gboolean
is_concerned (HandoffHandshaker *handshaker, guint owner)
{
  GHashTableIter iter;
  const Told *told;

  if (owner == HANDOFF_CREDENTIAL_OWNER_MACHINE || owner == handshaker->uid)
    return TRUE;
  g_hash_table_iter_init (&iter, handshaker->feed->told);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &told))
    {
      if (told->owner == owner)
        return TRUE;
    }
  return FALSE;
}

HandoffCredentialFeed *
handoff_credential_feed_new (HandoffHandshaker *handshaker)
{
  HandoffCredentialFeed *self = g_new0 (HandoffCredentialFeed, 1);

  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  handshaker->feed = self;
  tell_all_of (handshaker, handshaker->uid, NULL);
  if (handshaker->uid != HANDOFF_CREDENTIAL_OWNER_MACHINE)
    tell_all_of (handshaker, HANDOFF_CREDENTIAL_OWNER_MACHINE, NULL);
  return self;
}

void
handoff_credential_feed_free (HandoffCredentialFeed *self)
{
  g_hash_table_unref (self->told);
  g_free (self);
}

void
handoff_credential_feed_update (HandoffHandshaker *handshaker, guint owner, HandoffBarrier *barrier)
{
  if (!is_concerned (handshaker, owner))
    return;
  look_again (handshaker, barrier);
  tell_all_of (handshaker, handshaker->uid, barrier);
  tell_all_of (handshaker, HANDOFF_CREDENTIAL_OWNER_MACHINE, barrier);
}

void
handoff_credential_feed_lend (HandoffHandshaker *handshaker, HandoffCredential *credential)
{
  tell (handshaker, credential, NULL);
}

gboolean
handoff_credential_feed_has (HandoffHandshaker *handshaker, const char *id)
{
  return g_hash_table_contains (handshaker->feed->told, id);
}

guint
handoff_credential_feed_get_size (HandoffHandshaker *handshaker)
{
  return g_hash_table_size (handshaker->feed->told);
}
