/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-message.h"
#include "link/link.h"

/* One end of a link, whose other end is the test: with its own words, right or wrong. The link
 * lives on the main thread or on a worker. */

enum
{
  LINK_TEST_TELL,     /* down */
  LINK_TEST_ASK,      /* down */
  LINK_TEST_ANNOUNCE, /* up */
  LINK_TEST_QUESTION, /* up */
  LINK_TEST_START,    /* up: another state begins */
  LINK_TEST_GO,       /* up, in that state only */
};

enum
{
  LINK_TEST_STATE_NEW = 1,
  LINK_TEST_STATE_STARTED = 2,
};

typedef struct
{
  HandoffWorker *worker;
  HandoffWorker *home; /* NULL: the main thread */
  HandoffLink *link;   /* the upper end */
  int peer;            /* the lower one */
  guint n_open;        /* descriptors of this process, before it all */
  gboolean has_run;
  GAsyncQueue *releases; /* (owned): of a worker that sleeps */

  /* What happened, in its order, with ", " between. At home; or elsewhere while nothing runs there.
   */
  GString *events;
  HandoffLinkCall *call; /* (owned) (nullable): the last request */
  gboolean keeps_call;
  gboolean keeps_fds;
  int kept_fd;
} LinkTest;

/* What every error of a breach begins with. */
#define LINK_TEST_BREACH                                                                           \
  "The service's program tls-handoff-test broke the rules of its link, and was ended; call "       \
  "again: "

typedef struct
{
  const char *name;
  void (*function) (LinkTest *f, gconstpointer data);
} LinkTestCase;

/* Adds each case twice: with a link on the main thread, and with one on a worker. cases: (unowned)
 */
void link_test_add (const char *group, const LinkTestCase *cases, gsize n_cases);

/* One more event. */
void link_test_note (LinkTest *f, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* What is due at home happens there, and then job. Until the next call, a worker sleeps, so that it
 * does nothing behind the test's back. */
void link_test_run (LinkTest *f, GSourceFunc job);
/* Lets the link work until these events have happened and no others, and forgets them. */
void link_test_expect (LinkTest *f, const char *events);

/* Jobs */
gboolean link_test_do_nothing (gpointer data);
gboolean link_test_make_link (gpointer data);
gboolean link_test_drop_link (gpointer data);
/* Asks "one". */
gboolean link_test_ask_one (gpointer data);
/* Asks "one" and "two". */
gboolean link_test_ask_two (gpointer data);
/* Tells "one", and "two" with two descriptors. */
gboolean link_test_tell_two (gpointer data);
/* Answers f->call: "yes" with a descriptor, or the error "no". */
gboolean link_test_return_call (gpointer data);
gboolean link_test_fail_call (gpointer data);

/* For handoff_link_request(): user_data is the LinkTest. */
void link_test_answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data);

/* The peer says something. body: consumed if floating */
void link_test_say (LinkTest *f, HandoffLinkHead head, GVariant *body, guint n_fds);
void link_test_say_text (
    LinkTest *f, HandoffLinkKind kind, guint number, guint32 serial, const char *text);
void link_test_announce (LinkTest *f, const char *text);
/* What the peer hears: "KIND NAME SERIAL BODY N-DESCRIPTORS", or "" if it is the end. (transfer
 * full)
 */
char *link_test_hear (LinkTest *f);
void link_test_assert_hears (LinkTest *f, const char *what);
void link_test_hang_up (LinkTest *f);
