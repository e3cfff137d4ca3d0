/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/programs.h"

#include "broker/credential-feed.h"
#include "work/clock.h"

/* Who waits for the numbers. */
typedef struct
{
  void (*told) (gpointer user_data);
  gpointer user_data; /* (unowned) */
} Asking;

static void
all_told (gpointer user_data)
{
  g_autofree Asking *self = user_data;

  self->told (self->user_data);
}

void
handoff_programs_ask (HandoffHandshakers *handshakers,
                      void (*told) (gpointer user_data),
                      gpointer user_data)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (handshakers);
  Asking *self = g_new (Asking, 1);
  HandoffBarrier *barrier;
  guint i;

  self->told = told;
  self->user_data = user_data;
  barrier = handoff_barrier_new (all_told, self);
  for (i = 0; i < list->len; i++)
    handoff_handshaker_ask_report (g_ptr_array_index (list, i), barrier);
  handoff_barrier_release (barrier);
}

static guint
get_in_flight (guint uid, gpointer user_data)
{
  const HandoffHandshaker *handshaker = handoff_handshakers_find (user_data, uid);

  return handshaker != NULL ? handshaker->report.in_flight : 0;
}

void
handoff_programs_add_numbers (HandoffHandshakers *handshakers,
                              HandoffStatistics *statistics,
                              GVariantDict *dict)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (handshakers);
  guint in_flight = 0, sessions = 0, resumable = 0, workers = 0;
  guint i;

  for (i = 0; i < list->len; i++)
    {
      const HandoffHandshaker *handshaker = g_ptr_array_index (list, i);

      in_flight += handshaker->report.in_flight;
      sessions += handshaker->report.sessions;
      resumable += handshaker->report.resumable;
      workers += handshaker->report.workers;
    }
  handoff_statistics_add (statistics, in_flight, get_in_flight, handshakers, dict);
  g_variant_dict_insert (dict, "sessions", "u", sessions);
  g_variant_dict_insert (dict, "resumable-sessions", "u", resumable);
  g_variant_dict_insert (dict, "workers", "u", workers);
}

static const char *
get_state (const HandoffHandshaker *handshaker)
{
  switch (handshaker->state)
    {
    case HANDOFF_HANDSHAKER_STARTING:
      return "starting";
    case HANDOFF_HANDSHAKER_SPARE:
      return "spare";
    case HANDOFF_HANDSHAKER_LEAVING:
    case HANDOFF_HANDSHAKER_DRAINING:
    case HANDOFF_HANDSHAKER_ENDED:
      return "ending";
    case HANDOFF_HANDSHAKER_SERVING:
    default:
      return "serving";
    }
}

static void
add_one (HandoffHandshaker *handshaker, GVariantBuilder *builder)
{
  const gint64 age = handoff_clock_get_monotonic_time () - handshaker->start_time;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "program", "s", handshaker->support->program->name);
  g_variant_dict_insert (&dict, "pid", "u", handoff_handshaker_get_pid (handshaker));
  g_variant_dict_insert (&dict, "state", "s", get_state (handshaker));
  g_variant_dict_insert (&dict, "age", "t", (guint64) age);
  if (handshaker->feed != NULL)
    {
      g_variant_dict_insert (&dict, "uid", "u", handshaker->uid);
      g_variant_dict_insert (&dict, "callers", "u", handoff_handshaker_count_callers (handshaker));
      g_variant_dict_insert (&dict, "channels", "u", g_hash_table_size (handshaker->channels));
      g_variant_dict_insert (&dict, "calls", "u", g_hash_table_size (handshaker->calls));
      g_variant_dict_insert (&dict, "credentials", "u",
                             handoff_credential_feed_get_size (handshaker));
      g_variant_dict_insert (&dict, "handshakes-in-flight", "u", handshaker->report.in_flight);
      g_variant_dict_insert (&dict, "sessions", "u", handshaker->report.sessions);
      g_variant_dict_insert (&dict, "resumable-sessions", "u", handshaker->report.resumable);
    }
  g_variant_builder_add_value (builder, g_variant_dict_end (&dict));
}

void
handoff_programs_add (HandoffHandshakers *handshakers, GVariantBuilder *builder)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (handshakers);
  HandoffHandshaker *spare = handoff_handshakers_get_spare (handshakers);
  guint i;

  for (i = 0; i < list->len; i++)
    add_one (g_ptr_array_index (list, i), builder);
  if (spare != NULL)
    add_one (spare, builder);
}
