/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/words-fixture.h"

#include <string.h>

#include "broker/relayed-calls.h"

HandoffHandshaker *
words_get_handshaker (WordsFixture *f)
{
  return handoff_handshakers_find (f->base.handshakers, ALICE);
}

void
words_start_call (WordsFixture *f, const char *name, const char *reply_type)
{
  handoff_handshaker_call (
      words_get_handshaker (f),
      handshaker_call_new (&f->base, f->alice, name, g_variant_new ("(s)", name)), reply_type);
  handshaker_settle ();
}

void
words_serve (WordsFixture *f, guint uid)
{
  handshaker_get (&f->base, uid);
  handshaker_settle ();
  g_string_truncate (f->base.events, 0);
}

void
words_set_up (WordsFixture *f, gconstpointer unused)
{
  handshaker_set_up (&f->base, NULL);
  handshaker_set_policy (&f->base, "first");
  handshaker_settle ();
  f->alice = handoff_caller_new (":1.1", ALICE, 11);
  words_serve (f, ALICE);
  f->process = handshaker_of (&f->base, ALICE);
  words_start_call (f, "call", "(o)");
  f->caller = f->process->last_caller;
}

void
words_tear_down (WordsFixture *f, gconstpointer unused)
{
  handshaker_tear_down (&f->base, NULL);
  g_object_unref (f->alice);
}

void
words_say (WordsFixture *f, guint number, GVariant *body)
{
  handoff_link_send (f->process->link, number, body, NULL, 0, NULL);
  handshaker_settle ();
}

void
words_assert_breach (WordsFixture *f, const char *what)
{
  g_autofree char *log = g_strdup (handshaker_log->str);

  g_string_truncate (handshaker_log, 0);
  g_test_message ("%s", log);
  g_assert_nonnull (strstr (strstr (log, ", breach: "), what));
  g_assert_null (words_get_handshaker (f));
  g_assert_true (g_str_has_prefix (f->base.events->str, "call: The service's program "));
  g_string_truncate (f->base.events, 0);
}

void
words_again (WordsFixture *f)
{
  words_serve (f, ALICE);
  f->process = handshaker_of (&f->base, ALICE);
  words_start_call (f, "call", "(o)");
  f->caller = f->process->last_caller;
}

static void
got_places (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  guint number;

  g_assert_no_error (error);
  g_variant_get (reply->body, "(u)", &number);
  g_string_append_printf (user_data, "[%u]", number);
}

void
words_take_places (WordsFixture *f, TestHandshaker *process, HandoffPlaces kind, guint number)
{
  handoff_link_request (process->places, HANDOFF_PLACES_TAKE, g_variant_new ("(uu)", kind, number),
                        NULL, 0, got_places, f->base.events);
  handshaker_settle ();
}
