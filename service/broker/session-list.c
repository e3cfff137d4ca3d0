/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/session-list.h"

#include "broker/known-callers.h"
#include "broker/known-sessions.h"
#include "broker/watch.h"
#include "keyblob/handoff-names.h"
#include "work/clock.h"

/* How long the broker waits for all. Whoever is told of what has gone must not miss those of his
 * one process because it is slow: one that hangs is ended (watch.h). */
#define LIST_SECONDS 2

typedef struct
{
  grefcount ref_count;
  GPtrArray *found;      /* (owned) (element-type GVariant): with "uid" */
  HandoffCaller *caller; /* (owned) */
  gboolean is_own;       /* only those that he may use */
  guint maximum;
  guint n_asked; /* that have not answered */
  guint timeout_id;
  HandoffSessionListFunc listed; /* (nullable): NULL once it was called */
  gpointer user_data;            /* (unowned) */
} List;

/* One that is asked, page by page. */
typedef struct
{
  List *list;                    /* (owned) */
  HandoffHandshaker *handshaker; /* (owned) */
  guint64 after;
  guint n_found;
} Asking;

static guint64
get_number (GVariant *session)
{
  guint64 number = 0;

  g_variant_lookup (session, "number", "t", &number);
  return number;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const guint64 one = get_number (*(GVariant *const *) a);
  const guint64 other = get_number (*(GVariant *const *) b);

  return (one > other) - (one < other);
}

static void
tell (List *self)
{
  HandoffSessionListFunc listed = g_steal_pointer (&self->listed);
  GVariantBuilder builder;
  guint i;

  if (listed == NULL)
    return;
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_ptr_array_sort (self->found, compare);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (i = 0; i < self->found->len && i < self->maximum; i++)
    g_variant_builder_add_value (&builder, g_ptr_array_index (self->found, i));
  listed (g_variant_builder_end (&builder), self->user_data);
}

static void
list_unref (List *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->found);
  g_object_unref (self->caller);
  g_free (self);
}

static gboolean
give_up (gpointer user_data)
{
  List *self = user_data;

  self->timeout_id = 0;
  tell (self);
  return G_SOURCE_REMOVE;
}

