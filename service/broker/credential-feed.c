/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/credential-feed.h"
#include "broker/watch.h"

/* How many may be on their way. A message has 128 KiB at the most: all of them are half of what a
 * link's queue takes (link/link-queue.h), however many credentials there are. */
#define WINDOW 64

/* One that the handshaker was told of, or that waits for its turn. */
typedef struct
{
  guint owner;
  guint64 serial;
} Told;

/* What it is to be told. */
typedef struct
{
  HandoffCredential *credential; /* (owned) (nullable): NULL: it is gone */
  char *id;                      /* (owned) */
} News;

/* Somebody who waits until it has heard so much. */
typedef struct
{
  HandoffBarrier *barrier; /* (owned) */
  guint64 until;
} Waiting;

struct _HandoffCredentialFeed
{
  GHashTable *told; /* (owned) (element-type utf8 Told): by id */
  GQueue news;      /* (element-type News): in their order */
  GQueue waiting;   /* (element-type Waiting): likewise */
  guint64 n_made;   /* of news, since it began */
  guint64 n_sent;
  guint64 n_heard; /* they are answered in their order */
};

static void
news_free (News *self)
{
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_free (self->id);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (News, news_free)

static void
release_waiting (HandoffCredentialFeed *self, guint64 until)
{
  Waiting *waiting;

  while ((waiting = g_queue_peek_head (&self->waiting)) != NULL && waiting->until <= until)
    {
      g_queue_pop_head (&self->waiting);
      handoff_barrier_release (waiting->barrier);
      g_free (waiting);
    }
}

/* Nobody hears anything any more. */
static void
give_up (HandoffCredentialFeed *self)
{
  News *news;

  while ((news = g_queue_pop_head (&self->news)) != NULL)
    news_free (news);
  release_waiting (self, G_MAXUINT64);
}

static void heard (HandoffLinkMessage *reply, const GError *error, gpointer user_data);

static void
send_first (HandoffHandshaker *handshaker)
{
  HandoffCredentialFeed *self = handshaker->feed;
  g_autoptr (News) news = g_queue_pop_head (&self->news);
  const HandoffCredential *credential = news->credential;
  HandoffHandshakerMessage message = HANDOFF_HANDSHAKER_CREDENTIAL_GONE;
  GVariant *body;

  if (credential != NULL)
    {
      message = HANDOFF_HANDSHAKER_CREDENTIAL;
      body = g_variant_new ("(ssuut@" HANDOFF_DESCRIPTION_TYPE ")", credential->id,
                            credential->label, credential->owner, credential->roles,
                            credential->serial, credential->description->variant);
    }
  else
    body = g_variant_new ("(s)", news->id);
  self->n_sent++;
  handoff_handshaker_request (handshaker, message, body, NULL, 0, heard,
                              handoff_handshaker_ref (handshaker));
}

static void
send_some (HandoffHandshaker *handshaker)
{
  HandoffCredentialFeed *self = handshaker->feed;

  if (handshaker->state == HANDOFF_HANDSHAKER_ENDED)
    give_up (self);
  while (!g_queue_is_empty (&self->news) && self->n_sent - self->n_heard < WINDOW)
    send_first (handshaker);
}

static void
heard (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autoptr (HandoffHandshaker) handshaker = user_data;

  handshaker->feed->n_heard++;
  send_some (handshaker);
  release_waiting (handshaker->feed, handshaker->feed->n_heard);
}

/* credential: (nullable) */
static void
add_news (HandoffCredentialFeed *self, HandoffCredential *credential, const char *id)
{
  News *news = g_new (News, 1);

  news->credential = credential != NULL ? handoff_credential_ref (credential) : NULL;
  news->id = g_strdup (id);
  g_queue_push_tail (&self->news, news);
  self->n_made++;
}

void
handoff_credential_feed_wait (HandoffHandshaker *handshaker, HandoffBarrier *barrier)
{
  HandoffCredentialFeed *self = handshaker->feed;
  Waiting *waiting;

  if (self->n_heard == self->n_made)
    return;
  waiting = g_new (Waiting, 1);
  *waiting = (Waiting){ handoff_barrier_hold (barrier), self->n_made };
  g_queue_push_tail (&self->waiting, waiting);
}

static void
tell (HandoffCredentialFeed *self, HandoffCredential *credential)
{
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
  add_news (self, credential, credential->id);
}

static void
tell_all_of (HandoffHandshaker *handshaker, guint owner)
{
  g_autoptr (GPtrArray) list = handoff_credentials_list (handshaker->support->credentials, &owner);
  guint i;

  for (i = 0; i < list->len; i++)
    tell (handshaker->feed, g_ptr_array_index (list, i));
}

/* Of those that it was told of: which have changed or are gone. */
static void
look_again (HandoffHandshaker *handshaker)
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
          tell (handshaker->feed, credential);
          continue;
        }
      add_news (handshaker->feed, NULL, id);
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
handoff_credential_feed_new (HandoffHandshaker *handshaker, HandoffBarrier *barrier)
{
  HandoffCredentialFeed *self = g_new0 (HandoffCredentialFeed, 1);

  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_queue_init (&self->news);
  g_queue_init (&self->waiting);
  handshaker->feed = self;
  tell_all_of (handshaker, handshaker->uid);
  tell_all_of (handshaker, HANDOFF_CREDENTIAL_OWNER_MACHINE);
  handoff_credential_feed_wait (handshaker, barrier);
  send_some (handshaker);
  return self;
}

void
handoff_credential_feed_free (HandoffCredentialFeed *self)
{
  give_up (self);
  g_hash_table_unref (self->told);
  g_free (self);
}

void
handoff_credential_feed_update (HandoffHandshaker *handshaker, guint owner)
{
  if (!is_concerned (handshaker, owner))
    return;
  look_again (handshaker);
  tell_all_of (handshaker, handshaker->uid);
  tell_all_of (handshaker, HANDOFF_CREDENTIAL_OWNER_MACHINE);
  send_some (handshaker);
}

void
handoff_credential_feed_lend (HandoffHandshaker *handshaker,
                              HandoffCredential *credential,
                              HandoffBarrier *barrier)
{
  tell (handshaker->feed, credential);
  handoff_credential_feed_wait (handshaker, barrier);
  send_some (handshaker);
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
