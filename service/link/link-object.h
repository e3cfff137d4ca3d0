/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link-queue.h"
#include "link/link-received.h"
#include "link/link-table.h"
#include "link/link-waiting.h"
#include "work/home.h"

/* The state of a link's end, for the files of this folder, and how it ends. */

/* Modes: open; failed, when it is known why it ends but nobody was told yet; ended, with the socket
 * closed. */
struct _HandoffLink
{
  guint refs;
  const HandoffLinkTable *table; /* (unowned) */
  HandoffLinkEnd end;
  HandoffWorker *home;                   /* (unowned) (nullable) */
  char *peer;                            /* (owned) */
  const HandoffLinkFunctions *functions; /* (unowned) */
  gpointer user_data;                    /* (unowned) */
  GSourceFunc hang_up;                   /* ends the link after what has come until then */
  guint8 *buffer; /* (owned) (nullable): secret memory, for a table with secrets */

  int socket;              /* (owned): -1: ended */
  HandoffHomeWatch *watch; /* (owned) (nullable): NULL: ended */
  HandoffHomeTimer *retry; /* (owned) (nullable) */
  GError *error;           /* (owned) (nullable): why it ends or has ended */
  char *fault; /* (owned) (nullable): what the other end did wrong: see handoff_link_get_fault() */
  gboolean is_breach;  /* that it broke a rule */
  gboolean is_deaf;    /* the other end reads nothing any more */
  gboolean has_heard;  /* something that the other end said */
  gboolean is_reading; /* what came is being handled */
  gboolean is_closed;  /* by its owner, who wants to hear nothing more */
  guint32 state;
  HandoffLinkQueue queue;
  HandoffLinkWaiting *waiting; /* (owned) */
  GHashTable *calls;           /* (owned) (element-type serial): requests that came */
  guint *n_calls;              /* (owned): of each row */
};

HandoffLink *handoff_link_object_new (int socket,
                                      const HandoffLinkTable *table,
                                      HandoffLinkEnd end,
                                      HandoffWorker *home,
                                      const char *peer,
                                      const HandoffLinkFunctions *functions,
                                      gpointer user_data);
/* It lives on for those who are in the middle of something, or hold a request. */
HandoffLink *handoff_link_object_ref (HandoffLink *self);
void handoff_link_object_unref (HandoffLink *self);

/* After a message of that row was sent or came. */
void handoff_link_object_take_turn (HandoffLink *self, const HandoffLinkRow *row);

/* Errors of the domain TLS_HANDOFF_ERROR, for people. (transfer full) */
GError *handoff_link_object_make_end_error (HandoffLink *self);
GError *handoff_link_object_make_breach_error (HandoffLink *self, const char *what);
GError *handoff_link_object_make_deaf_error (HandoffLink *self);
/* done: what the system does not let this process do with the other: "heard". */
GError *
handoff_link_object_make_system_error (HandoffLink *self, const char *done, const GError *error);

/* Tells everybody who waits, and then the owner, unless he has closed it. The caller holds a
 * reference. error: (transfer full) */
void handoff_link_object_end (HandoffLink *self, GError *error);
/* The same, not before the caller has returned to the home's loop. */
void handoff_link_object_end_soon (HandoffLink *self, GError *error);
/* The other end is gone: ends the link after what has come, not before the caller has returned to
 * the home's loop. */
void handoff_link_object_hang_up (HandoffLink *self);
/* The owner has closed it. error: (transfer full) */
void handoff_link_object_close (HandoffLink *self, GError *error);