/* (transfer full): as the API has it */
static GVariant *
describe (const Asking *asking, GVariant *session, guint64 *number)
{
  const guint uid = asking->handshaker->uid;
  const gint64 now = handoff_clock_get_monotonic_time ();
  const char *role, *state, *identity, *protocol, *suite, *label, *id;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  gint64 start_time;
  guint pid;

  g_variant_get (session, "(t&s&s&s&s&s&sux&s)", number, &role, &state, &identity, &protocol,
                 &suite, &label, &pid, &start_time, &id);
  g_variant_dict_insert (&dict, "number", "t", *number);
  g_variant_dict_insert (&dict, "role", "s", role);
  g_variant_dict_insert (&dict, "state", "s", state);
  g_variant_dict_insert (&dict, "server-identity", "s", identity);
  g_variant_dict_insert (&dict, "protocol", "s", protocol);
  g_variant_dict_insert (&dict, "cipher-suite", "s", suite);
  g_variant_dict_insert (&dict, "credential", "s", label);
  /* Not a channel's: that has no object. */
  if (uid == handoff_caller_get_uid (asking->list->caller) &&
      handoff_known_sessions_has (asking->handshaker->sessions, id, asking->list->caller))
    {
      g_autofree char *path = g_strconcat (HANDOFF_SESSIONS_PATH "/", id, NULL);

      g_variant_dict_insert (&dict, "object", "o", path);
    }
  g_variant_dict_insert (&dict, "uid", "u", uid);
  g_variant_dict_insert (&dict, "pid", "u", pid);
  g_variant_dict_insert (&dict, "age", "t", (guint64) MAX (now - start_time, 0));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void ask (Asking *self);

/* FALSE if they are not in order, or more than was asked for. */
static gboolean
take_page (Asking *self, GVariant *page)
{
  const gsize n = g_variant_n_children (page);
  gsize i;

  if (n > HANDOFF_HANDSHAKER_PAGE)
    return FALSE;
  for (i = 0; i < n; i++)
    {
      g_autoptr (GVariant) session = g_variant_get_child_value (page, i);
      guint64 number;
      g_autoptr (GVariant) description = describe (self, session, &number);

      if (number <= self->after)
        return FALSE;
      self->after = number;
      self->n_found++;
      g_ptr_array_add (self->list->found, g_steal_pointer (&description));
    }
  return TRUE;
}

/* The one whose own sessions are wanted. */
static gboolean
has_left (const List *self)
{
  return self->is_own && g_cancellable_is_cancelled (handoff_caller_get_cancellable (self->caller));
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Asking *self = user_data;
  List *list = self->list;
  g_autoptr (GVariant) page = NULL;

  if (reply != NULL && list->listed != NULL)
    {
      g_variant_get (reply->body, "(@a(tssssssuxs))", &page);
      if (!take_page (self, page))
        handoff_handshaker_breach (self->handshaker, "a list that makes no sense");
      else if (g_variant_n_children (page) == HANDOFF_HANDSHAKER_PAGE &&
               self->n_found < list->maximum && !has_left (list))
        {
          ask (self);
          return;
        }
    }
  if (--list->n_asked == 0)
    tell (list);
  handoff_handshaker_unref (self->handshaker);
  list_unref (list);
  g_free (self);
}

static void
ask (Asking *self)
{
  const List *list = self->list;
  const guint n = MIN (list->maximum - self->n_found, HANDOFF_HANDSHAKER_PAGE);
  const guint64 number =
      list->is_own ? handoff_handshaker_announce (self->handshaker, list->caller) : 0;

  handoff_handshaker_request (self->handshaker, HANDOFF_HANDSHAKER_SESSIONS,
                              g_variant_new ("(tut)", self->after, n, number), NULL, 0, answered,
                              self);
}

static void
ask_one (List *self, HandoffHandshaker *handshaker, guint64 after)
{
  Asking *asking = g_new0 (Asking, 1);

  asking->list = self;
  g_ref_count_inc (&self->ref_count);
  asking->handshaker = handoff_handshaker_ref (handshaker);
  asking->after = after;
  self->n_asked++;
  ask (asking);
}

/* uid: (nullable) */
static void
ask_all (List *self,
         HandoffHandshakers *handshakers,
         const guint *uid,
         guint64 after,
         HandoffSessionListFunc listed,
         gpointer user_data)
{
  g_autoptr (GPtrArray) all = handoff_handshakers_list (handshakers);
  guint i;

  self->listed = listed;
  self->user_data = user_data;
  if (!self->is_own)
    self->timeout_id = handoff_clock_add_timeout (LIST_SECONDS * G_TIME_SPAN_SECOND, give_up, self);
  /* Not before all are asked. */
  self->n_asked++;
  for (i = 0; i < all->len && self->maximum > 0; i++)
    {
      HandoffHandshaker *handshaker = g_ptr_array_index (all, i);

      if (uid == NULL || handshaker->uid == *uid)
        ask_one (self, handshaker, after);
    }
  if (--self->n_asked == 0)
    tell (self);
  list_unref (self);
}

static List *
list_new (HandoffCaller *caller, guint maximum)
{
  List *self = g_new0 (List, 1);

  g_ref_count_init (&self->ref_count);
  self->found = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  self->caller = g_object_ref (caller);
  self->maximum = maximum;
  return self;
}

void
handoff_session_list_ask (HandoffHandshakers *handshakers,
                          const guint *uid,
                          HandoffCaller *caller,
                          guint64 after,
                          guint maximum,
                          HandoffSessionListFunc listed,
                          gpointer user_data)
{
  ask_all (list_new (caller, maximum), handshakers, uid, after, listed, user_data);
}

void
handoff_session_list_ask_own (HandoffHandshakers *handshakers,
                              HandoffCaller *caller,
                              guint maximum,
                              HandoffSessionListFunc listed,
                              gpointer user_data)
{
  const guint uid = handoff_caller_get_uid (caller);
  List *self = list_new (caller, maximum);

  self->is_own = TRUE;
  ask_all (self, handshakers, &uid, 0, listed, user_data);
}
