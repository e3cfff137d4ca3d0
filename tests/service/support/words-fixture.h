/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "support/broker-fixture.h"

#define ALICE 1000
#define BOB 1001

/* A broker and alice's handshaker, which says what the test says, while a call is under way there.
 */
typedef struct
{
  HandshakerFixture base; /* the first */
  HandoffCaller *alice;   /* (owned) */
  TestHandshaker *process;
  guint64 caller; /* her number there */
} WordsFixture;

HandoffHandshaker *words_get_handshaker (WordsFixture *f);
void words_start_call (WordsFixture *f, const char *name, const char *reply_type);
void words_serve (WordsFixture *f, guint uid);
void words_set_up (WordsFixture *f, gconstpointer unused);
void words_tear_down (WordsFixture *f, gconstpointer unused);
/* body: consumed */
void words_say (WordsFixture *f, guint number, GVariant *body);
/* It was ended for that, and who waits is told. */
void words_assert_breach (WordsFixture *f, const char *what);
/* And begins anew. */
void words_again (WordsFixture *f);
/* That process asks for places. Event: "[NUMBER]": how many it gets. */
void words_take_places (WordsFixture *f, TestHandshaker *process, HandoffPlaces kind, guint number);
